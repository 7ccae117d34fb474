package plans

import (
	"slices"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
)

// Scope is the part of a plan that somebody wants. The zero Scope is the whole.
//
// What is owed is in every scope: the release of a lock, what has to be undone
// before it, and the correction of a date that people hold and that is no longer
// true.
type Scope struct {
	Targets  []addr.Selector // what is wanted; none: everything
	Excludes []addr.Selector // what is not, although it is wanted
}

// Whole reports whether nothing is left out.
func (s Scope) Whole() bool { return len(s.Targets)+len(s.Excludes) == 0 }

// item reports whether an item of a tenant in a batch is within.
func (s Scope) item(tenant, batch string, it *schema.Item) bool {
	covered := func(sel addr.Selector) bool {
		return sel.Tenants(tenant, batch) && sel.Items(it.Phase.Name, it.Name)
	}
	return (len(s.Targets) == 0 || slices.ContainsFunc(s.Targets, covered)) && !slices.ContainsFunc(s.Excludes, covered)
}

// tenant reports whether the way of a tenant is within, which has, had or gets
// one of the batches. Whoever wants an item of it wants it on its right way;
// whoever excludes an item says nothing of its way.
func (s Scope) tenant(id string, batches ...string) bool {
	covered := func(sel addr.Selector) bool {
		return slices.ContainsFunc(batches, func(b string) bool { return sel.Tenants(id, b) })
	}
	excluded := func(sel addr.Selector) bool { return sel.Phase == "" && covered(sel) }
	return (len(s.Targets) == 0 || slices.ContainsFunc(s.Targets, covered)) && !slices.ContainsFunc(s.Excludes, excluded)
}

// cut leaves the changes of a tenant's way out of a task if they are not within.
// Nothing but what is owed is done then: all else would follow a way that the
// plan does not want any more.
func (s Scope) cut(t Task) Task {
	if !t.begins() || s.tenant(t.Record.ID, t.batches()...) {
		return t
	}
	t.New, t.Place, t.Steps, t.Outside = false, nil, nil, true
	// What is owed is done under the names that the plan has now.
	t.Edits = slices.DeleteFunc(slices.Clone(t.Edits), func(s Step) bool { return s.Fact.Kind != ledger.Renamed })
	return t
}

// batches are those that the tenant has and gets.
func (t *Task) batches() []string {
	all := []string{home(t.Record)}
	if t.Place != nil {
		all = append(all, t.Place.Name)
	}
	for i := range t.Steps {
		all = append(all, t.Steps[i].Change.Batch)
	}
	return all
}

// home is the batch of a tenant, or the one that it has left.
func home(r *ledger.Record) string {
	if r.Batch == "" && r.Left != nil {
		return r.Left.Batch
	}
	return r.Batch
}

// Narrow leaves in a decision what is within the scope of the plan that the
// decider belongs to. r is the record that was decided on last, for the task.
func (d *Decider) Narrow(t *Task, r *ledger.Record, out *Decision) {
	if d.leavesAlone(r) {
		out.Actions = out.Actions[:0]
	}
	if d.scope.Whole() && !t.Outside {
		return
	}
	out.Actions = slices.DeleteFunc(out.Actions, func(a Action) bool { return !d.within(t, r, out, &a) })
	for i := range out.Actions {
		a := &out.Actions[i]
		a.Carries = slices.DeleteFunc(a.Carries, func(late *schema.Item) bool {
			rec := r.Item(late.Key())
			joined := rec != nil && rec.State == ledger.Merged // it is a part of the message already
			return !joined && !d.scope.item(r.ID, home(r), late)
		})
	}
}

// within reports whether an action of a decision is within the scope. A late
// message that another one carries goes out with that one, or waits. What is
// undone, and that a window has passed, is not chosen item by item: what comes
// after an item goes by that.
func (d *Decider) within(t *Task, r *ledger.Record, out *Decision, a *Action) bool {
	batch := home(r)
	switch {
	case owed(a, out):
		return true
	case t.Outside:
		return false
	case a.Op == ledger.Undo, a.Kind == Missed, a.Kind == Skip:
		return d.scope.tenant(r.ID, batch)
	case a.Into != nil && !d.scope.item(r.ID, batch, a.Into):
		return false
	default:
		return d.scope.item(r.ID, batch, a.Item)
	}
}

// owed reports whether an action is never left out. While a lock is held, that
// is also what its release may wait for and that has no effect of its own, or
// takes something back.
func owed(a *Action, out *Decision) bool {
	if a.Op == ledger.Release {
		return true
	}
	if a.Op == ledger.Undo || a.Kind == Skip {
		return len(out.Locks) > 0
	}
	c, ok := a.Item.Does.(*schema.Communication)
	return ok && (c.On == schema.OnRescheduled || c.On == schema.OnWithdrawn || c.On == schema.OnRolledBack)
}
