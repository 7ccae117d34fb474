package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"transition/schema/diag"
)

// Diagnostics shows what is wrong as text, each with its place, its source
// line, why it is wrong and what to write instead.
func Diagnostics(w io.Writer, s Screen, l diag.List) error {
	b := bufio.NewWriter(w)
	for i := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.diagnostic(b, &l[i])
	}
	return b.Flush()
}

func (s Screen) diagnostic(b *bufio.Writer, d *diag.Diagnostic) {
	word, colour := "Error", red
	if d.Severity == diag.Warning {
		word, colour = "Warning", yellow
	}
	fmt.Fprintf(b, "%s %s\n", s.paint(colour, word+":"), s.paint(bold, clean(d.Summary)))
	if place := s.place(d); place != "" {
		fmt.Fprintf(b, "\n%s", place)
	}
	for _, words := range []string{d.Detail, d.Hint} {
		if words != "" {
			fmt.Fprintf(b, "\n%s\n", s.wrap(cleanLines(words)))
		}
	}
}

// place is where the diagnostic points to, with the source line when it is known.
func (s Screen) place(d *diag.Diagnostic) string {
	var b strings.Builder
	switch {
	case d.Subject.File != "" && d.Subject.Start.Line > 0:
		fmt.Fprintf(&b, "  on %s line %d", clean(d.Subject.File), d.Subject.Start.Line)
	case d.Subject.File != "":
		fmt.Fprintf(&b, "  on %s", clean(d.Subject.File))
	case d.Where != "":
		fmt.Fprintf(&b, "  in %s\n", clean(d.Where))
		return b.String()
	default:
		return ""
	}
	if d.Where != "" {
		fmt.Fprintf(&b, ", in %s", clean(d.Where))
	}
	if d.Snippet == "" {
		b.WriteByte('\n')
		return b.String()
	}
	fmt.Fprintf(&b, ":\n  %d: %s\n", d.Subject.Start.Line, s.snippet(d))
	return b.String()
}

// snippet is the source line, with the part to blame underlined where colour is.
func (s Screen) snippet(d *diag.Diagnostic) string {
	line := []rune(d.Snippet)
	from, to := d.Subject.Start.Column-1, d.Subject.End.Column-1
	if d.Subject.End.Line != d.Subject.Start.Line {
		to = len(line)
	}
	if !s.Color || from < 0 || from >= to || to > len(line) {
		return clean(d.Snippet)
	}
	return clean(string(line[:from])) + s.paint("4", clean(string(line[from:to]))) + clean(string(line[to:]))
}

type posJSON struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

type rangeJSON struct {
	Filename string  `json:"filename"`
	Start    posJSON `json:"start"`
	End      posJSON `json:"end"`
}

type snippetJSON struct {
	Context optional `json:"context"` // the construct around it, as in batch "wave1"
	Code    string   `json:"code"`
}

type diagnosticJSON struct {
	Severity string       `json:"severity"`
	Code     string       `json:"code"`
	Summary  string       `json:"summary"`
	Detail   string       `json:"detail"`
	Range    *rangeJSON   `json:"range"`
	Snippet  *snippetJSON `json:"snippet"`
	Hint     optional     `json:"hint"`
}

func toDiagnosticJSON(d *diag.Diagnostic) diagnosticJSON {
	j := diagnosticJSON{
		Severity: d.Severity.String(), Code: d.Code, Summary: d.Summary, Detail: d.Detail, Hint: optional(d.Hint),
	}
	if !d.Subject.IsZero() {
		j.Range = &rangeJSON{d.Subject.File, posJSON(d.Subject.Start), posJSON(d.Subject.End)}
	}
	if d.Snippet != "" || d.Where != "" {
		j.Snippet = &snippetJSON{optional(d.Where), d.Snippet}
	}
	return j
}

// DiagnosticsJSON writes diagnostics alone, diagnostics.schema.json. It stands
// in for the document that a command could not make.
func DiagnosticsJSON(w io.Writer, l diag.List) error {
	d := newDocument(w)
	d.diagnostics(l)
	return d.end()
}

func (d *document) diagnostics(l diag.List) {
	d.array("diagnostics")
	for i := range l {
		d.element(toDiagnosticJSON(&l[i]))
	}
	d.close()
}

// wrong tells what is wrong with the plan directory, if anything is.
func (d *document) wrong(l diag.List) {
	if len(l) > 0 {
		d.diagnostics(l)
	}
}

// Validation shows what validate found.
func Validation(w io.Writer, s Screen, l diag.List) error {
	errors, warnings := severities(l)
	switch {
	case errors > 0:
		return nil // the diagnostics say it all
	case warnings > 0:
		_, err := fmt.Fprintf(w, "%s The plan is valid, with %s.\n",
			s.paint(green, "Success!"), count(warnings, "warning", "warnings"))
		return err
	default:
		_, err := fmt.Fprintf(w, "%s The plan is valid.\n", s.paint(green, "Success!"))
		return err
	}
}

// ValidationJSON writes what validate found, validate.schema.json.
func ValidationJSON(w io.Writer, l diag.List) error {
	errors, warnings := severities(l)
	d := newDocument(w)
	d.field("valid", errors == 0)
	d.field("error_count", errors)
	d.field("warning_count", warnings)
	d.diagnostics(l)
	return d.end()
}

func severities(l diag.List) (errors, warnings int) {
	for i := range l {
		if l[i].Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}
