package runner_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"transition/runner"
	"transition/runner/clock"
	"transition/schema/diag"
)

// TestStateOnANetwork lies to the tool about where the state is.
func TestStateOnANetwork(t *testing.T) {
	tests := map[string]struct {
		system  string
		environ []string
		need    runner.Need
		code    string // empty: nothing is said
		refused bool
	}{
		"a local disk":       {"", nil, runner.NeedWrite, "", false},
		"NFS":                {"NFS", nil, runner.NeedWrite, "state-on-network", true},
		"a rehearsal on SMB": {"SMB", nil, runner.NeedRehearse, "state-on-network", true},
		"to read":            {"NFS", nil, runner.NeedState, "", false},
		"forced":             {"NFS", []string{"TRANSITION_STATE_ON_NETWORK=true"}, runner.NeedWrite, "", false},
		"user space":         {"FUSE", nil, runner.NeedWrite, "state-on-fuse", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := planDir(t)
			o := runner.Options{
				Dir: dir, Environ: test.environ, Clock: clock.Still(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)),
				FileSystem: func(of string) (string, error) {
					if of != filepath.Join(dir, ".transition") {
						t.Errorf("asked about %s", of)
					}
					return test.system, nil
				},
			}
			if test.need == runner.NeedRehearse {
				if err := os.Remove(filepath.Join(dir, lineageFile)); err != nil {
					t.Fatal(err)
				}
				o.State = filepath.Join(dir, ".transition", "rehearsal.db")
			}
			p, diags := runner.Open(o)
			defer p.Close()
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			var said diag.List
			if test.need == runner.NeedRehearse {
				said = p.OpenState(t.Context(), test.need, time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))
			} else {
				said = p.OpenState(t.Context(), test.need, time.Time{})
			}
			if said.HasErrors() != test.refused || (len(said) > 0) != (test.code != "") || len(said) > 0 && said[0].Code != test.code {
				t.Errorf("it says %v, want %q", said, test.code)
			}
		})
	}
}

// TestInitOnANetwork makes nothing.
func TestInitOnANetwork(t *testing.T) {
	b := newBench(t, plan)
	p, diags := runner.Open(runner.Options{
		Dir: b.dir, Clock: b.clock, FileSystem: func(string) (string, error) { return "NFS", nil },
	})
	defer p.Close()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if _, diags := p.Init(t.Context()); len(diags) != 1 || diags[0].Code != "state-on-network" {
		t.Errorf("it says %v", diags)
	}
	for _, name := range []string{".transition", lineageFile} {
		if _, err := os.Stat(filepath.Join(b.dir, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}
