package inventory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"transition/schema"
	"transition/schema/diag"
)

const (
	maxMistakes = 20      // of one inventory that are spelt out
	maxExamples = 3       // rows that are named beside the first with the same mistake
	maxSnippet  = 1 << 10 // bytes of a line that are shown
)

// report collects what is wrong with one inventory.
type report struct {
	inv  *schema.Inventory
	path string
	list diag.List
	seen map[kind]*repeated
	more int // mistakes beyond maxMistakes
}

// kind is what the mistakes have in common that are told as one: most come in a
// whole column.
type kind struct {
	code  string
	field int // of the row; wholeRow for none in particular
}

const wholeRow = -1

// repeated is one mistake that several rows have.
type repeated struct {
	at       int // in the list; -1: beyond maxMistakes
	count    int // of rows after the first
	examples []string
}

func newReport(inv *schema.Inventory) *report {
	return &report{inv: inv, path: path.Clean(inv.Source), seen: make(map[kind]*repeated)}
}

// mistake is what all diagnostics of a kind have in common, and what is
// peculiar to one of them.
type mistake struct {
	code, summary, detail, hint string
}

// place is a part of one line of the file. Lines and columns count from 1;
// columns and width are in bytes until finish has seen the line.
type place struct {
	line, column, width int
}

func (r *report) empty() bool { return len(r.list) == 0 }

// inPlan adds a mistake whose cause stands in the plan file.
func (r *report) inPlan(subject diag.Range, m mistake) {
	r.list.Add(r.diagnostic(subject, m))
}

// inRow adds a mistake in a row, whose field holds the text. What further rows
// have in the same way is counted.
func (r *report) inRow(p place, field int, text string, m mistake) {
	k := kind{m.code, field}
	if first := r.seen[k]; first != nil {
		first.add(p, text)
		return
	}
	first := &repeated{at: len(r.list)}
	if !r.inFile(p, m) {
		first.at = -1
	}
	r.seen[k] = first
}

// inFile adds a mistake that stands in the inventory's own file, and reports
// whether there was room for it.
func (r *report) inFile(p place, m mistake) bool {
	if len(r.list) >= maxMistakes {
		r.more++
		return false
	}
	r.list.Add(r.diagnostic(diag.Range{
		File:  r.path,
		Start: diag.Pos{Line: p.line, Column: p.column},
		End:   diag.Pos{Line: p.line, Column: p.column + p.width},
	}, m))
	return true
}

func (a *repeated) add(p place, text string) {
	a.count++
	if len(a.examples) >= maxExamples {
		return
	}
	where := fmt.Sprintf("line %d", p.line)
	if text != "" {
		where += " (" + show(text) + ")"
	}
	a.examples = append(a.examples, where)
}

// words is the sentence about the further rows; empty: there are none.
func (a *repeated) words() string {
	if a.count == 0 {
		return ""
	}
	rows := "1 more row"
	if a.count > 1 {
		rows = fmt.Sprintf("%d more rows", a.count)
	}
	words := fmt.Sprintf(" The same is wrong in %s: %s", rows, strings.Join(a.examples, ", "))
	if n := a.count - len(a.examples); n > 0 {
		words += fmt.Sprintf(" and %d further", n)
	}
	return words + "."
}

// tellRepeated adds to each mistake which further rows have it.
func (r *report) tellRepeated() {
	for _, a := range r.seen {
		if a.at >= 0 {
			r.list[a.at].Detail += a.words()
		} else {
			r.more += a.count
		}
	}
	clear(r.seen)
}

func (r *report) diagnostic(subject diag.Range, m mistake) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error,
		Code:     m.code,
		Summary:  m.summary,
		Detail:   m.detail,
		Hint:     m.hint,
		Subject:  subject,
		Where:    fmt.Sprintf("inventory %q", r.inv.Name),
	}
}

