package plans

import (
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/plans/retry"
	"transition/schema"
)

// Reply is what an inquiry was told.
type Reply struct {
	// Answer is AnswerDone, AnswerNotDone, or empty: of a poll, the work has ended
	// well, has failed for good, or goes on; of a probe, the attempt has happened,
	// certainly has not, or nobody knows.
	Answer ledger.Answer
	Reason string // how far the work is, or why there is no answer
	// Until is, of a probe without an answer, when there will be one; zero: nobody
	// knows.
	Until time.Time
}

// Hear says what the answer to an inquiry means; env.Result is that answer.
func (a *Action) Hear(env *schema.Env) Reply {
	if a.Inquiry == Polling {
		return hearPoll(PollOf(a.Item, a.Op), env)
	}
	reply := hearProbe(ProbeOf(a.Item, a.Op), env)
	if a.Op == ledger.Release { // the probe says whether the lock is taken
		switch reply.Answer {
		case ledger.AnswerDone:
			reply.Answer = ledger.AnswerNotDone
		case ledger.AnswerNotDone:
			reply.Answer = ledger.AnswerDone
		default: // no answer
		}
	}
	return reply
}

// hearPoll looks at both conditions: one that has no value for an answer says
// nothing, and does not keep the other from being true.
func hearPoll(p *schema.Poll, env *schema.Env) Reply {
	progress, err := p.Progress.For(env)
	if err != nil {
		progress = "progress: " + err.Error()
	}
	done, doneErr := p.Done.For(env)
	failed, failedErr := p.Failed.For(env)
	switch {
	case done && failed:
		return Reply{Reason: "it says both that it is done and that it has failed"}
	case done:
		return Reply{Answer: ledger.AnswerDone, Reason: progress}
	case failed:
		return Reply{Answer: ledger.AnswerNotDone, Reason: progress}
	default:
		return Reply{Reason: orWithout(progress, "done", doneErr, "failed", failedErr)}
	}
}

// hearProbe does the same; what the probe does not say is as its result has it.
func hearProbe(p *schema.Probe, env *schema.Env) Reply {
	done, doneErr := said(p.Done, env, env.Result.Done())
	not, notErr := said(p.NotDone, env, env.Result.NotDone() && !done)
	if !p.Done.IsSet() {
		done = done && !not
	}
	switch {
	case done && not:
		return Reply{Reason: "it says both done and not_done"}
	case done:
		return Reply{Answer: ledger.AnswerDone}
	case not:
		return Reply{Answer: ledger.AnswerNotDone}
	default:
		return Reply{Reason: orWithout("it says neither done nor not_done", "done", doneErr, "not_done", notErr)}
	}
}

// orWithout is why there is no answer: a condition without a value, or otherwise.
func orWithout(otherwise, one string, oneErr error, other string, otherErr error) string {
	switch {
	case oneErr != nil:
		return one + ": " + oneErr.Error()
	case otherErr != nil:
		return other + ": " + otherErr.Error()
	default:
		return otherwise
	}
}

// said is a condition of a probe, or what holds where it is not written.
func said(e schema.Expr[bool], env *schema.Env, otherwise bool) (bool, error) {
	if !e.IsSet() {
		return otherwise, nil
	}
	return e.For(env)
}

// Found is the fact that records what an inquiry was told. What it was about must
// still stand in the record as it was decided. seed tells retries of different
// effects apart.
func (a *Action) Found(r *ledger.Record, reply Reply, seed string, now time.Time) ledger.Fact {
	it := r.Item(a.Item.Key())
	try := TryOf(it, a.Op)
	f := ledger.Fact{
		At: now, Tenant: r.ID, Item: it.Key, Epoch: it.Epoch, Op: a.Op,
		Attempt: try.Attempt, No: try.Attempts, Key: seed, Reason: reply.Reason,
	}
	if a.Inquiry == Probing {
		a.probed(&f, try, reply)
	} else {
		a.polled(&f, r, try, reply)
	}
	return f
}

