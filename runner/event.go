package runner

import (
	"time"

	"transition/plans"
	"transition/plans/ledger"
)

// Event is something that happens during an apply. The set is closed: Planned,
// Began, Ended, Noted, Draining.
type Event interface{ event() }

// Planned is the first event: what will be done.
type Planned struct{ Plan *plans.Plan }

// Began says that an attempt is about to have its effect, or that somebody is
// about to be asked about one.
type Began struct {
	Change  plans.Change
	Inquiry plans.Inquiry
	Op      ledger.Op
	Attempt int
	To      string // recipient
}

// Ended says what became of an attempt, at once or by the answer to an inquiry.
type Ended struct {
	Change  plans.Change
	Inquiry plans.Inquiry
	Op      ledger.Op
	Attempt int
	To      string
	// Kind is Succeeded, Failed or Unknown, or Polled: the work goes on, or Probed:
	// the probe gave no answer.
	Kind   ledger.Kind
	Next   time.Time // when it is tried, or asked about, again; zero: it is not
	Reason string
	Took   time.Duration
}

// Noted says that changes without an effect were recorded.
type Noted struct{ Change plans.Change }

// Draining says that no new effects begin, and which are waited for.
type Draining struct{ Running []string }

func (Planned) event()  {}
func (Began) event()    {}
func (Ended) event()    {}
func (Noted) event()    {}
func (Draining) event() {}
