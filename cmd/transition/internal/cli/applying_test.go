package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// appliedPlan is a copy of the plan of the scripts, without its approval, after a
// rehearsal has applied it at some instants.
func appliedPlan(t *testing.T, instants ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/plan")); err != nil {
		t.Fatal(err)
	}
	change(t, dir, "  approval \"go\" {\n    prompt = \"May ${tenant.id} move?\"\n  }\n", "")
	for _, at := range instants {
		w := newWorld()
		if code := Run(w.Env, []string{"apply", "-auto-approve", "-rehearse=" + at, dir}); code != exitOK {
			t.Fatalf("apply at %s ends with %d\n%s", at, code, w.talk.String())
		}
	}
	return dir
}

// change replaces a text in a copy of the plan.
func change(t *testing.T, dir, old, new string) {
	t.Helper()
	name := filepath.Join(dir, "plan.transition.hcl")
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%q: %v", old, err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestApplyAsksBeforeItGivesLocksBack(t *testing.T) {
	dir := appliedPlan(t, "2012-02-10", "2012-03-08 18:00", "2012-03-09 18:00")
	change(t, dir, `batch "wave"`, `bach "wave"`)
	for _, tt := range []struct{ answer, says string }{
		{"no\n", "Nothing was done."},
		{"yes\n", "Unlocked 2."},
	} {
		w := newWorld()
		w.Stdin, w.IsTerminal = strings.NewReader(tt.answer), func(s Stream) bool { return s != Stdout }
		if code := Run(w.Env, []string{"apply", "-rehearse=2012-03-10 19:00", dir}); code != exitError {
			t.Errorf("%q: exit code %d", tt.answer, code)
		}
		if !strings.Contains(w.out.String(), tt.says) || !strings.Contains(w.talk.String(), "Do you want to do this?") {
			t.Errorf("%q: it says\n%s%s", tt.answer, w.out.String(), w.talk.String())
		}
	}
}
