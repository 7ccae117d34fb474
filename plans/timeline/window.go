package timeline

import (
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// itemRule makes a rule about an item.
func itemRule(cfg *schema.Config, it *schema.Item, first, then toffset.Offset, d diag.Diagnostic) rule {
	d.Severity, d.Subject, d.Where = diag.Error, it.Range, whereItem(it)
	return rule{first: first, then: then, batches: cfg.Batches, broken: fill(d, &first, &then)}
}

// window: an item falls due while its phase is open, and before it is late.
func window(cfg *schema.Config, it *schema.Item) []rule {
	var all []rule
	if it.At != nil && it.Phase.Opens != nil {
		r := itemRule(cfg, it, *it.Phase.Opens, *it.At, diag.Diagnostic{
			Code:    "item-before-phase",
			Summary: "Item is due before its phase opens",
			Detail:  "The item's phase opens at $first, but the item is due at $then already.",
			Hint:    "Let at be $first or later, or put the item into an earlier phase.",
		})
		r.orTogether = true
		all = append(all, r)
	}
	due, end := dueAt(it), lateAt(cfg, it)
	if due == nil || end == nil || it.At == nil && it.LateUntil == nil {
		return all // what it has from its phase is the phase's matter
	}
	d := diag.Diagnostic{
		Code:    "empty-window",
		Summary: "Item is late before it is due",
		Detail:  "The item is due at $first, but may be begun only until $then, when its phase closes: it would always be too late.",
		Hint:    "Write late_until as an offset after $first, or put the item into a later phase.",
	}
	if it.LateUntil != nil {
		d.Detail = "The item is due at $first, but may be begun only until $then (late_until): it would always be too late."
		d.Hint = "Let late_until be an offset after $first."
	}
	return append(all, itemRule(cfg, it, *due, *end, d))
}

// releasing: nobody is alarmed before the lock could be released at all.
func releasing(cfg *schema.Config, it *schema.Item, lock *schema.Lock) []rule {
	if lock.ReleaseBy == nil || lock.ReleaseIn == nil || lock.ReleaseIn.Opens == nil {
		return nil
	}
	return []rule{itemRule(cfg, it, *lock.ReleaseIn.Opens, *lock.ReleaseBy, diag.Diagnostic{
		Code:    "release-by-too-early",
		Summary: "Lock is overdue before it can be released",
		Detail:  "The phase in which the lock is released opens at $first, but the lock counts as overdue from $then on: every tenant would raise the alarm.",
		Hint:    "Let release_by be an offset after $first.",
	})}
}

// expiring: there is time to answer.
func expiring(cfg *schema.Config, it *schema.Item, approval *schema.Approval) []rule {
	asked := dueAt(it)
	if approval.Expires == nil || asked == nil {
		return nil
	}
	return []rule{itemRule(cfg, it, *asked, *approval.Expires, diag.Diagnostic{
		Code:    "expires-too-early",
		Summary: "Approval expires before it is asked for",
		Detail:  "The approval is asked for at $first, but expires at $then: nobody could ever give it.",
		Hint:    "Let expires be an offset after $first.",
	})}
}
