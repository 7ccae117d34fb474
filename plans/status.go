package plans

import (
	"slices"
	"time"
)

// PhaseStatus is the status of a tenant in its phase, in the words of the
// phased transition that the tool began with. Later values are worse.
type PhaseStatus uint8

// The statuses.
const (
	Complete PhaseStatus = iota
	Pending
	InProgress
	Warning
	Error
)

// String is the status word for word.
func (s PhaseStatus) String() string {
	return [...]string{"Complete", "Pending", "InProgress", "Warning", "Error"}[s]
}

// Statuses lists them in the order of the status table.
func Statuses() []PhaseStatus {
	return []PhaseStatus{Complete, InProgress, Pending, Warning, Error}
}

// ItemState is where one item of a tenant stands, as status shows it.
type ItemState string

// The states of an item.
const (
	ItemWaiting   ItemState = "waiting" // for its instant, or for what comes before it
	ItemDue       ItemState = "due"
	ItemRunning   ItemState = "running"
	ItemRetrying  ItemState = "retrying"
	ItemDone      ItemState = "done"
	ItemFailed    ItemState = "failed"
	ItemUnknown   ItemState = "unknown"
	ItemSkipped   ItemState = "skipped"
	ItemCollapsed ItemState = "collapsed"
	ItemWaived    ItemState = "waived"
	ItemMissed    ItemState = "missed"
)

// TenantStatus is where one tenant is.
type TenantStatus struct {
	ID     string
	Batch  string    // empty: none
	T      time.Time // zero: none
	Zone   *time.Location
	Epoch  int
	Phase  string // empty: none
	Status PhaseStatus
	// New: the next apply enrols it. Becomes is the batch that the next apply
	// places it in; empty: none, or it has one.
	New     bool
	Becomes string
	Held    *Held     // nil: it is not held
	Stopped *Held     // the open breaker that keeps it back, or will; nil: none does
	Next    time.Time // when anything falls due for it; zero: nothing will
	Items   []ItemStatus
	Locks   []LockStatus // open obligations
}

// Held says why a tenant does not move though its time has come.
type Held struct {
	Reason string
	Since  time.Time // zero: not known
	By     string    // empty: nobody in particular
	// Resumable: a person holds it, and lets it go on.
	Resumable bool
	Until     time.Time // zero: not known
	// Source is what in the plan is behind it, for why.
	Source Source
	// Answers are what the tenant may say, where it is held for want of consent.
	Answers Answers
	// Breaker is the batch whose open breaker it is; empty: it is something else.
	Breaker string
}

// Source names a part of a plan directory.
type Source struct {
	File string
	Line int
}

// ItemStatus is where one item stands.
type ItemStatus struct {
	Phase, Item string
	State       ItemState
	Attempts    int
	MaxAttempts int
	At          time.Time // when it is due, or was; of what is settled, when that was; zero: no date
	NextAttempt time.Time
	Reason      string
	Outlives    bool // of ItemRunning: its command still runs, though its runner is gone
	Final       bool // of ItemMissed: it cannot be begun any more on the present date
	Movable     bool // of ItemMissed: another date would give it another window
	Source      Source
	Answers     Answers // of a tenant's consent: what it may still say
}

// LockStatus is a lock that has not been released.
type LockStatus struct {
	Phase, Item string
	Since       time.Time
	ReleaseAt   time.Time // when its release falls due
	Alarm       time.Time // release_by; zero: none
	Overdue     bool
	Kept        string // why it stays shut though its time lies ahead; empty: it does not
	Waits       string // once its release has fallen due, what that waits for; empty: nothing
}

// Alarming reports whether the lock needs a person.
func (l *LockStatus) Alarming() bool { return l.Overdue || l.Kept != "" }

// Clone returns a status that outlives the call in which it was shown.
func (t *TenantStatus) Clone() *TenantStatus {
	c := *t
	c.Items, c.Locks = slices.Clone(t.Items), slices.Clone(t.Locks)
	return &c
}
