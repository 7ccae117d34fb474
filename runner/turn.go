package runner

import (
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/crashpoint"
	"transition/runner/store"
)

// turn is one commit under construction, with what it is made of.
type turn struct {
	commit   store.Commit
	results  []result
	outcomes []ledger.Fact // of results
	// decided are the entries of commit.Decided: attempts that begin, and facts
	// without an effect.
	decided []*entry
	claims  []*entry
	dropped []*entry
	answers int // how many of decided are answers to inquiries
	begins  int // and how many are attempts that begin
}

func (t *turn) empty() bool {
	c := &t.commit
	return len(c.Claims)+len(c.Facts)+len(c.Decided)+len(c.Dropped) == 0
}

func (t *turn) beforeCommit() {
	if len(t.claims) > 0 {
		crashpoint.Hit("claim.before_commit")
	}
	if t.begins > 0 {
		crashpoint.Hit("begin.before_commit")
	}
	if len(t.results) > 0 {
		crashpoint.Hit("outcome.before_commit")
	}
	if t.answers > 0 {
		crashpoint.Hit("answer.before_commit")
	}
	if len(t.dropped) > 0 {
		crashpoint.Hit("drop.before_commit")
	}
	if len(t.decided) > t.answers+t.begins {
		crashpoint.Hit("record.before_commit")
	}
}

func (t *turn) afterCommit() {
	if len(t.claims) > 0 {
		crashpoint.Hit("claim.after_commit")
	}
	if t.begins > 0 {
		crashpoint.Hit("begin.after_commit")
	}
	if len(t.results) > 0 {
		crashpoint.Hit("outcome.after_commit")
	}
	if t.answers > 0 {
		crashpoint.Hit("answer.after_commit")
	}
	if len(t.dropped) > 0 {
		crashpoint.Hit("drop.after_commit")
	}
	if len(t.decided) > t.answers+t.begins {
		crashpoint.Hit("record.after_commit")
	}
}

// turn collects what the next commit records.
func (e *engine) turn() *turn {
	t := &turn{commit: store.Commit{Now: e.clock.Now()}}
	e.collectResults(t)
	e.shun()
	e.heed()
	e.collectBegins(t)
	if !e.stopped {
		e.collectQueue(t)
	}
	if !t.empty() {
		if e.reached.After(e.p.meta.Clock) {
			t.commit.Clock = e.reached
		}
		t.commit.Facts = append(t.commit.Facts, e.decider.Opened(t.commit.Now)...)
	}
	return t
}

// collectResults takes the outcomes that have arrived.
func (e *engine) collectResults(t *turn) {
	for len(e.results) > 0 {
		e.arrived = append(e.arrived, <-e.results)
	}
	for _, r := range e.arrived {
		if r.entry.asks() {
			e.collectAnswer(t, r)
			continue
		}
		f := e.judge(r, t.commit.Now)
		e.count(r.entry.task, f)
		t.outcomes = append(t.outcomes, f)
		t.results = append(t.results, r)
	}
	e.arrived = nil
	t.commit.Facts = append(t.commit.Facts, t.outcomes...)
}

// judge turns an outcome into a fact, and decides whether it is tried again.
func (e *engine) judge(r result, now time.Time) ledger.Fact {
	en := r.entry
	f := outcomeFact(en, r.outcome, now)
	e.p.scrub(&f)
	e.round(en.task, &f)
	if r.outcome.Shut {
		e.putOff(r, &f)
	} else {
		follow(en.action, &f, r.outcome, en.first)
	}
	return f
}

// follow decides what comes after an outcome: whether the work goes on, or is tried
// again.
func follow(a *plans.Action, f *ledger.Fact, o action.Outcome, first time.Time) {
	a.GoesOn(f)
	if o.Class == action.Retryable || o.Class == action.Unknown && plans.RepeatsUnknown(a.Item, a.Op) && !o.MayRun {
		a.Repeat(f, first, o.RetryAfter)
	}
}

