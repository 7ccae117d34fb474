package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// releases gives back the locks whose time is a phase that has come: when
// everything before it is Complete. Neither holds nor constraints nor limits
// keep a release back.
func (w *walk) releases(p *schema.Phase) PhaseStatus {
	status := Complete
	for _, it := range w.d.frees[p.Index] {
		if w.stuck != nil || !w.obliged(it) || w.underWay(it) {
			continue
		}
		w.d.freed[it.Index] = true
		status = max(status, w.releaseIn(it, p))
	}
	return status
}

// releaseIn releases a lock in its phase, after the items that it waits for.
func (w *walk) releaseIn(it *schema.Item, p *schema.Phase) PhaseStatus {
	for _, a := range it.Does.(*schema.Lock).ReleaseAfter {
		if !w.settled(a) {
			return Pending
		}
	}
	return w.release(it, Action{At: w.line.Phases[p.Index].Opens})
}

// release starts, or goes on with, giving a lock back.
func (w *walk) release(it *schema.Item, a Action) PhaseStatus {
	a.Kind, a.Op, a.Item = Unlock, ledger.Release, it
	rel := w.d.rec[it.Index].Release
	if rel == nil || rel.State == ledger.None {
		a.Attempt = 1
		w.act(a)
		return Pending
	}
	return w.try(it, rel, a)
}

// obliged reports whether a lock may be held.
func (w *walk) obliged(it *schema.Item) bool {
	rec := w.d.rec[it.Index]
	if rec == nil || !rec.Obligation {
		return false
	}
	return !discharged(w.d.rec, it)
}

// discharged reports whether work has made a lock pointless.
func discharged(rec []*ledger.Item, it *schema.Item) bool {
	by := it.Does.(*schema.Lock).DischargedBy
	return by != nil && rec[by.Index] != nil && rec[by.Index].State == ledger.Done
}

// wayOut gives back the locks of a tenant that can no longer be moved on its
// present date, as long as nothing after the lock has begun: releasing it then
// would open the old side while the new one is half there.
func (w *walk) wayOut() {
	for _, it := range w.d.locks {
		if w.missed > it.Phase.Index && !w.uncertain(it) {
			w.drop(it) // to take it would lead nowhere
		}
		if w.d.freed[it.Index] || !w.obliged(it) || !w.goesBack(it) {
			continue
		}
		// Nothing begins any more behind a lock that is given back.
		w.out.Actions = slices.DeleteFunc(w.out.Actions, func(a Action) bool {
			return !WayBack(a.Op) && a.Kind.Outside() && a.Item.Phase.Hard && a.Item.Phase.Index >= it.Phase.Index
		})
		rec := w.d.rec[it.Index]
		a := Action{At: w.missedAt(), Reason: "window missed", Undone: true}
		switch {
		case rec.Release != nil && !rec.Undone:
			a = Action{At: w.d.now, Reason: "it had begun in its time"}
		case w.early(it) || rec.Afresh:
			a = Action{At: w.d.now, Reason: "its time lies ahead again", Undone: true, Afresh: true}
		}
		status := w.release(it, a)
		w.out.Status = max(w.out.Status, status)
	}
}

// drop takes the taking of a lock back from the actions.
func (w *walk) drop(it *schema.Item) {
	w.out.Actions = slices.DeleteFunc(w.out.Actions, func(a Action) bool { return a.Item == it && a.Op == ledger.Acquire })
}

// goesBack reports whether a lock is to be given back before its time, or its
// giving back goes on. While nobody knows whether it was taken, it is not: a
// release that overtakes an acquire would leave it locked for ever.
func (w *walk) goesBack(it *schema.Item) bool {
	rec := w.d.rec[it.Index]
	if rec.Release != nil { // its time may lie ahead again by now: what has begun goes on
		return rec.Undone || w.early(it)
	}
	if rec.State == ledger.Running || rec.State == ledger.Lost {
		return false
	}
	return (w.missed > it.Phase.Index || w.early(it)) && w.stands(it) == nil
}

// early reports whether the time to take a lock lies ahead: T has moved since it
// was taken.
func (w *walk) early(it *schema.Item) bool {
	return w.d.now.Before(w.line.Items[it.Index].At) || w.d.now.Before(w.line.Phases[it.Phase.Index].Opens)
}

// missedAt is when the window closed that the tenant has missed.
func (w *walk) missedAt() time.Time {
	if w.missed < 0 {
		return w.d.now // the release began before a person dealt with what was missed
	}
	p := w.line.Phases[w.missed]
	at := earliest(p.LatestStart, p.Closes)
	if at.IsZero() || at.After(w.d.now) {
		return w.d.now
	}
	return at
}

