package schema

import (
	"time"

	"transition/schema/diag"
	"transition/schema/toffset"
)

// Config is one plan directory, whole.
//
// Slices are in an order that does not depend on the order of files and blocks:
// phases and items in the order in which they run, everything else by name.
type Config struct {
	Name        string
	Description string
	Zone        *time.Location // of wall-clock times that name no other
	Locale      string         // of tenants that have none; may be empty
	// MaxDueBurst is how many outside effects may fall due unnoticed before a person
	// is asked; see plans.Burst.
	MaxDueBurst int
	Notice      Notice
	Postpone    *Postpone // nil: tenants may not postpone
	Consent     *Consent  // nil: nobody needs to agree
	State       State

	Inventories []*Inventory
	Columns     *Columns                // the attributes of all inventories and tenant blocks together
	Tenants     map[string]*TenantBlock // by tenant id
	Batches     []*Batch
	Constraints []*Constraint
	Phases      []*Phase
	Items       []*Item // of all phases, in order; Items[i].Index == i
	// Events are the communications that are sent when something happens, by
	// name. Their phase is none of Phases: it is called EventPhase. Both have
	// indexes as if they came last. Those for which the plan has no text are among them; see Communication.Builtin.
	Events    []*Item
	Channels  []*Channel
	Limits    []*Limit
	Checks    []*Check
	Variables []*Variable
	Moves     []*Move    // in the order in which they are written
	Removals  []*Removal // likewise

	// Inputs are the files that make up the plan (plan files, messages,
	// templates, everything that a function read), but not the inventories.
	Inputs []Input
	// Digest covers Inputs and the values of all variables that are not
	// ephemeral. Two configurations with one digest decide alike.
	Digest [32]byte
	// Secrets are the values of sensitive variables, as text. Every view and
	// every recorded fact has them replaced.
	Secrets []string
	// Sources holds the plan files, for snippets.
	Sources map[string][]byte
}

// Input is a file that a plan was read from.
type Input struct {
	Path   string // slash-separated, relative to the plan directory
	SHA256 [32]byte
}

// Notice is how long before T tenants must have been told. A zero duration
// means that this kind of notice is not required.
type Notice struct {
	First toffset.Duration // the earliest notice, of whatever date
	Final toffset.Duration // the first notice that announced the present T
	Range diag.Range
}

// Required reports whether the plan demands any notice at all.
func (n Notice) Required() bool { return !n.First.IsZero() || !n.Final.IsZero() }

// Postpone says how far a tenant may put off its own T.
type Postpone struct {
	Max      int              // how often; 0: never
	Until    toffset.Offset   // of the present T: the last instant to ask
	MinShift toffset.Duration // the least distance from the present T
	End      time.Time        // no T may lie after this; zero: no bound
	Range    diag.Range
}

// ConsentMode says what silence means.
type ConsentMode uint8

// The values of the attribute mode.
const (
	OptIn       ConsentMode = iota + 1 // only a yes is a yes
	OptOut                             // silence is a yes, and nothing else is
	OptInOrLate                        // both: a yes at once, or silence for long enough
)

// Consent keeps tenants that have not agreed out of a phase.
type Consent struct {
	Mode ConsentMode
	// OptOutAfter is how long after the first delivered notice silence counts as
	// a yes; zero with OptIn.
	OptOutAfter toffset.Duration
	Phase       *Phase // the first that may not be entered without; hard, never nil
	// Withdraw: whoever has not answered when Phase opens is withdrawn. Otherwise
	// it is held.
	Withdraw bool
	Range    diag.Range
}

// Breaker stops new work of a batch when too much of it fails. A bound of zero
// value does not bind.
type Breaker struct {
	MaxErrors *int     // more than so many ended in Error; nil: no bound
	MaxRatio  *float64 // more than this share did, 0 to 1; nil: no bound
	MinSample int      // how many must have ended before the share counts, at least 1
	Range     diag.Range
}

// RefKind says what a Ref names.
type RefKind uint8

// What can be renamed and removed.
const (
	RefTenant RefKind = iota + 1
	RefBatch
	RefPhase
	RefItem
)

// Ref names a part of a plan, or of an earlier version of it.
type Ref struct {
	Kind RefKind
	Name string // a tenant's id, a batch, a phase, or PHASE/ITEM
}

// Move says that something has another name now.
type Move struct {
	From, To Ref // of one kind
	Range    diag.Range
}

// OnActive says what becomes of what has begun when something is removed.
type OnActive uint8

// The values of the attribute on_active.
const (
	ActiveRefuse  OnActive = iota // it may not be removed while it is active
	ActiveFinish                  // it goes on to its end
	ActiveAbandon                 // nothing more is done about it, but for releases of locks
)

// Removal says that something was taken out on purpose.
type Removal struct {
	From     Ref
	OnActive OnActive
	Range    diag.Range
}

// State says where the recorded state is kept.
type State struct {
	Kind  string // "sqlite"
	Path  string // relative to the plan directory, or absolute
	Range diag.Range
}

// Batch is a group of tenants that move together.
type Batch struct {
	Name  string
	Range diag.Range

	T          time.Time      // the zero time while the batch has no date
	TRange     diag.Range     // of the cutover attribute
	Zone       *time.Location // of its cutover, and of its tenants unless they have their own
	Match      Expr[bool]
	Priority   Expr[Number] // higher is placed first, null last
	Weight     Expr[float64]
	Capacity   float64 // +Inf when unlimited
	EnrolUntil toffset.Offset
	After      *After
	Breaker    *Breaker // its own, else the default's; nil: none
}

// After makes a batch wait for another one.
type After struct {
	Batch   *Batch
	Reached *Phase           // the phase that must be Complete
	AtLeast float64          // the share of its tenants, 0 to 1
	Soak    toffset.Duration // counted from the instant at which enough had reached it
	Holds   *Phase           // the first phase that the waiting batch may not enter
	Range   diag.Range
	Soaks   diag.Range // of the soak attribute
}

// Constraint keeps a tenant from being placed, and from entering hard phases.
type Constraint struct {
	Name        string
	BlockedWhen Expr[bool]
	Reason      Expr[string]
	OnViolation OnViolation
	Range       diag.Range
}

// OnViolation says what a constraint does to tenants that have a batch.
type OnViolation uint8

// The values of the attribute on_violation.
const (
	ViolationHold  OnViolation = iota + 1
	ViolationWarn              // it goes on, and the plan says so
	ViolationEject             // it loses its batch, and is placed anew when the constraint is clear
)

// Check is a condition on the plan itself; when it does not hold, people are warned.
type Check struct {
	Name      string
	Condition Expr[bool]
	Message   Expr[string]
	Range     diag.Range
}

// Variable is an input value of the plan.
type Variable struct {
	Name                 string
	Value                string // as JSON; empty for sensitive and ephemeral ones
	Set                  bool   // given from outside, not by its default
	Sensitive, Ephemeral bool
}

// Limit bounds how many attempts run at once.
type Limit struct {
	Name        string
	MaxInFlight int
	Range       diag.Range
}

// Retry says how often, and how long apart, a failed attempt is repeated. The
// words and their meaning are those of Temporal's retry policies.
type Retry struct {
	Name               string // empty for the policy of one single attempt
	MaxAttempts        int    // at least 1, the first attempt included
	InitialInterval    time.Duration
	BackoffCoefficient float64
	MaxInterval        time.Duration
	Jitter             float64       // share of the interval, 0 to 1
	MaxElapsed         time.Duration // 0: no bound
}
