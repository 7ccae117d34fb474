// Package command has the effects that are commands: one process each, started
// from an argv list and never through a shell.
package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/action/note"
	"transition/runner/action/tail"
	"transition/runner/process"
)

const (
	defaultTimeout = time.Hour
	defaultGrace   = 5 * time.Second
	// drain is how long output is read after the command itself has ended: what
	// it left running in the background may hold its output open for ever.
	drain = 2 * time.Second

	maxOutput = 8 << 10
	maxReason = 300
)

// Executor runs commands. It may be used by several goroutines at once.
//
// Every command is the head of a process group of its own, so that a Ctrl-C at
// the terminal does not reach it. When its time is up or the context ends, the
// group is asked to end, and killed after a grace period. On Windows, which has
// no such groups, only the command itself is killed, at once. What a command
// leaves behind when it exits by itself is left alone.
type Executor struct {
	// Environ is the environment of this process, as NAME=VALUE. Commands see
	// only what has nothing secret in it: PATH, HOME, the locale and the like.
	Environ []string
	// Now is the machine's clock, which tells commands their deadline. It must
	// not be nil.
	Now func() time.Time
	// Grace is how long a command may take to end when asked to; 0: 5 seconds.
	Grace time.Duration
}

// Do implements [action.Executor]. A command that has begun and did not exit by
// itself is unknown. If ctx has ended already, nothing is begun.
func (e *Executor) Do(ctx context.Context, r action.Request) action.Outcome {
	out := e.run(ctx, r)
	if out.NotBegun {
		_ = note.Ended(r.Note, out)
	}
	return out
}

// run runs a command. Once it has begun, its end is noted before its output is read.
func (e *Executor) run(ctx context.Context, r action.Request) action.Outcome {
	if reason := refuse(r); reason != "" {
		return notBegun(action.Permanent, reason, ledger.Evidence{})
	}
	none := ledger.Evidence{Digest: digest(r.Command.Argv)}
	if ctx.Err() != nil {
		return notBegun(action.Retryable, "stopped before the command was started", none)
	}
	timeout := TimeoutOf(r)
	path, err := resolve(r.Command)
	if err != nil {
		return notBegun(action.Permanent, explainStart(r.Command, path, err), none)
	}
	output := newOutput(r.Asks)
	cmd := &exec.Cmd{
		Path:        path,
		Args:        r.Command.Argv,
		Dir:         r.Command.Dir,
		Env:         environment(e.Environ, r, e.Now().Add(timeout)),
		Stdout:      output.stdout,
		Stderr:      output.stderr,
		WaitDelay:   drain,
		SysProcAttr: OwnGroup(),
	}
	if err := cmd.Start(); err != nil {
		return notBegun(action.Permanent, explainStart(r.Command, path, err), none)
	}
	// Where noting fails, it is not known after a crash what became of it.
	if id, ok := (process.System{}).Identify(cmd.Process.Pid, Marks(r)); ok {
		_ = note.Started(r.Note, id)
	}
	if r.Started != nil {
		r.Started(cmd.Process.Pid)
	}
	ended := e.await(ctx, cmd, timeout)
	out := verdict(r.Command, ended)
	_ = note.Ended(r.Note, out)
	return withOutput(out, ended, output)
}

// TimeoutOf is how long the command of a request may run.
func TimeoutOf(r action.Request) time.Duration {
	if r.Timeout <= 0 {
		return defaultTimeout
	}
	return r.Timeout
}

// refuse says why a request is none that could be run; "" if it could.
func refuse(r action.Request) string {
	c := r.Command
	switch {
	case c == nil || r.HTTP != nil || r.Mail != nil:
		return "the request is not a command"
	case len(c.Argv) == 0 || c.Argv[0] == "":
		return "the command is empty"
	case slices.ContainsFunc(c.Argv, hasNUL):
		return "an argument holds a NUL character, which no process could be given"
	case hasNUL(c.Dir):
		return "the directory holds a NUL character"
	}
	for name, value := range c.Env {
		if name == "" || strings.Contains(name, "=") || hasNUL(name) || hasNUL(value) {
			return fmt.Sprintf("the environment variable %q cannot be set", name)
		}
	}
	return ""
}

func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }

func notBegun(class action.Class, reason string, e ledger.Evidence) action.Outcome {
	return action.Outcome{Class: class, NotBegun: true, Reason: tail.Line(reason, maxReason), Evidence: e}
}

// digest tells two commands apart without keeping their arguments.
func digest(argv []string) string {
	sum := sha256.Sum256([]byte(strings.Join(argv, "\x00")))
	return hex.EncodeToString(sum[:])
}

// verdict tells what became of a command that had begun, without anything that it
// has printed.
func verdict(c *action.Command, e ended) action.Outcome {
	out := action.Outcome{Evidence: ledger.Evidence{Digest: digest(c.Argv)}}
	code := e.state.ExitCode() // -1 after a signal
	if code >= 0 {
		out.Evidence.ExitCode = &code
	}
	switch {
	case e.stopped != "":
		out.Class, out.Reason = action.Unknown, e.stopped
	case e.state == nil:
		out.Class, out.Reason = action.Unknown, fmt.Sprintf("its end was not seen: %v", e.err)
	case code < 0:
		out.Class, out.Reason = action.Unknown, fmt.Sprintf("killed: %v", e.state)
	default:
		out.Class, out.Reason = classify(c, code), fmt.Sprintf("exit code %d", code)
	}
	if out.Class == action.Succeeded {
		out.Reason = ""
	}
	return out
}

// withOutput adds what a command has printed to what became of it.
func withOutput(out action.Outcome, e ended, output output) action.Outcome {
	text := output.String()
	out.Evidence.Output = text
	if code := out.Evidence.ExitCode; code != nil && e.stopped == "" {
		out.Result = output.result(*code)
	}
	if out.Class == action.Succeeded {
		if e.err != nil && !isExit(e.err) {
			out.Evidence.Output = text + incomplete(e.err)
		}
		return out
	}
	if last := tail.Last(text); last != "" {
		out.Reason += ": " + last
	}
	out.Reason = tail.Line(out.Reason, maxReason)
	return out
}

// classify sorts an exit code. Codes that are not listed at all have the
// defaults of the language: 0 succeeds, 75 (EX_TEMPFAIL) may be tried again.
func classify(c *action.Command, code int) action.Class {
	succeed, again := c.SuccessCodes, c.RetryCodes
	if succeed == nil {
		succeed = []int{0}
	}
	if again == nil {
		again = []int{75}
	}
	switch {
	case slices.Contains(succeed, code):
		return action.Succeeded
	case slices.Contains(c.UnknownCodes, code):
		return action.Unknown
	case slices.Contains(again, code):
		return action.Retryable
	default:
		return action.Permanent
	}
}

func isExit(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit)
}

// incomplete is the note below the output of a command that succeeded while its
// output could not be read to the end.
func incomplete(err error) string {
	if errors.Is(err, exec.ErrWaitDelay) {
		return "\n(the rest is missing: a process that it left behind kept the output open)"
	}
	return "\n(the rest is missing: " + tail.Line(err.Error(), maxReason) + ")"
}
