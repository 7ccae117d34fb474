package ledger

import (
	"slices"
	"strings"
	"time"
)

// State is where an item of a tenant stands.
type State uint8

// The states. The zero value is an item of which nothing is recorded.
const (
	None State = iota
	Running
	Retrying // a retry is scheduled: Item.Next
	Done
	Error // it failed for good
	Lost  // its outcome is unknown
	Omitted
	Merged // collapsed into the message of Item.Into
	Waived
	Late // its window passed before it began
	Open // an approval that was asked for
	// Returned is a lock that was given back before its time. Nothing after it
	// may begin until it is taken again.
	Returned
	// Polling is work that was started, and goes on by itself until asking about
	// it says that it has ended. It is asked about at Try.Next.
	Polling
)

// Settled reports whether nothing more will happen with an item by itself or
// by a person's answer, and what comes after it may go on.
func (s State) Settled() bool {
	switch s {
	case Done, Omitted, Merged, Waived:
		return true
	default:
		return false
	}
}

// NeedsPerson reports whether only a person can move the item.
func (s State) NeedsPerson() bool { return s == Error || s == Lost || s == Late }

// Record is what the facts of one tenant add up to. The zero Record with an ID
// is a tenant of which nothing is known.
type Record struct {
	ID    string
	Rev   int64 // rises with every fact; tells whether a decision is out of date
	Epoch int   // rises whenever T changes; 0 before the tenant has a batch
	Batch string
	T     time.Time // the zero time before the tenant has a batch
	Zone  string    // in which its offsets are resolved

	EnrolledAt time.Time
	PlacedAt   time.Time  // when it got its present T
	Hold       *Hold      // of the record of a batch: its breaker is open
	Own        *Own       // a T of its own that a person asked for; nil: none
	Left       *Departure // it has left the transition; nil: it has not
	Back       *Departure // it goes back, or has gone, until a person lets it go on; nil: it does not
	Consent    *Consent   // nil: the tenant has not said
	Tally      Tally
	// Apart is when the tenant got its batch or T, or left, by an apply of a part
	// of a plan that was not adopted; zero: it did not.
	Apart time.Time
	// Became is the id that the tenant has now: this record is that of nobody any
	// more. Empty: it has no other.
	Became string
	Resets int    // of the record of a batch: how many rounds of its breaker are over
	Told   []Told // sorted by Recipient
	Items  []Item // sorted by Key
}

// Consent is what a tenant said to being moved.
type Consent struct {
	Yes    bool
	At     time.Time
	By     string // who recorded it
	Reason string
}

// Tally counts the attempts of a tenant that have ended, for the breaker of its
// batch. What will be tried again has not ended.
type Tally struct {
	Batch  string // for which it counts, also when the tenant has left it
	Round  int    // of the breaker; 0: nothing was counted
	Ended  int
	Errors int // of these: failed for good, or with an unknown outcome
}

// Own is a T that a tenant has put off for itself.
type Own struct {
	T     time.Time
	Base  time.Time // the T that it had then
	Times int       // how often it has asked
}

// Departure is how a tenant left its way.
type Departure struct {
	At     time.Time
	Reason string
	By     string    // empty: it was missing from the inventory
	Batch  string    // that it was in
	T      time.Time // that it had; zero: none
	// Row is what the inventory last said of it, by column; nil: not known.
	Row map[string]string
	// Stays: nothing of what was done for the tenant is taken back.
	Stays bool
	// Before is the record as it was, while nothing has come of a person's word; nil:
	// something has.
	Before *Known
}

// Told is the last word that a recipient has had from us about T.
type Told struct {
	Recipient string
	T         time.Time // zero: that there is no date any more
	Item      string    // PHASE/ITEM of the message
	At        time.Time // when it arrived, or may have
	Doubts    []Doubt   // by At
}

// Doubt is a later message of which nobody knows whether it has arrived.
type Doubt struct {
	Item string
	T    time.Time // that it told; zero: that there is no date, or nobody knows what
	At   time.Time
}

// Holds reports whether the recipient may believe in another T than the given
// one; zero: than none.
func (t *Told) Holds(other time.Time) bool {
	return !t.T.Equal(other) || slices.ContainsFunc(t.Doubts, func(d Doubt) bool { return !d.T.Equal(other) || d.T.IsZero() })
}

// Hold is a person's word that a tenant must not go on.
type Hold struct {
	Reason string
	By     string
	Since  time.Time
	Until  time.Time // the zero time: until somebody says resume
}

