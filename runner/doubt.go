package runner

import (
	"context"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/store"
	"transition/schema/diag"
)

// doubts reports whether an attempt that is about to begin may have had its effect
// already, in what a restored state has lost. Such an attempt is made like any
// other, but for the effect: its outcome is unknown, as that of an attempt whose
// runner has died.
func (e *engine) doubts(en *entry) bool {
	s := e.p.restoration
	if s == nil || en.asks() {
		return false
	}
	r, a := en.task.record, en.action
	due, since := e.decider.Dated(a.Item, a.Op, r), a.At
	if r.EnrolledAt.After(since) {
		since = r.EnrolledAt
	}
	var last ledger.Try
	if it := r.Item(a.Item.Key()); it != nil {
		last = lastTry(it, a.Op, en.recipient)
		if last.State.Settled() { // it is done once more, as a message that tells another date
			due = time.Time{}
		}
	}
	return s.Doubts(due, since, last.At)
}

// lastTry is the half of a recorded item that an attempt is about, or the share of
// its recipient; the zero Try where nothing of that is recorded.
func lastTry(it *ledger.Item, op ledger.Op, recipient string) ledger.Try {
	switch {
	case plans.WayBack(op) && it.Release == nil:
		return ledger.Try{}
	case plans.WayBack(op):
		return *it.Release
	case len(it.Parts) == 0:
		return it.Try
	}
	for i := range it.Parts {
		if it.Parts[i].Recipient == recipient {
			return it.Parts[i].Try
		}
	}
	return ledger.Try{}
}

// doubted is the outcome of an attempt that was not made for that reason.
func (p *Project) doubted() action.Outcome {
	return action.Outcome{
		Class:  action.Unknown,
		Reason: "it may have happened before the state was restored on " + p.show(p.restoration.At),
	}
}

// restored reads what the state is known to lack.
func (p *Project) restored(ctx context.Context) error {
	r, err := p.state.Record(ctx, ledger.StateID)
	p.restoration = r.Restoration()
	return err
}

// settled records that the first whole apply after a restoration has ended: what is
// recorded from now on has no past that nobody knows.
func (a *applying) settled(ctx context.Context) diag.List {
	s := a.p.restoration
	if s == nil || !s.Settled.IsZero() || a.p.borrowed || a.within != nil || a.choice.made() || a.ebb || a.res.Interrupted {
		return nil
	}
	now := a.p.Now()
	_, err := a.lease.Commit(ctx, store.Commit{
		Now: now, Facts: []ledger.Fact{{At: now, Tenant: ledger.StateID, Kind: ledger.Restored}},
	})
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	return nil
}
