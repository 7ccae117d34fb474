package runner

import (
	"context"
	"fmt"
	"iter"

	"transition/plans"
	"transition/schema"
	"transition/schema/diag"
)

// rows finds what the inventory last said of tenants: the one of the adopted
// plan, or of the plan directory while none is kept. Nothing is read before the
// first is asked for; ids that rise cost one reading together. Close it.
type rows struct {
	ctx  context.Context
	p    *Project
	from *Project // whose inventory it is; nil: not opened yet
	// wrong is what has kept rows from being found.
	wrong diag.List

	next  func() (*schema.Tenant, bool)
	stop  func()
	at    *schema.Tenant // nil: there are no more
	asked string
}

func (p *Project) rows(ctx context.Context) *rows { return &rows{ctx: ctx, p: p, stop: func() {}} }

// of returns the row of a tenant, by column; nil: nobody knows it.
func (r *rows) of(id string) map[string]string {
	if row, known := r.p.partings[id]; known {
		return row
	}
	if r.from == nil {
		r.open()
	}
	if r.wrong.HasErrors() {
		return nil
	}
	if r.next == nil || id < r.asked {
		r.rewind()
	}
	r.asked = id
	for r.at != nil && r.at.ID < id {
		r.at, _ = r.next()
	}
	if r.at == nil || r.at.ID != id {
		return nil
	}
	return plans.RowOf(r.from.Config.Columns, r.at)
}

func (r *rows) open() {
	r.from = r.p
	kept, diags := r.p.Adopted(r.ctx)
	if kept != nil {
		r.from = kept.Project
	}
	if !diags.HasErrors() {
		diags = r.from.openInventory()
	}
	r.wrong = diags.Errors()
}

// rewind begins once more with the first tenant.
func (r *rows) rewind() {
	r.stop()
	r.next, r.stop = iter.Pull(r.from.each(&r.wrong))
	r.at, _ = r.next()
}

func (r *rows) close() { r.stop() }

// unknown warns of rows that could not be found.
func (r *rows) unknown() diag.List {
	if !r.wrong.HasErrors() {
		return nil
	}
	first := r.wrong.Errors()[0]
	return diag.List{{
		Severity: diag.Warning, Code: "rows-unknown", Summary: "What the inventory said of who left is not known",
		Detail: fmt.Sprintf("It stands in the inventory that was applied last, which cannot be read. %s: %s Whatever is undone or told to who left has to do without it.", first.Summary, first.Detail),
		Hint:   first.Hint,
	}}
}
