package runner

import (
	"context"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/store"
	"transition/schema"
)

// commit makes a turn durable, and goes on from there.
func (e *engine) commit(ctx context.Context, t *turn) error {
	// What was begun must be recorded even while the user wants to stop.
	done, err := e.lease.Commit(context.WithoutCancel(ctx), t.commit)
	if err != nil {
		return err
	}
	concerned := make(map[*task]bool)
	for id, r := range done.Records {
		if x := e.tasks[id]; x != nil {
			x.record = r
			concerned[x] = true
		}
	}
	e.afterClaims(t, done)
	for _, en := range t.dropped {
		e.release(en)
		e.forget(en)
		concerned[en.task] = true
	}
	e.afterDecided(t, done)
	e.afterResults(t)
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
		e.release(en)
		e.forget(en)
		if en.task.denied == nil {
			en.task.denied = make(map[attemptKey]int64)
		}
		if en.rev == en.task.record.Rev {
			en.task.denied[en.ident()] = en.rev
		}
	}
}

// release gives back what an attempt has used.
func (e *engine) release(en *entry) {
	e.free++
	if next := e.limits.give(en.action); next != nil {
		e.queue.push(next)
	}
}

func (e *engine) forget(en *entry) {
	en.task.busy = slices.DeleteFunc(en.task.busy, func(b *entry) bool { return b == en })
}

// afterDecided hands the begun attempts to the workers, and tells what was
// recorded without an effect. What was refused is decided anew.
func (e *engine) afterDecided(t *turn, done store.Committed) {
	for i, en := range t.decided {
		switch {
		case en.stage == claimed && done.Refused[i]:
			en.withdrawn = true
			e.claimed = append(e.claimed, en) // the next commit drops it
		case en.stage == claimed:
			e.begin(en, t, t.commit.Decided[i].Facts)
		default:
			e.forget(en)
			if !done.Refused[i] {
				e.note(en)
			}
		}
	}
}

// begin hands an attempt to a worker.
func (e *engine) begin(en *entry, t *turn, facts []ledger.Fact) {
	en.stage, en.record, en.batch, en.began = running, en.task.record, en.task.batch, t.commit.Now
	en.first = firstBegan(en)
	e.running[en] = true
	for _, f := range facts[:len(facts)-1] {
		e.noteCollapse(en, f)
	}
	e.emit(Began{Change: en.change.Change, Op: en.action.Op, Attempt: en.no, To: en.recipient})
	e.jobs <- en // there is room: a worker is free
}

// firstBegan is when the first attempt of an entry's budget began: the date that
// every retry of a message bears.
func firstBegan(en *entry) time.Time {
	it := en.record.Item(en.action.Item.Key())
	if it == nil {
		return en.began
	}
	try := &it.Try
	if plans.WayBack(en.action.Op) && it.Release != nil {
		try = it.Release
	}
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

// afterResults counts and tells what has ended.
func (e *engine) afterResults(t *turn) {
	for i, r := range t.results {
		en, f := r.entry, t.outcomes[i]
		delete(e.running, en)
		e.release(en)
		e.forget(en)
		if en.at.After(en.task.since) {
			en.task.since = en.at // what follows from it is due no earlier
		}
		ev := Ended{
			Change: en.change.Change, Op: en.action.Op, Attempt: en.no, To: en.recipient,
			Kind: f.Kind, Reason: f.Reason, Took: r.took,
		}
		switch {
		case f.Kind == ledger.Succeeded:
			en.change.left--
			if en.change.left == 0 && !en.change.failed {
				e.result.Done[en.change.Kind]++
			}
		case f.Next != nil:
			ev.Next = *f.Next
			en.change.failed = true
		default:
			e.result.Failed++
			en.change.failed = true
		}
		e.log(ev)
		e.emit(ev)
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
	case ev.Kind == ledger.Unknown:
		log.Error("outcome unknown", "reason", ev.Reason)
	case ev.Next.IsZero():
		log.Error("attempt failed", "reason", ev.Reason)
	default:
		log.Warn("attempt failed", "reason", ev.Reason, "next", ev.Next)
	}
}
