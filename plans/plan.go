// Package plans decides: what follows from a plan directory, a tenant's record
// and an instant. Values go in; values and diagnostics come out. Nothing here
// reads a clock, a file or the network, and the same input always gives the
// same output.
package plans

import (
	"time"

	"transition/schema/addr"
	"transition/schema/diag"
)

// Kind is the kind of a change: something that apply would do or newly record.
type Kind uint8

// The kinds of change, in the order in which summaries list them.
const (
	Enrol Kind = iota + 1
	Place
	Reschedule
	Move
	Adopt
	Withdraw
	Rollback
	Ask
	Send
	Run
	Lock
	Unlock
	Undo
	Collapse
	Skip
	Missed
)

var kinds = [...]struct{ word, symbol string }{
	Enrol:      {"enrol", "+"},
	Place:      {"place", "+"},
	Reschedule: {"reschedule", "~"},
	Move:       {"move", "~"},
	Adopt:      {"adopt", "~"},
	Withdraw:   {"withdraw", "-"},
	Rollback:   {"rollback", "-"},
	Undo:       {"undo", "<"},
	Ask:        {"ask", ">"},
	Send:       {"send", ">"},
	Run:        {"run", ">"},
	Lock:       {"lock", ">"},
	Unlock:     {"unlock", ">"},
	Collapse:   {"collapse", "="},
	Skip:       {"skip", "="},
	Missed:     {"missed", "!"},
}

// Kinds lists all kinds in the order of summaries.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds)-1)
	for k := Enrol; int(k) < len(kinds); k++ {
		all = append(all, k)
	}
	return all
}

// String is the kind's word, as in JSON.
func (k Kind) String() string { return kinds[k].word }

// Symbol is the character before a change in text.
func (k Kind) Symbol() string { return kinds[k].symbol }

// ParseKind finds the kind of a word.
func ParseKind(word string) (Kind, bool) {
	for k := Enrol; int(k) < len(kinds); k++ {
		if kinds[k].word == word {
			return k, true
		}
	}
	return 0, false
}

// Outside reports whether a change of this kind has an effect on the world,
// rather than only on the record.
func (k Kind) Outside() bool {
	switch k {
	case Send, Run, Lock, Unlock, Ask, Undo:
		return true
	default:
		return false
	}
}

// Change is one line of a plan.
type Change struct {
	Kind   Kind
	Tenant string
	Batch  string // empty while the tenant has none
	Phase  string // empty for changes of the tenant as a whole
	Item   string
	At     time.Time // when it fell due
	Reason string
	Detail Detail
}

// Address is TENANT or TENANT/PHASE/ITEM.
func (c *Change) Address() string {
	if c.Item == "" {
		return c.Tenant
	}
	return c.Tenant + "/" + c.Phase + "/" + c.Item
}

// Detail says more about a change; which fields are set depends on its kind.
type Detail struct {
	T          time.Time // of Place, Reschedule and Move; zero: no date any more
	OldT       time.Time // of Reschedule and Withdraw
	OldBatch   string    // of Reschedule and Move
	Recipients []string  // of Send and Ask: who has not had it yet
	Into       string    // of Collapse: PHASE/ITEM of the message that carries it
	Attempt    int       // of a retry: the number of the attempt, from 2
	PassesPONR bool      // of Run and so on: the tenant passes the point of no return
	// Doubted: it may have happened already, in what a restored state has lost. It is
	// not done, and recorded with an unknown outcome.
	Doubted bool
}

// WaitKind says what somebody waits for.
type WaitKind string

// The kinds of waiting.
const (
	WaitHold     WaitKind = "hold"
	WaitMissed   WaitKind = "missed"
	WaitUnknown  WaitKind = "unknown"
	WaitError    WaitKind = "error"
	WaitRetry    WaitKind = "retry"
	WaitRunning  WaitKind = "running" // a command whose runner is gone, until it ends
	WaitPoll     WaitKind = "poll"    // work that goes on by itself
	WaitLimit    WaitKind = "limit"   // long work, until other such work has ended
	WaitApproval WaitKind = "approval"
	WaitLock     WaitKind = "lock"    // held past release_by
	WaitBreaker  WaitKind = "breaker" // that of a batch is open
)

// NeedsPerson reports whether only a person can end the waiting.
func (k WaitKind) NeedsPerson() bool {
	switch k {
	case WaitMissed, WaitUnknown, WaitError, WaitApproval, WaitLock, WaitBreaker:
		return true
	default:
		return false
	}
}

// Alarming reports whether the waiting makes apply and status exit with 3.
func (k WaitKind) Alarming() bool { return k.NeedsPerson() && k != WaitApproval }

// Wait is somebody or something that does not move.
type Wait struct {
	Kind    WaitKind
	Tenant  string // empty: of WaitBreaker
	Batch   string
	Address string // TENANT or TENANT/PHASE/ITEM; of WaitBreaker, batch.NAME
	Reason  string
	Since   time.Time // zero: not known
	Until   time.Time // zero: until somebody acts
	// Resumable: of WaitHold, a person holds it, and lets it go on.
	Resumable bool
	// Kept: of WaitLock, the lock stays shut though its time lies ahead again, or
	// there is no date. To roll the tenant back opens it.
	Kept bool
	// Final: of WaitMissed, it cannot be begun any more on the present date.
	Final bool
	// Movable: of WaitMissed, another date would give it another window.
	Movable bool
	// ByHand: of WaitError, only a person can take it back, and says when it is done.
	ByHand bool
	// Answers: of a WaitHold for want of consent, what the tenant may say. The
	// address is then that of its answer.
	Answers Answers
}

// Upcoming counts what falls due later.
type Upcoming struct {
	At    time.Time
	Kind  Kind
	Count int
}

// Plan is the computed changes: what apply would do now, and what waits.
type Plan struct {
	Name    string // of the transition
	Now     time.Time
	Zone    *time.Location
	Lineage string // empty without a recorded state
	Serial  int64
	// Changes are in the order in which apply makes them.
	Changes []Change
	// Left is what has become due since a saved plan was made, and is left
	// because it is no part of it.
	Left    []Change
	Waiting []Wait
	// Within is the part that was wanted, and LeftOut the number of changes that
	// it leaves out.
	Within  Scope
	LeftOut int
	// Replaced are the items that are done again because somebody wants it.
	Replaced []addr.Address
	// Upcoming is what comes later if nothing changes, by instant and kind.
	Upcoming []Upcoming
	// Next is the next instant at which anything falls due; zero: never.
	Next time.Time
	// Burst is not nil if a person should be asked: time has skipped much.
	Burst       *Burst
	Diagnostics diag.List
	Tenants     int // in the inventory and the record together
	Locks       int // held now
}

// Count returns how many changes there are of each kind.
func (p *Plan) Count() map[Kind]int {
	n := make(map[Kind]int)
	for i := range p.Changes {
		n[p.Changes[i].Kind]++
	}
	return n
}
