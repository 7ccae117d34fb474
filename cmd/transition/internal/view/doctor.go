package view

import (
	"io"
	"time"

	"transition/runner"
	"transition/schema/diag"
)

// Findings shows what an examination has found: a line for each thing that is
// well, then, as everywhere, what is not.
func Findings(w io.Writer, s Screen, found []runner.Finding) error {
	p := newPage(w, s, time.Time{}, nil)
	var rows [][]string
	var bad diag.List
	for i := range found {
		f := &found[i]
		if f.Well != "" {
			rows = append(rows, []string{p.paint(green, "ok"), string(f.Area), clean(f.Well)})
			continue
		}
		bad = append(bad, f.Trouble)
		word := p.paint(yellow, "warning")
		if f.Trouble.Severity == diag.Error {
			word = p.paint(red, "error")
		}
		rows = append(rows, []string{word, string(f.Area), clean(f.Trouble.Summary)})
	}
	p.rows("", rows)
	for i := range bad {
		p.linef("")
		s.diagnostic(p.Writer, &bad[i])
	}
	failed := len(bad.Errors())
	p.linef("\n%d ok, %s, %s.", len(found)-len(bad), count(len(bad)-failed, "warning", "warnings"), count(failed, "error", "errors"))
	return p.Flush()
}

type findingJSON struct {
	Area   string `json:"area"`
	Result string `json:"result"`
	// Text is what is in order; null when something is not.
	Text       optional        `json:"text"`
	Diagnostic *diagnosticJSON `json:"diagnostic"`
}

// FindingsJSON writes what an examination has found, doctor.schema.json.
func FindingsJSON(w io.Writer, found []runner.Finding) error {
	d := newDocument(w)
	d.array("findings")
	for i := range found {
		f := &found[i]
		j := findingJSON{Area: string(f.Area), Result: "ok", Text: optional(f.Well)}
		if f.Well == "" {
			bad := toDiagnosticJSON(&f.Trouble)
			j.Result, j.Diagnostic = f.Trouble.Severity.String(), &bad
		}
		d.element(j)
	}
	d.close()
	return d.end()
}
