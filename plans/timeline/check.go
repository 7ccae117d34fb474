package timeline

import (
	"fmt"

	"transition/schema"
	"transition/schema/diag"
)

// Check does a plan's arithmetic: it resolves every date of every batch, and
// reports what cannot come out.
//
// What is wrong whatever the date is reported once, on the phase or item that
// says so. What is wrong on some dates only is reported once as well, with the
// first batch that it happens to. A batch without a date takes no part in the
// latter. The list is sorted.
func Check(cfg *schema.Config) diag.List {
	var l diag.List
	for _, r := range rules(cfg) {
		l = append(l, r.check()...)
	}
	l = append(l, checkReleases(cfg)...)
	l = append(l, checkNotice(cfg)...)
	l = append(l, checkSilence(cfg)...)
	l = append(l, checkOrder(cfg)...)
	offsets := distinct(cfg)
	for _, b := range cfg.Batches {
		if !b.T.IsZero() {
			l = append(l, checkClocks(b, offsets)...)
			l = append(l, checkAfter(cfg, b)...)
		}
	}
	l.Sort()
	return l
}

// checkReleases proves that every lock is released after it was taken.
func checkReleases(cfg *schema.Config) diag.List {
	var l diag.List
	for _, it := range cfg.Items {
		lock, ok := it.Does.(*schema.Lock)
		if !ok || lock.ReleaseIn == nil || lock.ReleaseIn.Index > it.Phase.Index {
			continue
		}
		l.Add(diag.Diagnostic{
			Severity: diag.Error,
			Code:     "release-before-lock",
			Summary:  "Lock is released before it is taken",
			Detail: fmt.Sprintf("The lock is taken in phase %q and released in phase %q, which does not come after it.",
				it.Phase.Name, lock.ReleaseIn.Name),
			Hint:    fmt.Sprintf("Let release_in name a phase that comes after %q.", it.Phase.Name),
			Subject: it.Range,
			Where:   whereItem(it),
		})
	}
	return l
}

// whereItem names an item for people: `lock "tenant_admin" of phase "Lock"`.
func whereItem(it *schema.Item) string {
	return fmt.Sprintf("%s %q of phase %q", it.Kind(), it.Name, it.Phase.Name)
}

func wherePhase(p *schema.Phase) string { return fmt.Sprintf("phase %q", p.Name) }

func whereBatch(b *schema.Batch) string { return fmt.Sprintf("batch %q", b.Name) }
