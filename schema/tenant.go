package schema

import (
	"slices"
	"time"

	"transition/schema/diag"
)

// Type is the type of an inventory column.
type Type uint8

// The column types.
const (
	String Type = iota
	NumberType
	Bool
)

// Column is one attribute that tenants have.
type Column struct {
	Name     string
	Type     Type
	Required bool
	Default  *Cell    // nil: null
	OneOf    []string // empty: anything
	Range    diag.Range
}

// Columns are the attributes of all tenants of a plan, whichever inventory
// they come from.
type Columns struct {
	List  []Column
	index map[string]int
}

// NewColumns makes a set of columns; the names must be distinct.
func NewColumns(list []Column) *Columns {
	c := &Columns{List: list, index: make(map[string]int, len(list))}
	for i, col := range list {
		c.index[col.Name] = i
	}
	return c
}

// Index returns the place of a column, or -1.
func (c *Columns) Index(name string) int {
	if i, ok := c.index[name]; ok {
		return i
	}
	return -1
}

// Names lists the columns' names.
func (c *Columns) Names() []string {
	names := make([]string, len(c.List))
	for i, col := range c.List {
		names[i] = col.Name
	}
	return names
}

// Inventory is a file of tenants.
type Inventory struct {
	Name        string
	Source      string // relative to the plan directory
	SourceRange diag.Range
	Key         string
	KeyRange    diag.Range
	Columns     []Column // the declared ones
	// MaxRemovals is the share of recorded tenants that may be missing from it,
	// 0 to 1. An export that lost more is refused.
	MaxRemovals float64
	Range       diag.Range
}

// Cell is one attribute of one tenant.
type Cell struct {
	Valid bool    // false: null
	Text  string  // as written; "true" or "false" for a bool
	Num   float64 // of a number column
}

// Tenant is one customer, as the inventory and its tenant block have it.
type Tenant struct {
	ID    string
	Cells []Cell // aligned with Config.Columns
	// Block is what the plan writes of this tenant; nil for most.
	Block  *TenantBlock
	Zone   *time.Location // its own; nil: its batch's
	Locale string
	// Row says where the tenant stands: the inventory's file and line, or the
	// tenant block.
	Row diag.Range
}

// TenantBlock is one tenant written out, or what differs from its row.
type TenantBlock struct {
	ID         string
	Attributes map[string]Cell
	Batch      *Batch
	Cutover    time.Time // the zero time: its batch's
	Zone       *time.Location
	Locale     string
	Hold       string // a reason; empty: not held by the plan
	Range      diag.Range
	BatchRange diag.Range
}

// Clone returns a tenant that shares nothing with t that a reader reuses.
func (t *Tenant) Clone() *Tenant {
	c := *t
	c.Cells = slices.Clone(t.Cells)
	return &c
}
