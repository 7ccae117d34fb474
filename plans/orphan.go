package plans

import (
	"fmt"

	"transition/plans/ledger"
)

// Orphan is a command of an attempt whose runner is gone.
type Orphan struct {
	Host string
	// PID is that of the process, which still runs; 0: it was started where that
	// cannot be seen from here.
	PID int
	End string // the command with which a person ends it
}

// Orphans are those of attempts, by id.
type Orphans map[int64]Orphan

// running is the command of a try that still runs.
func (o Orphans) running(try *ledger.Try) (Orphan, bool) {
	x, ok := o[try.Attempt]
	return x, ok && x.PID != 0
}

// Of is the command of a recorded item that still runs.
func (o Orphans) Of(rec *ledger.Item) (Orphan, bool) {
	if rec == nil || len(o) == 0 {
		return Orphan{}, false
	}
	if x, ok := o.running(&rec.Try); ok || rec.Release == nil {
		return x, ok
	}
	return o.running(rec.Release)
}

// Words say that it still runs, and what to do about it.
func (o Orphan) Words() string {
	return fmt.Sprintf("still runs as process %d on %s, though its runner is gone: wait for its end, or end it (%s)", o.PID, o.Host, o.End)
}

// Lost says why nobody knows the outcome of an attempt.
func (o Orphans) Lost(attempt int64, no int) string {
	reason := "the runner ended while attempt " + itoa(no) + " ran"
	switch x, ok := o[attempt]; {
	case !ok:
		return reason
	case x.PID == 0:
		return reason + "; whether it still runs on " + x.Host + " cannot be seen from here"
	default:
		return reason + "; it still ran as process " + itoa(x.PID) + " on " + x.Host
	}
}
