package cli

import (
	"errors"
	"fmt"
)

// The exit codes. Their meaning never changes.
const (
	exitOK          = 0
	exitError       = 1
	exitChanges     = 2
	exitPerson      = 3
	exitBusy        = 4
	exitStale       = 5
	exitUsage       = 64
	exitInterrupted = 130
)

// exitMeaning is what help says of an exit code.
func exitMeaning(code int) string {
	switch code {
	case exitOK:
		return "fine"
	case exitError:
		return "error: nothing was done, or not all of it"
	case exitChanges:
		return "with -detailed-exitcode: there are changes"
	case exitPerson:
		return "a person is needed: Error, an unknown outcome, an overdue lock, an expired approval, an open breaker, edits left"
	case exitBusy:
		return "somebody else applies at present"
	case exitStale:
		return "the saved plan is stale"
	case exitUsage:
		return "the command line is wrong"
	case exitInterrupted:
		return "interrupted"
	default:
		return ""
	}
}

// exit ends a command whose user has been told everything already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// drained is the exit of a command that stays until it is asked to end, and has
// done so in good order: for it, being asked is no interrupt.
type drained exit

func (d drained) Error() string { return exit(d).Error() }
func (d drained) Unwrap() error { return exit(d) }

// usageError is a mistake on the command line.
type usageError struct {
	problem string // one sentence
	hint    string // what to write instead; may be empty
	command string // whose help says more; filled in where it is known
}

func (e *usageError) Error() string { return e.problem }

func usagef(hint, format string, args ...any) error {
	return &usageError{problem: fmt.Sprintf(format, args...), hint: hint}
}

// code is the exit code of a command's error, which is nil on success.
func code(err error) int {
	var ended exit
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &ended):
		return int(ended)
	case errors.As(err, &usage):
		return exitUsage
	default:
		return exitError
	}
}
