package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
)

// Decision is what follows for one tenant.
type Decision struct {
	// Actions may start now, in order.
	Actions []Action
	Phase   *schema.Phase // nil: none entered
	Status  PhaseStatus   // the worst over all phases entered
	Held    *Held
	Next    time.Time // the next instant at which anything falls due; zero: none
	Retry   time.Time // when the next retry or poll falls due; zero: none
	// Dead: the tenant enters no further hard phase unless a person does
	// something.
	Dead bool
	// Barred is the first phase that the tenant does not enter unless it agrees,
	// nor any hard phase after it; nil: there is none.
	Barred *schema.Phase
	// Stopped is the open breaker of its batch, while it keeps the tenant from
	// beginning anything new, now or later; nil: nothing does. It is Held, if it
	// keeps back what is due.
	Stopped *Held
	Waiting []Wait
	Locks   []LockStatus
	// Reached is when each phase became Complete, by index; filled only for
	// phases that some batch waits for. The zero time: not yet.
	Reached []time.Time
	// NeedsGate is the batch whose gate must be known before this tenant can
	// be decided; nil: the decision is whole.
	NeedsGate *schema.Batch
	// NeverDone is, of a tenant that goes back, work that was tried and of which
	// nothing is undone, since it never succeeded.
	NeverDone []*schema.Item
	Problems  diag.List
	// Coming is what falls due at instants of this tenant's own, as the end of a
	// hold or of a window.
	Coming []Upcoming
	// Items is filled when explanations were asked for, by Item.Index.
	Items []ItemStatus

	line *line
}

// Action is one thing that may be done now for a tenant.
type Action struct {
	Kind Kind
	Item *schema.Item
	Op   ledger.Op
	// Inquiry: it only asks about what the item does, and changes nothing.
	Inquiry Inquiry
	// At is when it fell due.
	At time.Time
	// NotAfter is the last instant at which it may begin; zero: no bound.
	NotAfter time.Time
	// MustEnd is the last instant at which it may be tried again; zero: no bound.
	MustEnd time.Time
	Reason  string
	// About, of a message on an event, is the address of the item that it happened
	// to; empty: of none.
	About string
	// Recipients, of Send and Ask: who has not had it yet. All of them, when
	// Everybody; else only these are tried again.
	Recipients []string
	Everybody  []string
	// Carries are the late communications that go out as sections of this one.
	Carries []*schema.Item
	Into    *schema.Item // of Collapse: the message that carries it
	Attempt int          // the number of the attempt, from 1
	// Undone: the release gives the lock back before its time. Afresh: from its
	// success on, the item is as if it had never begun.
	Undone, Afresh bool
	// Inserted: of Skip and Missed, the item came into the plan after the tenant
	// had passed its phase.
	Inserted bool
	// Passes: with it the tenant passes the point of no return.
	Passes bool
}

// Change is the action as a line of the plan.
func (a *Action) Change(r *ledger.Record, at time.Time) Change {
	ch := Change{
		Kind: a.Kind, Tenant: r.ID, Batch: r.Batch, Phase: a.Item.Phase.Name, Item: a.Item.Name,
		At: at, Reason: a.Reason,
		Detail: Detail{Recipients: a.Recipients, PassesPONR: a.Passes},
	}
	if a.Attempt > 1 {
		ch.Detail.Attempt = a.Attempt
	}
	if a.Into != nil {
		ch.Detail.Into = a.Into.Key()
	}
	return ch
}

func (d *Decision) reset(phases, items int, explain bool) {
	*d = Decision{
		Actions: d.Actions[:0], Waiting: d.Waiting[:0], Locks: d.Locks[:0],
		Reached: d.Reached, Items: d.Items[:0], Coming: d.Coming[:0],
		NeverDone: d.NeverDone[:0],
	}
	if len(d.Reached) != phases {
		d.Reached = make([]time.Time, phases)
	}
	clear(d.Reached)
	if explain {
		if cap(d.Items) < items {
			d.Items = make([]ItemStatus, items)
		}
		d.Items = d.Items[:items]
		clear(d.Items)
	}
}

// comes notes what falls due at an instant of the tenant's own.
func (d *Decision) comes(at time.Time, kind Kind, now time.Time) {
	if at.After(now) && at.Before(never) {
		d.later(at, now)
		d.Coming = append(d.Coming, Upcoming{At: at, Kind: kind, Count: 1})
	}
}

// later notes an instant at which something falls due.
func (d *Decision) later(at, now time.Time) {
	if !at.After(now) || !at.Before(never) {
		return
	}
	if d.Next.IsZero() || at.Before(d.Next) {
		d.Next = at
	}
}