// obligations lists the locks that may be held, and the ones that are overdue.
func (w *walk) obligations() {
	for _, it := range w.d.locks {
		if !w.obliged(it) {
			continue
		}
		l := LockStatus{
			Phase: it.Phase.Name, Item: it.Name, Since: w.d.rec[it.Index].First,
			ReleaseAt: finite(w.line.Phases[it.Does.(*schema.Lock).ReleaseIn.Index].Opens),
			Alarm:     finite(w.line.Items[it.Index].ReleaseBy),
		}
		if l.Since.IsZero() { // a person has said to try again, which begins anew
			l.Since = w.d.rec[it.Index].At
		}
		l.Overdue = !l.Alarm.IsZero() && w.d.now.After(l.Alarm)
		if !l.ReleaseAt.IsZero() && !w.d.now.Before(l.ReleaseAt) || l.Overdue {
			l.Waits = w.releaseWaits(it)
		}
		if what := w.staysShut(it); what != "" {
			l.Kept = what
			w.wait(WaitLock, it, what, l.Since, time.Time{})
			w.out.Waiting[len(w.out.Waiting)-1].Kept = true
		} else if l.Overdue {
			reason := w.overdue(l.Alarm)
			if l.Waits != "" {
				reason += "; " + l.Waits
			}
			w.wait(WaitLock, it, reason, l.Alarm, time.Time{})
		} else if !l.Alarm.IsZero() {
			w.out.later(l.Alarm.Add(time.Second), w.d.now)
		}
		w.out.Locks = append(w.out.Locks, l)
	}
}

// staysShut says why a lock stays shut though its time lies ahead again, or there is no
// date any more; empty: it does not. Only a person can have taken back what stands
// behind it.
func (w *walk) staysShut(it *schema.Item) string {
	rec := w.d.rec[it.Index]
	if w.r.Leaving() || rec.Release != nil || !w.early(it) {
		return ""
	}
	what := w.stands(it)
	if what == nil {
		return ""
	}
	begun := what.Key() + " behind it has begun"
	if w.uncertain(what) {
		begun = what.Key() + " behind it may have begun"
	}
	if w.r.T.IsZero() {
		return "still locked, and there is no date: " + begun
	}
	return "still locked, though its time lies ahead again: " + begun
}

// releaseWaits says what keeps the release of a lock from beginning; empty: nothing
// does, or it has begun.
func (w *walk) releaseWaits(it *schema.Item) string {
	switch {
	case w.d.rec[it.Index].Release != nil:
		return ""
	case w.failure != "":
		return w.failure
	case w.blocked != nil:
		return w.blocked.Reason
	default:
		return ""
	}
}

func (w *walk) overdue(by time.Time) string { return "still locked; release_by was " + w.local(by) }

// Closed reports whether the latest start of an item's phase, or of a later one
// in which nothing has begun, has passed: to begin the item would lead nowhere.
func (d *Decider) Closed(it *schema.Item, r *ledger.Record) bool {
	d.index(r)
	w := walk{d: d, r: r, line: d.recordedLine(r)}
	return w.closed(it.Phase)
}

// MustEnd is the last instant at which an attempt of an item may be made again;
// zero: there is no bound.
func (d *Decider) MustEnd(it *schema.Item, op ledger.Op, r *ledger.Record) time.Time {
	if WayBack(op) { // nothing holds a release back
		return time.Time{}
	}
	return d.recordedLine(r).Phases[it.Phase.Index].MustEnd
}

// MissedAfter reports whether something after a lock was missed and waits for a
// person.
func (d *Decider) MissedAfter(it *schema.Item, r *ledger.Record) bool {
	d.index(r)
	for _, later := range d.cfg.Items {
		rec := d.rec[later.Index]
		if later.Phase.Hard && later.Phase.Index > it.Phase.Index && rec != nil && rec.State == ledger.Late {
			return true
		}
	}
	return false
}

// Expired reports whether the time to answer an approval has passed.
func (d *Decider) Expired(it *schema.Item, r *ledger.Record) bool {
	return after(d.now, d.recordedLine(r).Items[it.Index].Expires)
}

// recordedLine is the timeline of a tenant as it was placed.
func (d *Decider) recordedLine(r *ledger.Record) *line {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = Zone(d.cfg, nil, d.batches[r.Batch])
	}
	return d.line(r.T, zone)
}

func (w *walk) closed(from *schema.Phase) bool {
	for _, p := range w.d.cfg.Phases[from.Index:] {
		if after(w.d.now, w.line.Phases[p.Index].LatestStart) && !w.begun(p) {
			return true
		}
	}
	return false
}
