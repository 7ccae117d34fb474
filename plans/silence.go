package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// silence is the stand of a tenant whose silence is to be a yes.
func (w *walk) silence(c *schema.Consent, phase *schema.Phase) assent {
	a := assent{stand: silent, phase: phase, from: YesBySilence(c, w.r, w.line.Zone)}
	end := a.from
	switch {
	case end.IsZero():
		a.stand, end = unaware, c.OptOutAfter.Since(w.d.now, w.line.Zone)
	case !w.d.now.Before(end):
		return assent{}
	}
	if after(end, w.latest(phase)) {
		a.stand = belated
	}
	return a
}

// latest is the last instant at which a phase may begin: its latest start, else
// T. The zero time: there is none.
func (w *walk) latest(p *schema.Phase) time.Time {
	at := w.line.Phases[p.Index]
	if !at.LatestStart.IsZero() || !at.Opens.Before(w.r.T) {
		return at.LatestStart
	}
	return w.r.T
}

// YesBySilence is when the silence of a tenant becomes a yes, rounded up to the
// minute, so that those who were told together are let in together. The zero
// time: it has had no notice.
//
// It is counted from the first notice that was delivered, of whatever T. A message
// that calls the move off ends it: silence begins anew with the next notice.
func YesBySilence(c *schema.Consent, r *ledger.Record, zone *time.Location) time.Time {
	first := toldSince(r, calledOff(r))
	if first.IsZero() {
		return first
	}
	return c.OptOutAfter.Since(first, zone).Add(time.Minute - 1).Truncate(time.Minute)
}

// toldSince is when a tenant first had a notice since an instant; zero: never.
func toldSince(r *ledger.Record, since time.Time) time.Time {
	var first time.Time
	for i := range r.Items {
		it := &r.Items[i]
		at := it.Noticed
		if at.Before(since) && it.Notice && it.State == ledger.Done {
			at = it.At // it was sent again
		}
		if !at.IsZero() && !at.Before(since) {
			first = earliest(first, at)
		}
	}
	return first
}

// calledOff is when a tenant may last have been told that there is no date; zero:
// never.
func calledOff(r *ledger.Record) time.Time {
	var last time.Time
	for i := range r.Items {
		if it := &r.Items[i]; it.CalledOff && it.At.After(last) {
			last = it.At
		}
	}
	return last
}
