// Package store is the recorded state: facts, attempts, and the record of each
// tenant, kept so that no crash loses what was committed.
//
// Every store passes the suite of package storetest.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"transition/plans/ledger"
)

// Kind tells a rehearsal from the real thing. A state keeps its kind for ever.
type Kind string

// The kinds of state.
const (
	Production Kind = "production"
	Rehearsal  Kind = "rehearsal"
)

// Meta describes a state as a whole.
type Meta struct {
	Lineage string // made once, by init
	Serial  int64  // rises with every commit
	Kind    Kind
	Plan    string // name of the transition it belongs to
	Created time.Time
	// Clock is the instant of a rehearsal. In production, it is the instant up to
	// which everything that was due has been taken on by an apply of the whole plan;
	// the zero time: none was, or by an older version.
	Clock time.Time
	// LastFact is when the newest fact happened; the zero time without any.
	LastFact time.Time
	// Adopted is the digest of the plan that was adopted last, AdoptedInventory
	// that of its inventories, with the instant of the apply that did so. Empty:
	// there was none; of the inventories also, that an older version did not keep
	// the plan itself.
	Adopted          string
	AdoptedInventory string
	AdoptedAt        time.Time
	// Part, PartInventory and PartAt say the same of the plan of which a part was
	// applied last, since another one was adopted. Empty: there was none.
	Part          string
	PartInventory string
	PartAt        time.Time
	// Lost is what the state is known to lack: it is an older copy of one that was
	// in its place. Nothing can be recorded in it then. nil: nothing is missing.
	Lost *Lost
	// Unmarked says why nobody can tell whether anything is missing: ErrUnmarked, in
	// an *Error where the mark cannot be read. nil: the state was held against it.
	Unmarked error
	// Copy: it is a backup that lies there, in which nothing can be recorded.
	Copy bool
}

// Lost is what is known of a newer state whose place an older one has taken.
type Lost struct {
	// Serial is that of the newer one, or less: it may have come farther.
	Serial int64
	// LastFact is when its newest fact happened; zero: nobody knows.
	LastFact time.Time
	// Other: the older one has gone another way since, so that neither has all.
	Other bool
	// Restoring: nothing is missing but for the end of a restoration, which was cut
	// off before its copy was in this place.
	Restoring bool
}

// Attempt is one try to have one effect.
type Attempt struct {
	ID         int64
	Tenant     string
	Item       string // PHASE/ITEM
	Op         ledger.Op
	Recipient  string
	Epoch      int
	Generation int
	No         int
	Key        string // idempotency key
	Lease      int64  // epoch of the lease under which it was claimed
	ClaimedAt  time.Time
	BegunAt    time.Time // the zero time: certainly nothing has happened
}

// Claim asks for the right to one attempt. At most one attempt of an item (and
// recipient) is open at a time; the database itself sees to that.
type Claim struct {
	Tenant     string
	Item       string
	Op         ledger.Op
	Recipient  string
	Epoch      int
	Generation int
	No         int
	Key        string
	// Rev is the revision of the record that the decision was based on. If the
	// record has moved on, as when a person has put a hold on the tenant, the
	// claim is refused. Facts of the same commit do not count: Rev may be the
	// revision before them or after any of them.
	Rev int64
}

// Commit is one transaction: everything in it is durable together, or nothing is.
// Dropped attempts come first, then facts, then claims, so that a claim may
// follow the attempt that ends beside it.
type Commit struct {
	Claims []Claim
	// Facts are appended, and applied to the records of their tenants. Began
	// marks its attempt as begun; Succeeded, Failed and Unknown end it. What ended
	// Unknown stays open until a fact Closes it.
	Facts []ledger.Fact
	// Decided are facts that follow from a decision; they come after Facts.
	Decided []Decided
	// Dropped are claimed attempts that will not be begun after all.
	Dropped []int64
	// Adopt, when not nil, is the plan from now on. It takes the place of the
	// one before, whole, and of what was kept of parts.
	Adopt *Adoption
	// Part, when not nil, is a plan of which a part is applied: it is kept beside
	// the adopted one, in the place of the one before of which that was so.
	Part *Adoption
	// Clock, when not zero, moves Meta.Clock forward.
	Clock time.Time
	// Now is the instant of the commit on the clock of the state.
	Now time.Time
}

// Decided are facts that are only right if the record has not moved on since it
// was decided upon, as the beginning of an attempt: they are refused as claims
// are, all together.
type Decided struct {
	Tenant string
	Rev    int64
	// Other is a second tenant that the facts are about, whose record must not
	// have moved on from OtherRev either; empty: there is none.
	Other    string
	OtherRev int64
	Facts    []ledger.Fact
}

