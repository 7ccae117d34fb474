package runner

import (
	"context"
	"maps"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/store"
	"transition/schema"
)

// commit makes a turn durable, and goes on from there.
func (e *engine) commit(ctx context.Context, t *turn) error {
	t.beforeCommit()
	// What was begun must be recorded even while the user wants to stop.
	done, err := e.lease.Commit(context.WithoutCancel(ctx), t.commit)
	if err != nil {
		return err
	}
	t.afterCommit()
	if !t.commit.Clock.IsZero() {
		e.p.meta.Clock = t.commit.Clock
	}
	e.tide.committed(done.Serial)
	concerned := make(map[*task]bool)
	for _, id := range slices.Sorted(maps.Keys(done.Records)) { // a breaker may open in between
		if x := e.tasks[id]; x != nil {
			x.record = done.Records[id]
			e.recount(x, x.record.Tally)
			concerned[x] = true
		}
	}
	e.afterClaims(t, done)
	for _, en := range t.dropped {
		e.free++
		e.giveBack(en)
		e.forget(en)
		concerned[en.task] = true
	}
	e.afterDecided(t, done)
	e.afterResults(t)
	if err := e.listen(ctx, done.Serial); err != nil {
		return err
	}
	for _, x := range e.inOrder(concerned) {
		e.decide(x)
	}
	return nil
}

// inOrder lists tasks by tenant, so that nothing depends on the order of a map.
func (e *engine) inOrder(set map[*task]bool) []*task {
	list := make([]*task, 0, len(set))
	for t := range set {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *task) int {
		if a.record.ID < b.record.ID {
			return -1
		}
		return 1
	})
	return list
}

// afterClaims takes the attempts that were granted. What was not is asked for
// again once something has happened to the record.
func (e *engine) afterClaims(t *turn, done store.Committed) {
	for i, en := range t.claims {
		if done.Claimed[i] != 0 {
			en.attempt, en.no, en.key = done.Claimed[i], t.commit.Claims[i].No, t.commit.Claims[i].Key
			en.stage = claimed
			e.claimed = append(e.claimed, en)
			continue
		}
		e.free++
		e.giveBack(en)
		e.forget(en)
		if en.task.denied == nil {
			en.task.denied = make(map[attemptKey]int64)
		}
		if en.rev == en.task.record.Rev {
			en.task.denied[en.ident()] = en.rev
		}
	}
}

// giveBack gives back the share of its limit that an attempt has used.
func (e *engine) giveBack(en *entry) { e.release(limitOf(en.action)) }

func (e *engine) release(l *schema.Limit) {
	if next := e.limits.give(l); next != nil {
		e.queue.push(next)
	}
}

// regain takes the shares of commands whose runner was gone, and that have ended.
func (e *engine) regain() {
	left := e.decider.Outlived()
	for limit, n := range e.outlived {
		for range n - left[limit] {
			e.release(limit)
		}
	}
	e.outlived = left
}

func (e *engine) forget(en *entry) {
	en.task.busy = slices.DeleteFunc(en.task.busy, func(b *entry) bool { return b == en })
}

// afterDecided hands the begun attempts to the workers, and tells what was
// recorded without an effect. What was refused is decided anew.
func (e *engine) afterDecided(t *turn, done store.Committed) {
	for i, en := range t.decided {
		switch {
		case en.stage == running:
			e.answered(en, &t.commit.Decided[i].Facts[0], done.Refused[i])
		case en.stage == claimed && done.Refused[i]:
			en.withdrawn = true
			e.claimed = append(e.claimed, en) // the next commit drops it
		case en.stage == claimed:
			e.begin(en, t, t.commit.Decided[i].Facts)
		default:
			e.forget(en)
			if !done.Refused[i] {
				e.note(en)
			} else if en.action == nil {
				en.task.stale = true
			}
		}
	}
}

// begin hands an attempt to a worker.
func (e *engine) begin(en *entry, t *turn, facts []ledger.Fact) {
	en.stage, en.record, en.batch, en.began = running, en.task.record, en.task.batch, t.commit.Now
	en.first = firstBegan(en)
	for _, f := range facts[:len(facts)-1] {
		e.noteCollapse(en, f)
	}
	e.start(en)
}

func (e *engine) start(en *entry) {
	e.running[en] = true
	e.emit(Began{
		Change: en.change.Change, Inquiry: en.action.Inquiry, Op: en.action.Op, Attempt: en.no, To: en.recipient,
	})
	e.jobs <- en // there is room: a worker is free
}

// firstBegan is when the first attempt of an entry's budget began: the date that
// every retry of a message bears.
func firstBegan(en *entry) time.Time {
	it := en.record.Item(en.action.Item.Key())
	if it == nil {
		return en.began
	}
	try := plans.TryOf(it, en.action.Op)
	for i := range it.Parts {
		if it.Parts[i].Recipient == en.recipient {
			try = &it.Parts[i].Try
		}
	}
	if try.First.IsZero() {
		return en.began
	}
	return try.First
}

