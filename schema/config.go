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
	Notice      Notice
	State       State

	Inventories []*Inventory
	Columns     *Columns                // the attributes of all inventories and tenant blocks together
	Tenants     map[string]*TenantBlock // by tenant id
	Batches     []*Batch
	Constraints []*Constraint
	Phases      []*Phase
	Items       []*Item // of all phases, in order; Items[i].Index == i
	Channels    []*Channel
	Limits      []*Limit
	Checks      []*Check
	Variables   []*Variable

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
	Range       diag.Range
}

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
