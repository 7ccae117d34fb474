//go:build crashpoint && linux

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"transition/runner/defecttest"
)

// powerCuts makes the state note beside itself how much of its -wal file is on
// the disk: after a commit all of it, if the engine was told to wait for that.
// Whoever is killed then loses the rest, as in a power cut.
var powerCuts = []defecttest.Edit{
	{"runner/store/sqlite/writer.go", `	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
	}
`, `	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
	}
	var sync int
	if err == nil {
		err = w.conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&sync)
	}
	if err == nil && sync >= 2 {
		err = w.synced()
	}
`},
	{"runner/store/sqlite/writer.go", `	if err := w.stmt.prepare(ctx, w.conn); err != nil {
		return err
	}
`, `	if err := w.stmt.prepare(ctx, w.conn); err != nil {
		return err
	}
	if err := w.synced(); err != nil {
		return err
	}
`},
	{"runner/store/sqlite/writer.go", "// errNothing ends", `func (w *writer) synced() error {
	return os.WriteFile(w.path+".synced", fmt.Append(nil, size(w.path+"-wal")), 0o600)
}

// errNothing ends`},
}

// onLastStep kills at some points of one step.
const onLastStep = "^TestCrash$/^rehearsal$/^8$/^(begin|exec)"

// onCalls kills while requests are sent, of which no note tells how they ended.
const onCalls = "^TestCrash$/^journey$/^3$/^http"

// The tests that find no defect must be able to: each of these is found, and by
// what it does outside. The build without one, but with power cuts, is sound.
func TestDefectsAreFound(t *testing.T) {
	tests := []struct {
		name  string
		edits []defecttest.Edit
		run   string
		says  string // "": nothing is found
	}{
		{"none", powerCuts, onLastStep, ""},
		{"commits that are not on the disk", append(powerCuts, defecttest.Edit{"runner/store/sqlite/connect.go",
			`v.Set("_synchronous", "FULL")`, `v.Set("_synchronous", "OFF")`,
		}), onLastStep, "attempts have begun"},
		{"an intent after its effect", []defecttest.Edit{
			{"runner/commit.go", "	t.beforeCommit()\n", `	for _, en := range t.decided {
		if en.stage != claimed {
			continue
		}
		en.record, en.batch, en.began, en.first = en.task.record, en.task.batch, t.commit.Now, t.commit.Now
		if req, err := e.p.prepare(en); err == nil {
			early.Store(en, e.p.executor(e.actions, en).Do(ctx, req))
		}
	}
	t.beforeCommit()
`},
			{"runner/commit.go", "// commit makes a turn durable", "var early sync.Map\n\n// commit makes a turn durable"},
			{"runner/commit.go", `	"slices"
`, `	"slices"
	"sync"
`},
			{"runner/effect.go", "	req, err := e.p.prepare(r.entry)\n", `	if o, ok := early.Load(r.entry); ok {
		r.outcome = o.(action.Outcome)
		return
	}
	req, err := e.p.prepare(r.entry)
`},
		}, onLastStep, "and 0 attempts have begun"},
		{"an unknown outcome taken for a failure", []defecttest.Edit{{"runner/orphans.go",
			"} else if plans.Repeats(it, at.Op, try, end, d.Now()) {", "} else if true {",
		}}, onCalls, "has happened 2 times"},
		{"a lease without an epoch", []defecttest.Edit{
			{"runner/store/sqlite/commit.go", "if t.epoch != epoch {", "if false {"},
			{"runner/store/sqlite/attempts.go", "|| a.lease != t.epoch ||", "||"},
		}, "^TestReplacedHolderHasNoEffects$", "and is ["},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(t.TempDir(), "defect.test")
			goTool(t, "test", "-c", "-tags", "crashpoint", "-overlay", defecttest.Overlay(t, "../..", tt.edits), "-o", binary, ".")
			out, err := exec.Command(binary, "-test.run", tt.run).CombinedOutput()
			if (err != nil) != (tt.says != "") || !strings.Contains(string(out), tt.says) {
				t.Errorf("the tests say\n%s", out)
			}
		})
	}
}
