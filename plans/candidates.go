package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/plans/placement"
	"transition/schema"
	"transition/schema/toffset"
)

// candidate notes a tenant without a batch.
func (c *computation) candidate(t *schema.Tenant, r *ledger.Record, fresh bool) {
	task := Task{Tenant: t.Clone(), Record: r.Clone(), New: fresh, Edits: c.edits.steps}
	c.occupy(t, r, c.d.batches[c.renamed(r.Batch)]) // it leaves its place only for another
	cand := placement.Candidate{ID: t.ID, Since: r.EnrolledAt, Zone: t.Zone}
	if r.Batch == "" && c.d.lacks.Places(r) {
		cand.Lost = &placement.Lost{Since: c.d.lacks.Since, Reason: "before the state was restored on " + toffset.Show(c.d.lacks.At, c.in.Config.Zone)}
	}
	c.d.env = schema.Env{Tenant: task.Tenant, Zone: Zone(c.in.Config, t, nil)}
	c.d.index(r)
	w := walk{d: c.d, out: &c.decision, t: t, r: r}
	c.decision.Problems, c.decision.Actions = nil, nil
	blocked := w.constrained()
	if blocked == nil {
		blocked = c.d.hold(t, r)
	}
	if blocked == nil && r.Batch == "" && c.passed(r) {
		blocked = &Held{Reason: "was moved before it left: there is nothing to place it for"}
	}
	if blocked != nil && r.Batch != "" {
		c.problems(c.decision.Problems)
		c.stay(task, blocked.Reason)
		return
	}
	if blocked != nil {
		c.problems(c.decision.Problems)
		c.unplacedTenant(task, blocked)
		return
	}
	kept := c.fits(&w, t, &cand)
	c.problems(c.decision.Problems)
	switch {
	case kept == nil || len(cand.Fits) > 0 && cand.Lost == nil: // else it may have been placed there
	case r.Batch != "":
		c.stay(task, kept.Reason)
		return
	default:
		c.unplacedTenant(task, kept)
		return
	}
	c.candidates = append(c.candidates, cand)
	c.unplaced = append(c.unplaced, task)
}

// fits lists the batches that a candidate matches. One whose breaker is open takes
// nobody new: the first such breaker is returned.
func (c *computation) fits(w *walk, t *schema.Tenant, cand *placement.Candidate) (kept *Held) {
	var pin *schema.Batch
	if t.Block != nil {
		pin, cand.T = t.Block.Batch, t.Block.Cutover
	}
	for i, b := range c.order {
		c.d.env.Batch = b.Name
		match := b == pin
		if pin == nil {
			var err error
			if match, err = b.Match.For(&c.d.env); err != nil {
				w.problem(b.Match.Range, "batch "+b.Name, err)
			}
		}
		if !match {
			continue
		}
		if open := c.d.open(b.Name); open != nil {
			if kept == nil {
				kept = open
			}
			continue
		}
		cand.Pinned = pin != nil
		cand.Fits = append(cand.Fits, placement.Fit{
			Batch: i, Weight: c.weigh(w, b), Priority: c.priority(w, b), Told: c.told(w, t, b, cand.T),
		})
	}
	return kept
}

// told is when a tenant can be told first of the T that it would have in a batch;
// zero: at once.
func (c *computation) told(w *walk, t *schema.Tenant, b *schema.Batch, own time.Time) time.Time {
	if own.IsZero() {
		own = b.T
	}
	if own.IsZero() || !c.in.Config.Notice.Required() || len(w.r.Told) > 0 {
		return time.Time{} // who knows another date is corrected at once
	}
	env := c.d.env
	defer func() { c.d.env = env }()
	c.d.env.T, c.d.env.Zone = own, Zone(c.in.Config, t, b)
	w.line = c.d.line(own, c.d.env.Zone)
	return w.soonest()
}

