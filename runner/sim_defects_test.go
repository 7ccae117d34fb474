//go:build defect

package runner_test

import (
	"os/exec"
	"strings"
	"testing"

	"transition/runner/defecttest"
)

// defects are mistakes that the simulation must find. They are made in copies of
// the sources, which the go command compiles in their place: nothing of them is
// in the program.
var defects = map[string][]defecttest.Edit{
	"the effect comes before its intent": {
		{"turn.go", "import (\n", "import (\n\t\"context\"\n\t\"sync\"\n"},
		{"turn.go", "// turn is one commit", "var early sync.Map\n\n// turn is one commit"},
		{"turn.go", "		e.decided(t, en, facts)\n		t.begins++\n", `		en.record, en.batch, en.began, en.first = en.task.record, en.task.batch, t.commit.Now, t.commit.Now
		if req, err := e.p.prepare(en); err == nil {
			early.Store(en, e.p.executor(e.actions, en).Do(context.Background(), req))
		}
		e.decided(t, en, facts)
		t.begins++
`},
		{"effect.go", "	r.outcome = e.p.executor(e.actions, r.entry).Do(stop, req)\n", `	_ = req
	o, _ := early.LoadAndDelete(r.entry)
	r.outcome = o.(action.Outcome)
`},
	},
	"nobody checks the lease": {
		{"store/memory/memory.go", "	if s.lease != l {\n		return store.Committed{}", "	if false {\n		return store.Committed{}"},
	},
	"what is unknown is tried again": {
		{"turn.go", "o.Class == action.Unknown && plans.RepeatsUnknown(a.Item, a.Op)", "o.Class == action.Unknown && (true || plans.RepeatsUnknown(a.Item, a.Op))"},
	},
	"nobody looks whether a command still runs": {
		{"orphans.go", "		if runs && !early || a.ends", "		if a.ends"},
		{"outlived.go", "			beside[names.Tenant(tenant)+\"/\"+names.Key(key)] = o\n", "			_ = names.Tenant(tenant) + names.Key(key)\n"},
	},
	"a commit is durable only with the next one": {
		{"sim_disk_test.go", "		if done, err = g.Lease.Commit(", "		g.h.sync()\n		if done, err = g.Lease.Commit("},
		{"sim_disk_test.go", "			return err\n		}\n		g.h.sync()\n", "			return err\n		}\n"},
	},
}

func TestSimulationFindsDefects(t *testing.T) {
	for name, changes := range defects {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run=TestSimulation", "-overlay="+defecttest.Overlay(t, ".", changes), ".")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "to repeat it:") {
				t.Errorf("not found: %v\n%s", err, out)
			}
		})
	}
}
