// Package diag holds what the tool tells people about their input: what is
// wrong, where, why, and what to write instead.
//
// A diagnostic is data. How it looks on a terminal or in JSON is decided by
// whoever shows it.
package diag

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Severity tells whether the work can go on. The zero value is invalid, so that
// a forgotten severity shows.
type Severity uint8

// The severities.
const (
	Error   Severity = iota + 1 // the command stops, nothing was touched
	Warning                     // the command goes on
)

// String gives the word used in text and JSON.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "invalid"
	}
}

// Pos is a place in a file. Line and Column count from 1 (columns in Unicode
// characters), Byte from 0.
type Pos struct {
	Line, Column, Byte int
}

// Range is a part of a file; End is exclusive. The zero value means "nowhere in
// particular".
type Range struct {
	File       string
	Start, End Pos
}

// IsZero reports whether the range points nowhere.
func (r Range) IsZero() bool { return r.File == "" }

// Diagnostic is one message to a person.
type Diagnostic struct {
	Severity Severity
	// Code names the kind of mistake for machines, as in "unknown-attribute".
	// A code never changes its meaning.
	Code string
	// Summary is short and holds no text that the user chose.
	Summary string
	// Detail says in full sentences what is wrong and why.
	Detail string
	// Hint says what to do or to write instead; it may be empty.
	Hint string
	// Subject is the tightest part of a file that is to blame.
	Subject Range
	// Where names the construct around the subject, as in `batch "wave1"`.
	Where string
	// Snippet is the source of the subject's first line, without its newline.
	Snippet string
}

// List is the diagnostics of one run. Functions append to it and return it, so
// that all mistakes are reported at once.
type List []Diagnostic

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Errors returns the errors of the list.
func (l List) Errors() List {
	return slices.DeleteFunc(slices.Clone(l), func(d Diagnostic) bool { return d.Severity != Error })
}

// Add appends a diagnostic.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// Sort orders the list by file, place, severity and text, so that the order of
// files and of map iterations never shows.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Subject.File, b.Subject.File),
			cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail),
		)
	})
}

// maxSnippet is how much of a source line is shown, in bytes: a line may be as
// long as a file.
const maxSnippet = 400

// Fill sets the snippet of every diagnostic whose file is in sources.
func (l List) Fill(sources map[string][]byte) {
	starts := make(map[string][]int) // of the lines of files, in bytes
	for i := range l {
		d := &l[i]
		src, ok := sources[d.Subject.File]
		if d.Snippet != "" || !ok {
			continue
		}
		if starts[d.Subject.File] == nil {
			starts[d.Subject.File] = lineStarts(src)
		}
		if n := d.Subject.Start.Line; n >= 1 && n <= len(starts[d.Subject.File]) {
			d.Snippet = snippet(src[starts[d.Subject.File][n-1]:])
		}
	}
}

func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, c := range src {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// snippet is the first line of a source.
func snippet(src []byte) string {
	line, _, _ := bytes.Cut(src[:min(len(src), maxSnippet+2)], []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) <= maxSnippet {
		return string(line)
	}
	return strings.ToValidUTF8(string(line[:maxSnippet]), "") + "…"
}
