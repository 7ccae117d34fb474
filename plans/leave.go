package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// goBack decides a tenant that goes back rather than forward: what has begun is
// taken back in reverse order, one after the other, so that nothing is opened
// while something behind it still stands.
func (w *walk) goBack() {
	if len(w.d.cfg.Phases) > 0 && w.d.cfg.Phases[0].Opens == nil {
		w.out.Phase = w.d.cfg.Phases[0]
	}
	w.leftReason()
	open := true // everything behind the item at hand has been taken back
	for _, it := range slices.Backward(w.d.cfg.Items) {
		rec := w.d.rec[it.Index]
		if rec == nil || !acts(it) {
			w.showBack(it, rec)
			continue
		}
		status, done := w.takeBack(it, rec, open)
		w.out.Status = max(w.out.Status, status)
		open = open && done
	}
}

// stay decides a tenant that left past the point of no return: nothing of it is
// taken back, and no date is called off.
func (w *walk) stay() {
	w.leftReason()
	for _, it := range w.d.cfg.Items {
		rec := w.d.rec[it.Index]
		if rec != nil && hasBegun(rec) {
			w.out.Phase = it.Phase
		}
		w.showBack(it, rec)
	}
}

// leftReason says why the tenant does not go on.
func (w *walk) leftReason() {
	if l := w.r.Left; l != nil {
		w.block(&Held{Reason: w.whyLeft(), Since: l.At, By: l.By})
		return
	}
	if w.held == nil {
		w.block(&Held{Reason: "rolled back: " + w.r.Back.Reason, Since: w.r.Back.At, By: w.r.Back.By})
	}
}

// whyLeft is why the tenant left.
func (w *walk) whyLeft() string {
	if w.r.Left.Reason == "" {
		return "left the inventory"
	}
	return w.r.Left.Reason
}

// whyNot is why nothing more is done of what was not done.
func (w *walk) whyNot() string {
	if w.r.Left != nil && w.r.Left.Stays {
		return "the tenant has left"
	}
	return "the tenant goes back"
}

func (w *walk) showBack(it *schema.Item, rec *ledger.Item) {
	switch {
	case !w.d.explain:
	case rec == nil || !rec.State.Settled():
		w.show(it, ItemWaiting, time.Time{}, w.whyNot())
	case rec.State == ledger.Merged:
		w.show(it, ItemCollapsed, time.Time{}, "collapsed into "+rec.Into)
	default:
		w.show(it, settledStates[rec.State], time.Time{}, rec.Reason)
	}
}

// takeBack decides one item of the way back, and reports whether nothing of it
// stands any more. open: nothing behind it does.
func (w *walk) takeBack(it *schema.Item, rec *ledger.Item, open bool) (PhaseStatus, bool) {
	w.showBack(it, rec)
	a, todo := w.wayBack(it, rec)
	switch {
	case !todo:
		w.neverDone(it, rec)
		return Complete, true
	case rec.State == ledger.Running || rec.State == ledger.Polling || rec.State == ledger.Lost && rec.Release == nil:
		// Before it has ended, and somebody knows how, nothing can be taken back.
		return w.try(it, &rec.Try, doing(it)), false
	case !open:
		return Pending, false
	case a.Op == "":
		w.wait(WaitError, it, "stands behind a lock, and the plan has no undo for it: take it back by hand, then say resolve -done", rec.At, time.Time{})
		w.out.Waiting[len(w.out.Waiting)-1].ByHand = true
		w.fail(it.Key()+" has to be undone by hand", it, rec.At)
		return Error, false
	case rec.Release == nil || rec.Release.State == ledger.None:
		a.Attempt = 1
		w.act(a)
		return Pending, false
	default:
		return w.try(it, rec.Release, a), false
	}
}

// wayBack is the action that takes an item back; false: there is nothing to take
// back. Without an Op only a person can do it. Work is undone if it was done;
// behind a lock that is held also if it has only failed, since to open the lock
// over a part of it would split the tenant in two.
func (w *walk) wayBack(it *schema.Item, rec *ledger.Item) (Action, bool) {
	a := Action{Item: it, At: w.d.now, Afresh: true, Reason: w.backReason()}
	switch does := it.Does.(type) {
	case *schema.Lock:
		a.Kind, a.Op, a.Undone = Unlock, ledger.Release, true
		return a, w.obliged(it)
	case *schema.Work:
		a.Kind, a.Op = Undo, ledger.Undo
		if does.Undo == nil {
			a.Op = ""
		}
		if w.behindLock(it) {
			return a, leavesTraces(rec)
		}
		return a, does.Undo != nil && rec.Stands()
	default:
		return a, false
	}
}

// leavesTraces reports whether something of work may be there. What has failed
// may have done a part of it: that is no work done, but it keeps a lock shut.
func leavesTraces(rec *ledger.Item) bool {
	return rec.Stands() || rec.Attempts > 0 && rec.State != ledger.None
}

// neverDone says of work that has begun why nothing of it is undone.
func (w *walk) neverDone(it *schema.Item, rec *ledger.Item) {
	if _, works := it.Does.(*schema.Work); !works || rec.State.Settled() || rec.Stands() || !leavesTraces(rec) {
		return
	}
	w.out.NeverDone = append(w.out.NeverDone, it)
	w.show(it, ItemWaiting, time.Time{}, "nothing to undo: it never succeeded")
}

// ByHand reports whether an item of a tenant that goes back has to be undone by a
// person: it has begun, and the plan says no way.
func ByHand(it *schema.Item, r *ledger.Record) bool {
	work, ok := it.Does.(*schema.Work)
	rec := r.Item(it.Key())
	return ok && work.Undo == nil && r.Leaving() && rec != nil && leavesTraces(rec) &&
		rec.State != ledger.Lost && rec.State != ledger.Running && rec.State != ledger.Polling
}

func (w *walk) backReason() string {
	if w.r.Left != nil {
		return "withdrawn"
	}
	return "rolled back"
}
