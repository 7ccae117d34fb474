package plans

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// redo is an item that somebody wants done again.
type redo struct {
	address addr.Address
	item    *schema.Item
	done    bool // it is a part of the plan
}

// redoReason is the reason of a change that somebody wants made again.
const redoReason = "again, by -replace"

// wantAgain notes an address of Input.Replace, or refuses it for what the plan
// says of it.
func (c *computation) wantAgain(a addr.Address) {
	same := func(r *redo) bool { return r.address == a }
	if slices.ContainsFunc(c.redo[a.Tenant], same) {
		return
	}
	i := slices.IndexFunc(c.in.Config.Items, func(it *schema.Item) bool {
		return it.Phase.Name == a.Phase && it.Name == a.Item
	})
	if i < 0 {
		c.plan.Diagnostics = append(c.plan.Diagnostics, notAnItem(c.in.Config, a)...)
		return
	}
	it := c.in.Config.Items[i]
	if isLock(it) {
		c.refuseRedo(a, "is a lock: to take it and to give it back is no work that could be done again", "Once it was given back before its time, it is taken again with: transition resolve "+a.String()+" -retry -reason=...")
		return
	}
	if c.redo == nil {
		c.redo = make(map[string][]*redo)
	}
	c.redo[a.Tenant] = append(c.redo[a.Tenant], &redo{address: a, item: it})
}

// notAnItem refuses an address that is not that of an item of the plan.
func notAnItem(cfg *schema.Config, a addr.Address) diag.List {
	if a.Item == "" {
		return diag.List{notAgain(a, "names a tenant, and no item of it", "Write TENANT/PHASE/ITEM.")}
	}
	event := func(ev *schema.Item) bool { return ev.Key() == a.Phase+"/"+a.Item }
	if slices.ContainsFunc(cfg.Events, event) {
		return diag.List{notAgain(a, "is sent when something happens, and not before that happens again", "")}
	}
	return covers(cfg, addr.Selector{Tenant: a.Tenant, Phase: a.Phase, Item: a.Item})
}

// again makes what is wanted again of a task's tenant due: as the last step
// before anything else, so that it is done on the way that the tenant has then.
func (c *computation) again(task *Task) {
	if len(c.redo) == 0 {
		return
	}
	r := task.Record
	epoch := r.Epoch
	for i := range task.Steps {
		epoch = max(epoch, task.Steps[i].Fact.Epoch)
	}
	steps := slices.Clip(task.Steps)
	for _, x := range c.redo[r.ID] {
		if why, hint := c.mayNotRedo(task, x.item); why != "" {
			x.done = true
			c.refuseRedo(x.address, why, hint)
			continue
		}
		steps = append(steps, Step{Fact: ledger.Fact{
			At: c.in.Now, Tenant: r.ID, Kind: ledger.Replaced, Item: x.item.Key(), Epoch: epoch,
			By: c.in.By, Reason: redoReason,
		}})
	}
	task.Steps = steps
}

// mayNotRedo says why an item of a tenant cannot be done again, and what to do
// instead; empty: as far as it is recorded, it can.
func (c *computation) mayNotRedo(task *Task, it *schema.Item) (why, hint string) {
	r := task.Record
	leaves := func(s Step) bool { return s.Fact.Kind == ledger.Withdrawn }
	if r.Leaving() || slices.ContainsFunc(task.Steps, leaves) {
		return "belongs to a tenant that goes back", ""
	}
	if !c.in.Within.item(r.ID, home(r), it) {
		return "is left out by -target or -exclude", "Leave -replace or the other flag out."
	}
	if l := c.reopened(r, it); l != nil {
		hint = "What is left to be put right is done by hand, or by an item of a later phase."
		if r.Item(l.Key()).State == ledger.Returned {
			hint = "Take the lock again first: transition resolve " + r.ID + "/" + l.Key() + " -retry -reason=..."
		}
		return "is done behind the lock " + l.Key() + ", which was given back: it would be done with the lock open", hint
	}
	rec := r.Item(it.Key())
	if rec == nil {
		return notBegun(rec)
	}
	if x, runs := c.in.Beside[r.ID+"/"+it.Key()]; runs {
		return x.Words(), ""
	}
	switch rec.State {
	case ledger.Done, ledger.Omitted, ledger.Merged, ledger.Waived, ledger.Late:
		return "", ""
	case ledger.Error:
		if slices.ContainsFunc(rec.Parts, func(p ledger.Part) bool { return p.State == ledger.Retrying || p.State == ledger.Running }) {
			return goesOn, ""
		}
		return "", ""
	case ledger.Lost:
		return unknownYet(r, it)
	case ledger.Running:
		if !c.in.Live {
			return unknownYet(r, it)
		}
		return goesOn, ""
	case ledger.Open:
		return "waits for an answer", "Answer it: transition approve|reject " + r.ID + "/" + it.Key() + " -reason=..."
	case ledger.None:
		return notBegun(rec)
	default: // Retrying, Polling, and Returned, which only locks are
		return goesOn, ""
	}
}

