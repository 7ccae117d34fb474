// Package runner makes a plan happen: it opens the plan directory and the
// recorded state, asks package plans what is due, and has the effects.
//
// It prints nothing and parses no HCL; what it finds it returns, and what it
// does it tells as events.
package runner

import (
	"context"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// Options say which plan directory to open, and with what.
type Options struct {
	Dir      string   // the plan directory
	Vars     []string // NAME=VALUE, from -var
	VarFiles []string // from -var-file
	Environ  []string // os.Environ(); only TRANSITION_VAR_* is looked at, and what commands inherit
	State    string   // file of the recorded state; empty: what the plan says
	Log      hclog.Logger
	// Now is the machine's clock.
	Now func() time.Time
}

// Project is an opened plan directory, with its recorded state if there is one.
// Close it when done.
type Project struct {
	Config *schema.Config
	// unexported fields follow in the implementation
}

// Open reads and checks the plan directory. It opens no state and touches
// nothing. With errors the project is nil or only good for showing sources.
func Open(o Options) (*Project, diag.List) { panic("stub") }

// Close releases the directory and the state.
func (p *Project) Close() error { panic("stub") }

// Validate checks everything that can be wrong without looking at the state:
// the inventories' rows, pinned tenants, and the arithmetic of all dates.
func (p *Project) Validate(ctx context.Context) diag.List { panic("stub") }

// Init creates the recorded state and writes .transition.lineage.
func (p *Project) Init(ctx context.Context) (store.Meta, diag.List) { panic("stub") }

// Need says what a command wants of the recorded state.
type Need uint8

// The needs.
const (
	NeedNone     Need = iota // plan: without a state, an empty one will do
	NeedState                // there must be one
	NeedRehearse             // make a rehearsal where there is no state
)

// OpenState opens the recorded state. now is an instant given by the user (-now
// or -rehearse), or zero; Now then answers with the instant that commands use.
func (p *Project) OpenState(ctx context.Context, need Need, now time.Time) diag.List { panic("stub") }

// Meta describes the open state; false: there is none.
func (p *Project) Meta() (store.Meta, bool) { panic("stub") }

// Now is the instant at which commands look at the plan: what the user gave,
// else the rehearsal's clock, else the machine's.
func (p *Project) Now() time.Time { panic("stub") }

// Holder tells who applies at present.
func (p *Project) Holder(ctx context.Context) (store.Holder, bool) { panic("stub") }

// Plan computes what apply would do. It writes nothing and takes no lease.
func (p *Project) Plan(ctx context.Context) (*plans.Plan, diag.List) { panic("stub") }

// Status tells where every tenant is that the selector covers, by id. The
// summary counts all tenants of the selection.
func (p *Project) Status(ctx context.Context, sel addr.Selector, each func(*plans.TenantStatus)) diag.List {
	panic("stub")
}

// Why explains one tenant: nil when it is not known.
func (p *Project) Why(ctx context.Context, tenant string) (*plans.TenantStatus, diag.List) { panic("stub") }

// History streams the facts of a tenant to each, oldest first.
func (p *Project) History(ctx context.Context, tenant string, each func(ledger.Fact)) diag.List {
	panic("stub")
}

// Records streams the recorded tenants to each, by id.
func (p *Project) Records(ctx context.Context, each func(*ledger.Record)) diag.List { panic("stub") }

// Verify checks the recorded state.
func (p *Project) Verify(ctx context.Context) (store.Report, diag.List) { panic("stub") }

// Render composes the message of a communication exactly as it would be sent,
// once for each recipient, headers included.
func (p *Project) Render(ctx context.Context, a addr.Address) ([]Rendered, diag.List) { panic("stub") }

// Rendered is one message.
type Rendered struct {
	Recipient string
	Data      []byte // RFC 5322
}

// SavePlan writes a plan so that Apply accepts it later.
func (p *Project) SavePlan(w io.Writer, plan *plans.Plan) error { panic("stub") }

// SavedPlan is what SavePlan has written, read back.
type SavedPlan struct {
	Dir  string // of the plan directory, as it was given when it was saved
	Plan *plans.Plan
	// unexported fields follow in the implementation
}

// ReadPlan reads a saved plan. Nothing in it is believed: Apply decides again.
func ReadPlan(r io.Reader) (*SavedPlan, diag.List) { panic("stub") }

// ApplyOptions say how to apply.
type ApplyOptions struct {
	Saved       *SavedPlan // nil: whatever is due
	Parallelism int        // attempts at once; at least 1
	Wait        bool       // stay until retries have ended
	// Confirm is asked once, with the plan, before anything is done; nil: yes.
	Confirm func(*plans.Plan) bool
	// Events is told what happens, from one goroutine at a time. May be nil.
	Events func(Event)
	User   string // for the lease and the facts
}

// ApplyResult says how an apply ended.
type ApplyResult struct {
	// Plan is what was shown to Confirm; nil if it did not come to that.
	Plan *plans.Plan
	// After is the plan after everything was done: what still waits, and what
	// comes next. nil when nothing was begun.
	After       *plans.Plan
	Confirmed   bool
	Done        map[plans.Kind]int // changes that were made
	Failed      int                // attempts that ended in Error or unknown
	Retrying    int
	Interrupted bool
	Stale       bool // the saved plan was refused
	Busy        bool // somebody else holds the lease
	// Unknown are the addresses of attempts whose outcome nobody knows because
	// this apply was stopped hard.
	Unknown []string
}

// Apply does what is due. The first end of ctx stops new effects and lets
// running ones finish; closing hard stops those too.
func (p *Project) Apply(ctx context.Context, o ApplyOptions, hard <-chan struct{}) (ApplyResult, diag.List) {
	panic("stub")
}

// Event is something that happens during an apply. The set is closed: Planned,
// Began, Ended, Noted, Draining.
type Event interface{ event() }

// Planned is the first event: what will be done.
type Planned struct{ Plan *plans.Plan }

// Began says that an attempt is about to have its effect.
type Began struct {
	Change  plans.Change
	Op      ledger.Op
	Attempt int
	To      string // recipient
}

// Ended says what became of an attempt.
type Ended struct {
	Change  plans.Change
	Op      ledger.Op
	Attempt int
	To      string
	Kind    ledger.Kind // Succeeded, Failed or Unknown
	Next    time.Time   // of a failure that will be tried again
	Reason  string
	Took    time.Duration
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

// Verb is what a person says.
type Verb struct {
	Kind     VerbKind
	Selector addr.Selector
	Answer   ledger.Answer // of Resolve
	Until    time.Time     // of Hold
	Reason   string
	By       string
}

// VerbKind is a human verb.
type VerbKind string

// The verbs.
const (
	Approve VerbKind = "approve"
	Reject  VerbKind = "reject"
	Resolve VerbKind = "resolve"
	Hold    VerbKind = "hold"
	Resume  VerbKind = "resume"
)

// VerbResult lists what a verb touched and what it left, with the reason.
type VerbResult struct {
	Touched []string
	Left    []Left
}

// Left is something that a selector covered and a verb could not touch.
type Left struct{ Address, Why string }

// Say records what a person says. It touches what the verb is legal for in its
// present state; matching nothing is an error.
func (p *Project) Say(ctx context.Context, v Verb) (VerbResult, diag.List) { panic("stub") }

// Unlock ends the lease of a process that is gone. It refuses while the
// process lives.
func (p *Project) Unlock(ctx context.Context) diag.List { panic("stub") }
