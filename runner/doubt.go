package runner

import (
	"context"
	"fmt"

	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/store"
	"transition/schema/diag"
)

// doubted is the outcome of an attempt that was not made, since it may have had its
// effect already: see Decider.Doubts.
func (e *engine) doubted() action.Outcome {
	return action.Outcome{Class: action.Unknown, Reason: e.decider.DoubtReason()}
}

// restored reads what the state is known to lack.
func (p *Project) restored(ctx context.Context) error {
	r, err := p.state.Record(ctx, ledger.StateID)
	p.restoration = r.Restoration()
	return err
}

// doubtHint tells who may have meant what is in doubt, and is not recorded as that
// yet, what to do first.
func (p *Project) doubtHint(ctx context.Context, v Verb, d diag.Diagnostic) diag.Diagnostic {
	if v.Kind != Resolve || p.restored(ctx) != nil { // whoever needs the state has heard of it
		return d
	}
	if s := p.restoration; s != nil && s.Settled.IsZero() {
		d.Hint = fmt.Sprintf("The state was restored on %s. What may have happened before, and is not in it, "+
			"can be resolved once it is recorded as unknown. Run first, with the plan of today, whole: transition apply", p.show(s.At))
	}
	return d
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