// Committed is what came of a commit.
type Committed struct {
	// Claimed holds the id of each claim's attempt, in order; 0: refused.
	Claimed []int64
	// Refused says of each element of Decided whether it was refused.
	Refused []bool
	// Records are the records that the facts changed, as they are now, and
	// those of what was refused, keyed by tenant.
	Records map[string]*ledger.Record
	Serial  int64
}

// Holder is who applies.
type Holder struct {
	Host    string
	PID     int
	User    string
	Command string
	Since   time.Time
	Epoch   int64 // rises with every lease; the fencing token
}

// Store is one recorded state. It is safe for concurrent use, and several
// processes may have it open.
type Store interface {
	// Meta reads the state's description.
	Meta(context.Context) (Meta, error)
	// Records streams all records by tenant id in byte order. A record is
	// valid until the next one is asked for.
	Records(context.Context) iter.Seq2[*ledger.Record, error]
	// Record reads one record; nil when nothing is known of the tenant.
	Record(ctx context.Context, tenant string) (*ledger.Record, error)
	// History streams the facts of one tenant, or of all when tenant is empty,
	// oldest first.
	History(ctx context.Context, tenant string) iter.Seq2[ledger.Fact, error]
	// Adopted is the plan that was adopted last; nil: none is kept. Its files
	// can be read for as long as the state is open and adopts no other plan; then
	// reading may end with ErrReplaced.
	Adopted(context.Context) (*Adoption, error)
	// Part is the plan of which a part was applied last, since another one was
	// adopted; nil: there was none. Its files are as those of Adopted.
	Part(context.Context) (*Adoption, error)
	// Attempt reads one attempt, whether it has ended or not; false: there is none.
	Attempt(ctx context.Context, id int64) (Attempt, bool, error)
	// OpenAttempts lists the attempts that have no outcome.
	OpenAttempts(context.Context) ([]Attempt, error)
	// Append records facts of which no attempt is the cause, as people's words.
	// It needs no lease. check, if not nil, sees the present record of each
	// tenant inside of the transaction and may refuse; its error is returned as
	// it is and nothing is written.
	Append(ctx context.Context, facts []ledger.Fact, check func(*ledger.Record) error) error
	// Lease takes the exclusive right to apply, or returns a *HeldError.
	Lease(ctx context.Context, h Holder) (Lease, error)
	// Holder tells who applies at present; false: nobody.
	Holder(context.Context) (Holder, bool, error)
	// Verify checks the whole history: that the file is sound, no fact was
	// changed or lost, the records are what the facts add up to, and the plans
	// are the ones that were kept.
	Verify(context.Context) (Report, error)
	Close() error
}

// Lease is the exclusive right to apply to a state.
type Lease interface {
	Holder() Holder
	// Commit makes one durable transaction. It fails with ErrFenced when the
	// lease is no longer ours; then nothing was written and nothing may be done.
	Commit(context.Context, Commit) (Committed, error)
	// Release gives the right back. It is safe to call twice.
	Release() error
}

// Report is what Verify found.
type Report struct {
	Facts, Tenants, Attempts int64
	// Problems are full sentences; empty: the state is sound.
	Problems []string
}

// Kinds of trouble with a state. Each comes in an *Error, but for ErrFenced in
// stores that have no file.
var (
	ErrNotFound   = errors.New("no recorded state")
	ErrFenced     = errors.New("the lease was taken over")
	ErrDamaged    = errors.New("the recorded state is damaged")
	ErrForeign    = errors.New("not a recorded state of this tool")
	ErrNewer      = errors.New("the recorded state was written by a newer version")
	ErrOlder      = errors.New("the recorded state is older than the one that was here before")
	ErrUnmarked   = errors.New("no mark tells whether the recorded state is the newest")
	ErrCopy       = errors.New("the file is a backup of a recorded state")
	ErrUnreadable = errors.New("the recorded state may not be read")
	ErrReadOnly   = errors.New("the recorded state cannot be written")
	ErrFull       = errors.New("the disk is full")
	ErrDisk       = errors.New("the disk has failed")
)

// Error is a trouble with a state.
type Error struct {
	Kind   error  // one of the kinds above
	What   string // what happened to which file; neither a capital nor a full stop
	Advice string // what to do, in full sentences
	Cause  error  // of the engine or of the operating system; may be nil
}

func (e *Error) Error() string { return fmt.Sprintf("%v: %s. %s", e.Kind, e.What, e.Advice) }

// Unwrap leads to the kind and to the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// HeldError says who applies already.
type HeldError struct{ Holder Holder }

func (e *HeldError) Error() string {
	h := e.Holder
	return fmt.Sprintf("%s@%s (pid %d, %s) applies since %s", h.User, h.Host, h.PID, h.Command, h.Since.Format(time.RFC3339))
}
