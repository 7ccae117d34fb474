package inventory

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	bom        = "\ufeff"
	bufferSize = 64 << 10
)

// table is an opened file, read as far as its header.
type table struct {
	file   io.Closer // nil: read from memory
	csv    *csv.Reader
	start  int // bytes before the first row: the byte order mark
	utf16  bool
	header []string
	// separator of the cells, told from the first row
	separator rune
}

// openTable opens the inventory's file; nil after a mistake.
func openTable(fsys fs.FS, rep *report) *table {
	f := openFile(fsys, rep)
	if f == nil {
		return nil
	}
	return newTable(io.LimitReader(f, maxSize), f)
}

func newTable(r io.Reader, file io.Closer) *table {
	t := &table{file: file}
	src := bufio.NewReaderSize(r, bufferSize)
	if mark, _ := src.Peek(len(bom)); string(mark) == bom {
		t.start, _ = src.Discard(len(bom))
	}
	// An error of Peek comes again with the first read.
	head, _ := src.Peek(bufferSize)
	t.utf16 = bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff})
	t.separator = Separator(head)
	t.csv = newCSV(src, t.separator)
	return t
}

// newCSV reads rows from src. The rows' fields are good until the next row is
// read; their texts stay good.
func newCSV(src *bufio.Reader, separator rune) *csv.Reader {
	r := csv.NewReader(src)
	r.Comma = separator
	r.FieldsPerRecord = -1 // counted here, to say what is wrong
	r.ReuseRecord = true
	return r
}

func (t *table) close() {
	if t.file != nil {
		t.file.Close()
	}
}

// Separator is the one that occurs most often in the first row of a table,
// outside of quotes: a comma, a semicolon or a tab. A table of one column has
// none; a comma will do.
func Separator(head []byte) rune {
	var commas, semicolons, tabs int
	quoted := false
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return mostFrequent(commas, semicolons, tabs)
		case c == ',':
			commas++
		case c == ';':
			semicolons++
		case c == '\t':
			tabs++
		}
	}
	return mostFrequent(commas, semicolons, tabs)
}

func mostFrequent(commas, semicolons, tabs int) rune {
	switch {
	case semicolons > commas && semicolons >= tabs:
		return ';'
	case tabs > commas:
		return '\t'
	default:
		return ','
	}
}

// readHeader reads the first row and reports whether it can be used.
func (t *table) readHeader(rep *report) bool {
	if t.utf16 {
		rep.inFile(place{1, 1, 0}, mistake{
			code:    "bad-encoding",
			summary: "An inventory is not UTF-8",
			detail:  fmt.Sprintf("%q begins with the byte order mark of UTF-16, so its text cannot be read.", rep.path),
			hint:    "Save the file as \"CSV UTF-8\".",
		})
		return false
	}
	names, err := t.csv.Read()
	var syntax *csv.ParseError
	switch {
	case err == io.EOF:
		rep.inFile(place{1, 1, 0}, mistake{
			code:    "empty-inventory",
			summary: "An inventory is empty",
			detail:  fmt.Sprintf("%q has no first row, which names the columns.", rep.path),
			hint:    fmt.Sprintf("Write the names of the columns into the first row, with %q among them.", rep.inv.Key),
		})
		return false
	case errors.As(err, &syntax):
		rep.inFile(quotesAt(syntax), badQuotes(syntax))
		return false
	case err != nil:
		rep.unreadable(err)
		return false
	}
	for _, name := range names {
		t.header = append(t.header, strings.TrimSpace(name))
	}
	return t.checkHeader(rep)
}

func (t *table) checkHeader(rep *report) bool {
	ok := true
	seen := make(map[string]int, len(t.header))
	for i, name := range t.header {
		m, bad := headerMistake(name, i, seen)
		if bad {
			rep.inFile(fieldAt(t.csv, i, len(name)), m)
			ok = false
		}
		seen[name] = i
	}
	return ok
}

func headerMistake(name string, i int, seen map[string]int) (mistake, bool) {
	first, twice := seen[name]
	switch {
	case name == "":
		return mistake{
			code:    "empty-column-name",
			summary: "A column has no name",
			detail:  fmt.Sprintf("Column %d has no name in the first row, so that no expression could use it.", i+1),
			hint:    "Name the column, or remove it; a separator at the end of the first row makes a column of its own.",
		}, true
	case twice:
		return mistake{
			code:    "duplicate-column",
			summary: "Two columns have one name",
			detail:  fmt.Sprintf("Columns %d and %d are both called %q, so that nobody could tell which one an expression means.", first+1, i+1, name),
			hint:    "Rename one of them.",
		}, true
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return mistake{
			code:    "bad-column-name",
			summary: "The name of a column is not plain text",
			detail:  fmt.Sprintf("The name of column %d holds control characters, or bytes that are not UTF-8.", i+1),
			hint:    "Save the file as \"CSV UTF-8\", with a line of its own for each row.",
		}, true
	default:
		return mistake{}, false
	}
}

// fieldAt is the place of a field of the row that was read last. The width is
// that of its text, without quotes.
func fieldAt(r *csv.Reader, i, width int) place {
	line, column := r.FieldPos(i)
	return place{line, column, width}
}

func quotesAt(e *csv.ParseError) place {
	if e.Line != e.StartLine {
		return place{e.StartLine, 1, 0}
	}
	return place{e.Line, e.Column, 1}
}

func badQuotes(e *csv.ParseError) mistake {
	m := mistake{
		code:    "bad-quotes",
		summary: "A row has a misplaced quote",
		detail:  "A quote may only stand around a whole cell, or doubled inside of such a cell.",
		hint:    `Write "a ""quoted"" word" for a cell that holds quotes.`,
	}
	if e.Line != e.StartLine {
		m.detail = fmt.Sprintf("The row that begins in line %d has a quote that is not closed before line %d, so that everything between them would be one cell.", e.StartLine, e.Line)
	}
	return m
}
