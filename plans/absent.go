package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/inventory"
)

// The keys of a row that mean something to the tool itself. They are there
// though no inventory has such a column.
const (
	rowZone   = "time_zone"
	rowLocale = "locale"
)

// RowOf writes down what the inventory, and the plan, say of a tenant, by column.
// What is null is left out.
func RowOf(columns *schema.Columns, t *schema.Tenant) map[string]string {
	row := make(map[string]string, len(columns.List)+2)
	for i := range columns.List {
		if i < len(t.Cells) && t.Cells[i].Valid {
			row[columns.List[i].Name] = t.Cells[i].Text
		}
	}
	if t.Zone != nil {
		row[rowZone] = t.Zone.String()
	}
	if t.Locale != "" {
		row[rowLocale] = t.Locale
	}
	return row
}

// absent is a tenant that is in no inventory any more, as its row says; nil:
// nothing is known but its id. Columns may have come, gone, and changed their
// types since it was written down.
func (c *computation) absent(id string, row map[string]string) *schema.Tenant {
	cfg := c.in.Config
	t := &schema.Tenant{ID: id, Cells: make([]schema.Cell, len(cfg.Columns.List)), Locale: cfg.Locale}
	if row == nil {
		return t
	}
	for i := range cfg.Columns.List {
		t.Cells[i] = readBack(&cfg.Columns.List[i], row)
	}
	t.Zone = c.zone(row[rowZone])
	if locale := row[rowLocale]; locale != "" {
		t.Locale = locale
	}
	return t
}

// readBack is a cell of a row that was written down; what does not fit its
// column any more is null.
func readBack(col *schema.Column, row map[string]string) schema.Cell {
	text, known := row[col.Name]
	if text == "" && (!known || col.Type != schema.String) {
		if col.Default != nil {
			return *col.Default
		}
		return schema.Cell{}
	}
	anything := *col
	anything.OneOf = nil // what was allowed once is still true of the tenant
	cell, ok := inventory.Cell(&anything, text)
	if !ok {
		return schema.Cell{}
	}
	return cell
}

// zone finds a time zone by name, each of them once; nil: it is none.
func (c *computation) zone(name string) *time.Location {
	if name == "" {
		return nil
	}
	zone, known := c.zones[name]
	if !known {
		zone, _ = time.LoadLocation(name) // nil with an error
		c.zones[name] = zone
	}
	return zone
}

// gone decides a tenant that is in no inventory any more, or puts it aside until
// it is clear that it may leave.
func (c *computation) gone(r *ledger.Record) {
	switch removal := c.removedTenant(r.ID); {
	case c.apart(r) && r.Left == nil:
		c.rowless(r)
	case r.Left != nil:
		c.decide(Task{Tenant: c.absent(r.ID, r.Left.Row), Record: r, Edits: c.edits.steps}, false)
	case removal != nil:
		c.dismiss(removal, r)
	case c.passed(r) && c.in.Within.tenant(r.ID, r.Batch):
		c.refused.leftPassed = append(c.refused.leftPassed, r.ID)
	default:
		c.refused.gone = append(c.refused.gone, r.ID)
		c.leavers = append(c.leavers, Task{Record: r.Clone(), Edits: c.edits.steps})
	}
}

// depart decides those who leave. Nobody looks for the rows of an inventory that
// lost too much: that would be all of them.
func (c *computation) depart() {
	shrank := c.shrank()
	for _, task := range c.leavers {
		var row map[string]string
		r := task.Record
		if !shrank {
			row = c.row(r.ID)
		}
		task.Tenant, task.Steps = c.absent(r.ID, row), c.withdrawal(r, row, "left the inventory", "")
		c.decide(task, true)
	}
	c.leavers = nil
}

// row is what the inventory last said of a tenant; nil: nobody knows.
func (c *computation) row(id string) map[string]string {
	if c.in.Row == nil {
		return nil
	}
	return c.in.Row(id)
}

// withdrawal is the step of a tenant that the plan lets go. row is what the
// inventory last said of it; by is empty unless it leaves although it has a row.
func (c *computation) withdrawal(r *ledger.Record, row map[string]string, reason, by string) []Step {
	ch := Change{
		Kind: Withdraw, Tenant: r.ID, Batch: r.Batch, At: c.in.Now, Reason: reason,
		Detail: Detail{OldT: r.T},
	}
	return step(ch, WithdrawFact(r, row, reason, by, c.in.Now))
}

// survived is what is left of a tenant that is in no inventory any more.
func (c *computation) survived(r *ledger.Record) *schema.Tenant {
	if r.Left != nil {
		return c.absent(r.ID, r.Left.Row)
	}
	return c.absent(r.ID, c.row(r.ID))
}
