package view

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mitchellh/go-wordwrap"
)

// Screen says what the reader's end can show. The zero Screen is a file or a
// pipe: no colour, lines of any length.
type Screen struct {
	Color bool
	Width int // in characters; 0: unbounded
}

// ink is an ANSI graphic rendition. A word always stands beside a colour, so
// nothing is lost without it.
type ink string

const (
	bold   ink = "1"
	faint  ink = "2"
	red    ink = "1;31"
	green  ink = "32"
	yellow ink = "33"
	cyan   ink = "36"
)

func (s Screen) paint(i ink, words string) string {
	if !s.Color || words == "" {
		return words
	}
	return "\x1b[" + string(i) + "m" + words + "\x1b[0m"
}

// wrap breaks words into lines that fit, on a terminal only: what goes into a
// file is not ours to break.
func (s Screen) wrap(words string) string {
	if s.Width < 20 {
		return words
	}
	return wordwrap.WrapString(words, uint(s.Width))
}

// fit cuts a line that is too long, on a terminal only. It is for lines whose
// end merely gives examples.
func (s Screen) fit(line string) string {
	if s.Width < 20 {
		return line
	}
	return text.Snip(line, s.Width, "...")
}

// chunk is how many rows are aligned together; longer tables stream.
const chunk = 1000

// align lays cells out in columns, one string for each row. Columns that are
// empty in all rows vanish; right names the columns, from 1, that are set to
// the right.
func align(rows [][]string, right ...int) []string {
	if len(rows) == 0 {
		return nil
	}
	t := table.NewWriter()
	t.SetStyle(plain())
	t.SuppressTrailingSpaces()
	t.SuppressEmptyColumns()
	configs := make([]table.ColumnConfig, len(right))
	for i, n := range right {
		configs[i] = table.ColumnConfig{Number: n, Align: text.AlignRight}
	}
	t.SetColumnConfigs(configs)
	for _, row := range rows {
		cells := make(table.Row, len(row))
		for i, c := range row {
			cells[i] = c
		}
		t.AppendRow(cells)
	}
	return strings.Split(t.Render(), "\n")
}

// plain is a table without any lines, with two blanks between its columns.
func plain() table.Style {
	return table.Style{Name: "plain", Box: table.BoxStyle{PaddingRight: "  "}}
}
