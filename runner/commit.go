package runner

import (
	"context"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/store"
)

// commit makes a turn durable, and goes on from there.
func (e *engine) commit(ctx context.Context, t *turn) error {
	t.commit.Adopt = e.adopt
	// What was begun must be recorded even while the user wants to stop.
	done, err := e.lease.Commit(context.WithoutCancel(ctx), t.commit)
	if err != nil {
		return err
	}
	e.adopt = ""
	for id, r := range done.Records {
		if task := e.tasks[id]; task != nil {
			task.record = r
		}
	}
	e.afterClaims(t, done)
	for _, j := range t.refused {
		e.release(j.action)
		e.forget(j.task, j.ident())
	}
	e.afterBegins(t)
	e.afterResults(t)
	e.afterNotes(t)
	e.redecide(t)
	return nil
}

// afterClaims takes the attempts that were granted.
func (e *engine) afterClaims(t *turn, done store.Committed) {
	for i, en := range t.claims {
		c := t.commit.Claims[i]
		if done.Claimed[i] == 0 {
			e.release(en.action)
			e.forget(en.task, en.ident())
			t.denied = append(t.denied, en.task)
			continue
		}
		e.claimed = append(e.claimed, &job{
			task: en.task, action: en.action, recipient: en.recipient, change: en.change,
			attempt: done.Claimed[i], no: c.No, key: c.Key, claimed: e.p.o.Clock.Now(),
		})
	}
}

// afterBegins hands the begun attempts to the workers.
func (e *engine) afterBegins(t *turn) {
	for _, j := range t.begins {
		j.began = t.commit.Now
		j.first = firstBegan(j)
		e.running[j] = true
		e.emit(Began{Change: j.change.Change, Op: j.action.Op, Attempt: j.no, To: j.recipient})
		e.jobs <- j // there is room: a worker is free
	}
}

// firstBegan is when the first attempt of a job's budget began: the date that
// every retry of a message bears.
func firstBegan(j *job) time.Time {
	it := j.task.record.Item(j.action.Item.Key())
	if it == nil {
		return j.began
	}
	try := &it.Try
	if j.action.Op == ledger.Release && it.Release != nil {
		try = it.Release
	}
	for i := range it.Parts {
		if it.Parts[i].Recipient == j.recipient {
			try = &it.Parts[i].Try
		}
	}
	if try.First.IsZero() {
		return j.began
	}
	return try.First
}

// afterResults counts and tells what has ended.
func (e *engine) afterResults(t *turn) {
	for i, r := range t.results {
		j, f := r.job, t.outcomes[i]
		delete(e.running, j)
		e.release(j.action)
		e.forget(j.task, j.ident())
		ev := Ended{
			Change: j.change.Change, Op: j.action.Op, Attempt: j.no, To: j.recipient,
			Kind: f.Kind, Reason: f.Reason, Took: r.took,
		}
		switch {
		case f.Kind == ledger.Succeeded:
			e.count(j.change)
		case f.Next != nil:
			ev.Next = *f.Next
			e.result.Retrying++
			j.change.failed = true
		default:
			e.result.Failed++
			j.change.failed = true
		}
		e.log(ev)
		e.emit(ev)
	}
}

// count counts a change once all of its recipients are done.
func (e *engine) count(c *change) {
	c.left--
	if c.left == 0 && !c.failed {
		e.result.Done[c.Kind]++
	}
}

// afterNotes tells what was recorded without an effect.
func (e *engine) afterNotes(t *turn) {
	for _, en := range t.noted {
		if en.action != nil {
			e.forget(en.task, en.ident())
			e.result.Done[en.action.Kind]++
			e.emit(Noted{Change: en.change.Change})
			continue
		}
		pt := en.task.plan
		if pt.New {
			e.result.Done[plans.Enrol]++
			e.emit(Noted{Change: plans.Change{Kind: plans.Enrol, Tenant: en.task.record.ID, At: en.at}})
		}
		if pt.Place != nil {
			e.result.Done[plans.Place]++
			e.emit(Noted{Change: plans.Change{
				Kind: plans.Place, Tenant: en.task.record.ID, Batch: pt.Place.Name, At: en.at,
				Detail: plans.Detail{T: pt.T},
			}})
		}
	}
}

// redecide asks what follows for every tenant of which something was recorded.
func (e *engine) redecide(t *turn) {
	seen := make(map[*task]bool)
	again := func(x *task) {
		if !seen[x] {
			seen[x] = true
			e.decide(x)
		}
	}
	for _, r := range t.results {
		again(r.job.task)
	}
	for _, en := range t.noted {
		again(en.task)
	}
	for _, x := range t.denied {
		again(x)
	}
	for _, j := range t.refused {
		again(j.task)
	}
}

// decide queues what may be done now for a tenant and is not under way.
func (e *engine) decide(t *task) {
	if e.stopped {
		return
	}
	t.batch = e.decider.Batch(t.record.Batch)
	e.decider.Decide(t.tenant, t.record, &e.out)
	for i := range e.out.Actions {
		a := e.out.Actions[i]
		if e.allowed != nil && !e.allowed(t.record.ID, &a) {
			continue
		}
		e.enqueue(t, &a)
	}
}

// enqueue queues an action, once for each recipient.
func (e *engine) enqueue(t *task, a *plans.Action) {
	ch := &change{Change: a.Change(t.record, a.At)}
	for _, to := range recipients(a, t.record) {
		k := attemptKey{a.Item, a.Op, to}
		if slices.Contains(t.busy, k) {
			continue
		}
		ch.left++
		t.busy = append(t.busy, k)
		e.queue.push(&entry{at: a.At, task: t, action: a, recipient: to, change: ch})
	}
}

// recipients are whom an action has an attempt for; one empty one for what is no
// message. The opening of an approval is recorded before anybody is written to.
func recipients(a *plans.Action, r *ledger.Record) []string {
	switch a.Kind {
	case plans.Send:
		return a.Recipients
	case plans.Ask:
		if len(a.Facts(r, time.Time{})) == 0 {
			return a.Recipients
		}
	case plans.Run, plans.Lock, plans.Unlock, plans.Collapse, plans.Skip, plans.Missed, plans.Enrol, plans.Place:
	}
	return []string{""}
}

func (e *engine) forget(t *task, k attemptKey) {
	t.busy = slices.DeleteFunc(t.busy, func(b attemptKey) bool { return b == k })
}

// log writes what became of an attempt for machines that watch.
func (e *engine) log(ev Ended) {
	log := e.p.log
	address := ev.Change.Address()
	switch ev.Kind {
	case ledger.Succeeded:
		log.Info("attempt succeeded", "address", address, "op", ev.Op, "attempt", ev.Attempt, "took", ev.Took)
	case ledger.Unknown:
		log.Error("outcome unknown", "address", address, "op", ev.Op, "attempt", ev.Attempt, "reason", ev.Reason)
	default:
		log.Warn("attempt failed", "address", address, "op", ev.Op, "attempt", ev.Attempt, "reason", ev.Reason, "next", ev.Next)
	}
}