func (c *computation) weigh(w *walk, b *schema.Batch) float64 {
	if !b.Weight.IsSet() {
		return 1
	}
	x, err := b.Weight.For(&c.d.env)
	if err != nil {
		w.problem(b.Weight.Range, "batch "+b.Name, err)
	}
	if x < 0 {
		w.problem(b.Weight.Range, "batch "+b.Name, errNegativeWeight)
	}
	return x
}

func (c *computation) priority(w *walk, b *schema.Batch) schema.Number {
	if !b.Priority.IsSet() {
		return schema.Number{Valid: true}
	}
	x, err := b.Priority.For(&c.d.env)
	if err != nil {
		w.problem(b.Priority.Range, "batch "+b.Name, err)
	}
	return x
}

// weight is what a placed tenant takes of its batch's capacity.
func (c *computation) weight(t *schema.Tenant, r *ledger.Record, b *schema.Batch) float64 {
	c.d.env = schema.Env{Tenant: t, T: r.T, Zone: Zone(c.in.Config, t, b), Batch: b.Name}
	w := walk{d: c.d, out: &c.decision, t: t, r: r}
	c.decision.Problems = nil
	x := c.weigh(&w, b)
	c.problems(c.decision.Problems)
	return max(x, 0)
}

// place gives batches to the candidates and decides them.
func (c *computation) place() {
	results, problems := c.filler.Fill(c.candidates)
	for _, p := range problems {
		c.plan.Diagnostics.Add(pinnedProblem(c.unplaced[p.Candidate].Tenant, p.Reason))
	}
	for i, res := range results {
		task := c.unplaced[i]
		if task.Record.Batch != "" {
			c.rebatch(task, res)
			continue
		}
		if res.Batch < 0 {
			held := Held{Reason: res.Reason}
			c.unplacedTenant(task, &held)
			continue
		}
		task.Place = c.order[res.Batch]
		if !c.assume {
			c.becomes[task.Record.ID] = task.Place.Name
		}
		task.T = task.Place.T
		if own := c.candidates[i].T; !own.IsZero() {
			task.T = own
		}
		c.decide(task, false)
	}
	c.candidates, c.unplaced = nil, nil
}

// rebatch moves a placed tenant to the batch that takes it, or leaves it where it
// is: who is placed is never without a place for want of another.
func (c *computation) rebatch(task Task, res placement.Result) {
	if res.Batch < 0 {
		c.stay(task, res.Reason)
		return
	}
	to := c.courseOf(task.Tenant, task.Record, c.order[res.Batch])
	task.Steps = c.steer(task.Tenant, task.Record, to)
	c.decide(task, true)
}

// stay decides a placed tenant in the batch that it has, though it matches that no
// more: why no other one takes it.
func (c *computation) stay(task Task, why string) {
	b := c.d.batches[c.renamed(task.Record.Batch)]
	if b == nil { // it was removed; else the tenant would not be here
		zone := Zone(c.in.Config, task.Tenant, nil)
		task.Steps = c.displace(task.Record, zone, "batch "+task.Record.Batch+" was removed")
		c.decide(task, true)
		return
	}
	c.refused.stays(task.Record, why)
	task.Steps = c.steer(task.Tenant, task.Record, c.courseOf(task.Tenant, task.Record, b))
	c.decide(task, true)
}

// unplacedTenant decides a tenant that has no batch, with the reason why.
func (c *computation) unplacedTenant(task Task, why *Held) {
	c.result.Reasons[task.Record.ID] = *why
	switch {
	case c.d.hold(task.Tenant, task.Record) != nil: // the decision says so
	case why.Breaker != "": // it is listed once for its batch
		c.d.breakers[why.Breaker].keep()
	default:
		c.plan.Waiting = append(c.plan.Waiting, Wait{
			Kind: WaitHold, Tenant: task.Record.ID, Address: task.Record.ID,
			Reason: why.Reason, Since: why.Since, Until: why.Until,
		})
	}
	c.decide(task, false)
}
