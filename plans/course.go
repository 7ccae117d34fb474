package plans

import (
	"math"
	"slices"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/toffset"
)

// Step is a change of a tenant's way as a whole, or of what its record is called,
// with the fact that records it. Steps come before anything else of a tenant.
type Step struct {
	Change Change
	Fact   ledger.Fact
	Also   []ledger.Fact // of the same change
	// Other is the record of another tenant that Also is about, as it was when it
	// was decided on; nil: it is about none.
	Other *ledger.Record
}

// Facts are all facts of the step.
func (s *Step) Facts() []ledger.Fact { return append([]ledger.Fact{s.Fact}, s.Also...) }

// step is the only step of a change.
func step(ch Change, f ledger.Fact) []Step { return []Step{{Change: ch, Fact: f}} }

// course is where the plan wants a tenant to be now.
type course struct {
	batch *schema.Batch
	t     time.Time // zero: no date
	zone  *time.Location
}

// courseOf is the course of a tenant in a batch. A date of its own, in the plan
// or by its own wish, comes before its batch's.
func (c *computation) courseOf(t *schema.Tenant, r *ledger.Record, b *schema.Batch) course {
	to := course{batch: b, t: b.T, zone: Zone(c.in.Config, t, b)}
	own := c.wish(r)
	if t.Block != nil && !t.Block.Cutover.IsZero() {
		to.t = t.Block.Cutover
		if own != nil && own.Base.Equal(to.t) {
			to.t = own.T
		}
	} else if own != nil && c.renamed(r.Batch) == b.Name {
		to.t = own.T
	}
	if own == nil && r.Own != nil && !to.t.After(c.in.Now) {
		to.t = r.T // it has the date that it had
	}
	return to
}

// wish is the T that a tenant has asked for; nil: none. One that passed before
// anybody applied it is none any more, and keeps nobody else waiting.
func (c *computation) wish(r *ledger.Record) *ledger.Own {
	if r.Own == nil || !r.Own.T.Equal(r.T) && !r.Own.T.After(c.in.Now) {
		return nil
	}
	return r.Own
}

// steer compares a tenant's course with what is recorded of it, and returns the
// step that corrects the record; none where the plan may not do that: the tenant
// is decided where it stands, so that its locks do not wait for another plan.
func (c *computation) steer(t *schema.Tenant, r *ledger.Record, to course) []Step {
	same := to.t.Equal(r.T)
	switch {
	case !same:
		return c.reschedule(r, to)
	case to.batch.Name != r.Batch:
		ch := Change{Kind: Move, Tenant: r.ID, Batch: to.batch.Name, At: c.in.Now, Reason: "batch " + r.Batch + " before"}
		ch.Detail = Detail{T: r.T, OldBatch: r.Batch}
		f := MoveFact(r, to.batch.Name, to.zone, ch.Reason, c.in.Now)
		f.Renames = c.renames(r, to.batch)
		return step(ch, f)
	case to.zone.String() != r.Zone:
		ch := Change{Kind: Adopt, Tenant: r.ID, Batch: r.Batch, At: c.in.Now, Reason: "time zone " + r.Zone + " before, " + to.zone.String() + " now"}
		return step(ch, MoveFact(r, r.Batch, to.zone, ch.Reason, c.in.Now))
	default:
		return c.lapsed(t, r, to.zone)
	}
}

// eject takes the place of a tenant that a constraint with on_violation = "eject"
// blocks, and notes those that one with "warn" does.
func (c *computation) eject(t *schema.Tenant, r *ledger.Record, b *schema.Batch) []Step {
	for _, con := range c.in.Config.Constraints {
		if con.OnViolation == schema.ViolationHold {
			continue
		}
		zone := Zone(c.in.Config, t, b)
		c.d.env = schema.Env{Tenant: t, T: r.T, Zone: zone, Batch: b.Name}
		if blocked, err := con.BlockedWhen.For(&c.d.env); err != nil || !blocked {
			continue // Decide reports what has no value
		}
		if con.OnViolation == schema.ViolationWarn {
			c.refused.warn(con, r.ID)
			continue
		}
		if c.passed(r) {
			continue
		}
		reason, err := con.Reason.For(&c.d.env)
		if err != nil {
			reason = "constraint " + con.Name
		}
		return c.displace(r, zone, reason)
	}
	return nil
}

// displace is the step of a tenant that loses its place and gets no other.
func (c *computation) displace(r *ledger.Record, zone *time.Location, why string) []Step {
	ch := Change{
		Kind: Reschedule, Tenant: r.ID, Batch: r.Batch, At: c.in.Now, Reason: "loses its place: " + why,
		Detail: Detail{OldT: r.T, OldBatch: r.Batch},
	}
	return step(ch, RescheduleFact(r, "", time.Time{}, zone, ch.Reason, c.in.Now))
}

// reschedule is the step to another T, or to none; no step: the plan may not do
// that.
func (c *computation) reschedule(r *ledger.Record, to course) []Step {
	ref := &c.refused
	switch {
	case !c.in.Within.tenant(r.ID, r.Batch, to.batch.Name): // what is left out does no harm
	case c.passed(r):
		ref.passed = append(ref.passed, r.ID)
		return nil
	case !to.t.IsZero() && !to.t.After(c.in.Now):
		ref.past = append(ref.past, r.ID)
		return nil
	case (to.t.Before(r.T) || r.T.IsZero()) && !to.t.IsZero() && !c.notifiable(r, to):
		ref.unnoticed = append(ref.unnoticed, r.ID)
		return nil
	case !to.t.IsZero() && !c.notifiable(r, to) && !c.beyondNotice(r):
		ref.tooSoon = append(ref.tooSoon, r.ID)
	}
	ch := Change{
		Kind: Reschedule, Tenant: r.ID, Batch: to.batch.Name, At: c.in.Now,
		Reason: "T " + showDate(r.T, to.zone) + " -> " + showDate(to.t, to.zone),
		Detail: Detail{T: to.t, OldT: r.T},
	}
	if r.Batch != to.batch.Name {
		ch.Detail.OldBatch = r.Batch
	}
	f := RescheduleFact(r, to.batch.Name, to.t, to.zone, ch.Reason, c.in.Now)
	f.Renames = c.renames(r, to.batch)
	return step(ch, f)
}

