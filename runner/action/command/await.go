package command

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// ended is how a process came to its end.
type ended struct {
	state   *os.ProcessState
	err     error  // of waiting for it
	stopped string // why it was made to end; empty when it ended by itself
}

// await waits for a started command, for as long as it may run.
func (e *Executor) await(ctx context.Context, cmd *exec.Cmd, timeout time.Duration) ended {
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	timer := time.NewTimer(timeout)
	defer timer.Stop()

	stopped := ""
	select {
	case err := <-done:
		return ended{state: cmd.ProcessState, err: err}
	case <-timer.C:
		stopped = fmt.Sprintf("still running after %v, its timeout, and stopped", timeout)
	case <-ctx.Done():
		stopped = "stopped while it was running"
	}
	select {
	case err := <-done: // both at once: it needed no stopping
		return ended{state: cmd.ProcessState, err: err}
	default:
	}
	err := e.stop(cmd.Process, done)
	return ended{state: cmd.ProcessState, err: err, stopped: stopped}
}

// stop ends a process and all that it started, and waits for it.
func (e *Executor) stop(p *os.Process, done <-chan error) error {
	AskToEnd(p.Pid)
	timer := time.NewTimer(e.Patience())
	defer timer.Stop()
	select {
	case err := <-done:
		Kill(p.Pid) // what has outlived the head of the group
		return err
	case <-timer.C:
		Kill(p.Pid)
		return <-done
	}
}

// Patience is how long a command may take to end when asked to.
func (e *Executor) Patience() time.Duration {
	if e.Grace <= 0 {
		return defaultGrace
	}
	return e.Grace
}
