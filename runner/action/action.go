// Package action has effects on the world, and says of each what became of it.
//
// Every executor passes the suite of package actiontest.
package action

import (
	"context"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// Class is what became of an effect.
type Class uint8

// The classes. The zero value is invalid.
const (
	Succeeded Class = iota + 1
	Retryable       // it had no effect, and may succeed later
	Permanent       // it had no effect, and will not
	Unknown         // nobody knows; never repeated without a person or the plan's leave
)

// Outcome is what an executor answers.
type Outcome struct {
	Class Class
	// NotBegun: there was certainly no effect, not even part of one.
	NotBegun bool
	// Shut: it was not about this request. Nothing that goes this way would fare
	// better, until somebody has put that right. The class is Retryable, with
	// NotBegun and RetryAfter.
	Shut bool
	// MayRun: of Unknown, it may go on, and beside it nothing is repeated.
	MayRun bool
	Reason string // one line, empty on success
	// RetryAfter is what a server asked for; 0: nothing.
	RetryAfter time.Duration
	Evidence   ledger.Evidence
	// Result is what was told when the request asks; nil: there is no answer, and
	// Reason says why. It is for expressions only, and may hold secrets.
	Result *schema.Result
}

// Request is one effect, with every expression evaluated. Exactly one of
// Command, HTTP and Mail is set.
type Request struct {
	// Tenant is its id; of what takes something back, the one that it had when that
	// was done.
	Tenant    string
	Address   string // TENANT/PHASE/ITEM
	Op        ledger.Op
	Key       string // idempotency key: the same for every retry
	Attempt   int    // number within the budget, from 1
	Epoch     int
	Timeout   time.Duration // 0: the executor's own bound
	AtLeast   bool          // delivery = "at_least_once"
	Asks      bool          // it changes nothing: its answer is wanted
	Rehearsal bool
	T         time.Time // may be zero
	Phase     string
	Batch     string
	// Now is the instant on the state's clock, for what the effect writes.
	Now time.Time
	// Seq is a number that rises with every attempt of a state.
	Seq int64

	Command *Command
	HTTP    *HTTP
	Mail    *Mail

	// Note is the file in which is noted, of a Command, which process it is and how it
	// has ended; see package note. Empty: that is not noted.
	Note string
	// Started is told the number of the process of a Command, which has just begun;
	// nil: nobody wants to know.
	Started func(pid int) `json:"-"`
}

// Command is a process to run.
type Command struct {
	Argv                                   []string
	Env                                    map[string]string
	Dir                                    string // absolute
	SuccessCodes, RetryCodes, UnknownCodes []int
}

// HTTP is a request to send.
type HTTP struct {
	Method, URL                string
	Headers                    map[string]string
	Body                       string
	SuccessStatus, RetryStatus []int
}

// Mail is a message for one recipient, rendered to bytes before anything
// begins: every retry sends the same bytes.
type Mail struct {
	Channel string // KIND.NAME
	From    string // envelope
	To      string // envelope: one recipient
	Data    []byte // RFC 5322, CRLF
}

// Executor has one kind of effect. Do returns when the effect has ended, has
// certainly not happened, or its outcome cannot be known any more. It never
// panics on a request's content, is safe for concurrent use, and ends soon
// after ctx does.
type Executor interface {
	Do(ctx context.Context, r Request) Outcome
}