// passed reports whether a tenant is past the point of no return.
func (c *computation) passed(r *ledger.Record) bool { return Passed(c.in.Config, r) }

// Passed reports whether a tenant is past the point of no return: anything of
// that phase was ever begun.
func Passed(cfg *schema.Config, r *ledger.Record) bool {
	for _, p := range cfg.Phases {
		if !p.PointOfNoReturn {
			continue
		}
		for _, it := range p.Items {
			rec := r.Item(it.Key())
			if _, asks := it.Does.(*schema.Approval); !asks && rec != nil && hasBegun(rec) {
				return true
			}
		}
	}
	return false
}

// notifiable reports whether a correction that goes out now is early enough for
// a T.
func (c *computation) notifiable(r *ledger.Record, to course) bool {
	need := c.in.Config.Notice
	first := c.in.Now
	for i := range r.Items {
		if at := r.Items[i].Noticed; !at.IsZero() {
			first = earliest(first, at)
		}
	}
	for _, n := range [...]struct {
		need  toffset.Duration
		given time.Time
	}{{need.First, first}, {need.Final, c.in.Now}} {
		if !n.need.IsZero() && n.given.After(n.need.Before(to.t, to.zone)) {
			return false
		}
	}
	return true
}

// beyondNotice reports whether a tenant has begun a phase that asks for notice:
// it is asked for once.
func (c *computation) beyondNotice(r *ledger.Record) bool {
	return slices.ContainsFunc(c.in.Config.Items, func(it *schema.Item) bool {
		rec := r.Item(it.Key())
		return it.Phase.NeedsNotice() && rec != nil && hasBegun(rec)
	})
}

// leaves reports whether a tenant leaves the transition with its steps.
func leaves(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Change.Kind == Withdraw })
}

// asked notes that a person wants the tenant to go back, as long as that is not
// done.
func (c *computation) asked(r *ledger.Record, out *Decision) {
	if len(out.Actions) == 0 || !c.assume {
		return
	}
	switch ch := (Change{Tenant: r.ID, Batch: r.Batch, At: c.in.Now}); {
	case r.Left != nil && r.Left.By != "":
		ch.Kind, ch.Batch, ch.Reason, ch.Detail.OldT = Withdraw, r.Left.Batch, r.Left.Reason, r.Left.T
		c.change(ch)
	case r.Left == nil && r.Back != nil:
		ch.Kind, ch.Reason = Rollback, r.Back.Reason
		c.change(ch)
	}
}

// neverDone says beside the change with which a tenant goes back what is not
// undone, though it was tried. first is where the tenant's changes begin.
func (c *computation) neverDone(out *Decision, first int) {
	for i := first; i < len(c.plan.Changes) && len(out.NeverDone) > 0; i++ {
		ch := &c.plan.Changes[i]
		if ch.Kind != Withdraw && ch.Kind != Rollback {
			continue
		}
		var keys []string
		for _, it := range out.NeverDone {
			keys = append(keys, it.Key())
		}
		ch.Reason += "; nothing to undo of " + strings.Join(keys, ", ") + ": it never succeeded"
	}
}

// PostponeUntil is the last instant at which a tenant with a T may ask for a
// later one; zero: it may not.
func PostponeUntil(cfg *schema.Config, t time.Time, zone *time.Location) time.Time {
	if cfg.Postpone == nil || t.IsZero() || cfg.Postpone.Max == 0 {
		return time.Time{}
	}
	until, _ := cfg.Postpone.Until.From(t, zone)
	return until
}

// renamed is the name that a batch has now.
func (c *computation) renamed(name string) string { return c.edits.renames.Batch(name) }

// renames reports whether a batch is only another name of the tenant's own.
func (c *computation) renames(r *ledger.Record, b *schema.Batch) bool {
	return b.Name != r.Batch && c.renamed(r.Batch) == b.Name
}

// ofBatch reports whether a record is that of a batch rather than of a tenant.
func ofBatch(id string) bool { return ledger.OfBatch(id) }

// occupy counts a placed tenant for its batch's capacity.
func (c *computation) occupy(t *schema.Tenant, r *ledger.Record, b *schema.Batch) {
	if b != nil && !math.IsInf(b.Capacity, 1) {
		c.filler.Use(slices.Index(c.order, b), c.weight(t, r, b))
	}
}

// astray reports whether the plan wants a placed tenant in another batch: it
// names one, or its own does not match it any more and another one does. Nobody
// is moved past the point of no return.
func (c *computation) astray(t *schema.Tenant, r *ledger.Record, b *schema.Batch) bool {
	if t.Block != nil && t.Block.Batch != nil {
		return t.Block.Batch != b
	}
	if b.Match.IsConst() && b.Match.Value || c.passed(r) {
		return false
	}
	c.d.env = schema.Env{Tenant: t, T: r.T, Zone: Zone(c.in.Config, t, b), Batch: b.Name}
	match, err := b.Match.For(&c.d.env)
	return err == nil && !match
}
