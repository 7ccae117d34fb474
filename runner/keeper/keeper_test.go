//go:build unix

package keeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"transition/runner/action"
	"transition/runner/action/actiontest"
	"transition/runner/action/command"
	"transition/runner/action/note"
	"transition/runner/keeper"
	"transition/runner/process"
)

// The test binary is also the keeper.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, keeper.Word) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
		keeper.Serve(os.Stdin, os.Stdout, os.Environ())
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func client(t *testing.T, program string) *keeper.Client {
	c := &keeper.Client{
		Local:   &command.Executor{Environ: os.Environ(), Now: time.Now},
		Program: func() *exec.Cmd { return exec.Command(program, keeper.Word) },
		Log:     hclog.NewNullLogger(),
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func self(t *testing.T) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func request(t *testing.T, argv ...string) action.Request {
	return action.Request{
		Tenant: "contoso", Address: "contoso/Copy/copy", Key: "k", Attempt: 1,
		Command: &action.Command{Argv: argv, Dir: t.TempDir()},
	}
}

func TestConformance(t *testing.T) {
	actiontest.Run(t, actiontest.Subject{
		Executor: client(t, self(t)),
		Succeeds: func(t *testing.T) action.Request { return request(t, "sh", "-c", "echo fine") },
		Fails: func(t *testing.T) action.Request {
			return request(t, "sh", "-c", `printf 'a\nb\033[31m\n\377'; exit 1`)
		},
		Hangs: func(t *testing.T) (action.Request, <-chan struct{}) {
			r, began := request(t, "sh", "-c", "read _ <gate"), make(chan struct{})
			gate := filepath.Join(r.Command.Dir, "gate")
			if err := syscall.Mkfifo(gate, 0o600); err != nil {
				t.Fatal(err)
			}
			r.Started = func(int) { close(began) }
			return r, began
		},
	})
}

// What a keeper runs is what would be run without one, and so is what is told.
func TestNothingIsLostOnTheWay(t *testing.T) {
	r := request(t, "sh", "-c", `printf '%s|' "$@"; env | grep -a -e ODD -e TRANSITION | sort; exit 7`, "", "\xff\xfe", "", "a\nb", "$x")
	r.Command.Env = map[string]string{"ODD": "\xff=\x01"}
	r.Command.SuccessCodes, r.Command.RetryCodes = []int{}, []int{7}
	r.T, r.Rehearsal, r.Epoch = time.Date(2012, 3, 9, 18, 0, 0, 0, time.FixedZone("PST", -8*3600)), true, 3
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	kept, local := client(t, self(t)), client(t, "")
	kept.Local.Now = func() time.Time { return now }
	want := (&command.Executor{Environ: os.Environ(), Now: kept.Local.Now}).Do(t.Context(), r)
	if want.Class != action.Retryable || !strings.Contains(want.Evidence.Output, "TRANSITION_DEADLINE=2026-03-01T13:00:00Z") {
		t.Fatalf("without a keeper: %+v", want)
	}
	if diff := cmp.Diff(want, kept.Do(t.Context(), r)); diff != "" {
		t.Errorf("(-without +with a keeper)\n%s", diff)
	}
	local.Local.Now = kept.Local.Now
	if diff := cmp.Diff(want, local.Do(t.Context(), r)); diff != "" {
		t.Errorf("where there can be no keeper (-want +got)\n%s", diff)
	}
	other := client(t, "/bin/true") // it says nothing
	other.Local.Now = kept.Local.Now
	if diff := cmp.Diff(want, other.Do(t.Context(), r)); diff != "" {
		t.Errorf("where a keeper is none (-want +got)\n%s", diff)
	}
}

// How a command has ended is noted before anybody hears of it, and without what it
// has printed.
func TestEndIsNoted(t *testing.T) {
	r := request(t, "sh", "-c", "echo s3cret; exit 4")
	r.Note = filepath.Join(t.TempDir(), "notes", "1-1.json")
	if err := note.Begin(r.Note, &note.Note{Address: r.Address}); err != nil {
		t.Fatal(err)
	}
	out := client(t, self(t)).Do(t.Context(), r)
	if out.Reason != "exit code 4: s3cret" {
		t.Errorf("got %+v", out)
	}
	n, err := note.Read(r.Note)
	if err != nil || n.End == nil || n.Keeper == nil || n.PID == 0 || n.Address != r.Address {
		t.Fatalf("the note is %+v, %v", n, err)
	}
	if n.End.Class != action.Permanent || *n.End.Evidence.ExitCode != 4 || n.End.Reason != "exit code 4" {
		t.Errorf("its end is %+v", n.End)
	}
	text, err := os.ReadFile(r.Note)
	if err != nil || strings.Contains(string(text), "s3cret\\n") || strings.Contains(string(text), ": s3cret") {
		t.Errorf("the note tells what was printed: %s, %v", text, err)
	}
	// A line that a crash has cut off says nothing.
	if err := os.WriteFile(r.Note, append(text, `{"end":{"Class":1`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := note.Read(r.Note); err != nil || again.End == nil || again.End.Class != action.Permanent {
		t.Errorf("the note is %+v, %v", again, err)
	}
}

// A keeper that was killed, or that does not move, takes no command with it, and
// none goes on without end: it is found without a note as well.
func TestCommandIsSeenToWithoutItsKeeper(t *testing.T) {
	for name, lost := range map[string]struct {
		signal  syscall.Signal
		timeout time.Duration
		stops   bool
	}{
		"killed":              {syscall.SIGKILL, time.Second, false},
		"frozen":              {syscall.SIGSTOP, time.Second, false},
		"frozen, and stopped": {syscall.SIGSTOP, time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ctx, cancel := client(t, self(t)), t.Context(), func() {}
			if lost.stops {
				ctx, cancel = context.WithCancel(ctx)
			}
			defer cancel()
			c.Local.Grace = 100 * time.Millisecond
			var keeper *exec.Cmd
			program := c.Program
			c.Program = func() *exec.Cmd { keeper = program(); return keeper }
			r := request(t, "sh", "-c", "read _ <gate")
			if err := syscall.Mkfifo(filepath.Join(r.Command.Dir, "gate"), 0o600); err != nil {
				t.Fatal(err)
			}
			var id process.Identity
			r.Timeout = lost.timeout
			r.Started = func(pid int) {
				id, _ = process.System{}.Identify(pid, nil)
				if err := keeper.Process.Signal(lost.signal); err != nil {
					t.Error(err)
				}
				cancel()
			}
			if out := c.Do(ctx, r); out.Class != action.Unknown {
				t.Errorf("got %+v", out)
			}
			if pid, life := (process.System{}).Look(id); life != process.Gone {
				t.Errorf("process %d still runs", pid)
				command.Kill(pid)
			}
		})
	}
}

// frozen is a client whose keeper lives, and does not move.
func frozen(t *testing.T) *keeper.Client {
	c := client(t, self(t))
	c.Local.Grace = 100 * time.Millisecond
	var keeper *exec.Cmd
	program := c.Program
	c.Program = func() *exec.Cmd { keeper = program(); return keeper }
	c.Do(t.Context(), request(t, "true"))
	if err := keeper.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return c
}

// A keeper that does not move is not waited for.
func TestCloseEndsAFrozenKeeper(t *testing.T) {
	c := frozen(t)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// An order that is larger than what lies between it and its runner is not waited for
// either: nothing has begun, and the runner does it.
func TestOrderToAFrozenKeeperIsTakenBack(t *testing.T) {
	c := frozen(t)
	r := request(t, "sh", "-c", "echo x >>begun", strings.Repeat("x", 100<<10))
	if out := c.Do(t.Context(), r); out.Class != action.Succeeded {
		t.Errorf("got %+v", out)
	}
	if got, err := os.ReadFile(filepath.Join(r.Command.Dir, "begun")); err != nil || string(got) != "x\n" {
		t.Errorf("it ran as %q, %v", got, err)
	}
}

// An order of which a part is missing, if only the end of its line, is none.
func TestOrderThatIsCutOffIsNone(t *testing.T) {
	dir := t.TempDir()
	order, err := json.Marshal(map[string]any{"id": 1, "task": map[string]any{
		"request": map[string]any{"Command": map[string]any{}},
		"argv":    [][]byte{[]byte("mkdir"), []byte("begun")}, "dir": []byte(dir),
	}})
	if err != nil {
		t.Fatal(err)
	}
	keeper.Serve(bytes.NewReader(order), io.Discard, os.Environ())
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it was begun: %v, %v", left, err)
	}
	keeper.Serve(bytes.NewReader(append(order, '\n')), io.Discard, os.Environ())
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("a whole one was not: %v, %v", left, err)
	}
}
