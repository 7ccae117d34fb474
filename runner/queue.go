package runner

import (
	"cmp"
	"container/heap"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
)

// entry is something that waits for its turn or has it: an action for one
// recipient, an action that only records something, or (action nil) the
// enrolment and placement of a tenant.
//
// Once it runs, nothing of it changes any more: a worker reads it.
type entry struct {
	at        time.Time
	n         int // order in which entries of one instant and tenant came
	task      *task
	action    *plans.Action
	recipient string
	change    *change

	// rev is the revision of the record on which it was last decided. The state
	// refuses it if the record has moved on.
	rev       int64
	stage     stage
	withdrawn bool // not wanted any more: it is dropped when its turn comes

	// Of an attempt that was claimed.
	attempt int64 // id in the state
	no      int
	key     string

	// Of an attempt that runs: the record and the batch as they were when it
	// began, when that was, and when the first attempt of its budget began.
	record *ledger.Record
	batch  *schema.Batch
	began  time.Time
	first  time.Time
	took   time.Duration // of an inquiry that was answered
	// doubted: it may have had its effect before the state was restored, and has
	// none now.
	doubted bool
}

// stage is how far an entry has come.
type stage uint8

const (
	queued stage = iota
	claimed
	running
)

// change follows one change of the plan over all its recipients.
type change struct {
	plans.Change
	left   int
	failed bool
}

// attemptKey tells entries of one tenant apart.
type attemptKey struct {
	item      *schema.Item
	op        ledger.Op
	recipient string
}

func (e *entry) ident() attemptKey {
	if e.action == nil {
		return attemptKey{}
	}
	return attemptKey{e.action.Item, e.action.Op, e.recipient}
}

func (e *entry) address() string { return e.task.tenant.ID + "/" + e.action.Item.Key() }

// effect reports whether the entry reaches the outside world.
func (e *entry) effect() bool {
	if e.action == nil {
		return false
	}
	switch e.action.Kind {
	case plans.Send, plans.Run, plans.Lock, plans.Unlock, plans.Undo:
		return true
	case plans.Ask:
		return e.recipient != ""
	default:
		return false
	}
}

// recipients are whom an action has an attempt for; one empty one for what is no
// message. The opening of an approval is recorded before anybody is written to.
func recipients(a *plans.Action, r *ledger.Record) []string {
	switch a.Kind {
	case plans.Send:
		return a.Recipients
	case plans.Ask:
		if len(a.Facts(r, time.Time{})) == 0 {
			return a.Recipients
		}
	default: // no message
	}
	return []string{""}
}

// queue orders entries as a plan orders changes: by instant, then tenant, then
// as one follows from the other.
type queue struct {
	entries entries
	n       int
}

func (q *queue) push(e *entry) {
	if e.n == 0 {
		q.n++
		e.n = q.n
	}
	heap.Push(&q.entries, e)
}

// peek returns the next entry; nil: there is none.
func (q *queue) peek() *entry {
	if len(q.entries) == 0 {
		return nil
	}
	return q.entries[0]
}

func (q *queue) pop() { heap.Pop(&q.entries) }

type entries []*entry

func (h entries) Len() int { return len(h) }
func (h entries) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.task.record.ID, b.task.record.ID), cmp.Compare(a.n, b.n)) < 0
}
func (h entries) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *entries) Push(x any)   { *h = append(*h, x.(*entry)) }
func (h *entries) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}

// budget is how much of a limit is in use.
type budget struct {
	used   int
	parked []*entry
}

// limits bound how many attempts run at once, and how much long work goes on.
type limits map[*schema.Limit]*budget

// startWith has the shares in use of work that goes on by itself.
func startWith(used map[*schema.Limit]int) limits {
	l := make(limits)
	for limit, n := range used {
		l[limit] = &budget{used: n}
	}
	return l
}

// take uses a share of the entry's limit; false: there is none left, and the
// entry is put aside until there is.
func (l limits) take(e *entry) bool {
	limit := limitOf(e.action)
	if limit == nil {
		return true
	}
	b := l[limit]
	if b == nil {
		b = &budget{}
		l[limit] = b
	}
	if b.used >= limit.MaxInFlight {
		b.parked = append(b.parked, e)
		return false
	}
	b.used++
	return true
}

// give returns a share, and the entry that may go on now, or nil.
func (l limits) give(limit *schema.Limit) *entry {
	if b := l[limit]; b != nil {
		b.used--
	}
	return l.wake(limit)
}

// wake returns an entry that was put aside, if its limit has a share for it; nil
// otherwise. What is woken takes its share when its turn comes.
func (l limits) wake(limit *schema.Limit) *entry {
	b := l[limit]
	for b != nil && b.used < limit.MaxInFlight && len(b.parked) > 0 {
		next := b.parked[0]
		b.parked = b.parked[1:]
		if !next.withdrawn {
			return next
		}
	}
	return nil
}

// limitOf is the limit of an action; nil: none. Nothing holds a release back.
func limitOf(a *plans.Action) *schema.Limit {
	if plans.WayBack(a.Op) {
		return nil
	}
	return a.Item.Limit
}
