package inventory

import (
	"io/fs"

	"transition/schema"
	"transition/schema/diag"
)

// merge reads all files of a source side by side.
type merge struct {
	cfg    *schema.Config
	files  []*stream
	blocks []string // ids of the blocks that are still to come
	last   string   // id of the row before
	broken bool     // a file is not what Open has seen
}

// stream is one file of a merge, at its present row.
type stream struct {
	*rows
	table *table
	want  int // rows that Open has counted
	ended bool
}

func (s *Source) merge() *merge {
	m := &merge{cfg: s.cfg, blocks: s.blocks}
	for _, c := range s.files {
		f := &stream{want: c.count}
		f.rows, f.table = c.open(s.fsys, newReport(c.inv))
		m.files = append(m.files, f)
		m.advance(f)
	}
	return m
}

func (m *merge) close() {
	for _, f := range m.files {
		f.table.close()
	}
}

// advance moves a stream on to its next row.
func (m *merge) advance(f *stream) {
	f.ended = !f.next()
	if f.ended && f.count != f.want && f.rep.empty() {
		f.rep.changed()
	}
	m.broken = m.broken || !f.rep.empty()
}

// least is the stream whose row comes first; nil when all rows are read. Of
// rows with one id it is the one of the inventory that comes first.
func (m *merge) least() *stream {
	var least *stream
	for _, f := range m.files {
		if !f.ended && (least == nil || f.id < least.id) {
			least = f
		}
	}
	return least
}

// next fills in the tenant that comes next, and reports whether there is one.
func (m *merge) next(t *schema.Tenant) bool {
	f := m.least()
	switch {
	case m.broken:
		return false
	case len(m.blocks) > 0 && (f == nil || m.blocks[0] < f.id):
		m.fromBlock(t)
		return true
	case f == nil:
		return false
	}
	return m.fromRow(t, f)
}

func (m *merge) fromRow(t *schema.Tenant, f *stream) bool {
	if f.id <= m.last {
		f.rep.changed()
	}
	t.ID, t.Row, t.Block = f.id, f.at(), nil
	if len(m.blocks) > 0 && m.blocks[0] == f.id {
		t.Block = m.cfg.Tenants[f.id]
		m.blocks = m.blocks[1:]
	}
	f.layout.decode(f.rows, t, t.Block)
	if !f.rep.empty() {
		return false
	}
	m.overlay(t)
	m.last = f.id
	m.advance(f)
	return true
}

func (m *merge) fromBlock(t *schema.Tenant) {
	block := m.cfg.Tenants[m.blocks[0]]
	m.blocks = m.blocks[1:]
	t.ID, t.Row, t.Block = block.ID, block.Range, block
	t.Zone, t.Locale = nil, ""
	for i := range t.Cells {
		t.Cells[i] = standard(&m.cfg.Columns.List[i])
	}
	m.overlay(t)
}

// overlay lays what the plan writes of a tenant over what its row has.
func (m *merge) overlay(t *schema.Tenant) {
	if t.Locale == "" {
		t.Locale = m.cfg.Locale
	}
	if t.Block == nil {
		return
	}
	for name, cell := range t.Block.Attributes {
		if i := m.cfg.Columns.Index(name); i >= 0 {
			t.Cells[i] = cell
		}
	}
	if t.Block.Zone != nil {
		t.Zone = t.Block.Zone
	}
	if t.Block.Locale != "" {
		t.Locale = t.Block.Locale
	}
}

func (m *merge) finish(fsys fs.FS) diag.List {
	var diags diag.List
	for _, f := range m.files {
		diags = append(diags, f.rep.finish(fsys)...)
	}
	return diags
}