// collectBegins begins what the last commit has claimed, unless it is no longer
// wanted. A window may have closed since the pass began: what becomes of the
// tenant then is for the next pass to decide.
func (e *engine) collectBegins(t *turn) {
	for _, en := range e.claimed {
		if bound := en.action.NotAfter; !bound.IsZero() && t.commit.Now.After(bound) {
			e.late[en.task.record.ID] = true
		}
		if e.stopped || en.withdrawn || e.late[en.task.record.ID] {
			t.commit.Dropped = append(t.commit.Dropped, en.attempt)
			t.dropped = append(t.dropped, en)
			continue
		}
		facts := en.action.Begins(en.task.record, en.recipient, t.commit.Now)
		last := &facts[len(facts)-1]
		last.Attempt, last.Key, last.No = en.attempt, en.key, en.no
		en.doubted = e.decider.Doubts(en.action, en.task.record, en.recipient)
		e.decided(t, en, facts)
		t.begins++
	}
	e.claimed = e.claimed[:0]
}

func (e *engine) decided(t *turn, en *entry, facts []ledger.Fact) {
	for i := range facts {
		e.p.scrub(&facts[i])
	}
	d := store.Decided{Tenant: en.task.record.ID, Rev: en.rev, Facts: facts}
	if en.action == nil {
		for _, s := range en.task.plan.Edits {
			if s.Other != nil {
				d.Other, d.OtherRev = s.Other.ID, s.Other.Rev
			}
		}
	}
	t.decided = append(t.decided, en)
	t.commit.Decided = append(t.commit.Decided, d)
}

// collectQueue takes what comes next, in order, as long as there is room.
func (e *engine) collectQueue(t *turn) {
	for len(t.commit.Facts)+len(t.commit.Decided)+len(t.commit.Claims) < maxFacts {
		en := e.next()
		if en == nil || en.effect() && e.free == 0 {
			return
		}
		e.queue.pop()
		switch {
		case !en.effect():
			e.decided(t, en, e.facts(en, t.commit.Now))
		case en.asks():
			e.free--
			e.ask(en, t.commit.Now)
		case e.limits.take(en):
			e.free--
			t.claims = append(t.claims, en)
			t.commit.Claims = append(t.commit.Claims, e.claim(en))
		}
	}
}

// next is the next entry in the queue that is still wanted; nil: there is none.
func (e *engine) next() *entry {
	for {
		en := e.queue.peek()
		if en == nil || !en.withdrawn {
			return en
		}
		e.queue.pop()
		if en.action == nil {
			continue
		}
		if other := e.limits.wake(limitOf(en.action)); other != nil { // it was woken in vain
			e.queue.push(other)
		}
	}
}

// facts are what an entry without an effect records.
func (e *engine) facts(en *entry, now time.Time) []ledger.Fact {
	if en.action != nil {
		return en.action.Facts(en.task.record, now)
	}
	facts := en.task.plan.Facts(e.p.Config, now)
	for i := range facts {
		facts[i].Apart = facts[i].Apart || e.apart && ledger.SetsWay(facts[i].Kind)
	}
	return facts
}

func (e *engine) claim(en *entry) store.Claim {
	r, a := en.task.record, en.action
	c := store.Claim{
		Tenant: r.ID, Item: a.Item.Key(), Op: a.Op, Recipient: en.recipient,
		Epoch: r.Epoch, Generation: r.Generation(a.Item.Key()), Rev: en.rev, No: a.Number(r, en.recipient),
	}
	c.Key = r.Idempotency(e.p.meta.Lineage, c.Item, c.Op, c.Recipient)
	return c
}

// outcomeFact turns what an executor says into the fact that is recorded.
func outcomeFact(en *entry, o action.Outcome, now time.Time) ledger.Fact {
	return ledger.Fact{
		At: now, Tenant: en.record.ID, Item: en.action.Item.Key(), Epoch: en.record.Epoch,
		Op: en.action.Op, Recipient: en.recipient, Attempt: en.attempt, No: en.no, Key: en.key,
		Reason: o.Reason, Evidence: o.Evidence, NotBegun: o.NotBegun, Kind: kindOf(o.Class),
	}
}

func kindOf(c action.Class) ledger.Kind {
	switch c {
	case action.Succeeded:
		return ledger.Succeeded
	case action.Retryable, action.Permanent:
		return ledger.Failed
	default:
		return ledger.Unknown
	}
}
