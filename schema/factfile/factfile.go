// Package factfile reads what had happened to tenants before the tool came: a
// table with one fact a row.
//
// The first row names the columns, in any order:
//
//	tenant     the tenant's id; every row has it
//	item       PHASE/ITEM, or on/NAME; empty: the row is about the tenant as a whole
//	state      done (the default), locked, skipped or waived
//	at         when it happened; needed of items
//	recipient  of a message: who had it; one row for each
//	announced  of a message: the T that it told, if not the one that the tenant has
//	batch      of a tenant as a whole: the batch that it is in
//	cutover    of a tenant as a whole: its T, if not the batch's
//	note       why, or where it can be seen
//
// Instants are RFC 3339, or a local date or time in the plan's zone. Cells are
// separated by commas, semicolons or tabs.
package factfile

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/inventory"
)

// State is what became of an item.
type State string

// The states.
const (
	Done    State = "done"   // of a lock: it was taken and given back
	Locked  State = "locked" // of a lock: it was taken, and is held
	Skipped State = "skipped"
	Waived  State = "waived"
)

// Row is one fact.
type Row struct {
	Tenant    string
	Item      *schema.Item // nil: it is about the tenant as a whole
	State     State        // of an item
	At        time.Time    // zero: not said; an item has one
	Recipient string
	Announced time.Time     // zero: not said
	Batch     *schema.Batch // nil: not said
	Cutover   time.Time     // zero: not said
	Note      string
	Line      int
}

// MaxSize is how large a file may be, in bytes.
const MaxSize = 64 << 20

// Read reads a whole file called name, and names every mistake that can be seen
// without the inventory and the recorded state. No fact may lie after now. Rows
// are in the order of their tenants' ids, and those of one tenant as they stand.
func Read(content []byte, name string, cfg *schema.Config, now time.Time) ([]Row, diag.List) {
	r := &reader{name: name, cfg: cfg, now: now, items: make(map[string]*schema.Item)}
	for _, it := range slices.Concat(cfg.Items, cfg.Events) {
		r.items[it.Key()] = it
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	r.csv = csv.NewReader(bytes.NewReader(content))
	r.csv.Comma = inventory.Separator(content)
	r.csv.FieldsPerRecord = -1
	if r.header() {
		r.rows()
	}
	r.diags.Fill(map[string][]byte{name: content})
	slices.SortStableFunc(r.list, func(a, b Row) int { return cmp.Compare(a.Tenant, b.Tenant) })
	return r.list, r.diags
}

// Columns lists the columns that there may be.
func Columns() []string {
	return []string{"tenant", "item", "state", "at", "recipient", "announced", "batch", "cutover", "note"}
}

type reader struct {
	name    string
	cfg     *schema.Config
	now     time.Time
	items   map[string]*schema.Item
	csv     *csv.Reader
	columns map[string]int
	cells   []string // of the row at hand
	list    []Row
	diags   diag.List
	more    int // mistakes that are not listed
}

// mostMistakes bounds how many mistakes are listed; the next thousand would say
// nothing new.
const mostMistakes = 50

// mistake notes what is wrong with a cell of the row at hand; -1: with all of it.
func (r *reader) mistake(column int, code, summary, detail, hint string) {
	if len(r.diags) >= mostMistakes {
		r.more++
		return
	}
	line, col := r.csv.FieldPos(max(column, 0))
	at := diag.Pos{Line: line, Column: col}
	end := at
	if column >= 0 && column < len(r.cells) {
		end.Column += len([]rune(r.cells[column]))
	}
	r.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Hint: hint,
		Subject: diag.Range{File: r.name, Start: at, End: end},
	})
}

// header reads the names of the columns, and reports whether rows can be read.
func (r *reader) header() bool {
	names, err := r.csv.Read()
	if err != nil {
		r.diags.Add(r.unreadable(err))
		return false
	}
	r.cells, r.columns = names, make(map[string]int)
	for i, name := range names {
		name = strings.TrimSpace(name)
		switch _, twice := r.columns[name]; {
		case twice:
			r.mistake(i, "duplicate-column", "Two columns have one name", "The column "+strconv.Quote(name)+" stands in the first row twice.", "Remove one of them.")
		case !slices.Contains(Columns(), name):
			r.mistake(i, "unknown-column", "Unknown column",
				"A file of facts has no column "+strconv.Quote(name)+".", meant(name, Columns(), "Write one of "+strings.Join(Columns(), ", ")+"."))
		}
		r.columns[name] = i
	}
	if _, ok := r.columns["tenant"]; !ok {
		r.mistake(0, "missing-column", "A column is missing", "The first row names no column \"tenant\", so that nobody could tell whom a row is about.", "Name the columns in the first row: tenant, item, at, and so on.")
	}
	return len(r.diags) == 0
}

func meant(word string, known []string, otherwise string) string {
	if s := diag.Suggest(word, known); s != "" {
		return "Did you mean " + s + "?"
	}
	return otherwise
}

func (r *reader) unreadable(err error) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "facts-unreadable", Summary: "The file of facts cannot be read",
		Detail: "It is no table: " + err.Error() + ".", Hint: "Write a CSV file whose first row names the columns: " + strings.Join(Columns(), ", ") + ".",
		Subject: diag.Range{File: r.name, Start: diag.Pos{Line: 1, Column: 1}},
	}
	var torn *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		d.Detail = "It is empty."
	case errors.As(err, &torn):
		d.Detail = "It is no table: " + torn.Err.Error() + "."
		d.Subject.Start = diag.Pos{Line: torn.Line, Column: torn.Column}
	}
	return d
}

func (r *reader) rows() {
	for {
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.diags.Add(r.unreadable(err))
			return
		}
		r.cells = cells
		before := len(r.diags) + r.more
		row := r.row()
		if len(r.diags)+r.more == before {
			r.list = append(r.list, row)
		}
	}
	if r.more > 0 {
		r.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "more-mistakes", Summary: "There are more mistakes",
			Detail: strconv.Itoa(r.more) + " more rows or cells of " + r.name + " are wrong.", Hint: "Correct these first.",
		})
	}
}

// cell is a cell of the row at hand, and where it stands.
func (r *reader) cell(name string) (string, int) {
	i, ok := r.columns[name]
	if !ok || i >= len(r.cells) {
		return "", -1
	}
	return strings.TrimSpace(r.cells[i]), i
}
