package view_test

import (
	"bytes"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"transition/cmd/transition/internal/view"
	"transition/schema/diag"
)

// command finds what GitHub's runner, Azure's agent or TeamCity would obey: the
// first looks at a line without the blanks before it, the others anywhere.
var command = regexp.MustCompile(`(?m)^[\s\p{Z}\x{feff}]*::[A-Za-z]|##[a-z]*\[`)

// Whoever names a tenant, and whatever a command answers, gives no commands to the
// workflow in which the program runs, also where a line is broken at a terminal.
func TestForeignTextCannotDriveAWorkflow(t *testing.T) {
	p := weekend(t)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"::error::x", "##[error]x", "##vso[task.x]", "::", ":", "#", "[", "set-env", " ", "\n", "\t", "\u00a0", "\u200b", "\x1b", "a"})
		foreign := func(label string) string {
			text := ""
			for _, w := range rapid.SliceOfN(word, 1, 30).Draw(t, label) {
				text += w
			}
			return text
		}
		for i := range p.Changes {
			p.Changes[i].Tenant, p.Changes[i].Reason = foreign("tenant"), foreign("reason")
		}
		for i := range p.Waiting {
			p.Waiting[i].Address, p.Waiting[i].Reason = foreign("address"), foreign("why")
		}
		p.Name = foreign("name")
		list := diag.List{{Severity: diag.Error, Summary: foreign("summary"), Detail: foreign("detail"), Hint: foreign("hint"), Where: foreign("where"), Snippet: foreign("snippet")}}
		var b bytes.Buffer
		for _, s := range []view.Screen{{}, {Width: 40}} {
			if err := view.Plan(&b, s, p, view.PlanOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := view.Diagnostics(&b, s, list); err != nil {
				t.Fatal(err)
			}
		}
		if at := command.FindIndex(b.Bytes()); at != nil {
			t.Fatalf("a command begins at %q", b.Bytes()[at[0]:min(at[0]+60, b.Len())])
		}
	})
}
