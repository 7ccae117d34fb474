package plans

import (
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
)

// Survey tells of every tenant where it is, by id, and why it does not move. The
// status is only valid during the call. Input's sequences are walked twice:
// what holds one tenant back can depend on all others.
func Survey(in Input, each func(*TenantStatus)) (diag.List, error) {
	c := newComputation(in, false)
	if err := c.run(); err != nil {
		return nil, err
	}
	c.refuse()
	c.d.explain = true
	var status TenantStatus
	err := walkBoth(in, func(t *schema.Tenant, r *ledger.Record) {
		if ofBatch(r.ID) {
			return
		}
		if r = c.named(t, r); r == nil {
			return
		}
		c.survey(t, r, &status)
		each(&status)
	})
	return c.plan.Diagnostics, err
}

// survey fills the status of one tenant.
func (c *computation) survey(t *schema.Tenant, r *ledger.Record, s *TenantStatus) {
	gone := t == nil
	if gone {
		t = c.survived(r)
	}
	out := &c.decision
	c.d.Decide(t, r, out)
	b := c.d.batches[r.Batch]
	*s = TenantStatus{
		ID: r.ID, Batch: r.Batch, T: r.T, Zone: Zone(c.in.Config, t, b), Epoch: r.Epoch,
		Status: out.Status, Held: out.Held, Stopped: out.Stopped, Next: out.Next, Items: out.Items, Locks: out.Locks,
	}
	if out.Phase != nil {
		s.Phase = out.Phase.Name
	}
	s.New, s.Becomes = r.EnrolledAt.IsZero() && !gone, c.becomes[r.ID]
	if len(out.Actions) > 0 || s.New || s.Becomes != "" {
		s.Next = c.in.Now
	}
	if why, ok := c.result.Reasons[r.ID]; ok && s.Held == nil {
		s.Held = &why
		if why.Breaker != "" {
			s.Stopped = s.Held
		}
	}
	if gone && s.Held == nil {
		s.Held = &Held{Reason: "left the inventory"}
	}
}
