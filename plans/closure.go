package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// decide works out the changes of one tenant and all that follows from them.
// owned: the task shares nothing with what is streamed.
func (c *computation) decide(task Task, owned bool) {
	c.again(&task)
	c.complete(task, owned)
}

// complete takes a task to the point where nothing more follows from it.
func (c *computation) complete(task Task, owned bool) {
	part, first := c.d.scope.cut(task), len(c.plan.Changes)
	all, gate := c.unbounded(task)
	if gate != nil && !part.Outside {
		c.deferTask(task, first, owned)
		return
	}
	r := task.Record
	if c.assume && part.begins() {
		r = c.begin(&part)
	}
	out := &c.decision
	var round time.Time
	adopts := 0 // changes that leave no fact
	clones := r != task.Record
	waiting := c.plan.Waiting
	for n := 0; ; n++ {
		c.d.Decide(task.Tenant, r, out)
		if out.NeedsGate != nil && !c.d.gates[out.NeedsGate].Known {
			c.deferTask(task, first, owned)
			return
		}
		c.d.Narrow(&part, r, out)
		if !part.Outside {
			c.problems(out.Problems)
		}
		if n == 0 {
			// What waits now, not what would wait after this plan; and how far
			// the batch is now.
			waiting = append(c.plan.Waiting, out.Waiting...)
			c.forgotten(r)
			if !leaves(task.Steps) { // else that is said
				c.asked(r, out)
			}
			c.neverDone(out, first)
			adopts = c.adopt(&part, r, out, first)
			c.advance(c.actual, r, out)
			c.d.noteStopped(r, out)
		}
		if len(out.Actions) == 0 || !c.assume || n > maxRounds {
			break
		}
		if !clones {
			r, clones = r.Clone(), true
		}
		c.makes(&part, out.Actions)
		round = c.follow(part, r, out.Actions, round)
	}
	c.plan.Waiting = waiting
	c.leftOut(task, part, all-(len(c.plan.Changes)-first), gate)
	c.undone(&part, r)
	if part.Outside && len(c.plan.Changes) == first+len(part.Edits) { // nothing is owed
		c.plan.Changes = c.plan.Changes[:first]
	}
	if len(c.plan.Changes) > first+adopts {
		c.keep(part, owned)
	}
	c.note(part, r, out)
}

// maxRounds bounds the closure. Each round begins at least one item that never
// begins again, so that only a fault of this package could reach it.
const maxRounds = 10_000

// begin makes the changes of a tenant that is enrolled or placed, and returns
// its record after them.
func (c *computation) begin(task *Task) *ledger.Record {
	r := task.Record.Clone()
	for _, s := range task.Edits {
		c.change(s.Change)
	}
	if task.New {
		c.change(Change{Kind: Enrol, Tenant: r.ID, At: c.in.Now})
		r.Apply(EnrolFact(r.ID, c.in.Now))
	}
	for _, s := range task.Steps {
		if s.Change.Kind != 0 {
			c.change(s.Change)
		}
		for _, f := range s.Facts() {
			r.Apply(f)
		}
	}
	if b := task.Place; b != nil {
		zone := Zone(c.in.Config, task.Tenant, b)
		c.change(Change{Kind: Place, Tenant: r.ID, Batch: b.Name, At: c.in.Now, Detail: Detail{T: task.T}})
		r.Apply(PlaceFact(r, b, task.T, zone, c.in.Now))
	}
	return r
}

// follow notes the actions as changes, and applies their success, but for those that
// may have happened already. An action is due no earlier than what it follows from.
func (c *computation) follow(task Task, r *ledger.Record, actions []Action, round time.Time) time.Time {
	if task.begins() {
		round = c.in.Now
	}
	latest := round
	for i := range actions {
		a := &actions[i]
		at := a.At
		if at.Before(round) || at.After(c.in.Now) {
			at = round
		}
		if at.After(latest) {
			latest = at
		}
		doubted, some, rest, more := c.d.doubted(a, r)
		if more {
			c.change(task.Change(&rest, r, at))
			rest.Succeed(r, c.in.Now)
		}
		if some {
			c.change(c.d.doubtful(task.Change(&doubted, r, at)))
			c.d.remain(&doubted, r)
		}
		c.d.room.start(a)
	}
	return latest
}

func (c *computation) change(ch Change) { c.plan.Changes = append(c.plan.Changes, ch) }

// keep remembers a tenant with changes for apply.
func (c *computation) keep(task Task, owned bool) {
	if !owned && task.Place == nil && !task.New || len(task.Steps) > 0 {
		task.Tenant, task.Record = task.Tenant.Clone(), task.Record.Clone()
	}
	c.result.Tasks = append(c.result.Tasks, task)
}

// deferTask puts a tenant aside whose batch's gate is not known yet.
func (c *computation) deferTask(task Task, first int, owned bool) {
	c.plan.Changes = c.plan.Changes[:first]
	if !owned {
		task.Tenant, task.Record = task.Tenant.Clone(), task.Record.Clone()
	}
	b := c.decision.NeedsGate
	c.deferred[b] = append(c.deferred[b], task)
}

// note adds up what the last decision says of later, and of the batch.
func (c *computation) note(task Task, r *ledger.Record, out *Decision) {
	c.plan.Locks += len(out.Locks)
	if !out.Next.IsZero() {
		c.plan.Next = earliest(c.plan.Next, out.Next)
		c.d.upcoming(task.Tenant, r, out, c.upcoming)
	}
	c.advance(c.progress, r, out)
}

// advance counts a tenant for its batch, if somebody waits for that.
func (c *computation) advance(all map[*schema.Batch]*progress, r *ledger.Record, out *Decision) {
	if p := all[c.d.batches[r.Batch]]; p != nil {
		p.add(out.Reached)
	}
}
