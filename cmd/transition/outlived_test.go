//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"transition/runner/action/note"
	"transition/runner/process"
)

const outlivedPlan = `
transition "outlived" {}
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}
batch "all" {
  cutover = "2012-03-09 18:00"
  match   = true
}
retry "often" {
  max_attempts     = 3
  initial_interval = "1m"
}
phase "Copy" {
  opens = "T-7d"
  work "copy" {
    exec { command = ["sh", "copy.sh"] }
    %s
  }
}
`

// The command tells its process, and ends when the gate is opened, with much to
// say. What works is a child of the shell.
const outlivedCopy = `echo begun >>journal
echo $$ >begun
(read _ <gate)
seq 100000 && echo whole >>journal
exit $(cat code)
`

// outlived is an apply that was killed while its command runs.
type outlived struct {
	story
	pid int
}

func newOutlived(t *testing.T, more string) *outlived {
	s := newStopped(t, more)
	s.kill("apply", "-auto-approve")
	return s
}

// newStopped is the same before anybody applies.
func newStopped(t *testing.T, more string) *outlived {
	s := &outlived{story: story{T: t, dir: t.TempDir(), now: time.Date(2012, 3, 5, 12, 0, 0, 0, time.UTC)}}
	s.write("plan.transition.hcl", fmt.Sprintf(outlivedPlan, more))
	s.write("copy.sh", outlivedCopy)
	s.write("tenants.csv", "id\nacme\n")
	s.write("code", "0")
	for _, name := range []string{"begun", "gate"} {
		if err := syscall.Mkfifo(filepath.Join(s.dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.run(0, "init")
	return s
}

// kill begins something that applies, and kills it once its command runs.
func (s *outlived) kill(args ...string) {
	s.Helper()
	cmd := s.command(args...)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.begun()
	if err := cmd.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// begun waits for the command to begin.
func (s *outlived) begun() {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "begun"))
	if err != nil {
		s.Fatal(err)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
		s.Fatal(err)
	}
}

// open lets the command end.
func (s *outlived) open() {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "gate"), []byte("\n"), 0); err != nil {
		s.Fatal(err)
	}
}

// begins counts how often the command has begun, and ends how often it has come to
// its end.
func (s *outlived) begins(want int) { s.Helper(); s.journal("begun", want) }
func (s *outlived) ends(want int)   { s.Helper(); s.journal("whole", want) }

func (s *outlived) journal(word string, want int) {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "journal"))
	if err != nil {
		s.Fatal(err)
	}
	if got := strings.Count(string(text), word); got != want {
		s.Fatalf("%s %d times, want %d", word, got, want)
	}
}

// killKeeper kills who waits for the command now that its runner is gone.
func (s *outlived) killKeeper() {
	s.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, ".transition", "state.db.running", "*.json"))
	if err != nil || len(files) != 1 {
		s.Fatalf("the notes are %q, %v", files, err)
	}
	n, err := note.Read(files[0])
	if err != nil || n.Keeper == nil {
		s.Fatalf("%+v is no note with a keeper, %v", n, err)
	}
	if err := syscall.Kill(n.Keeper.PID, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	for life := process.Runs; life != process.Gone; {
		_, life = process.System{}.Look(*n.Keeper)
	}
}

// running wants everybody to be told that the command still runs.
func (s *outlived) running() {
	s.Helper()
	words := fmt.Sprintf("still runs as process %d on ", s.pid)
	end := fmt.Sprintf("end it (kill -- -%d)", s.pid)
	for _, args := range [][]string{{"plan"}, {"status", "acme"}, {"why", "acme"}} {
		if out := s.run(0, args...); !strings.Contains(out, words) || !strings.Contains(out, end) {
			s.Errorf("%v does not say that it %s:\n%s", args, words, out)
		}
	}
}

const copied = "acme/Copy/copy"

func (s *outlived) state(want string) {
	s.Helper()
	for _, it := range s.status().Tenants[0].Items {
		if it.Address == copied && it.State != want {
			s.Fatalf("%s is %s, want %s", copied, it.State, want)
		}
	}
}