// reopened is a lock behind which work is done, and which was given back or is
// being given back; nil: there is none.
func (c *computation) reopened(r *ledger.Record, it *schema.Item) *schema.Item {
	if _, works := it.Does.(*schema.Work); !works {
		return nil
	}
	for _, l := range c.d.locks {
		rec := r.Item(l.Key())
		if rec != nil && rec.Release != nil && rec.Release.State != ledger.None && guards(l, it) {
			return l
		}
	}
	return nil
}

const goesOn = "has not ended: it goes on by itself"

func unknownYet(r *ledger.Record, it *schema.Item) (why, hint string) {
	return "has an outcome that nobody knows", "Say first what became of it: transition resolve " + r.ID + "/" + it.Key() + " -done|-retry -reason=..."
}

func notBegun(rec *ledger.Item) (why, hint string) {
	if rec != nil && len(rec.Parts) > 0 {
		return goesOn, ""
	}
	return "has not begun: it is done by itself when its time comes", ""
}

// makes notes what of the things that are wanted again is a part of the plan.
func (c *computation) makes(task *Task, actions []Action) {
	for _, x := range c.redo[task.Record.ID] {
		x.done = x.done || slices.ContainsFunc(actions, func(a Action) bool { return a.Item == x.item && task.redoes(&a) })
	}
}

// undone refuses what was wanted again and does not follow: nothing becomes due
// again that cannot be done at once. r is the tenant's record after the task.
func (c *computation) undone(task *Task, r *ledger.Record) {
	for _, x := range c.redo[r.ID] {
		if x.done {
			continue
		}
		x.done = true
		c.refuseRedo(x.address, "cannot be done again now: "+c.whyNot(task, r, x.item), "Leave -replace out until that has changed.")
	}
}

// whyNot says why an item of a tenant that was made due is not done.
func (c *computation) whyNot(task *Task, r *ledger.Record, it *schema.Item) string {
	c.d.explain = true
	c.d.Decide(task.Tenant, r, &c.decision)
	c.d.explain = false
	for _, s := range c.decision.Items {
		if s.Phase == it.Phase.Name && s.Item == it.Name && s.Reason != "" {
			return s.Reason
		}
	}
	if h := c.decision.Held; h != nil {
		return h.Reason
	}
	return "its time has not come"
}

// Change is an action of the task as a line of the plan.
func (t *Task) Change(a *Action, r *ledger.Record, at time.Time) Change {
	ch := a.Change(r, at)
	if ch.Detail.Attempt == 0 && t.redoes(a) {
		ch.Reason = redoReason
	}
	return ch
}

// redoes reports whether an action does again what somebody wants done again.
func (t *Task) redoes(a *Action) bool {
	return (a.Kind == Run || a.Kind == Send || a.Kind == Ask) && slices.ContainsFunc(t.Steps, func(s Step) bool {
		return s.Fact.Kind == ledger.Replaced && s.Fact.Item == a.Item.Key()
	})
}

// refuseRedo says why an item is not done again.
func (c *computation) refuseRedo(a addr.Address, why, hint string) {
	c.plan.Diagnostics.Add(notAgain(a, why, hint))
}

func notAgain(a addr.Address, why, hint string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "not-replaced", Summary: "An item cannot be done again",
		Detail: fmt.Sprintf("%s %s.", strconv.Quote(a.String()), why), Hint: hint,
	}
}
