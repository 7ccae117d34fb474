//go:build crashpoint && linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Somebody removes the lock of an apply that does not answer, and applies. When
// the other one wakes up, it begins nothing any more, whatever it was about to
// do.
func TestReplacedHolderHasNoEffects(t *testing.T) {
	s := newScene(t, "testdata/crash/rehearsal.txtar", new(tally))
	s.steps = []step{
		{verb: "transition", args: []string{"apply", "-rehearse=2012-03-01", "-auto-approve"}},
		{verb: "transition", args: []string{"apply", "-rehearse=2012-03-03", "-auto-approve", "-parallelism=1"}},
	}
	s.tell()
	for _, at := range []string{"lease.after_take:1", "pass.begin:1", "claim.before_commit:1", "claim.after_commit:1"} {
		t.Run(at, func(t *testing.T) {
			c := s.from(t, 1)
			cmd := c.command(s.steps[1].args...)
			cmd.Env = append(cmd.Env, "TRANSITION_CRASH="+at+":stop")
			var talk strings.Builder
			cmd.Stderr = &talk
			c.must(cmd.Start())
			if status := c.await(cmd.Process.Pid); !status.Stopped() {
				t.Fatal("it does not stop")
			}
			c.run(4, s.steps[1].args...)
			c.run(0, "plan")
			c.run(0, "status")
			c.must(os.Remove(filepath.Join(c.dir, ".transition", "state.db.lock")))
			c.run(0, append(s.steps[1].args, "-target=adatum")...)
			before := c.happened()
			c.must(cmd.Process.Signal(syscall.SIGCONT))
			_ = cmd.Wait() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(talk.String(), "Somebody else has taken over") {
				t.Errorf("it ends with %d\n%s", code, talk.String())
			}
			if after := c.happened(); len(before) != 1 || len(after) != 1 {
				t.Errorf("there was %v, and is %v", before, after)
			}
			c.goOn(&s.steps[1])
			c.compare(1)
			c.finally()
		})
	}
}
