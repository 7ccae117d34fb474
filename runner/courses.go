package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema/diag"
)

// forOne refuses to say of several tenants what is one tenant's own affair: that it
// leaves, or wants another date. A typing error must not call off hundreds of dates.
func (v Verb) forOne(tenants []string) diag.List {
	one := v.Kind == Withdraw || v.Kind == Postpone
	if !one || len(tenants) == 1 || slices.Contains(tenants, v.Selector.Tenant) {
		return nil
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "one-tenant", Summary: fmt.Sprintf("To %s is about one tenant", v.Kind),
		Detail: fmt.Sprintf("%s covers %d tenants, %s among them. None of them was touched.", v.Selector, len(tenants), tenants[0]),
		Hint:   "Name the tenant. Where many leave, take their rows out of the inventory: max_removals guards that.",
	}
	if v.Kind == Postpone {
		d.Hint = "Name the tenant. Where many get a later date, give their batch another cutover, or hold them with: transition hold SELECTOR -reason=..."
	}
	return diag.List{d}
}

// courseWord is the fact of a verb that changes a tenant's way, or why it is not
// legal. What follows from it is shown by plan and done by apply.
func (p *Project) courseWord(v Verb, r *ledger.Record, f ledger.Fact) ([]ledger.Fact, []Left) {
	var why string
	switch {
	case r.Left != nil:
		why = "has left the transition"
	case plans.Passed(p.Config, r):
		why = "is past the point of no return"
	case v.Kind == Rollback:
		why = p.rollback(r, &f)
	case v.Kind == Withdraw:
		f.Kind, f.Epoch = ledger.Withdrawn, r.Epoch+1
	default:
		why = p.postpone(v, r, &f)
	}
	if why != "" {
		return nil, []Left{{r.ID, why}}
	}
	return []ledger.Fact{f}, nil
}

func (p *Project) rollback(r *ledger.Record, f *ledger.Fact) string {
	switch {
	case r.Back != nil:
		return "is rolled back already"
	case len(r.Items) == 0:
		return "has nothing that could be taken back"
	}
	f.Kind, f.Epoch = ledger.RolledBack, r.Epoch+1
	return ""
}

// postpone completes the fact of a tenant that asks for a later T, within what
// the plan allows.
func (p *Project) postpone(v Verb, r *ledger.Record, f *ledger.Fact) string {
	rule := p.Config.Postpone
	if rule == nil {
		return "may not postpone: the plan has no postpone block"
	}
	if r.T.IsZero() {
		return "has no date that could be postponed"
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = p.Config.Zone
	}
	times := 0
	if r.Own != nil {
		times = r.Own.Times
	}
	until := plans.PostponeUntil(p.Config, r.T, zone)
	switch {
	case times >= rule.Max:
		return fmt.Sprintf("has postponed as often as it may (postpone.max = %d)", rule.Max)
	case p.Now().After(until):
		return "could postpone until " + p.show(until) + " (postpone.until)"
	case !v.To.After(r.T):
		return "is moved on " + p.show(r.T) + " already; a later date is needed"
	case v.To.Before(rule.MinShift.Since(r.T, zone)):
		return "must postpone by at least " + rule.MinShift.String() + " (postpone.min_shift)"
	case !rule.End.IsZero() && v.To.After(rule.End):
		return "may not postpone beyond " + p.show(rule.End) + " (postpone.end)"
	}
	f.Kind, f.T = ledger.Postponed, &v.To
	return ""
}

// placements are when each batch got a tenant last.
type placements map[string]time.Time

func (b placements) note(r *ledger.Record) {
	if r.PlacedAt.After(b[r.Batch]) {
		b[strings.Clone(r.Batch)] = r.PlacedAt
	}
}

// takesBack reports whether a tenant that is resumed goes on as if it had never been
// told to go: nothing has come of that, and neither has an apply in between adopted
// another plan or given its place away.
func (p *Project) takesBack(r *ledger.Record, placed placements) bool {
	d := r.Revocable()
	return d != nil && !p.meta.AdoptedAt.After(d.At) && !placed[d.Batch].After(d.At)
}
