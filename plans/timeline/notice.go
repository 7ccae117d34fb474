package timeline

import (
	"fmt"
	"slices"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// checkNotice proves that tenants can be told early enough. Who is not is held
// before the first phase that takes a lock or cannot be undone.
func checkNotice(cfg *schema.Config) diag.List {
	n := slices.IndexFunc(cfg.Phases, (*schema.Phase).NeedsNotice)
	if n < 0 || !cfg.Notice.Required() {
		return nil
	}
	d := diag.Diagnostic{Severity: diag.Error, Subject: cfg.Notice.Range, Where: "notice"}
	given := notices(cfg)
	if len(given) == 0 {
		d.Code, d.Summary = "notice-missing", "No communication counts as a notice"
		d.Detail = fmt.Sprintf("The plan demands a notice before T, but none is ever given, so every tenant would be held before phase %q.",
			cfg.Phases[n].Name)
		d.Hint = "Write notice = true in the communications that tell the date."
		return diag.List{d}
	}
	d.Code, d.Summary = "notice-too-late", "Notice comes too late"
	var l diag.List
	for _, demand := range []demand{{"first", cfg.Notice.First}, {"final", cfg.Notice.Final}} {
		if detail, broken := demand.check(cfg.Batches, given); broken {
			d.Detail = fmt.Sprintf("%s Every tenant would be held before phase %q.", detail, cfg.Phases[n].Name)
			d.Hint = demand.hint(given)
			l.Add(d)
		}
	}
	return l
}

// notices are the communications that count as a notice, the nominally earliest
// first.
func notices(cfg *schema.Config) []*schema.Item {
	var given []*schema.Item
	for _, it := range cfg.Items {
		if c, ok := it.Does.(*schema.Communication); ok && c.Notice {
			given = append(given, it)
		}
	}
	slices.SortStableFunc(given, func(a, b *schema.Item) int {
		x, y := dueAt(a), dueAt(b)
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return -1
		case y == nil:
			return 1
		}
		cmp, _ := toffset.Order(*x, *y)
		return cmp
	})
	return given
}

// demand is one attribute of the block notice.
type demand struct {
	attribute string
	before    toffset.Duration
}

// check says what is wrong if all the given notices come later than demanded.
func (d demand) check(batches []*schema.Batch, given []*schema.Item) (string, bool) {
	if d.before.IsZero() || dueAt(given[0]) == nil {
		return "", false // the earliest goes out as soon as there is a date
	}
	detail := fmt.Sprintf("The earliest notice, %s, is due at %s, but notice.%s demands one %s before T.",
		whereItem(given[0]), dueAt(given[0]), d.attribute, d.before)
	by := d.before.BeforeT()
	if !slices.ContainsFunc(given, func(it *schema.Item) bool {
		cmp, certain := toffset.Order(*dueAt(it), by)
		return !certain || cmp <= 0
	}) {
		return detail, true
	}
	var hits []*schema.Batch
	for _, b := range batches {
		if !b.T.IsZero() && earliest(b, given).After(d.before.Before(b.T, b.Zone)) {
			hits = append(hits, b)
		}
	}
	if len(hits) == 0 {
		return "", false
	}
	b := hits[0]
	due, needed := dates(b.Zone, earliest(b, given), d.before.Before(b.T, b.Zone))
	return fmt.Sprintf("%s In %s it is due on %s, but needed by %s.%s", detail, whereBatch(b), due, needed, others(hits)), true
}

// earliest is when the first of the notices is due.
func earliest(b *schema.Batch, given []*schema.Item) time.Time {
	var first time.Time
	for _, it := range given {
		if due, _ := dueAt(it).From(b.T, b.Zone); first.IsZero() || due.Before(first) {
			first = due
		}
	}
	return first
}

// hint says how to make the demand and the notices fit.
func (d demand) hint(given []*schema.Item) string {
	early := d.before.BeforeT()
	o := *dueAt(given[0])
	length := toffset.Duration{Days: -o.Days, Elapsed: -o.Elapsed}
	if o.HasClock || length.Nominal() <= 0 || length.Nominal() >= d.before.Nominal() {
		return fmt.Sprintf("Let a notice be due at %s or earlier.", early)
	}
	return fmt.Sprintf("Write %s = %q or less, or let a notice be due at %s or earlier.", d.attribute, length, early)
}
