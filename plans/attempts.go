package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// recorded decides an item that has been begun, or settled.
func (w *walk) recorded(it *schema.Item, rec *ledger.Item) PhaseStatus {
	at := w.line.Items[it.Index].At
	if rec.Undone && rec.Release != nil && !rec.Release.State.Settled() && w.obliged(it) {
		w.returned = it // it is being given back
	}
	if undoing(it, rec) {
		return w.undo(it, rec)
	}
	switch rec.State {
	case ledger.Merged:
		return w.merged(it, rec)
	case ledger.Done, ledger.Omitted, ledger.Waived:
		if w.d.explain {
			w.show(it, settledStates[rec.State], at, rec.Reason)
		}
		return Complete
	case ledger.Open:
		return w.open(it, rec)
	case ledger.Returned:
		w.returned = it
		w.show(it, ItemDone, at, rec.Reason)
		return Complete
	case ledger.None, ledger.Running, ledger.Polling, ledger.Retrying, ledger.Error, ledger.Lost, ledger.Late:
	}
	if c, ok := it.Does.(*schema.Communication); ok && len(rec.Parts) > 0 && rec.State != ledger.Late {
		return w.parts(it, c, rec)
	}
	return w.try(it, &rec.Try, doing(it))
}

// undo goes on with an undoing that has begun, though the tenant goes on again:
// over what is half undone nothing is built.
func (w *walk) undo(it *schema.Item, rec *ledger.Item) PhaseStatus {
	a := Action{Item: it, Kind: Undo, Op: ledger.Undo, At: w.d.now, Afresh: true, Reason: "its undoing has begun"}
	if rec.Release.State != ledger.None {
		return w.try(it, rec.Release, a)
	}
	a.Attempt = 1
	w.act(a)
	return Pending
}

var settledStates = [...]ItemState{
	ledger.Done: ItemDone, ledger.Omitted: ItemSkipped, ledger.Waived: ItemWaived,
}

// merged decides a communication that goes out with another one: it is done
// when that one is.
func (w *walk) merged(it *schema.Item, rec *ledger.Item) PhaseStatus {
	if w.d.explain {
		w.show(it, ItemCollapsed, w.line.Items[it.Index].At, "collapsed into "+rec.Into)
	}
	if carrier := w.r.Item(rec.Into); carrier != nil && !carrier.State.Settled() {
		return Pending
	}
	return Complete
}

// doing is the action that begins, or tries again, what an item does.
func doing(it *schema.Item) Action {
	a := Action{Item: it, Kind: Run, Op: ledger.Run}
	switch it.Does.(type) {
	case *schema.Lock:
		a.Kind, a.Op = Lock, ledger.Acquire
	case *schema.Communication:
		a.Kind, a.Op = Send, ledger.Send
	case *schema.Approval:
		a.Kind, a.Op = Ask, ledger.AskOp
	case *schema.Work:
	}
	return a
}

// try decides a run of attempts that has begun: a is the action that would try
// once more.
func (w *walk) try(it *schema.Item, try *ledger.Try, a Action) PhaseStatus {
	at := w.line.Items[it.Index].At
	switch w.state(it, try, a.Op) {
	case ledger.Running:
		x, outlives := w.d.orphans[try.Attempt]
		if !outlives {
			w.show(it, ItemRunning, at, "")
			return InProgress
		}
		reason := half(a.Op) + x.Words()
		w.wait(WaitRunning, it, reason, try.At, time.Time{})
		if w.show(it, ItemRunning, at, reason); w.d.explain {
			w.out.Items[it.Index].Outlives = true
		}
		return InProgress
	case ledger.Polling:
		return w.polling(it, try, a)
	case ledger.Retrying:
		return w.retry(it, try, a)
	case ledger.Lost:
		reason := half(a.Op) + lostReason(try, w.d.orphans)
		if asks, next := w.probing(it, try, a); !asks {
			w.wait(WaitUnknown, it, reason, try.At, next)
		}
		w.fail("unknown: "+it.Key()+": "+reason, it, try.At)
		w.show(it, ItemUnknown, at, reason)
	case ledger.Late:
		w.wait(WaitMissed, it, try.Reason, try.At, time.Time{})
		waits := &w.out.Waiting[len(w.out.Waiting)-1]
		waits.Final, waits.Movable = w.closed(it.Phase), w.movable()
		w.miss(it, try.Reason, try.At)
		w.show(it, ItemMissed, at, try.Reason)
	default:
		reason := half(a.Op) + try.Reason
		w.wait(WaitError, it, reason, try.At, time.Time{})
		w.fail("failed: "+it.Key()+": "+reason, it, try.At)
		w.show(it, ItemFailed, at, reason)
	}
	return Error
}

// half tells the way back from the way there.
func half(op ledger.Op) string {
	switch op {
	case ledger.Release:
		return "release: "
	case ledger.Undo:
		return "undo: "
	default:
		return ""
	}
}

// state is the state of a try as it must be read now: an attempt that runs in
// the record while nobody applies has an outcome that nobody knows, unless it
// may be repeated, or its command still runs or has ended since.
func (w *walk) state(it *schema.Item, try *ledger.Try, op ledger.Op) ledger.State {
	x, outlives := w.d.orphans[try.Attempt]
	switch {
	case x.Runs && try.State == ledger.Lost:
		return ledger.Running
	case try.State != ledger.Running || x.Runs || x.Ended != "":
		return try.State
	case outlives: // it may run elsewhere, and beside it nothing is repeated
		return ledger.Lost
	case w.d.live:
		return try.State
	}
	if Repeats(it, op, try, w.line.Phases[it.Phase.Index].MustEnd, w.d.now) {
		return ledger.Retrying
	}
	return ledger.Lost
}

func lostReason(try *ledger.Try, o Orphans) string {
	if try.State == ledger.Running {
		return o.Lost(try.Attempt, try.Attempts)
	}
	return try.Reason
}

// retry decides an attempt that failed and may be repeated.
func (w *walk) retry(it *schema.Item, try *ledger.Try, a Action) PhaseStatus {
	end := w.line.Phases[it.Phase.Index].MustEnd
	if WayBack(a.Op) || w.d.doubts(&a, w.r, try) {
		end = time.Time{} // nothing holds a release back, nor what is taken for unknown
	}
	if !end.IsZero() && w.d.now.After(end) {
		reason := "not done by " + w.local(end) + " (must_end)"
		w.act(Action{Kind: Missed, Item: it, At: end, Reason: reason})
		w.miss(it, reason, w.d.now)
		w.show(it, ItemMissed, end, reason)
		return Error
	}
	if w.d.now.Before(try.Next) {
		w.out.later(try.Next, w.d.now)
		w.out.Retry = earliest(w.out.Retry, try.Next)
		w.wait(WaitRetry, it, try.Reason, try.At, try.Next)
		w.showTry(it, ItemRetrying, try)
		return Warning
	}
	if w.full(it, a.Op) {
		return Warning
	}
	a.At, a.Attempt, a.Reason, a.NotAfter = try.Next, try.Attempts+1, "retry", end
	if a.At.IsZero() {
		a.At = try.At
	}
	w.showTry(it, ItemRetrying, try)
	w.act(a)
	return Warning
}

// movable reports whether the tenant may get another date.
func (w *walk) movable() bool { return w.r.Left == nil && !Passed(w.d.cfg, w.r) }
