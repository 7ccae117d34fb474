package timeline

import (
	"fmt"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// checkAfter proves that a batch is not held by the one it waits for when all
// goes as fast as it can.
func checkAfter(cfg *schema.Config, b *schema.Batch) diag.List {
	after := b.After
	if after == nil || after.AtLeast <= 0 || after.Reached == nil || after.Holds == nil || after.Holds.Opens == nil {
		return nil
	}
	if after.Batch.T.IsZero() {
		return diag.List{noDate(b)}
	}
	reached := earliestComplete(cfg, after.Batch, after.Reached)
	if reached.IsZero() {
		return nil
	}
	w := wait{batch: b, reached: reached, soaked: after.Soak.Since(reached, after.Batch.Zone)}
	w.opens, _ = after.Holds.Opens.From(b.T, b.Zone)
	if !w.soaked.After(w.opens) {
		return nil
	}
	return diag.List{w.diagnostic(after.Reached.Index == len(cfg.Phases)-1)}
}

// wait is the dates between a batch and the one that it waits for.
type wait struct {
	batch   *schema.Batch
	reached time.Time // the earliest instant at which the other batch can be far enough
	soaked  time.Time // the end of the soak that follows
	opens   time.Time // the phase that the batch may not enter before
}

// earliestComplete is the earliest instant at which a batch can have completed
// a phase: no item of it can be done before it is due. Items that are not for
// every tenant do not count. The zero time means that no date is known.
func earliestComplete(cfg *schema.Config, b *schema.Batch, p *schema.Phase) time.Time {
	tl := Build(cfg, b.T, b.Zone)
	earliest := tl.Phases[p.Index].Opens
	for _, it := range p.Items {
		always := !it.When.IsSet() || it.When.IsConst() && it.When.Value
		if at := tl.Items[it.Index].At; always && at.After(earliest) {
			earliest = at
		}
	}
	return earliest
}

func noDate(b *schema.Batch) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning,
		Code:     "after-without-date",
		Summary:  "Batch waits for one without a date",
		Detail: fmt.Sprintf("Batch %q has a cutover, but waits for batch %q, which has none. Its tenants are held before phase %q until that one has moved.",
			b.Name, b.After.Batch.Name, b.After.Holds.Name),
		Hint:    fmt.Sprintf("Give batch %q a cutover, so that the dates of both can be checked.", b.After.Batch.Name),
		Subject: b.After.Range,
		Where:   whereBatch(b),
	}
}

// diagnostic reports a soak that ends after the phase opens; last says whether
// the other batch has to have completed its last phase.
func (w wait) diagnostic(last bool) diag.Diagnostic {
	after := w.batch.After
	far := "is Complete"
	if !last {
		far = fmt.Sprintf("has completed phase %q", after.Reached.Name)
	}
	soak := ""
	if !after.Soak.IsZero() {
		soak = fmt.Sprintf("; with %s of soak that is %s", after.Soak, toffset.ShowLocal(w.soaked, after.Batch.Zone))
	}
	subject := after.Soaks
	if subject.IsZero() || w.reached.After(w.opens) { // no soak would do
		subject = after.Range
	}
	return diag.Diagnostic{
		Severity: diag.Error,
		Code:     "after-too-late",
		Summary:  "Batch cannot enter a phase on time",
		Detail: fmt.Sprintf("Batch %q %s on %s at the earliest%s. Phase %q opens for %q on %s, so all of its tenants would be held for %s.",
			after.Batch.Name, far, toffset.ShowLocal(w.reached, after.Batch.Zone), soak,
			after.Holds.Name, w.batch.Name, toffset.ShowLocal(w.opens, w.batch.Zone), span(w.soaked.Sub(w.opens))),
		Hint:    w.hint(),
		Subject: subject,
		Where:   whereBatch(w.batch),
	}
}

// hint names the longest soak and the earliest cutover that would do.
func (w wait) hint() string {
	after := w.batch.After
	cutover := "a later one"
	if text, ok := earliestCutover(*after.Holds.Opens, w.batch.T, w.batch.Zone, w.soaked); ok {
		cutover = text + " or later"
	}
	soak := longestSoak(after.Soak, w.reached, w.opens, after.Batch.Zone)
	switch {
	case after.Soak.IsZero() || w.reached.After(w.opens):
		return fmt.Sprintf("Set cutover to %s.", cutover)
	case soak.IsZero():
		return fmt.Sprintf("Leave out soak, or set cutover to %s.", cutover)
	default:
		return fmt.Sprintf("Write soak = %q, or set cutover to %s.", soak, cutover)
	}
}

// longestSoak is the longest soak of one unit, of days only where the given one
// has days, that ends in time. Zero: there is none.
func longestSoak(given toffset.Duration, from, until time.Time, zone *time.Location) toffset.Duration {
	room := until.Sub(from)
	if given.Days > 0 {
		for n := int(room/(24*time.Hour)) + 1; n > 0; n-- { // a day may have less than 24 hours
			if d := (toffset.Duration{Days: n}); !d.Since(from, zone).After(until) {
				return d
			}
		}
	}
	for _, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if n := room.Truncate(unit); n > 0 {
			return toffset.Duration{Elapsed: n}
		}
	}
	return toffset.Duration{}
}

// earliestCutover finds the earliest T, as it is written in a plan, for which
// an offset lies at an instant or after it. With a time of day in the offset
// that is T's own time on a later date.
func earliestCutover(o toffset.Offset, t time.Time, zone *time.Location, instant time.Time) (string, bool) {
	inverse := toffset.Offset{Days: -o.Days}
	first, _ := inverse.From(instant.Add(-o.Elapsed), zone)
	next := func(n int) time.Time { return first.Add(time.Duration(n) * 15 * time.Minute) }
	if o.HasClock {
		opens, _ := o.From(t, zone)
		days := int(instant.Sub(opens) / (24 * time.Hour))
		next = func(n int) time.Time {
			at, _ := toffset.Offset{Days: days + n}.From(t, zone)
			return at
		}
	}
	// A change of the clocks may need some steps more. What is found is read
	// back as it will be written, since an hour that happens twice means the first.
	for n := range 24 * 4 {
		const layout = "2006-01-02 15:04"
		text := next(n).Add(time.Minute - 1).Truncate(time.Minute).Format(layout)
		cutover, _, err := toffset.ParseInstant(text, zone)
		if err != nil {
			return "", false
		}
		if at, _ := o.From(cutover, zone); !at.Before(instant) {
			return text, true
		}
	}
	return "", false
}