// afterResults counts and tells what has ended. What a command has left in the
// background is left alone.
func (e *engine) afterResults(t *turn) {
	for i, r := range t.results {
		e.over(r.entry, &t.outcomes[i], r.took)
		if r.note != "" && r.outcome.Class != action.Unknown { // else it may still run
			e.p.unnote(r.note)
		}
	}
}

// end takes an entry out of what runs.
func (e *engine) end(en *entry) {
	delete(e.running, en)
	e.free++
	e.forget(en)
}

// over counts and tells what has come of an entry that ran.
func (e *engine) over(en *entry, f *ledger.Fact, took time.Duration) {
	e.end(en)
	if f.Kind != ledger.Polled && (!en.asks() || en.ends()) {
		e.giveBack(en) // else it goes on, or has taken none
	}
	if en.at.After(en.task.since) {
		en.task.since = en.at // what follows from it is due no earlier
	}
	ev := Ended{
		Change: en.change.Change, Inquiry: en.action.Inquiry, Op: en.action.Op, Attempt: en.no, To: en.recipient,
		Kind: outcomeOf(f), Reason: f.Reason, Took: took,
	}
	if f.Next != nil {
		ev.Next = *f.Next
	}
	e.account(en, &ev)
	e.log(ev)
	e.emit(ev)
}

// outcomeOf is what a fact makes of an attempt, whoever has told it.
func outcomeOf(f *ledger.Fact) ledger.Kind {
	switch {
	case f.Kind == ledger.Probed && f.Answer == ledger.AnswerDone:
		return ledger.Succeeded
	case f.Kind == ledger.Probed && f.Answer == ledger.AnswerNotDone:
		return ledger.Failed
	default:
		return f.Kind
	}
}

// account counts what has come of an entry. An attempt whose outcome was unknown
// does not count as failed any more once its probe has told.
func (e *engine) account(en *entry, ev *Ended) {
	if ev.Kind == ledger.Polled || ev.Kind == ledger.Probed {
		return // nothing has come of it yet
	}
	who := string(en.action.Op) + " " + en.address()
	if e.unknown[who] {
		delete(e.unknown, who)
		e.result.Failed--
	}
	switch {
	case ev.Kind == ledger.Succeeded:
		en.change.left--
		if en.change.left == 0 && !en.change.failed {
			e.result.Done[en.change.Kind]++
		}
		return
	case ev.Next.IsZero():
		e.result.Failed++
	}
	en.change.failed = true
	if ev.Kind == ledger.Unknown && en.recipient == "" {
		e.unknown[who] = true
	}
}

// note tells what was recorded without an effect. An approval whose question is
// a message counts when that is sent.
func (e *engine) note(en *entry) {
	if en.action == nil {
		e.notePlacement(en)
		return
	}
	if does, ok := en.action.Item.Does.(*schema.Approval); ok && en.action.Kind == plans.Ask && does.Ask != nil {
		return
	}
	e.noted(en.change.Change)
}

func (e *engine) notePlacement(en *entry) {
	pt := en.task.plan
	for _, s := range pt.Edits {
		e.noted(s.Change)
	}
	if pt.New {
		e.noted(plans.Change{Kind: plans.Enrol, Tenant: pt.Record.ID, At: en.at})
	}
	for _, s := range pt.Steps {
		if s.Change.Kind == 0 { // an item that is done again
			e.replaced = append(e.replaced, itemAddress(&s.Fact))
			continue
		}
		e.noted(s.Change)
	}
	if pt.Place != nil {
		e.noted(plans.Change{
			Kind: plans.Place, Tenant: pt.Record.ID, Batch: pt.Place.Name, At: en.at,
			Detail: plans.Detail{T: pt.T},
		})
	}
}

// noteCollapse tells of a late message that goes out with another one.
func (e *engine) noteCollapse(en *entry, f ledger.Fact) {
	for _, late := range en.action.Carries {
		if late.Key() == f.Item {
			e.noted(plans.Change{
				Kind: plans.Collapse, Tenant: f.Tenant, Batch: en.record.Batch, Phase: late.Phase.Name, Item: late.Name,
				At: en.at, Reason: f.Reason, Detail: plans.Detail{Into: f.Into},
			})
		}
	}
}

func (e *engine) noted(c plans.Change) {
	e.result.Done[c.Kind]++
	e.emit(Noted{Change: c})
}

// log writes what became of an attempt for machines that watch.
func (e *engine) log(ev Ended) {
	log := e.p.log.With("address", ev.Change.Address(), "op", ev.Op, "attempt", ev.Attempt, "took", ev.Took)
	switch {
	case ev.Kind == ledger.Succeeded:
		log.Info("attempt succeeded")
	case ev.Kind == ledger.Polled:
		log.Info("work goes on", "progress", ev.Reason, "next", ev.Next)
	case ev.Kind == ledger.Probed:
		log.Warn("no answer to the probe", "reason", ev.Reason, "next", ev.Next)
	case ev.Kind == ledger.Unknown:
		log.Error("outcome unknown", "reason", ev.Reason)
	case ev.Next.IsZero():
		log.Error("attempt failed", "reason", ev.Reason)
	default:
		log.Warn("attempt failed", "reason", ev.Reason, "next", ev.Next)
	}
}
