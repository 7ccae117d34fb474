//go:build unix

package command_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"transition/runner/action"
	"transition/runner/action/actiontest"
	"transition/schema"
)

func TestConformance(t *testing.T) {
	actiontest.Run(t, actiontest.Subject{
		Executor: executor(),
		Succeeds: func(t *testing.T) action.Request { return request(t, "exit", "0", "fine") },
		Fails:    func(t *testing.T) action.Request { return request(t, "exit", "1", "a\nb\x1b[31m\n\xff") },
		Hangs: func(t *testing.T) (action.Request, <-chan struct{}) {
			w := newWatch(t)
			began := make(chan struct{})
			go func() {
				w.alive()
				close(began)
			}()
			return request(t, "hang", w.addr()), began
		},
	})
}

func TestExitCodes(t *testing.T) {
	tests := map[string]struct {
		code         string
		codes        func(*action.Command)
		want         action.Class
		wantExitCode int
		wantReason   string
	}{
		"success":           {code: "0", want: action.Succeeded},
		"retry":             {code: "75", want: action.Retryable, wantExitCode: 75, wantReason: "exit code 75: quota"},
		"any other":         {code: "3", want: action.Permanent, wantExitCode: 3, wantReason: "exit code 3: quota"},
		"listed as success": {"3", func(c *action.Command) { c.SuccessCodes = []int{0, 3} }, action.Succeeded, 3, ""},
		"0 not listed":      {"0", func(c *action.Command) { c.SuccessCodes = []int{3} }, action.Permanent, 0, "exit code 0: quota"},
		"listed as retry":   {"7", func(c *action.Command) { c.RetryCodes = []int{7} }, action.Retryable, 7, "exit code 7: quota"},
		"75 not listed":     {"75", func(c *action.Command) { c.RetryCodes = []int{} }, action.Permanent, 75, "exit code 75: quota"},
		"listed as unknown": {"9", func(c *action.Command) { c.UnknownCodes = []int{9} }, action.Unknown, 9, "exit code 9: quota"},
		"nothing listed":    {"75", func(c *action.Command) { c.SuccessCodes, c.RetryCodes = nil, nil }, action.Retryable, 75, "exit code 75: quota"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := request(t, "exit", test.code, "copying\n  quota\n\n")
			if test.codes != nil {
				test.codes(r.Command)
			}
			got := executor().Do(t.Context(), r)
			if got.Class != test.want || got.Reason != test.wantReason || got.NotBegun {
				t.Errorf("got %+v, want class %d, reason %q, begun", got, test.want, test.wantReason)
			}
			if got.Evidence.ExitCode == nil || *got.Evidence.ExitCode != test.wantExitCode {
				t.Errorf("the evidence has exit code %v, want %d", got.Evidence.ExitCode, test.wantExitCode)
			}
			if got.Evidence.Output != "copying\n  quota\n\n" || len(got.Evidence.Digest) != 64 {
				t.Errorf("the evidence is %+v", got.Evidence)
			}
		})
	}
}

func TestCouldNotStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("copy", "#!/bin/sh\n", 0o644)
	write("old", "#!/no/such/interpreter\n", 0o755)
	write("odd", "\x00\x01 no program", 0o755)
	write("here", "#!/bin/sh\n", 0o755)
	t.Chdir(dir)
	t.Setenv("PATH", "."+string(os.PathListSeparator)+os.Getenv("PATH"))
	tests := map[string]struct {
		argv []string
		dir  string
		want string
	}{
		"no such file":        {[]string{"./bin/copy"}, dir, "there is no file ./bin/copy"},
		"no such program":     {[]string{"no-such-program"}, dir, "no-such-program is not in PATH"},
		"not executable":      {[]string{"./copy"}, dir, "chmod +x ./copy"},
		"no interpreter":      {[]string{"./old"}, dir, "the interpreter in its first line"},
		"not a program":       {[]string{"./odd"}, dir, "neither a program nor a script"},
		"a directory":         {[]string{dir}, dir, "is a directory"},
		"in the directory":    {[]string{"here"}, dir, "here is not in PATH"},
		"no such directory":   {[]string{"./copy"}, dir + "/gone", "there is no directory"},
		"a relative one":      {[]string{"./copy"}, "gone", "not an absolute path"},
		"a NUL":               {[]string{"./here", "a\x00b"}, dir, "NUL"},
		"longer than allowed": {[]string{"./here", strings.Repeat("x", 8<<20)}, dir, "argument list too long"},
		"nothing":             {nil, dir, "empty"},
		"an empty name":       {[]string{""}, dir, "empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := executor().Do(t.Context(), action.Request{Command: &action.Command{Argv: test.argv, Dir: test.dir}})
			if got.Class != action.Permanent || !got.NotBegun || !strings.Contains(got.Reason, test.want) {
				t.Errorf("got %+v, want a permanent failure that never began, about %q", got, test.want)
			}
		})
	}
}

func TestRelativePathsBeginInTheDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/bin/sh", dir+"/bin/run"); err != nil {
		t.Fatal(err)
	}
	got := executor().Do(t.Context(), action.Request{Command: &action.Command{
		Argv: []string{"./bin/run", "-c", `echo "$0 in $(pwd)"`}, Dir: dir,
	}})
	want, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.TrimSpace(got.Evidence.Output); text != "./bin/run in "+want {
		t.Errorf("it ran as %q", text)
	}
}

func TestArgumentsArriveAsTheyAre(t *testing.T) {
	args := []string{"$(touch pwn)", "`id`", "; rm -rf /", "--help", "a\tb", "\u202egpj", "\xff\xfe", "*", "", `"'\`, strings.Repeat("x", 4000)}
	got := executor().Do(t.Context(), request(t, append([]string{"argv"}, args...)...))
	raw, err := hex.DecodeString(got.Evidence.Output)
	if err != nil {
		t.Fatalf("%v in %+v", err, got)
	}
	if diff := cmp.Diff(args, strings.Split(string(raw), "\n")); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

func TestNamesOfTenantsAreArguments(t *testing.T) {
	for _, arg := range []string{"a\nb\r\n", "--", "-", strings.Repeat("ü", 60_000), "\x1b[2J", "=", "${x}", "%PATH%"} {
		got := executor().Do(t.Context(), request(t, "count", arg, ""))
		if want := fmt.Sprintf("2 %x", sha256.Sum256([]byte(arg))); got.Evidence.Output != want {
			t.Errorf("%.40q arrived as %s, want %s; %+v", arg, got.Evidence.Output, want, got)
		}
	}
}

func TestEnvironmentThatCannotBe(t *testing.T) {
	for _, v := range [][2]string{{"A", "x\x00B=y"}, {"A\x00", "x"}, {"", "x"}, {"A=B", "x"}} {
		r := request(t, "environ")
		r.Command.Env[v[0]] = v[1]
		got := executor().Do(t.Context(), r)
		if got.Class != action.Permanent || !got.NotBegun || !strings.Contains(got.Reason, "cannot be set") || strings.Contains(got.Reason, "\x00") {
			t.Errorf("%q: %+v", v, got)
		}
	}
}

func TestEnvironment(t *testing.T) {
	e := executor()
	e.Environ = []string{"PATH=/bin", "LC_ALL=C", "SMTP_PASSWORD=hunter2", "TRANSITION_VAR_token=hunter2", "HOME=/root", "PATHOLOGY=x"}
	e.Now = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	r := request(t, "environ")
	delete(r.Command.Env, "GORACE")
	r.Command.Env["MODE"], r.Command.Env["HOME"], r.Command.Env["TRANSITION_TENANT"] = "full", "/home/plan", "somebody else"
	r.Batch, r.Key, r.Attempt, r.Epoch, r.Timeout = "wave1", "k1", 2, 3, time.Hour
	r.T = time.Date(2012, 3, 9, 18, 0, 0, 0, time.FixedZone("PST", -8*3600))
	r.Now = time.Date(2012, 3, 11, 18, 0, 0, 0, time.UTC)
	want := []string{
		"COMMAND_TEST_HELPER=1", "HOME=/home/plan", "LC_ALL=C", "MODE=full", "PATH=/bin",
		"TRANSITION_ADDRESS=contoso/Finalize/cleanup", "TRANSITION_ATTEMPT=2", "TRANSITION_BATCH=wave1",
		"TRANSITION_DEADLINE=2026-03-01T13:00:00Z", "TRANSITION_EPOCH=3", "TRANSITION_IDEMPOTENCY_KEY=k1",
		"TRANSITION_NOW=2012-03-11T18:00:00Z", "TRANSITION_PHASE=Finalize", "TRANSITION_T=2012-03-09T18:00:00-08:00",
		"TRANSITION_TENANT=contoso",
	}
	environ := func() []string {
		got := strings.Split(e.Do(t.Context(), r).Evidence.Output, "\n")
		slices.Sort(got)
		return got
	}
	if diff := cmp.Diff(want, environ()); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	r.Rehearsal = true
	if got := environ(); !slices.Contains(got, "TRANSITION_REHEARSAL=1") {
		t.Errorf("a rehearsal does not show in %q", got)
	}
}

func TestOutputIsMergedAndBounded(t *testing.T) {
	got := executor().Do(t.Context(), request(t, "both"))
	if got.Evidence.Output != "to stdout\nto stderr\n" {
		t.Errorf("the output is %q", got.Evidence.Output)
	}
	got = executor().Do(t.Context(), request(t, "flood"))
	if n := len(got.Evidence.Output); n > 8<<10+3 || n < 8<<10 {
		t.Errorf("%d bytes of output are kept", n)
	}
	if !strings.HasSuffix(got.Evidence.Output, "line 99998\nline 99999\n") {
		t.Errorf("the output does not end with its last lines: %q", got.Evidence.Output[8000:])
	}
}

func TestAskingKeepsTheStreamsApart(t *testing.T) {
	r := request(t, "both")
	r.Asks = true
	got := executor().Do(t.Context(), r)
	want := &schema.Result{Command: true, Stdout: "to stdout\n", Stderr: "to stderr\n"}
	if diff := cmp.Diff(want, got.Result); diff != "" {
		t.Errorf("the result (-want +got):\n%s", diff)
	}
	if got.Evidence.Output != "to stdout\nto stderr\n" {
		t.Errorf("the output is %q", got.Evidence.Output)
	}
	r = request(t, "flood")
	r.Asks = true
	got = executor().Do(t.Context(), r)
	if n := len(got.Result.Stdout); n > 64<<10+3 || n < 64<<10 || len(got.Evidence.Output) > 8<<10+3 {
		t.Errorf("%d bytes of the answer are kept, and %d as evidence", n, len(got.Evidence.Output))
	}
	r = request(t, "die")
	r.Asks = true
	if got = executor().Do(t.Context(), r); got.Result != nil {
		t.Errorf("who was killed has told %+v", got.Result)
	}
}

func TestKilledIsUnknown(t *testing.T) {
	got := executor().Do(t.Context(), request(t, "die"))
	if got.Class != action.Unknown || got.Reason != "killed: signal: killed" || got.Evidence.ExitCode != nil {
		t.Errorf("got %+v", got)
	}
}

func TestTimeoutIsUnknown(t *testing.T) {
	w := newWatch(t)
	r := request(t, "hang", w.addr())
	r.Timeout = 300 * time.Millisecond
	got := executor().Do(t.Context(), r)
	if got.Class != action.Unknown || got.NotBegun || !strings.HasPrefix(got.Reason, "still running after 300ms") {
		t.Errorf("got %+v", got)
	}
}

func TestStopReachesTheWholeGroup(t *testing.T) {
	w := newWatch(t)
	e := executor()
	e.Grace = 50 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	got := make(chan action.Outcome, 1)
	go func() { got <- e.Do(ctx, request(t, "family", w.addr())) }()
	one, other := w.alive(), w.alive()
	stop()
	w.dead(one)
	w.dead(other)
	if out := <-got; out.Class != action.Unknown || !strings.HasPrefix(out.Reason, "stopped while it was running") {
		t.Errorf("got %+v", out)
	}
}

// Who does not listen is killed, also as the head of its group.
func TestWhoDoesNotListenIsKilled(t *testing.T) {
	w := newWatch(t)
	e := executor()
	e.Grace = 50 * time.Millisecond
	r := request(t, "deaf", w.addr())
	r.Timeout = 300 * time.Millisecond
	got := e.Do(t.Context(), r)
	w.dead(w.alive())
	if got.Class != action.Unknown || got.NotBegun || !strings.HasPrefix(got.Reason, "still running after 300ms") {
		t.Errorf("got %+v", got)
	}
}

// A child that has left the group outlives it, and keeps nobody waiting by the
// output that it holds.
func TestEscapedChildKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	w := newWatch(t)
	ctx, stop := context.WithCancel(t.Context())
	got := make(chan action.Outcome, 1)
	go func() { got <- executor().Do(ctx, request(t, "escape", w.addr())) }()
	one, other := w.alive(), w.alive()
	stop()
	if out := <-got; out.Class != action.Unknown || !strings.HasPrefix(out.Reason, "stopped while it was running") {
		t.Errorf("got %+v", out)
	}
	one.Close()
	other.Close()
}

// However much a command writes, and whatever: what is kept is small, and text.
func TestOutputWithoutEnd(t *testing.T) {
	const megabytes = 256
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := executor().Do(t.Context(), request(t, "binary", strconv.Itoa(megabytes)))
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > megabytes/8 {
		t.Errorf("%d MB were used for %d MB of output", used, megabytes)
	}
	text := got.Evidence.Output
	if got.Class != action.Succeeded || len(text) > 8<<10+3 || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\u009b") {
		t.Errorf("class %d, %d bytes are kept: %.80q", got.Class, len(text), text)
	}
}

func TestExitAfterStopStaysUnknown(t *testing.T) {
	w := newWatch(t)
	ctx, stop := context.WithCancel(t.Context())
	got := make(chan action.Outcome, 1)
	go func() { got <- executor().Do(ctx, request(t, "polite", w.addr())) }()
	w.alive()
	stop()
	out := <-got
	if out.Class != action.Unknown || out.Reason != "stopped while it was running: cleaned up" {
		t.Errorf("got %+v", out)
	}
	if out.Evidence.ExitCode == nil || *out.Evidence.ExitCode != 0 {
		t.Errorf("the evidence is %+v, want exit code 0", out.Evidence)
	}
}

func TestBackgroundProcessDoesNotHoldTheCommand(t *testing.T) {
	t.Parallel()
	w := newWatch(t)
	got := executor().Do(t.Context(), request(t, "leave", w.addr()))
	if got.Class != action.Succeeded || got.Reason != "" {
		t.Errorf("got %+v", got)
	}
	if !strings.HasPrefix(got.Evidence.Output, "started\n(the rest is missing") {
		t.Errorf("the output is %q", got.Evidence.Output)
	}
	child := w.alive() // it was left alone
	child.Close()
}
