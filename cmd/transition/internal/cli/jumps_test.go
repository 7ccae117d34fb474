package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/schema"
)

// wall is a clock on the wall: it is set, and shows another time after a
// suspension, while what sleeps goes by a timer that knows of neither.
type wall struct {
	clock.Clock
	mu sync.Mutex
	by time.Duration
}

func (w *wall) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Clock.Now().Add(w.by)
}

func (w *wall) jump(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by += by
}

// effects are those that a daemon has.
type effects struct {
	mu    sync.Mutex
	done  []string
	lasts map[string]time.Duration // how long, by address
}

func (e *effects) Do(_ context.Context, r action.Request) action.Outcome {
	e.mu.Lock()
	e.done = append(e.done, fmt.Sprintf("%s %s", r.Op, r.Address))
	e.mu.Unlock()
	time.Sleep(e.lasts[r.Address])
	return action.Outcome{Class: action.Succeeded}
}

// taken are the effects since it was last asked, in alphabetical order.
func (e *effects) taken() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := slices.Sorted(slices.Values(e.done))
	e.done = nil
	return out
}

// unwatched is a plan directory that nobody edits.
type unwatched struct{}

func (unwatched) Wait(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// night is a daemon whose clock on the wall a test sets.
type night struct {
	*testing.T
	*wall
	*effects
	*hearing
	dir    string
	person func(args ...string) // says something on the command line
}

// wake expects the effects since the last one, after a while.
func (n *night) wake(after time.Duration, want ...string) {
	n.Helper()
	time.Sleep(after)
	synctest.Wait()
	if got := n.taken(); !slices.Equal(got, want) {
		n.Errorf("at %s there were %q, want %q", n.Now().Format(time.DateTime), got, want)
	}
}

// pass is wake after a long while, of which the machine sleeps through most.
func (n *night) pass(long time.Duration, want ...string) {
	n.Helper()
	n.jump(long - 2*time.Minute)
	n.wake(2*time.Minute, want...)
}

// says expects what was wrong since the last one.
func (n *night) says(want ...string) {
	n.Helper()
	if !slices.Equal(n.wrong, want) {
		n.Errorf("at %s it said %q, want %q", n.Now().Format(time.DateTime), n.wrong, want)
	}
	n.wrong = nil
}

// overnight plays with a daemon that has applied the plan of the scripts four weeks
// before T, which is Fri 9 Mar 2012 18:00 PST. At the end it must end with a code.
func overnight(t *testing.T, lasts map[string]time.Duration, want int, play func(*night)) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/plan")); err != nil {
		t.Fatal(err)
	}
	change(t, dir, "  approval \"go\" {\n    prompt = \"May ${tenant.id} move?\"\n  }\n", "")
	change(t, dir, "  time_zone   =", "  max_due_burst = 1\n  time_zone   =")
	file, err := os.OpenFile(filepath.Join(dir, "plan.transition.hcl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(survey)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		n := &night{T: t, wall: &wall{Clock: clock.System()}, effects: &effects{lasts: lasts}, hearing: &hearing{}, dir: dir}
		n.jump(time.Date(2012, 2, 10, 12, 0, 0, 0, time.UTC).Sub(n.Now()))
		w := newWorld()
		w.Clock = n.wall
		w.Actions = &runner.Actions{
			Command: n, HTTP: n, Channel: func(*schema.Channel) action.Executor { return n }, Close: func() error { return nil },
		}
		n.person = func(args ...string) {
			if ended := Run(w.Env, args); ended != exitOK && ended != exitPerson {
				n.Errorf("%q ends with %d\n%s", args, ended, w.talk.String())
			}
		}
		p, diags := runner.Open(runner.Options{Dir: dir, Clock: n.wall})
		if _, more := p.Init(t.Context()); diags.HasErrors() || more.HasErrors() {
			t.Fatal(diags, more)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		n.person("apply", "-auto-approve", dir)
		n.taken()
		g, err := newGlobals(w.Env)
		if err != nil {
			t.Fatal(err)
		}
		r := &rounds{
			env: w.Env, g: g, view: n.hearing, log: hclog.NewNullLogger(), clock: n.wall,
			args: daemonArgs{dir: dir, parallelism: 2}, settled: func() bool { return true },
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan runner.Round)
		go func() {
			ended <- (&runner.Daemon{Rounds: r, Edits: unwatched{}, Clock: n.wall}).Run(ctx)
		}()
		play(n)
		cancel()
		if err := r.ended(<-ended); code(err) != want {
			t.Errorf("it ends with %v, want %d", err, want)
		}
	})
}

