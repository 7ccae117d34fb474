package plans

import (
	"slices"
	"strings"

	"transition/plans/ledger"
	"transition/schema"
)

// giveUp settles what is open of items that were taken out, where the plan says
// so.
func (c *computation) giveUp(r *ledger.Record) *ledger.Record {
	if len(c.in.Config.Removals) == 0 || parted(r) {
		return r
	}
	var steps []Step
	for i := range r.Items {
		it := &r.Items[i]
		if !isOpen(it) || c.d.item(it.Key) != nil {
			continue
		}
		gone := c.in.Config.Removed(schema.Ref{Kind: schema.RefItem, Name: it.Key})
		switch {
		case gone == nil:
		case it.Obligation || gone.OnActive != schema.ActiveAbandon:
			c.refused.remove(gone, r.ID+"/"+it.Key, it.Obligation)
		default:
			steps = append(steps, c.abandon(r, it.Key))
		}
	}
	return c.edited(r, steps...)
}

// abandon is the step that gives up what is open of an item.
func (c *computation) abandon(r *ledger.Record, key string) Step {
	phase, item, _ := strings.Cut(key, "/")
	return Step{
		Change: Change{Kind: Skip, Tenant: r.ID, Batch: r.Batch, Phase: phase, Item: item, At: c.in.Now, Reason: removedReason},
		Fact:   ledger.Fact{At: c.in.Now, Tenant: r.ID, Kind: ledger.Skipped, Item: key, Epoch: r.Epoch, Reason: removedReason},
	}
}

const removedReason = "removed from the plan"

// unbatched decides a tenant whose batch the plan has no more.
func (c *computation) unbatched(t *schema.Tenant, r *ledger.Record) {
	gone := c.removedBatch(r)
	switch {
	case gone == nil:
		c.refused.lose(r)
	case gone.OnActive != schema.ActiveAbandon:
		note(&c.refused.batches, gone, r.ID)
	case c.passed(r):
		note(&c.refused.moving, gone, r.ID)
	default:
		c.candidate(t, r, false)
	}
}

func (c *computation) removedBatch(r *ledger.Record) *schema.Removal {
	return c.in.Config.Removed(schema.Ref{Kind: schema.RefBatch, Name: r.Batch})
}

// dismiss decides a tenant that was removed on purpose. Before the point of no
// return it goes back like everybody who leaves; past it, what was done stays.
func (c *computation) dismiss(gone *schema.Removal, r *ledger.Record) {
	reason, stays := removedReason, c.passed(r)
	if stays {
		if !c.dismissible(gone, r) {
			return
		}
		for _, key := range pendingItems(r) {
			r = c.edited(r, c.abandon(r, key))
		}
		reason += "; what was done stays"
	}
	row := c.row(r.ID)
	steps := c.withdrawal(r, row, reason, "")
	steps[0].Fact.Stays = stays
	c.decide(Task{Tenant: c.absent(r.ID, row), Record: r, Edits: c.edits.steps, Steps: steps}, false)
}

// dismissible reports whether a tenant past the point of no return may go, and
// notes why not.
func (c *computation) dismissible(gone *schema.Removal, r *ledger.Record) bool {
	locks, open := heldLocks(r), pendingItems(r)
	switch {
	case len(locks) > 0:
		c.refused.staysLocked(gone, r.ID, locks)
	case len(open) > 0 && gone.OnActive != schema.ActiveAbandon:
		c.refused.staysOpen(gone, r.ID, open)
	default:
		return true
	}
	return false
}

// removedTenant is what the plan says of a tenant that was removed on purpose;
// nil: nothing.
func (c *computation) removedTenant(id string) *schema.Removal {
	if len(c.in.Config.Removals) == 0 {
		return nil
	}
	return c.in.Config.Removed(schema.Ref{Kind: schema.RefTenant, Name: id})
}

// stray notes what the plan has no more though it must not be forgotten.
func (c *computation) stray(r *ledger.Record) {
	if parted(r) {
		return
	}
	lock := c.firstLock(r)
	for i := range r.Items {
		it := &r.Items[i]
		item := c.d.item(it.Key)
		if item != nil && (!it.Obligation || isLock(item)) {
			continue
		}
		switch address := r.ID + "/" + it.Key; {
		case isOpen(it) && item == nil && c.in.Config.Removed(schema.Ref{Kind: schema.RefItem, Name: it.Key}) != nil:
			// It was refused, or is given up.
		case !it.Obligation && it.At.Before(r.EnrolledAt):
			// It is of an earlier stay.
		case isOpen(it):
			c.refused.items = append(c.refused.items, address)
		case lock != nil && hasBegun(it) && !c.before(it.Key, lock.Phase):
			c.refused.behind = append(c.refused.behind, address)
		}
	}
}

// firstLock is the first lock of the plan that a tenant may hold; nil: none.
func (c *computation) firstLock(r *ledger.Record) *schema.Item {
	i := slices.IndexFunc(c.d.locks, func(l *schema.Item) bool {
		rec := r.Item(l.Key())
		return rec != nil && rec.Obligation
	})
	if i < 0 {
		return nil
	}
	return c.d.locks[i]
}

// before reports whether an item that the plan has no more certainly came before
// a phase: its own phase is there still.
func (c *computation) before(key string, p *schema.Phase) bool {
	name, _, _ := strings.Cut(key, "/")
	now := c.in.Config.Now(schema.Ref{Kind: schema.RefPhase, Name: name}).Name
	return slices.ContainsFunc(c.in.Config.Phases[:p.Index], func(other *schema.Phase) bool { return other.Name == now })
}

// heldLocks lists the keys of locks that may be held.
func heldLocks(r *ledger.Record) []string {
	var keys []string
	for i := range r.Items {
		if r.Items[i].Obligation {
			keys = append(keys, r.Items[i].Key)
		}
	}
	return keys
}

// parted reports whether nothing that is open of a tenant matters any more: it has
// left, and nothing of it is locked. Who was rolled back comes again.
func parted(r *ledger.Record) bool { return r.Left != nil && !obliged(r) }

// obliged reports whether a tenant may hold a lock.
func obliged(r *ledger.Record) bool {
	return slices.ContainsFunc(r.Items, func(it ledger.Item) bool { return it.Obligation })
}

// isOpen reports whether an item must not be forgotten: it is a lock that may be
// held, or it is pending.
func isOpen(it *ledger.Item) bool { return it.Obligation || pending(it) }

// pending reports whether an item has begun, or was asked for, and is not done
// with: by time, by a runner or by a person.
func pending(it *ledger.Item) bool {
	if it.State == ledger.Omitted {
		return false // it was given up
	}
	return unsettled(it.State) || it.Release != nil && unsettled(it.Release.State)
}

func unsettled(s ledger.State) bool {
	switch s {
	case ledger.Running, ledger.Retrying, ledger.Polling, ledger.Lost, ledger.Error, ledger.Late, ledger.Open:
		return true
	default:
		return false
	}
}

// pendingItems lists the keys of items that are not done with.
func pendingItems(r *ledger.Record) []string {
	var keys []string
	for i := range r.Items {
		if pending(&r.Items[i]) {
			keys = append(keys, r.Items[i].Key)
		}
	}
	return keys
}
