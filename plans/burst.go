package plans

import (
	"fmt"
	"time"

	"transition/schema/toffset"
)

// BurstGrace is how long ago an effect must have fallen due to count for a burst:
// what falls due at once because its instant has come is what the plan says,
// however much it is.
const BurstGrace = 48 * time.Hour

// Burst is more than the plan lets fall due unnoticed: time has gone on since the
// last apply by so much that its clock may be wrong, or that a person should look
// before all of it happens at once.
type Burst struct {
	Count, Most int       // effects, and how many may be
	First, Last time.Time // when they fell due
	Reached     time.Time // everything up to here was taken on before
}

// Says is the burst in a sentence.
func (b *Burst) Says(zone *time.Location) string {
	return fmt.Sprintf("%s from %s to %s, all more than 48 hours ago and after the last apply, which had come to %s; at most %d may do so unasked (max_due_burst).",
		count(b.Count, "outside effect fell due", "outside effects fell due"),
		toffset.Show(b.First, zone), toffset.Show(b.Last, zone), toffset.Show(b.Reached, zone), b.Most)
}

// burst looks for one in the changes of the plan. Work that is taken back counts
// as little as what the plan, rather than time, makes due: whoever is enrolled,
// placed or given another date has nothing that fell due before.
func (c *computation) burst() {
	if c.in.Reached.IsZero() {
		return
	}
	until := make(map[string]time.Time) // holds that have ended by themselves
	for i := range c.result.Tasks {
		if r := c.result.Tasks[i].Record; r.Hold != nil && !r.Hold.Active(c.in.Now) {
			until[r.ID] = r.Hold.Until
		}
	}
	b := &Burst{Most: c.in.Config.MaxDueBurst, Reached: c.in.Reached}
	for i := range c.plan.Changes {
		ch := &c.plan.Changes[i]
		if !ch.Kind.Outside() || ch.Detail.Doubted || ch.Kind == Unlock || ch.Kind == Undo {
			continue
		}
		due := latest(latest(ch.At, until[ch.Tenant]), c.gateOpened(ch))
		if !due.After(c.in.Reached) || c.in.Now.Sub(due) <= BurstGrace {
			continue
		}
		b.Count++
		b.First, b.Last = earliest(b.First, due), latest(b.Last, due)
	}
	if b.Count > b.Most {
		c.plan.Burst = b
	}
}

// gateOpened is when the batch of a change was let go on by the one before it; the
// zero time: it did not wait for any.
func (c *computation) gateOpened(ch *Change) time.Time {
	b := c.d.batches[ch.Batch]
	if b == nil || b.After == nil {
		return time.Time{}
	}
	for _, p := range c.in.Config.Phases[b.After.Holds.Index:] {
		if p.Name == ch.Phase {
			return c.d.gates[b].Opened
		}
	}
	return time.Time{}
}
