package ledger

import (
	"slices"
	"time"
)

// resolve applies what a person says became of the item. When the release of a
// lock waits for a person, the answer is about the release.
func (it *Item) resolve(f Fact) {
	if f.Op == Undo { // it was taken back by hand
		it.Release, it.Afresh = &Try{State: Done, At: f.At}, true
		it.discharge(f)
		return
	}
	if rel := it.Release; rel != nil && (Answerable(rel.State, f.Answer) || rel.State == Retrying && f.Answer == AnswerDone) {
		rel.answer(f)
		it.discharge(f)
		return
	}
	at := it.happenedAt(f)
	switch f.Answer {
	case AnswerRetry:
		it.renew()
		it.Again = true
	case AnswerDone:
		if !it.Sent() {
			it.Notice, it.Announced = f.Notice, instant(f.Announced)
		}
	case AnswerBounced:
		it.Renew, it.Noticed = true, time.Time{}
	case AnswerWaive:
		it.Stood = it.Stands()
	case AnswerNotDone: // only probes say so
	}
	parts := it.answerParts(f)
	if parts == 0 || it.State == Late {
		it.answer(f)
	}
	if parts > 0 && it.State != Open {
		it.rollUp()
	}
	it.At = at
	it.notice()
}

// Sent reports whether a message has begun, so that what it told is known from its
// attempts; else it was given by hand, and told what a person says.
func (it *Item) Sent() bool { return it.State != None && it.State != Late }

// happenedAt is when an item came into the state that a person says it is in. A
// message that did arrive arrived when it was sent, not when somebody found out.
func (it *Item) happenedAt(f Fact) time.Time {
	if f.Answer != AnswerDone || it.State != Lost || len(it.Parts) == 0 {
		return f.At
	}
	if slices.ContainsFunc(it.Parts, func(p Part) bool { return p.State != Lost && !p.State.Settled() }) {
		return f.At // somebody has certainly not had it by then
	}
	return it.At
}

// answerParts gives the answer for every recipient that it fits, and counts
// the recipients.
func (it *Item) answerParts(f Fact) int {
	for i := range it.Parts {
		p := &it.Parts[i].Try
		if Answerable(p.State, f.Answer) || it.State == Late && !p.State.Settled() {
			p.answer(f)
		}
	}
	return len(it.Parts)
}

// renew makes what comes next another effect, where the one before has happened
// after all or must not be taken for it: a lock that was given back, a message
// that bounced, a question that was answered.
func (it *Item) renew() {
	if !it.Undone && !it.Renew {
		return
	}
	it.Generation++
	it.Release, it.Undone, it.Renew, it.Parts = nil, false, false, nil
}

// Answerable reports whether a person's answer fits the state of a try.
func Answerable(s State, a Answer) bool {
	return s.NeedsPerson() || a == AnswerWaive && s == Retrying
}

func (t *Try) answer(f Fact) {
	t.At, t.Reason, t.Next = f.At, because(f), time.Time{}
	switch f.Answer {
	case AnswerDone:
		t.State = Done
	case AnswerWaive:
		t.State = Waived
	case AnswerRetry:
		t.State, t.Attempts, t.First = None, 0, time.Time{}
	case AnswerBounced:
		t.State = Error
	case AnswerNotDone: // only probes say so
	}
}
