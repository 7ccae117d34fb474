package inventory

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"transition/schema"
)

// checked is a file that Open has read to its end, and how to read its rows
// again in the order of their ids.
type checked struct {
	inv    *schema.Inventory
	layout *layout
	header []string
	count  int // of rows

	// A file whose rows lie in order is streamed from the file system. Any
	// other is kept, with the order of its rows.
	data      []byte
	order     []entry
	separator rune
}

// scanner checks the files of a plan.
type scanner struct {
	fsys fs.FS
	cfg  *schema.Config
	// seen are the tenant blocks that have a row.
	seen map[string]bool
}

// scan checks every row of a file; nil when it has no rows that could be read.
func (s *scanner) scan(rep *report) *checked {
	t := openTable(s.fsys, rep)
	if t == nil {
		return nil
	}
	defer t.close()
	c := s.begin(t, rep)
	if c == nil {
		return nil
	}
	trial := newReport(rep.inv)
	if r := newRows(t, c.layout, trial); s.rising(r) {
		c.count = r.count
		*rep = *trial
		return c
	}
	return s.load(rep)
}

// begin reads the header and fits it to the plan.
func (s *scanner) begin(t *table, rep *report) *checked {
	if !t.readHeader(rep) {
		return nil
	}
	l := newLayout(t, s.cfg, rep)
	if l == nil {
		return nil
	}
	return &checked{inv: rep.inv, layout: l, header: t.header, separator: t.separator}
}

// rising checks rows for as long as their ids rise, and reports whether that was
// to the end. A duplicate does not rise, so that load can name both rows.
func (s *scanner) rising(r *rows) bool {
	t := blank(s.cfg)
	for last := ""; r.next(); last = r.id {
		if r.id <= last {
			return false
		}
		s.check(r, t)
	}
	return true
}

func (s *scanner) check(r *rows, t *schema.Tenant) {
	block := s.cfg.Tenants[r.id]
	if block != nil {
		s.seen[r.id] = true
	}
	r.layout.decode(r, t, block)
}

// load reads a whole file into memory, checks its rows and puts them in order.
func (s *scanner) load(rep *report) *checked {
	data := readFile(s.fsys, rep)
	if data == nil {
		return nil
	}
	t := newTable(bytes.NewReader(data), nil)
	c := s.begin(t, rep)
	if c == nil {
		return nil
	}
	c.data = data
	// A file of nothing but newlines must not cost more than it says.
	c.order = make([]entry, 0, min(bytes.Count(data, []byte("\n")), 1<<20))
	s.index(c, newRows(t, c.layout, rep), t.start)
	c.count = len(c.order)
	sortEntries(c.order, rep)
	return c
}

// index checks rows in the order of the file and notes where they lie; start is
// the number of bytes before the file's text.
func (s *scanner) index(c *checked, r *rows, start int) {
	t := blank(s.cfg)
	for begin := r.csv.InputOffset(); r.next(); begin = r.csv.InputOffset() {
		s.check(r, t)
		c.order = append(c.order, entry{
			id:    strings.Clone(r.id), // r.id would keep the whole row
			start: uint32(start) + uint32(begin),
			end:   uint32(start) + uint32(r.csv.InputOffset()),
			line:  uint32(r.line()),
		})
	}
}

// sortEntries puts rows in the order of their ids and reports duplicates.
func sortEntries(order []entry, rep *report) {
	slices.SortFunc(order, func(a, b entry) int {
		if c := strings.Compare(a.id, b.id); c != 0 {
			return c
		}
		return int(a.line) - int(b.line)
	})
	var twice []entry
	first := make(map[uint32]uint32) // lines
	for i := 1; i < len(order); i++ {
		if order[i].id != order[i-1].id {
			continue
		}
		twice = append(twice, order[i])
		above := order[i-1].line
		if f, ok := first[above]; ok {
			above = f
		}
		first[order[i].line] = above
	}
	slices.SortFunc(twice, func(a, b entry) int { return int(a.line) - int(b.line) })
	for _, e := range twice {
		rep.inRow(place{int(e.line), 1, 0}, wholeRow, e.id, duplicate(e.id, fmt.Sprintf("line %d", first[e.line])))
	}
}

func duplicate(id, where string) mistake {
	return mistake{
		code:    "duplicate-key",
		summary: "Two rows have one id",
		detail:  fmt.Sprintf("The tenant %s stands in %s already, and nobody could tell which of the two rows is right.", show(id), where),
		hint:    "Remove one of the rows, or correct its id.",
	}
}

// open reads the rows again, in the order of their ids; there are none after a
// mistake. The caller closes the table.
func (c *checked) open(fsys fs.FS, rep *report) (*rows, *table) {
	if c.order != nil {
		src := bufio.NewReaderSize(&ordered{data: c.data, order: c.order}, bufferSize)
		t := &table{csv: newCSV(src, c.separator)}
		r := newRows(t, c.layout, rep)
		r.order = c.order
		return r, t
	}
	t := openTable(fsys, rep)
	if t == nil {
		t = newTable(strings.NewReader(""), nil)
	} else if t.readHeader(rep) && !slices.Equal(t.header, c.header) {
		rep.changed()
	}
	return newRows(t, c.layout, rep), t
}