// A second copy never runs beside the first, whoever asks for it. The first is not
// harmed by the death of its runner, and how it ends is known.
func TestCommandThatOutlivesItsRunnerIsNotDoubled(t *testing.T) {
	t.Parallel()
	s := newOutlived(t, "")
	s.running()
	s.run(0, "apply", "-auto-approve")
	s.run(1, "resolve", copied, "-retry", "-reason=lost")
	if out := s.run(0, "state", "unlock"); !strings.Contains(out, "but for what still runs") {
		t.Errorf("unlock says %s", out)
	}
	s.run(0, "apply", "-auto-approve")
	s.running()
	s.state("running")
	s.begins(1)

	s.open()
	s.run(0, "apply", "-auto-approve", "-wait")
	s.state("done")
	s.begins(1)
	s.ends(1)
	if left, err := os.ReadDir(filepath.Join(s.dir, ".transition", "state.db.running")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Until an apply records it, everybody is told how a command has ended, and nobody
// is asked.
func TestFailureAfterTheRunnerIsKnown(t *testing.T) {
	t.Parallel()
	s := newOutlived(t, "")
	s.write("code", "3")
	s.open()
	s.quiet()
	if out := s.run(0, "plan"); !strings.Contains(out, "exit code 3; what it said is lost with its runner") {
		t.Errorf("the plan says\n%s", out)
	}
	s.state("failed")
	if out := s.run(0, "state", "show", "acme"); !strings.Contains(out, "running") {
		t.Errorf("recorded is\n%s", out)
	}
	s.run(3, "apply", "-auto-approve")
	s.state("failed")
	if out := s.run(3, "why", "acme"); !strings.Contains(out, "exit code 3; what it said is lost") {
		t.Errorf("why says\n%s", out)
	}
	s.run(0, "resolve", copied, "-retry", "-reason=repaired")
	s.kill("apply", "-auto-approve")
	s.begins(2)
	s.open()
	s.quiet()
	s.ends(2)
}

// Its time is up, though nobody is there who would stop it.
func TestTimeoutHoldsWithoutTheRunner(t *testing.T) {
	t.Parallel()
	s := newOutlived(t, `timeout = "2s"`)
	s.run(3, "apply", "-auto-approve", "-wait")
	s.state("unknown")
	if out := s.run(3, "why", "acme"); !strings.Contains(out, "still running after 2s, its timeout") {
		t.Errorf("why says\n%s", out)
	}
	s.ends(0)
}

// Without anybody who waits for it, it is found all the same, and nobody knows how
// it has ended.
func TestEndThatNobodySawIsUnknown(t *testing.T) {
	t.Parallel()
	s := newOutlived(t, "")
	s.killKeeper()
	s.running()
	s.run(1, "resolve", copied, "-retry", "-reason=lost")
	s.open()
	s.quiet()
	s.state("unknown")
	s.run(3, "apply", "-auto-approve")
	s.begins(1)
	s.run(0, "resolve", copied, "-retry", "-reason=looked")
	s.kill("apply", "-auto-approve")
	s.begins(2)
	s.open()
	s.quiet()
}

// What the plan allows to repeat is repeated when it has ended, and not before.
func TestRepeatWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*outlived){
		"seen by its keeper": func(*outlived) {},
		"seen by nobody":     (*outlived).killKeeper,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOutlived(t, `delivery = "at_least_once"
    retry    = retry.often`)
			prepare(s)
			s.running()
			s.run(0, "apply", "-auto-approve")
			s.begins(1)

			// Its head alone may be gone: what it has started works on.
			if err := syscall.Kill(s.pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			s.run(0, "apply", "-auto-approve")
			s.running()
			s.begins(1)

			s.open()
			s.quiet()
			s.now = s.now.Add(time.Hour)
			s.kill("apply", "-auto-approve")
			s.begins(2)
			s.open()
			s.quiet()
		})
	}
}

// A person knows better, but not that it may be done beside itself.
func TestPersonAnswersForWhatStillRuns(t *testing.T) {
	t.Parallel()
	s := newOutlived(t, "")
	s.run(1, "resolve", "*/Copy/copy", "-done", "-reason=all")
	s.run(0, "resolve", copied, "-done", "-reason=seen")
	s.state("done")
	s.run(1, "plan", "-replace="+copied)
	s.run(0, "apply", "-auto-approve")
	s.begins(1)
	s.open()
	for _, code := s.try("plan", "-replace="+copied); code != 0; _, code = s.try("plan", "-replace="+copied) {
	}
}

// The keeper of a runner that lives may be killed as well. Its command goes on, and
// is waited for before anybody says that nothing is known of it.
func TestRunnerOutlivesTheKeeper(t *testing.T) {
	t.Parallel()
	s := newStopped(t, `delivery = "at_least_once"
    retry    = retry.often`)
	cmd := s.command("apply", "-auto-approve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.begun()
	s.killKeeper()
	s.open()
	if err := cmd.Wait(); err != nil {
		t.Errorf("apply ends with %v", err)
	}
	s.begins(1)
	s.state("retrying")
}
