package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/plans/placement"
	"transition/schema"
	"transition/schema/toffset"
)

// notice is what a tenant has been told so far, or will be.
type notice struct {
	first time.Time // the earliest successful notice, of whatever date
	final time.Time // the first that announced the present T
}

// told adds up the notices that the tenant has had.
func (w *walk) told() notice {
	var n notice
	off := calledOff(w.r)
	for i := range w.r.Items {
		it := &w.r.Items[i]
		if it.Noticed.IsZero() && !(it.Notice && it.State == ledger.Done) {
			continue
		}
		n.first = earliest(n.first, earliest(it.Noticed, it.At))
		if it.Announced.Equal(w.r.T) {
			n.final = earliest(n.final, firstTold(it, w.r, off))
		}
	}
	return n
}

// firstTold is when a message, whose newest sending names the present T, first
// told it since every date was called off; zero: it did not. To send it again does
// not make it untold.
func firstTold(it *ledger.Item, r *ledger.Record, off time.Time) time.Time {
	switch {
	case !it.Noticed.IsZero() && !it.Noticed.Before(r.PlacedAt) && (off.IsZero() || it.Noticed.After(off)):
		return it.Noticed
	case it.Notice && it.State == ledger.Done && (off.IsZero() || it.At.After(off)):
		return it.At
	default:
		return time.Time{}
	}
}

// unnoticed says that the tenant was not told early enough, or nil.
func (w *walk) unnoticed() *Held {
	need := w.d.cfg.Notice
	if !need.Required() || w.r.T.IsZero() {
		return nil
	}
	n := w.told()
	if h := w.tooLate(need.First, n.first, w.line.FirstBy); h != nil {
		return h
	}
	return w.tooLate(need.Final, n.final, w.line.FinalBy)
}

// tooLate compares one demand with the notice that was given; zero: none was.
func (w *walk) tooLate(need toffset.Duration, given, by time.Time) *Held {
	if need.IsZero() || !given.IsZero() && !given.After(by) {
		return nil
	}
	if given.IsZero() {
		given = w.d.now
	}
	return w.unmet(placement.NoticeReason(need, given, w.r.T))
}

func (w *walk) unmet(reason string) *Held {
	return &Held{Reason: reason, Source: source(w.d.cfg.Notice.Range)}
}

// atRisk says as early as it can be known that a tenant will be held for want
// of notice: none was given, and none comes in time unless a person does
// something.
func (w *walk) atRisk() *Held {
	need := w.d.cfg.Notice
	if !need.Required() || w.r.T.IsZero() || w.noticed() {
		return nil
	}
	n := w.told()
	if h := w.risk(need.First, n.first, w.line.FirstBy); h != nil {
		return h
	}
	return w.risk(need.Final, n.final, w.line.FinalBy)
}

// risk compares one demand with what was given, and with what will be.
func (w *walk) risk(need toffset.Duration, given, by time.Time) *Held {
	switch {
	case need.IsZero() || !given.IsZero() && !given.After(by):
		return nil
	case !given.IsZero() || w.d.now.After(by):
		return w.tooLate(need, given, by)
	case !w.soonest().After(by):
		return nil
	default:
		return w.unmet("notice at risk: " + need.String() + " needed, none comes by itself until " + w.local(by))
	}
}

// noticed reports whether no phase is left that asks for a notice.
func (w *walk) noticed() bool {
	for i := len(w.d.cfg.Phases) - 1; i >= 0; i-- {
		if p := w.d.cfg.Phases[i]; p.NeedsNotice() {
			return w.begun(p)
		}
	}
	return true
}

// soonest is when a notice of the present T can be given first without a person's
// doing; never: none can.
func (w *walk) soonest() time.Time {
	first := never
	for i := range w.out.Actions {
		if w.gives(&w.out.Actions[i]) {
			return w.d.now
		}
	}
	for _, it := range w.d.cfg.Events {
		if rec := w.d.rec[it.Index]; isNotice(it) && rec != nil && rec.Epoch == w.r.Epoch {
			first = earliest(first, w.again(it, &rec.Try))
		}
	}
	for _, n := range w.d.notices {
		first = earliest(first, w.comes(n))
	}
	return first
}

// gives reports whether an action is the sending of a notice.
func (w *walk) gives(a *Action) bool {
	if a.Kind != Send {
		return false
	}
	for _, it := range a.Carries {
		if isNotice(it) {
			return true
		}
	}
	return isNotice(a.Item)
}

// comes is when a notice of the plan goes out by itself; never: it does not.
func (w *walk) comes(n awaited) time.Time {
	rec := w.d.rec[n.item.Index]
	if rec != nil && rec.State == ledger.Merged {
		rec = w.r.Item(rec.Into) // it goes out with that one
	}
	if rec == nil || rec.State == ledger.None {
		return w.begins(n, rec)
	}
	return w.again(n.item, &rec.Try)
}

// again is when a message that has begun, and is not done, goes out by itself.
func (w *walk) again(it *schema.Item, try *ledger.Try) time.Time {
	switch w.state(it, try, ledger.Send) {
	case ledger.Running:
		return w.d.now
	case ledger.Retrying:
		return latest(w.d.now, try.Next)
	default:
		return never
	}
}

// begins is when a message that has not begun goes out by itself.
func (w *walk) begins(n awaited, rec *ledger.Item) time.Time {
	it := n.item
	b, passed := w.passed(it, w.begun(it.Phase), rec != nil && rec.Again)
	gone := passed && (b.final || it.Late == schema.LateHold || it.Late == schema.LateSkip)
	if gone || w.uncertain(it) || it.Phase.Hard && w.dead() || !w.d.forTenant(it) {
		return never
	}
	at := latest(w.d.now, w.line.Items[it.Index].At)
	for _, a := range n.before {
		rec := w.d.rec[a.Index]
		switch {
		case rec != nil && rec.State.NeedsPerson():
			return never
		case (rec == nil || !rec.State.Settled()) && w.d.forTenant(a):
			at = latest(at, w.line.Items[a.Index].At)
		}
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// isNotice reports whether a success of an item counts as a notice.
func isNotice(it *schema.Item) bool {
	c, ok := it.Does.(*schema.Communication)
	return ok && (c.Notice || c.On == schema.OnRescheduled)
}
