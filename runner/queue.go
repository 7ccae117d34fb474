package runner

import (
	"cmp"
	"container/heap"
	"time"

	"transition/plans"
)

// entry is something that waits for its turn: an action for one recipient, an
// action that only records something, or (action nil) the enrolment and
// placement of a tenant.
type entry struct {
	at        time.Time
	n         int // order in which entries of one instant and tenant came
	task      *task
	action    *plans.Action
	recipient string
	change    *change
}

// change follows one change of the plan over all its recipients.
type change struct {
	plans.Change
	left   int
	failed bool
}

func (e *entry) ident() attemptKey {
	return attemptKey{e.action.Item, e.action.Op, e.recipient}
}

// effect reports whether the entry reaches the outside world.
func (e *entry) effect() bool {
	if e.action == nil {
		return false
	}
	switch e.action.Kind {
	case plans.Send, plans.Run, plans.Lock, plans.Unlock:
		return true
	case plans.Ask:
		return e.recipient != ""
	default:
		return false
	}
}

// queue orders entries as a plan orders changes: by instant, then tenant, then
// as one follows from the other.
type queue struct {
	entries entries
	n       int
}

func (q *queue) push(e *entry) {
	q.n++
	if e.n == 0 {
		e.n = q.n
	}
	heap.Push(&q.entries, e)
}

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
