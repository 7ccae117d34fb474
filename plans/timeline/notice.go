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
		} else if demand.tight(given) {
			l.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "notice-without-slack", Summary: "Notice must not be a minute late",
				Subject: cfg.Notice.Range, Where: "notice",
				Detail: fmt.Sprintf("The earliest notice, %s, and notice.%s demands one %s before T. Whoever gets it later, as when nobody applies at that minute, is held before phase %q.",
					given[0], demand.attribute, demand.before, cfg.Phases[n].Name),
				Hint: fmt.Sprintf("Let the notice be due some days before %s, or demand less.", demand.before.BeforeT()),
			})
		}
	}
	return l
}

// giving is a communication that counts as a notice, and when it goes out at the
// earliest.
type giving struct {
	item *schema.Item
	at   *toffset.Offset // nil: as soon as there is a date
	// waits is what it has to wait for until then; nil: nothing.
	waits *schema.Item
}

// notices are the communications that count as a notice, the nominally earliest
// first. What is for nobody is none.
func notices(cfg *schema.Config) []giving {
	var list []giving
	for _, it := range cfg.Items {
		if c, ok := it.Does.(*schema.Communication); ok && c.Notice && !forNobody(it) {
			list = append(list, give(cfg, it))
		}
	}
	slices.SortStableFunc(list, func(a, b giving) int { return order(a.at, b.at) })
	return list
}

// give finds the last instant of those before which a notice cannot go out.
func give(cfg *schema.Config, it *schema.Item) giving {
	g := giving{item: it, at: dueAt(it)}
	for _, before := range Before(cfg, it) {
		if at := dueAt(before); !forNobody(before) && order(at, g.at) > 0 {
			g.at, g.waits = at, before
		}
	}
	return g
}

// order compares two offsets; at once comes first.
func order(a, b *toffset.Offset) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	cmp, _ := toffset.Order(*a, *b)
	return cmp
}

// forNobody reports whether an item is for no tenant at all.
func forNobody(it *schema.Item) bool { return it.When.IsSet() && it.When.IsConst() && !it.When.Value }

// Before lists what must be settled before an item may begin, whatever the time:
// the items that it waits for, and of a hard phase all of the hard ones before.
func Before(cfg *schema.Config, it *schema.Item) []*schema.Item {
	list := slices.Clone(it.After)
	for i := 0; i < len(list); i++ {
		for _, a := range list[i].After {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	if !it.Phase.Hard {
		return list
	}
	for _, p := range cfg.Phases[:it.Phase.Index] {
		if p.Hard {
			list = append(list, p.Items...)
		}
	}
	return list
}

// demand is one attribute of the block notice.
type demand struct {
	attribute string
	before    toffset.Duration
}

// check says what is wrong if all the given notices come later than demanded.
func (d demand) check(batches []*schema.Batch, given []giving) (string, bool) {
	if d.before.IsZero() || given[0].at == nil {
		return "", false // the earliest goes out as soon as there is a date
	}
	detail := fmt.Sprintf("The earliest notice, %s, but notice.%s demands one %s before T.", given[0], d.attribute, d.before)
	by := d.before.BeforeT()
	if !slices.ContainsFunc(given, func(g giving) bool {
		cmp, certain := toffset.Order(*g.at, by)
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

// tight reports whether the earliest of the given notices is due at the very last
// instant that will do.
func (d demand) tight(given []giving) bool {
	if d.before.IsZero() || given[0].at == nil {
		return false
	}
	cmp, certain := toffset.Order(*given[0].at, d.before.BeforeT())
	return certain && cmp == 0
}

// String is the notice with when it goes out at the earliest.
func (g giving) String() string {
	s := fmt.Sprintf("%s, is due at %s", whereItem(g.item), g.at)
	if g.waits != nil {
		s = fmt.Sprintf("%s, waits for %s, which is due at %s", whereItem(g.item), whereItem(g.waits), g.at)
	}
	return s
}

// earliest is when the first of the notices is due.
func earliest(b *schema.Batch, given []giving) time.Time {
	var first time.Time
	for _, g := range given {
		if due, _ := g.at.From(b.T, b.Zone); first.IsZero() || due.Before(first) {
			first = due
		}
	}
	return first
}

// hint says how to make the demand and the notices fit.
func (d demand) hint(given []giving) string {
	early := d.before.BeforeT()
	o := *given[0].at
	length := toffset.Duration{Days: -o.Days, Elapsed: -o.Elapsed}
	if o.HasClock || length.Nominal() <= 0 || length.Nominal() >= d.before.Nominal() {
		return fmt.Sprintf("Let a notice be due at %s or earlier.", early)
	}
	return fmt.Sprintf("Write %s = %q or less, or let a notice be due at %s or earlier.", d.attribute, length, early)
}