// Active reports whether the hold binds at an instant.
func (h *Hold) Active(now time.Time) bool {
	return h != nil && (h.Until.IsZero() || now.Before(h.Until))
}

// Item is what is recorded of one item of a tenant.
type Item struct {
	Key string // PHASE/ITEM
	// Alias is the name under which its first effect began, for idempotency keys,
	// since names may change and these may not; empty: see Record.Idempotency.
	Alias string
	// Try is the item itself: the run, the sending as a whole, the taking of a
	// lock, the approval.
	Try
	Epoch      int // in which it got into its state
	Generation int // rises when a person says "again"
	// Obligation is a lock that may be held: its acquire has begun and no
	// release has succeeded since.
	Obligation bool
	// Release is, of a lock, giving it back, and of work, undoing it; nil before
	// that has begun.
	Release *Try
	Undone  bool // the release gives the lock back before its time
	Afresh  bool // after the release, or undoing, the item is as if it had never begun
	Asks    bool // it is an approval
	// Stood is, of work, that an earlier generation of it had succeeded, or that
	// it was waived while nobody knew whether it had. See Stands.
	Stood bool
	// DoneAs is the id that the tenant had when the lock was taken, or the work
	// was done, that may have to be taken back; empty: the one that it has.
	DoneAs string
	// Fresh: the acquire that runs is the first that can have taken the lock.
	Fresh bool
	// Renew: what a person asks for with "retry" is another effect than the one
	// before, as after a message that bounced.
	Renew bool
	// Again is set by a person's "retry": the item starts whatever its window.
	Again     bool
	Notice    bool      // when Done, it counts as a notice
	Announced time.Time // the T that it told
	CalledOff bool      // it told that there is no date any more
	Noticed   time.Time // when it first succeeded as a notice, of whatever T; zero: never
	Into      string    // of Merged: PHASE/ITEM of the message that carried it
	// Parts are the recipients of a communication, or of the message that asks
	// for an approval, while it is not done with all of them; sorted.
	Parts []Part
}

// Stands reports whether there is something of work to undo: it has succeeded, or
// may have. What has only failed has not, whatever it left behind.
func (it *Item) Stands() bool {
	switch it.State {
	case Done, Running, Polling, Lost:
		return true
	default:
		return it.Stood || it.Release != nil
	}
}

// Try is where a run of attempts stands.
type Try struct {
	State    State
	Attempts int       // of the present budget
	First    time.Time // when the first attempt of the present budget began
	At       time.Time // of the newest fact
	Next     time.Time // of Retrying: when it is tried again; of Polling and Lost: when it is asked about
	Attempt  int64     // id of the newest attempt
	Reason   string
}

// Part is the share of one recipient.
type Part struct {
	Recipient string
	Try
}

// batchPrefix begins the ids of the records of batches. No tenant's begins so.
const batchPrefix = "batch."

// BatchID is the id of the record of a batch, which knows of its breaker.
func BatchID(name string) string { return batchPrefix + name }

// BatchName is the batch whose record has an id; false: it is that of a tenant.
func BatchName(id string) (string, bool) { return strings.CutPrefix(id, batchPrefix) }

// OfBatch reports whether an id is that of the record of a batch.
func OfBatch(id string) bool { return strings.HasPrefix(id, batchPrefix) }

// Item returns what is recorded of an item, or nil.
func (r *Record) Item(key string) *Item {
	i, ok := slices.BinarySearchFunc(r.Items, key, func(it Item, key string) int {
		return strings.Compare(it.Key, key)
	})
	if !ok {
		return nil
	}
	return &r.Items[i]
}

// Clone returns a record that shares nothing that Apply changes with r.
func (r *Record) Clone() *Record {
	c := *r
	c.Items = slices.Clone(r.Items)
	for i := range c.Items {
		c.Items[i].Parts = slices.Clone(c.Items[i].Parts)
		if rel := c.Items[i].Release; rel != nil {
			try := *rel
			c.Items[i].Release = &try
		}
	}
	c.Told = slices.Clone(r.Told)
	for i := range c.Told {
		c.Told[i].Doubts = slices.Clone(c.Told[i].Doubts)
	}
	c.Hold, c.Own, c.Left, c.Back = clone(r.Hold), clone(r.Own), clone(r.Left), clone(r.Back)
	c.Consent = clone(r.Consent)
	return &c
}

func clone[V any](p *V) *V {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// Leaving reports whether the tenant goes back rather than forward.
func (r *Record) Leaving() bool { return r.Left != nil || r.Back != nil }
