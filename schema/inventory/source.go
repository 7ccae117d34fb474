package inventory

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"transition/schema"
	"transition/schema/diag"
)

// Source is the tenants of a whole plan. It may be read any number of times, and
// from several goroutines at once.
type Source struct {
	fsys   fs.FS
	cfg    *schema.Config
	files  []*checked
	blocks []string // ids of the tenant blocks, in order
	count  int
}

// Open checks every row of every inventory of the plan. The source is nil if any
// diagnostic is an error.
func Open(fsys fs.FS, cfg *schema.Config) (*Source, diag.List) {
	s := &Source{fsys: fsys, cfg: cfg, blocks: slices.Sorted(maps.Keys(cfg.Tenants))}
	scan := &scanner{fsys: fsys, cfg: cfg, seen: make(map[string]bool)}
	var diags diag.List
	for _, inv := range cfg.Inventories {
		rep := newReport(inv)
		if c := scan.scan(rep); c != nil {
			s.files = append(s.files, c)
			s.count += c.count
		}
		diags = append(diags, rep.finish(fsys)...)
	}
	if !diags.HasErrors() { // else a block might only seem to have no row
		diags = append(diags, s.checkBlocks(scan.seen)...)
	}
	diags = append(diags, s.checkShared()...)
	diags.Sort()
	if diags.HasErrors() {
		return nil, diags
	}
	s.count += len(s.blocks) - len(scan.seen)
	return s, diags
}

// Len is how many tenants there are.
func (s *Source) Len() int { return s.count }

// Each calls yield with every tenant, in the order of the bytes of their ids,
// until it answers false. The tenant and its cells are good until the next call;
// texts in them stay good. Diagnostics say that a file could not be read again as
// Open has found it; the tenants before them were right.
func (s *Source) Each(yield func(*schema.Tenant) bool) diag.List {
	m := s.merge()
	defer m.close()
	t := blank(s.cfg)
	for m.next(t) {
		if !yield(t) {
			return nil
		}
	}
	return m.finish(s.fsys)
}

// blank is a tenant with room for the plan's columns.
func blank(cfg *schema.Config) *schema.Tenant {
	return &schema.Tenant{Cells: make([]schema.Cell, len(cfg.Columns.List))}
}

// checkBlocks checks the tenants that only a block knows.
func (s *Source) checkBlocks(seen map[string]bool) diag.List {
	var diags diag.List
	for _, id := range s.blocks {
		if seen[id] {
			continue
		}
		block := s.cfg.Tenants[id]
		for i := range s.cfg.Columns.List {
			col := &s.cfg.Columns.List[i]
			if !col.Required || col.Default != nil || gives(block, col.Name) {
				continue
			}
			diags.Add(diag.Diagnostic{
				Severity: diag.Error,
				Code:     "missing-value",
				Summary:  "A tenant lacks a required attribute",
				Detail:   fmt.Sprintf("The tenant has no row in any inventory, and its block does not give %q, which is required of all tenants.", col.Name),
				Hint:     fmt.Sprintf("Write %s = … into its attributes, or correct the tenant's id if a row was meant.", col.Name),
				Subject:  block.Range,
				Where:    fmt.Sprintf("tenant %q", id),
			})
		}
	}
	return diags
}

// checkShared finds tenants that stand in more than one inventory.
func (s *Source) checkShared() diag.List {
	if len(s.files) < 2 {
		return nil
	}
	m := s.merge()
	defer m.close()
	shared := make([]*report, len(m.files))
	for i, f := range m.files {
		shared[i] = newReport(f.rep.inv)
	}
	for f := m.least(); f != nil; f = m.least() {
		id, where := f.id, fmt.Sprintf("line %d of %q", f.line(), f.rep.path)
		for i, other := range m.files {
			if other.ended || other.id != id {
				continue
			}
			if other != f {
				shared[i].inRow(place{other.line(), 1, 0}, wholeRow, id, duplicate(id, where))
			}
			m.advance(other)
		}
	}
	var diags diag.List
	for _, rep := range shared {
		diags = append(diags, rep.finish(s.fsys)...)
	}
	return diags
}
