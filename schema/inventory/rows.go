package inventory

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"transition/schema/diag"
)

// rows reads one file once, row by row. A row that cannot be told from others
// (it is torn, or has no usable id) is reported and left out.
type rows struct {
	csv    *csv.Reader
	layout *layout
	rep    *report
	zones  zones
	order  []entry // nil: the rows come as they lie in the file

	// The present row.
	record []string
	id     string
	count  int // rows so far, this one included
}

// entry is where a row lies in its file.
type entry struct {
	id         string
	start, end uint32 // bytes; a file is no larger than maxSize
	line       uint32
}

// newRows reads what follows the header of a table.
func newRows(t *table, l *layout, rep *report) *rows {
	return &rows{csv: t.csv, layout: l, rep: rep, zones: make(zones)}
}

// next moves on to the next usable row, and reports whether there is one.
func (r *rows) next() bool {
	for {
		record, err := r.csv.Read()
		switch {
		case err == io.EOF:
			return false
		case err == nil:
			r.record = record
			if r.wide() && r.named() {
				r.count++
				return true
			}
		case !r.torn(err):
			r.rep.unreadable(err)
			return false
		}
	}
}

// torn reports whether an error is about the quotes of one row, so that the
// rows after it can be read.
func (r *rows) torn(err error) bool {
	var syntax *csv.ParseError
	if !errors.As(err, &syntax) {
		return false
	}
	r.rep.inRow(quotesAt(syntax), wholeRow, "", badQuotes(syntax))
	return true
}

// wide reports whether the row has as many cells as the header.
func (r *rows) wide() bool {
	have, want := len(r.record), len(r.layout.target)
	if have == want {
		return true
	}
	code, summary, last := "short-row", "A row has too few cells", have-1
	hint := "Write a separator for every cell, also for empty ones."
	if have > want {
		code, summary, last = "long-row", "A row has too many cells", want
		hint = "Put a cell that holds the separator into quotes."
	}
	r.reject(last, mistake{
		code:    code,
		summary: summary,
		detail:  fmt.Sprintf("The row has %d cells, and the first row of the file names %d columns, so that nobody can tell which cell is which.", have, want),
		hint:    hint,
	})
	return false
}

// named reports whether the row has an id that can be used.
func (r *rows) named() bool {
	r.id = r.record[r.layout.key]
	m, ok := checkID(r.rep.inv.Key, r.id)
	if !ok {
		r.reject(r.layout.key, m)
	}
	return ok
}

// reject reports what is wrong with a cell of the present row.
func (r *rows) reject(field int, m mistake) {
	text := r.record[field]
	r.rep.inRow(fieldAt(r.csv, field, len(text)), field, text, m)
}

// line is the number of the present row's first line.
func (r *rows) line() int {
	if r.order != nil {
		return int(r.order[r.count-1].line)
	}
	line, _ := r.csv.FieldPos(0)
	return line
}

// at is the place of the present row.
func (r *rows) at() diag.Range {
	pos := diag.Pos{Line: r.line(), Column: 1}
	return diag.Range{File: r.rep.path, Start: pos, End: pos}
}
