package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/schema"
)

// threeCopies is a plan of three tenants whose copies are due.
const threeCopies = `
transition "t" {}

tenant "acme" {}
tenant "beta" {}
tenant "cora" {}

batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["true"] }
  }
}
`

// faulty has effects, but for one tenant, of whom this program does not know what
// it does.
type faulty struct{ *effects }

func (f faulty) Do(ctx context.Context, r action.Request) action.Outcome {
	out := f.effects.Do(ctx, r)
	if r.Tenant == "beta" {
		panic(errors.New("a slip of the pen"))
	}
	return out
}

// A fault of the program inside one effect is one unknown outcome: the others have
// theirs, the apply comes to its end and says whom a person has to ask after, and
// nobody repeats it.
func TestAFaultInsideOneEffectStopsNobodyElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.transition.hcl"), []byte(threeCopies), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	synctest.Test(t, func(t *testing.T) {
		now := &wall{Clock: clock.System()}
		now.jump(time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC).Sub(now.Now()))
		e := faulty{&effects{}}
		run := func(want int, args ...string) string {
			t.Helper()
			w := newWorld()
			w.Clock = now
			w.Actions = &runner.Actions{Command: e, HTTP: e, Channel: func(*schema.Channel) action.Executor { return e }, Close: func() error { return nil }}
			if got := Run(w.Env, args); got != want {
				t.Errorf("%q ends with %d, want %d\n%s%s", args, got, want, w.out.String(), w.talk.String())
			}
			return w.out.String()
		}
		run(exitOK, "init")
		told := run(exitPerson, "apply", "-auto-approve")
		if want := []string{"run acme/Copy/copy", "run beta/Copy/copy", "run cora/Copy/copy"}; !slices.Equal(e.taken(), want) {
			t.Errorf("the effects are not %q", want)
		}
		for _, want := range []string{"ran 2. 1 is unknown", "unknown   beta/Copy/copy", "a fault of this program: a slip of the pen"} {
			if !strings.Contains(told, want) {
				t.Errorf("apply does not say %q:\n%s", want, told)
			}
		}
		again := run(exitPerson, "apply", "-auto-approve")
		if got := e.taken(); len(got) > 0 || !strings.Contains(again, "No changes.") {
			t.Errorf("the second apply does %q\n%s", got, again)
		}
		for tenant, code := range map[string]int{"acme": exitOK, "beta": exitPerson, "cora": exitOK} {
			if why := run(code, "why", tenant); strings.Contains(why, "unknown") != (code == exitPerson) {
				t.Errorf("why %s:\n%s", tenant, why)
			}
		}
	})
}