const (
	day  = 24 * time.Hour
	lock = 27*day + 14*time.Hour // until T-1d
	long = 2 * 365 * day
)

// survey goes out whatever became of the move, however late.
const survey = `
phase "Later" {
  opens = "T+2d"
  gate  = "soft"

  communication "survey" {
    channel = channel.maildir.outbox
    to      = [tenant.email]
    message = "mail/notice"
  }
}
`

var (
	acquired = []string{"acquire adatum/Lock/admin", "acquire contoso/Lock/admin"}
	released = []string{"release adatum/Lock/admin", "release contoso/Lock/admin"}
	upgraded = []string{"run adatum/Move/upgrade", "run contoso/Move/upgrade"}
	surveyed = []string{"send adatum/Later/survey", "send contoso/Later/survey"}
	finished = append([]string{"run adatum/Done/cleanup", "run contoso/Done/cleanup"}, released...)
)

func TestRunWhileTheClockJumps(t *testing.T) {
	slices.Sort(finished)
	tests := []struct {
		name  string
		lasts map[string]time.Duration
		code  int
		play  func(*night)
	}{
		{name: "two years ahead while it sleeps", code: exitPerson, play: func(n *night) {
			n.pass(lock+time.Second, acquired...)
			n.jump(long)
			n.wake(time.Minute, released...)
			n.says("due-burst")
			n.pass(day)
			n.says()
			n.person("apply", "-auto-approve", "-allow-burst", n.dir)
			n.pass(day, surveyed...)
			n.says()
		}},
		{name: "two years ahead while effects run", code: exitPerson, lasts: map[string]time.Duration{"adatum/Lock/admin": time.Hour}, play: func(n *night) {
			n.pass(lock+time.Second, acquired...)
			n.jump(long)
			n.wake(time.Minute, released[1:]...)
			n.wake(2*time.Hour, released[:1]...)
			n.says("due-burst")
			n.pass(day)
		}},
		{name: "two years ahead, and right again before it looks", play: func(n *night) {
			n.pass(lock+time.Second, acquired...)
			n.jump(long)
			n.jump(-long)
			n.pass(day, upgraded...)
			n.pass(day, finished...)
			n.says()
		}},
		{name: "suspended for three days over T", code: exitPerson, play: func(n *night) {
			n.pass(lock+day-time.Hour, acquired...)
			n.jump(3 * day)
			n.wake(time.Minute, append(slices.Clone(released), surveyed...)...)
			n.pass(day)
			n.says()
		}},
		{name: "suspended in the window of the move", play: func(n *night) {
			n.pass(lock+day-time.Hour, acquired...)
			n.jump(4 * time.Hour)
			n.wake(time.Minute, upgraded...)
			n.pass(day, finished...)
		}},
		{name: "a day back while it sleeps", play: func(n *night) {
			n.pass(lock+time.Second, acquired...)
			n.jump(-day)
			n.pass(day)
			n.jump(day)
			n.wake(time.Minute, upgraded...)
		}},
		{name: "a day back while effects run", lasts: map[string]time.Duration{"adatum/Move/upgrade": time.Hour}, play: func(n *night) {
			n.pass(lock+time.Second, acquired...)
			n.pass(day, upgraded...)
			n.jump(-day)
			n.wake(2 * time.Hour)
			n.says("clock-went-back")
			n.jump(day)
			n.pass(time.Hour)
			n.pass(day, finished...)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { overnight(t, tt.lasts, tt.code, tt.play) })
	}
}
