package view_test

import (
	"bytes"
	"testing"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/schema/diag"
)

func TestFindings(t *testing.T) {
	found := []runner.Finding{
		{Area: runner.AreaPlan, Well: `"bpos-s" is right`},
		{Area: runner.AreaPlan, Trouble: diag.Diagnostic{
			Severity: diag.Error, Code: "no-program", Summary: "A command could not be started", Detail: "There is no file bin/\x1b[2Jlock.",
			Hint: "Correct the command.", Where: `lock "admin"`, Snippet: `exec { command = ["bin/lock"] }`,
			Subject: diag.Range{File: "a.hcl", Start: diag.Pos{Line: 3, Column: 1}, End: diag.Pos{Line: 3, Column: 5}},
		}},
		{Area: runner.AreaClock, Trouble: diag.Diagnostic{Severity: diag.Warning, Code: "x", Summary: "S", Detail: "D."}},
	}
	golden(t, "doctor.txt", text(t, func(b *bytes.Buffer) error { return view.Findings(b, view.Screen{}, found) }))
	goldenJSON(t, "doctor", "doctor.json", text(t, func(b *bytes.Buffer) error { return view.FindingsJSON(b, found) }))
	goldenJSON(t, "doctor", "doctor_none.json", text(t, func(b *bytes.Buffer) error { return view.FindingsJSON(b, nil) }))
}