// unreadable adds that the file could not be opened or read to its end.
func (r *report) unreadable(err error) {
	r.inPlan(r.inv.SourceRange, mistake{
		code:    "unreadable-inventory",
		summary: "An inventory cannot be read",
		detail:  fmt.Sprintf("Reading %q failed: %s. An inventory that cannot be read is never taken for an empty one.", r.path, cause(err)),
		hint:    "Check that the file lies inside the plan directory and that you may read it.",
	})
}

// changed adds that a file is no longer what Open has checked.
func (r *report) changed() {
	r.inPlan(r.inv.SourceRange, mistake{
		code:    "inventory-changed",
		summary: "An inventory changed while it was read",
		detail:  fmt.Sprintf("The rows of %q are not those that were checked a moment ago.", r.path),
		hint:    "Run the command again once nobody writes to the file.",
	})
}

// finish gives the diagnostics in the order of the file, with the lines that
// they are about: a CSV is too large to be kept for the sake of snippets.
func (r *report) finish(fsys fs.FS) diag.List {
	r.tellRepeated()
	r.quoteLines(fsys)
	r.list.Sort()
	if r.more > 0 {
		r.list.Add(r.diagnostic(r.list[len(r.list)-1].Subject, mistake{
			code:    "more-mistakes",
			summary: "An inventory has more mistakes",
			detail:  fmt.Sprintf("%q has %d more mistakes that are not listed.", r.path, r.more),
			hint:    "Correct those above first; many may have one cause.",
		}))
		r.more = 0
	}
	return r.list
}

func (r *report) quoteLines(fsys fs.FS) {
	wanted := make(map[int][]*diag.Diagnostic)
	last := 0
	for i := range r.list {
		if d := &r.list[i]; d.Subject.File == r.path {
			wanted[d.Subject.Start.Line] = append(wanted[d.Subject.Start.Line], d)
			last = max(last, d.Subject.Start.Line)
		}
	}
	if len(wanted) == 0 {
		return
	}
	f, err := fsys.Open(r.path)
	if err != nil {
		return // the mistakes themselves are known; only the quotation is lost
	}
	defer f.Close()
	src := bufio.NewReader(f)
	for offset, n := 0, 1; n <= last; n++ {
		line, size, err := readLine(src, len(wanted[n]) > 0)
		for _, d := range wanted[n] {
			quote(d, line, offset)
		}
		if err != nil {
			return
		}
		offset += size
	}
}

// readLine reads a line of any length, and gives its text only if it is wanted.
func readLine(src *bufio.Reader, wanted bool) (string, int, error) {
	var text []byte
	for size := 0; ; {
		part, err := src.ReadSlice('\n')
		size += len(part)
		if wanted {
			text = append(text, part...)
		}
		if err != bufio.ErrBufferFull {
			return string(text), size, ignoreEOF(err, size)
		}
	}
}

// ignoreEOF lets a last line without a newline count as a line.
func ignoreEOF(err error, size int) error {
	if err == io.EOF && size > 0 {
		return nil
	}
	return err
}

// quote sets the snippet of a diagnostic and turns its columns from bytes into
// characters.
func quote(d *diag.Diagnostic, line string, offset int) {
	if rest, ok := strings.CutPrefix(line, bom); ok && offset == 0 {
		line, offset = rest, len(bom)
	}
	line = strings.TrimRight(line, "\r\n")
	start, end := &d.Subject.Start, &d.Subject.End
	from := min(start.Column-1, len(line))
	to := min(end.Column-1, len(line))
	start.Byte, end.Byte = offset+from, offset+to
	start.Column = utf8.RuneCountInString(line[:from]) + 1
	end.Column = start.Column + utf8.RuneCountInString(line[from:to])
	d.Snippet = strings.Map(visible, cut(line, maxSnippet))
}

// cut shortens a text to at most n bytes at the boundary of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// visible keeps the number of characters and takes from a terminal what it
// might obey.
func visible(c rune) rune {
	if c == '\t' || c == utf8.RuneError || unicode.IsPrint(c) {
		return c
	}
	return utf8.RuneError
}

// cause is an error without the path, which the sentence around it names.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
