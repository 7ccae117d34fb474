package timeline

import (
	"fmt"
	"strings"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// rule demands that one offset comes before another.
type rule struct {
	first, then toffset.Offset
	orTogether  bool // the two may also be the same instant
	batches     []*schema.Batch
	// broken is what is reported if the rule does not hold; its Detail names
	// both offsets.
	broken diag.Diagnostic
}

// check reports the rule once, or not at all.
func (r rule) check() diag.List {
	if cmp, certain := toffset.Order(r.first, r.then); certain && r.isBroken(cmp) {
		return diag.List{r.broken}
	}
	hits := r.hits()
	if len(hits) == 0 {
		return nil
	}
	b, d := hits[0], r.broken
	first, _ := r.first.From(b.T, b.Zone)
	then, _ := r.then.From(b.T, b.Zone)
	firstDate, thenDate := dates(b.Zone, first, then)
	d.Detail += fmt.Sprintf(" In %s, %s is %s and %s is %s.%s", whereBatch(b), r.first, firstDate, r.then, thenDate, others(hits))
	return diag.List{d}
}

// hits are the batches on whose dates the rule does not hold.
func (r rule) hits() []*schema.Batch {
	var hits []*schema.Batch
	for _, b := range r.batches {
		if b.T.IsZero() {
			continue
		}
		first, _ := r.first.From(b.T, b.Zone)
		then, _ := r.then.From(b.T, b.Zone)
		if r.isBroken(first.Compare(then)) {
			hits = append(hits, b)
		}
	}
	return hits
}

func (r rule) isBroken(cmp int) bool { return cmp > 0 || cmp == 0 && !r.orTogether }

// others says to how many more batches than the first something happens.
func others(hits []*schema.Batch) string {
	switch n := len(hits) - 1; n {
	case 0:
		return ""
	case 1:
		return " So it is in one more batch."
	default:
		return fmt.Sprintf(" So it is in %d more batches.", n)
	}
}

// fill puts the offsets into the words of a diagnostic, which hold no text of
// the plan.
func fill(d diag.Diagnostic, first, then *toffset.Offset) diag.Diagnostic {
	r := strings.NewReplacer("$first", first.String(), "$then", then.String())
	d.Detail, d.Hint = r.Replace(d.Detail), r.Replace(d.Hint)
	return d
}

// rules are all that a plan demands of the order of its own offsets.
func rules(cfg *schema.Config) []rule {
	var all []rule
	for _, p := range cfg.Phases {
		all = append(all, closing(cfg, p)...)
		all = append(all, starting(cfg, p)...)
	}
	for _, it := range cfg.Items {
		all = append(all, window(cfg, it)...)
		switch does := it.Does.(type) {
		case *schema.Lock:
			all = append(all, releasing(cfg, it, does)...)
		case *schema.Approval:
			all = append(all, expiring(cfg, it, does)...)
		case *schema.Communication, *schema.Work:
		}
	}
	for _, b := range cfg.Batches {
		all = append(all, enrolling(b))
	}
	return all
}

// closing: a phase closes after it opens. The default, the opening of a later
// phase, cannot be wrong but by a change of the clocks, which checkOrder reports.
func closing(cfg *schema.Config, p *schema.Phase) []rule {
	end := closesAt(cfg, p)
	if p.Opens == nil || end == nil || opensLater(cfg, p, *end) {
		return nil
	}
	return []rule{{first: *p.Opens, then: *end, batches: cfg.Batches, broken: diag.Diagnostic{
		Severity: diag.Error,
		Code:     "closes-before-opens",
		Summary:  "Phase closes before it opens",
		Detail:   fmt.Sprintf("Phase %q opens at %s and closes at %s, so nothing in it could ever begin in time.", p.Name, p.Opens, end),
		Hint:     fmt.Sprintf("Let closes be an offset after %s, or leave it out: then the phase closes when the next one opens.", p.Opens),
		Subject:  p.Range,
		Where:    wherePhase(p),
	}}}
}

// opensLater reports whether a phase after p opens at an offset.
func opensLater(cfg *schema.Config, p *schema.Phase, o toffset.Offset) bool {
	for _, next := range cfg.Phases[p.Index+1:] {
		if next.Opens != nil && *next.Opens == o {
			return true
		}
	}
	return false
}

// starting: latest_start and must_end lie within the phase, in this order.
func starting(cfg *schema.Config, p *schema.Phase) []rule {
	var all []rule
	add := func(first, then *toffset.Offset, orTogether bool, d diag.Diagnostic) {
		if first != nil && then != nil {
			d.Severity, d.Where = diag.Error, wherePhase(p)
			all = append(all, rule{first: *first, then: *then, orTogether: orTogether, batches: cfg.Batches, broken: fill(d, first, then)})
		}
	}
	add(p.Opens, p.LatestStart, false, diag.Diagnostic{
		Code:    "latest-start-before-opens",
		Summary: "Latest start of a phase is not after its opening",
		Detail:  "The phase opens at $first, but its tenants have to begin by $then: all of them would miss it.",
		Hint:    "Let latest_start be an offset after $first.",
		Subject: p.LatestRange,
	})
	add(p.LatestStart, p.MustEnd, true, diag.Diagnostic{
		Code:    "latest-start-after-must-end",
		Summary: "Latest start of a phase is after its end",
		Detail:  "The phase may be begun until $first, but has to end by $then.",
		Hint:    "Let latest_start be an offset before $then, or must_end one after $first.",
		Subject: p.LatestRange,
	})
	add(p.LatestStart, closesAt(cfg, p), true, diag.Diagnostic{
		Code:    "latest-start-after-closes",
		Summary: "Latest start of a phase is after its closing",
		Detail:  "The phase may be begun until $first, but closes at $then.",
		Hint:    "Let latest_start be $then or earlier, or write closes as $first or later.",
		Subject: p.LatestRange,
	})
	add(p.Opens, p.MustEnd, false, diag.Diagnostic{
		Code:    "must-end-before-opens",
		Summary: "Phase has to end before it opens",
		Detail:  "The phase opens at $first, but has to end by $then.",
		Hint:    "Let must_end be an offset after $first.",
		Subject: p.Range,
	})
	return all
}

// enrolling: a batch takes tenants in until its cutover at the latest.
func enrolling(b *schema.Batch) rule {
	return rule{first: b.EnrolUntil, orTogether: true, batches: []*schema.Batch{b}, broken: diag.Diagnostic{
		Severity: diag.Error,
		Code:     "enrol-after-cutover",
		Summary:  "Batch takes tenants in after its cutover",
		Detail:   fmt.Sprintf("Tenants can get into batch %q until %s, which is after its cutover T.", b.Name, b.EnrolUntil),
		Hint:     `Let enrol_until be "T" or an offset before it.`,
		Subject:  b.Range,
		Where:    whereBatch(b),
	}}
}

// dates shows two instants with their weekday in one zone.
func dates(zone *time.Location, a, b time.Time) (string, string) {
	return toffset.ShowLocal(a, zone), toffset.ShowLocal(b, zone)
}