func (a *Action) polled(f *ledger.Fact, r *ledger.Record, try *ledger.Try, reply Reply) {
	p := PollOf(a.Item, a.Op)
	switch {
	case reply.Answer == ledger.AnswerDone:
		f.Kind, f.Reason = ledger.Succeeded, ""
		return
	case reply.Answer == ledger.AnswerNotDone:
		f.Kind, f.Reason = ledger.Failed, because("it has failed, as its poll says", reply.Reason)
		return
	case p == nil:
		f.Kind, f.Reason = ledger.Unknown, "the plan does not say any more how to ask whether it has ended"
		return
	}
	if end, byTimeout := pollEnd(p, try.At, a.MustEnd); !end.IsZero() && !f.At.Before(end) {
		f.Kind, f.Reason = ledger.Unknown, because(givenUp(p, r, end, byTimeout), reply.Reason)
		if RepeatsUnknown(a.Item, a.Op) {
			a.Repeat(f, try.First, 0)
		}
		return
	}
	next := nextPoll(p, try.At, a.MustEnd, f.At)
	f.Kind, f.Next = ledger.Polled, &next
}

// saysProbe stands between why nobody knows and why the probe does not either.
const saysProbe = "; probe: "

// noQuestion ends what a probe says where a person was asked, and need not answer.
const noQuestion = ", so that nobody is asked any more"

// The times between two questions to a probe that gives no answer: as long as
// nobody has known already, within these bounds.
const (
	probeSoonest = time.Minute
	probeLatest  = time.Hour
)

func (a *Action) probed(f *ledger.Fact, try *ledger.Try, reply Reply) {
	f.Kind, f.Answer = ledger.Probed, reply.Answer
	says := reply.Reason
	switch reply.Answer {
	case ledger.AnswerDone:
		says = "it has happened" + noQuestion
	case ledger.AnswerNotDone:
		says = "it has not happened"
		if f.Next = a.onceMore(try, f.Key); f.Next != nil {
			says += noQuestion
		}
	default:
		next := f.At.Add(min(max(f.At.Sub(try.At), probeSoonest), probeLatest))
		if reply.Until.After(f.At) {
			next = earliest(next, reply.Until)
		}
		f.Next = &next
	}
	why, _, _ := strings.Cut(lostReason(try, nil), saysProbe)
	f.Reason = why + saysProbe + says
}

// onceMore is when an attempt is made again that has not happened after all: by
// the item's retry, counted from when nobody knew, but at least once; nil: never.
func (a *Action) onceMore(try *ledger.Try, seed string) *time.Time {
	next, ok := a.again(try.Attempts, try.First, try.At, 0, seed)
	if !ok && try.Attempts <= RetryOf(a.Item, a.Op).MaxAttempts {
		next, ok = try.At, true
	}
	if !ok {
		return nil
	}
	return &next
}

// GoesOn makes of the success of an attempt that has only started its work that
// the work goes on, and when it is asked about.
func (a *Action) GoesOn(f *ledger.Fact) {
	p := PollOf(a.Item, a.Op)
	if p == nil || f.Kind != ledger.Succeeded {
		return
	}
	next := nextPoll(p, f.At, a.MustEnd, f.At)
	f.Kind, f.Next = ledger.Polled, &next
}

// Repeat makes of an attempt that has ended without success one that failed and is
// tried again, if its budget and must_end allow that. retryAfter is the time for
// which the other side asked to be left alone, or 0.
func (a *Action) Repeat(f *ledger.Fact, first time.Time, retryAfter time.Duration) {
	if next, ok := a.again(f.No, first, f.At, retryAfter, f.Key); ok {
		f.Kind, f.Next = ledger.Failed, &next
	}
}

func (a *Action) again(no int, first, failed time.Time, retryAfter time.Duration, seed string) (time.Time, bool) {
	next, ok := retry.Next(RetryOf(a.Item, a.Op), no, first, failed, retryAfter, seed)
	return next, ok && (a.MustEnd.IsZero() || !next.After(a.MustEnd))
}

// because puts why behind what.
func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}

// short writes an elapsed time without what is nothing: 12h rather than 12h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
