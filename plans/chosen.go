package plans

import (
	"fmt"
	"slices"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// choose looks at what was wanted of the plan: whether there is such a batch or
// item. Tenants show when they are met.
func (c *computation) choose() {
	for _, sel := range slices.Concat(c.in.Within.Targets, c.in.Within.Excludes) {
		known := func(b *schema.Batch) bool { return sel.Tenants("", b.Name) }
		if sel.Batch == "" || !slices.ContainsFunc(c.in.Config.Batches, known) {
			c.result.Unknown = append(c.result.Unknown, sel)
		}
		if sel.Phase != "" {
			c.plan.Diagnostics = append(c.plan.Diagnostics, covers(c.in.Config, sel)...)
		}
	}
	for _, a := range c.in.Replace {
		c.result.Unknown = append(c.result.Unknown, addr.Selector{Tenant: a.Tenant})
		c.wantAgain(a)
	}
}

// met notes that a tenant is known.
func (c *computation) met(r *ledger.Record) {
	if len(c.result.Unknown) > 0 {
		c.result.Unknown = slices.DeleteFunc(c.result.Unknown, func(sel addr.Selector) bool { return sel.Tenants(r.ID, r.Batch) })
	}
}

// covers refuses a selector that covers no item of the plan.
func covers(cfg *schema.Config, sel addr.Selector) diag.List {
	var phases, names []string
	for _, it := range slices.Concat(cfg.Items, cfg.Events) {
		if sel.Items(it.Phase.Name, it.Name) {
			return nil
		}
		phases = append(phases, it.Phase.Name)
		if (addr.Selector{Phase: sel.Phase, Item: "*"}).Items(it.Phase.Name, it.Name) {
			names = append(names, it.Name)
		}
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "unknown-item", Summary: "The plan has no such item",
		Detail: fmt.Sprintf("No item of the plan is covered by %s.", sel),
		Hint:   "List the phases with their items with: transition show",
	}
	meant := sel
	if len(names) == 0 {
		meant.Phase = diag.Suggest(sel.Phase, phases)
	} else {
		meant.Item = diag.Suggest(sel.Item, names)
	}
	if meant.Phase != "" && meant.Item != "" {
		d.Hint = "Did you mean " + meant.String() + "?"
	}
	return diag.List{d}
}

// unbounded counts the changes of a task, with all that follows from them, as if
// everything were wanted; and the batch whose gate must be known first, or nil.
// Where everything is wanted, there is nothing to count.
func (c *computation) unbounded(task Task) (n int, gate *schema.Batch) {
	if c.in.Within.Whole() {
		return 0, nil
	}
	first := len(c.plan.Changes)
	defer func() { c.plan.Changes = c.plan.Changes[:first] }()
	r, out := c.begin(&task), &c.decision
	at := c.in.Now
	for n := range maxRounds {
		c.d.Decide(task.Tenant, r, out)
		if out.NeedsGate != nil && !c.d.gates[out.NeedsGate].Known {
			return 0, out.NeedsGate
		}
		if n == 0 {
			c.asked(r, out)
		}
		if len(out.Actions) == 0 {
			break
		}
		at = c.follow(task, r, out.Actions, at)
	}
	return len(c.plan.Changes) - first, nil
}

// uncounted is a task of which nobody knows yet how much a part leaves out.
type uncounted struct {
	task Task
	left int // without all that there would be
}

// leftOut adds up what a part leaves out of a task, as soon as the gate is known,
// if there is one. Who would be placed counts for its batch all the same: nobody
// overtakes a batch because of a selector.
func (c *computation) leftOut(task, part Task, n int, gate *schema.Batch) {
	if gate == nil {
		c.plan.LeftOut += max(0, n)
	} else {
		task.Tenant, task.Record = task.Tenant.Clone(), task.Record.Clone()
		c.uncounted[gate] = append(c.uncounted[gate], uncounted{task, n})
	}
	if task.Place == nil || part.Place != nil {
		return
	}
	for _, all := range [...]map[*schema.Batch]*progress{c.progress, c.actual} {
		if p := all[task.Place]; p != nil {
			p.add(nil)
		}
	}
}

// countLate adds up what had to wait for a gate that is known now.
func (c *computation) countLate(gate *schema.Batch) {
	for _, u := range c.uncounted[gate] {
		n, _ := c.unbounded(u.task)
		c.plan.LeftOut += max(0, n+u.left)
	}
}
