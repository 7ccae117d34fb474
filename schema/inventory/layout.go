package inventory

import (
	"fmt"
	"time"

	"transition/schema"
)

// layout says which column of a file is which attribute of a tenant.
type layout struct {
	columns []schema.Column // of the whole plan
	target  []int           // by column of the file: index in columns, or -1
	absent  []int           // the columns that the file does not have
	key     int             // columns of the file, or -1
	zone    int
	locale  int
}

// newLayout fits a file's header to the plan's columns; nil after a mistake.
func newLayout(t *table, cfg *schema.Config, rep *report) *layout {
	l := &layout{columns: cfg.Columns.List, key: -1, zone: -1, locale: -1}
	found := make([]bool, len(l.columns))
	for i, name := range t.header {
		at := cfg.Columns.Index(name)
		l.target = append(l.target, at)
		if at >= 0 {
			found[at] = true
		}
		switch name {
		case zoneColumn:
			l.zone = i
		case localeColumn:
			l.locale = i
		}
		if name == rep.inv.Key {
			l.key = i
		}
	}
	for i, ok := range found {
		if !ok {
			l.absent = append(l.absent, i)
		}
	}
	if !l.complete(t, rep) {
		return nil
	}
	return l
}

// complete reports whether the file has the columns that it must have.
func (l *layout) complete(t *table, rep *report) bool {
	ok := l.key >= 0
	if !ok {
		subject := rep.inv.KeyRange
		if subject.IsZero() {
			subject = rep.inv.Range
		}
		rep.inPlan(subject, mistake{
			code:    "missing-key-column",
			summary: "An inventory has no key column",
			detail:  fmt.Sprintf("The first row of %q has no column %q, which is to hold the tenants' ids.", rep.path, rep.inv.Key),
			hint:    didYouMean(rep.inv.Key, t.header),
		})
	}
	for _, i := range l.absent {
		col := &l.columns[i]
		if !col.Required || col.Default != nil {
			continue
		}
		ok = false
		rep.inFile(place{1, 1, 0}, mistake{
			code:    "missing-column",
			summary: "An inventory lacks a required column",
			detail:  fmt.Sprintf("Column %q is required, and the first row of %q does not name it.", col.Name, rep.path),
			hint:    fmt.Sprintf("Add a column %q, or give it a default in the plan.", col.Name),
		})
	}
	return ok
}

// zones finds time zones by name, each of them once.
type zones map[string]*time.Location

// find gives nil for a name that is no time zone. "Local" is none: what it
// means depends on the machine.
func (z zones) find(name string) *time.Location {
	zone, known := z[name]
	if known {
		return zone
	}
	if name != "Local" {
		if loaded, err := time.LoadLocation(name); err == nil {
			zone = loaded
		}
	}
	z[name] = zone
	return zone
}

// decode turns the present row into a tenant. A block of the plan may give what
// the row lacks; laying the block over the tenant is left to the caller.
func (l *layout) decode(r *rows, t *schema.Tenant, block *schema.TenantBlock) {
	for _, i := range l.absent {
		t.Cells[i] = standard(&l.columns[i])
	}
	for i, text := range r.record {
		at := l.target[i]
		if at < 0 {
			continue
		}
		t.Cells[at] = l.cell(r, i, &l.columns[at], text, block)
	}
	t.Zone, t.Locale = nil, ""
	if l.zone >= 0 {
		t.Zone = l.timeZone(r, r.record[l.zone])
	}
	if l.locale >= 0 {
		t.Locale = r.record[l.locale]
	}
}

func (l *layout) cell(r *rows, i int, col *schema.Column, text string, block *schema.TenantBlock) schema.Cell {
	if text == "" {
		cell := standard(col)
		if col.Required && !cell.Valid && !gives(block, col.Name) {
			r.reject(i, missingValue(col))
		}
		if col.Type == schema.String && !cell.Valid {
			cell.Valid = true
		}
		return cell
	}
	cell, ok := Cell(col, text)
	if !ok {
		r.reject(i, explain(col, text))
	}
	return cell
}

// standard is what a column holds where nothing is written.
func standard(col *schema.Column) schema.Cell {
	if col.Default == nil {
		return schema.Cell{}
	}
	return *col.Default
}

func gives(block *schema.TenantBlock, column string) bool {
	if block == nil {
		return false
	}
	return block.Attributes[column].Valid
}

func (l *layout) timeZone(r *rows, name string) *time.Location {
	if name == "" {
		return nil
	}
	zone := r.zones.find(name)
	if zone == nil {
		r.reject(l.zone, mistake{
			code:    "unknown-time-zone",
			summary: "A time zone is not known",
			detail:  fmt.Sprintf("%s is not the name of a time zone in the IANA database.", show(name)),
			hint:    "Write a name such as \"Europe/Berlin\", or leave the cell empty for the batch's time zone.",
		})
	}
	return zone
}
