package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/toffset"
)

// Inquiry is a question to the outside world. It changes nothing there, so that
// it needs no claim, and no harm is done when its answer is lost.
type Inquiry uint8

// The inquiries. The zero value is an action that has an effect.
const (
	NoInquiry Inquiry = iota
	Polling           // has work that goes on by itself ended?
	Probing           // has an attempt of unknown outcome happened?
)

// String is the inquiry's word, which is the reason of the change that asks.
func (q Inquiry) String() string {
	return [...]string{NoInquiry: "", Polling: "poll", Probing: "probe"}[q]
}

// Inquiry is what a change asks, if all that it does is ask.
func (c *Change) Inquiry() Inquiry {
	switch c.Kind {
	case Run, Lock, Unlock, Undo:
	default:
		return NoInquiry
	}
	for _, q := range [...]Inquiry{Polling, Probing} {
		if c.Reason == q.String() {
			return q
		}
	}
	return NoInquiry
}

// EffectOf is how the action reaches the outside world; nil for messages and
// approvals, and when the plan does not say any more how to ask.
func (a *Action) EffectOf() schema.Effect {
	switch a.Inquiry {
	case Polling:
		if p := PollOf(a.Item, a.Op); p != nil {
			return p.Effect
		}
	case Probing:
		if p := ProbeOf(a.Item, a.Op); p != nil {
			return p.Effect
		}
	case NoInquiry:
		return EffectOf(a.Item, a.Op)
	}
	return nil
}

// PollOf is how an item is asked whether it has ended after an attempt has
// started it; nil: an attempt that has succeeded has ended it.
func PollOf(it *schema.Item, op ledger.Op) *schema.Poll {
	work, ok := it.Does.(*schema.Work)
	switch {
	case !ok:
		return nil
	case op != ledger.Undo:
		return work.Poll
	case work.Undo != nil:
		return work.Undo.Poll
	default:
		return nil
	}
}

// ProbeOf is how it is found out whether an attempt of unknown outcome has
// happened; nil: only a person can tell.
func ProbeOf(it *schema.Item, op ledger.Op) *schema.Probe {
	switch does := it.Does.(type) {
	case *schema.Work:
		if op != ledger.Undo {
			return does.Probe
		}
		if does.Undo != nil {
			return does.Undo.Probe
		}
	case *schema.Lock:
		return does.Probe
	}
	return nil
}

// TryOf is the half of a recorded item that an operation is about.
func TryOf(rec *ledger.Item, op ledger.Op) *ledger.Try {
	if WayBack(op) && rec.Release != nil {
		return rec.Release
	}
	return &rec.Try
}

// GoesOn reports whether something of a recorded item goes on by itself.
func GoesOn(rec *ledger.Item) bool {
	return rec.State == ledger.Polling || rec.Release != nil && rec.Release.State == ledger.Polling
}

// polling decides work that goes on by itself: it is asked about when that is due,
// whatever window has passed meanwhile, since asking changes nothing.
func (w *walk) polling(it *schema.Item, try *ledger.Try, a Action) PhaseStatus {
	if w.d.now.Before(try.Next) {
		w.out.later(try.Next, w.d.now)
		w.out.Retry = earliest(w.out.Retry, try.Next)
		w.wait(WaitPoll, it, half(a.Op)+howFar(try), try.At, try.Next)
	} else {
		w.inquire(Polling, try, a)
	}
	w.showTry(it, ItemRunning, try)
	return InProgress
}

// howFar is how far work is that goes on by itself.
func howFar(try *ledger.Try) string {
	if try.Reason == "" {
		return "started, goes on by itself"
	}
	return try.Reason
}

// probing decides whether the probe of an attempt of unknown outcome is asked now;
// otherwise next is when it will be, or zero.
func (w *walk) probing(it *schema.Item, try *ledger.Try, a Action) (asks bool, next time.Time) {
	switch {
	case ProbeOf(it, a.Op) == nil:
		return false, time.Time{}
	case w.d.now.Before(try.Next):
		w.out.later(try.Next, w.d.now)
		return false, try.Next
	default:
		w.inquire(Probing, try, a)
		return true, time.Time{}
	}
}

func (w *walk) inquire(q Inquiry, try *ledger.Try, a Action) {
	a.Inquiry, a.At, a.Attempt, a.Reason = q, try.Next, try.Attempts, q.String()
	if a.At.IsZero() {
		a.At = try.At
	}
	w.act(a)
}

// ongoing reports whether something of an item goes on, or nobody knows what came
// of it. Neither waits when its phase lies ahead again, since T has moved.
func ongoing(it *schema.Item, rec *ledger.Item) bool {
	return (rec.State == ledger.Polling || rec.State == ledger.Lost) && acts(it) || undoing(it, rec)
}

// nextPoll is when work that was started at an instant is asked about next: every
// so often, and once more when its time is up.
func nextPoll(p *schema.Poll, started, mustEnd, now time.Time) time.Time {
	next := now.Add(p.Every)
	if end, _ := pollEnd(p, started, mustEnd); end.After(now) && end.Before(next) {
		return end
	}
	return next
}

// pollEnd is when work is given up that has not ended; zero: never. By timeout:
// not because its phase must end.
func pollEnd(p *schema.Poll, started, mustEnd time.Time) (end time.Time, byTimeout bool) {
	if p.Timeout > 0 {
		end = started.Add(p.Timeout)
	}
	if bound := earliest(end, mustEnd); !bound.Equal(end) {
		return bound, false
	}
	return end, true
}

// givenUp says of work that has not ended when it was given up.
func givenUp(p *schema.Poll, r *ledger.Record, end time.Time, byTimeout bool) string {
	if byTimeout {
		return "not done after " + short(p.Timeout)
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	return "not done by " + toffset.ShowLocal(end, zone) + " (must_end)"
}
