package plans

import (
	"transition/plans/ledger"
	"transition/schema"
)

// apart reports whether a tenant keeps the way that it has, whatever the plan
// wants: it got it by a part of another plan, since this one was adopted.
func (c *computation) apart(r *ledger.Record) bool {
	return !c.in.Since.IsZero() && !r.Apart.IsZero() && !r.Apart.Before(c.in.Since)
}

// keepWay decides a tenant on the way that it has. Only its own wish changes that:
// a later date that it asked for since.
func (c *computation) keepWay(t *schema.Tenant, r *ledger.Record) {
	b := c.d.batches[c.renamed(r.Batch)]
	c.occupy(t, r, b)
	task := Task{Tenant: t, Record: r, Edits: c.edits.steps}
	if own := c.wish(r); b != nil && own != nil && own.Base.Equal(r.T) && !own.T.Equal(r.T) {
		if task.Steps = c.reschedule(r, course{b, own.T, Zone(c.in.Config, t, b)}); len(task.Steps) > 0 {
			task.Steps[0].Fact.Apart = true
		}
	}
	if b != nil && len(task.Steps) == 0 {
		task.Steps = c.lapsed(t, r, Zone(c.in.Config, t, b))
	}
	c.decide(task, false)
}

// rowless decides a tenant that keeps its way, and that no inventory of the plan
// has ever had: without its row, nothing but what is owed can be done for it.
func (c *computation) rowless(r *ledger.Record) {
	c.decide(Task{Tenant: c.absent(r.ID, c.row(r.ID)), Record: r, Edits: c.edits.steps, Outside: true}, false)
	c.plan.Waiting = append(c.plan.Waiting, Wait{
		Kind: WaitHold, Tenant: r.ID, Batch: r.Batch, Address: r.ID,
		Reason: "is in no inventory of the adopted plan, and waits until the plan is applied as a whole",
	})
}

// forgotten notes what is open and the plan has no more.
func (c *computation) forgotten(r *ledger.Record) {
	switch {
	case c.d.gone == "":
	case !c.d.alone:
		c.stray(r)
	case c.d.leavesAlone(r):
		c.refused.foreign = append(c.refused.foreign, r.ID+"/"+c.d.gone)
	}
}

// leavesAlone reports whether nothing is done for a tenant that was decided: what
// stands in the way of what, only another plan knows.
func (d *Decider) leavesAlone(r *ledger.Record) bool { return d.alone && d.gone != "" && !r.Leaving() }
