package plans

import (
	"fmt"
	"time"
)

// Orphan is a command of an attempt whose runner is gone.
type Orphan struct {
	Host   string // empty: its note cannot be read
	Number int    // of its process there; 0: not known
	// Runs: it still does. Ended is how it has ended, which is not recorded yet.
	// Neither: it was started where that cannot be seen from here.
	Runs  bool
	Ended string
	// End is the command with which a person ends it, while it runs. Empty: not it
	// was seen, but the process that starts it and waits for it.
	End string
}

// Orphans are those of attempts, by id.
type Orphans map[int64]Orphan

// Beside are the commands that run though their runner is gone, by the address of
// the item as the plan calls it now. Whatever attempt one is of, also one that a
// restored state has lost, nothing of its item is begun beside it.
type Beside map[string]Orphan

// beside holds an action back for as long as a command of its item still runs.
func (w *walk) beside(a *Action) bool {
	x, runs := w.d.beside[w.r.ID+"/"+a.Item.Key()]
	if !runs || a.Inquiry != NoInquiry || !a.Kind.Outside() {
		return false
	}
	reason := half(a.Op) + x.Words()
	w.wait(WaitRunning, a.Item, reason, time.Time{}, time.Time{})
	if w.show(a.Item, ItemRunning, a.At, reason); w.d.explain {
		w.out.Items[a.Item.Index].Outlives = true
	}
	return true
}

// Words say that it still runs, and what to do about it; or how it has ended.
func (o Orphan) Words() string {
	if o.Ended != "" {
		return fmt.Sprintf("ended (%s) after its runner was gone: whoever applies now records that", o.Ended)
	}
	if o.End == "" {
		return fmt.Sprintf("is about to begin or has just ended; process %d on %s sees to it: wait for that", o.Number, o.Host)
	}
	return fmt.Sprintf("still runs as process %d on %s, though its runner is gone: wait for its end, or end it (%s)", o.Number, o.Host, o.End)
}

// Lost says why nobody knows the outcome of an attempt.
func (o Orphans) Lost(attempt int64, no int) string {
	reason := "the runner ended while attempt " + itoa(no) + " ran"
	switch x, ok := o[attempt]; {
	case !ok || x.Ended != "":
		return reason
	case x.Runs && x.End != "":
		return reason + "; it still ran as process " + itoa(x.Number) + " on " + x.Host
	case x.Host == "":
		return reason + "; whether it still runs is not known, since its note cannot be read: look for it"
	case x.Number != 0:
		return reason + "; whether it still runs on " + x.Host + " cannot be seen from here: look there for process " + itoa(x.Number)
	default:
		return reason + "; whether it still runs on " + x.Host + " cannot be seen from here: look there"
	}
}
