package timeline

import (
	"cmp"
	"fmt"
	"slices"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// checkOrder warns of phases that open in another order than that in which
// they run, because a day is not always 24 hours or because of a time of day.
func checkOrder(cfg *schema.Config) diag.List {
	var l diag.List
	var last *schema.Phase
	for _, p := range cfg.Phases {
		if p.Opens == nil {
			continue
		}
		if last != nil {
			l = append(l, inOrder(cfg, last, p)...)
		}
		last = p
	}
	return l
}

func inOrder(cfg *schema.Config, a, b *schema.Phase) diag.List {
	r := rule{first: *a.Opens, then: *b.Opens, orTogether: true, batches: cfg.Batches}
	hits := r.hits()
	if len(hits) == 0 {
		return nil
	}
	hit := hits[0]
	first, _ := a.Opens.From(hit.T, hit.Zone)
	then, _ := b.Opens.From(hit.T, hit.Zone)
	firstDate, thenDate := dates(hit.Zone, first, then)
	return diag.List{{
		Severity: diag.Warning,
		Code:     "phases-out-of-order",
		Summary:  "Phases open in another order than they run",
		Detail: fmt.Sprintf("Phase %q (%s) runs before phase %q (%s), but in %s it opens on %s, %s after the other, which opens on %s. "+
			"Its items would be late from the beginning.%s",
			a.Name, a.Opens, b.Name, b.Opens, whereBatch(hit), firstDate, span(first.Sub(then)), thenDate, others(hits)),
		Hint:    "Write both offsets in days or both in hours, or choose another cutover.",
		Subject: hit.TRange,
		Where:   whereBatch(hit),
	}}
}

// checkClocks warns of wall-clock times that a change of the clocks skips or
// repeats on the dates of a batch.
func checkClocks(b *schema.Batch, offsets []edge) diag.List {
	var l diag.List
	for _, e := range offsets {
		if note := e.offset.Note(b.T, b.Zone); note != "" {
			l.Add(clockChange(b, e, note))
		}
	}
	return l
}

// distinct lists each offset of a plan once. The end of a window is mostly the
// opening of the next phase, and better told as that.
func distinct(cfg *schema.Config) []edge {
	all := edges(cfg)
	slices.SortStableFunc(all, func(a, b edge) int {
		return cmp.Compare(ends(a), ends(b))
	})
	seen := make(map[toffset.Offset]bool)
	return slices.DeleteFunc(all, func(e edge) bool {
		had := seen[e.offset]
		seen[e.offset] = true
		return had
	})
}

// ends is 1 for the end of a window, else 0.
func ends(e edge) int {
	if e.edge == Closes || e.edge == LateUntil {
		return 1
	}
	return 0
}

func clockChange(b *schema.Batch, e edge, note string) diag.Diagnostic {
	at, change := e.offset.From(b.T, b.Zone)
	d := diag.Diagnostic{
		Severity: diag.Warning,
		Code:     "clock-gap",
		Summary:  "Time of day is skipped by a change of the clocks",
		Detail: fmt.Sprintf("In %s, %s is %s. In %s, %s. The result is %s.",
			e.owner(), e.edge, e.offset, b.Zone, note, toffset.Show(at, b.Zone)),
		Hint:    "Choose another time of day for the cutover, if that is not what you want.",
		Subject: b.TRange,
		Where:   whereBatch(b),
	}
	if change == toffset.Fold {
		d.Code, d.Summary = "clock-fold", "Time of day is repeated by a change of the clocks"
	}
	if e.offset.HasClock {
		d.Hint = "Choose another time of day after the @, if that is not what you want."
	}
	return d
}

// owner names what the edge belongs to.
func (e edge) owner() string {
	if e.item != nil {
		return whereItem(e.item)
	}
	return wherePhase(e.phase)
}
