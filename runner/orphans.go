package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
)

// settle records what became of the attempts of appliers that are gone, and
// reports whether there were any.
func (a *applying) settle(ctx context.Context) (bool, diag.List) {
	commit, err := a.p.orphans(ctx, a.p.Now())
	if err != nil {
		return false, diag.List{stateProblem(err)}
	}
	if len(commit.Facts)+len(commit.Dropped) == 0 {
		return false, nil
	}
	crashpoint.Hit("settle.before_commit")
	if _, err := a.lease.Commit(ctx, commit); err != nil {
		return false, diag.List{stateProblem(err)}
	}
	crashpoint.Hit("settle.after_commit")
	return true, a.p.refresh(ctx)
}

// settleOrphans does so before a person speaks, so that a person can answer for
// them. While somebody applies there are none.
func (p *Project) settleOrphans(ctx context.Context) diag.List {
	lease, err := p.state.Lease(ctx, p.holder(ApplyOptions{Command: "settling"}))
	var held *store.HeldError
	if errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	a := &applying{p: p, lease: lease, res: &ApplyResult{}}
	_, diags := a.settle(ctx)
	if err := lease.Release(); err != nil {
		diags.Add(stateProblem(err))
	}
	return diags
}

// orphans says what is to be recorded of attempts whose applier is gone: what
// had not begun certainly did not happen; the outcome of the rest is unknown,
// unless the plan allows to repeat it.
func (p *Project) orphans(ctx context.Context, now time.Time) (store.Commit, error) {
	commit := store.Commit{Now: now}
	open, err := p.state.OpenAttempts(ctx)
	if err != nil {
		return commit, err
	}
	var d *plans.Decider
	for _, at := range open {
		if at.BegunAt.IsZero() {
			commit.Dropped = append(commit.Dropped, at.ID)
			continue
		}
		r, err := p.state.Record(ctx, at.Tenant)
		if err != nil {
			return commit, err
		}
		if r == nil || told(r, at) {
			continue
		}
		if d == nil {
			d = plans.NewDecider(p.Config, now, true)
			if err := d.CountUp(p.state.Records(ctx)); err != nil {
				return commit, err
			}
		}
		commit.Facts = append(commit.Facts, p.orphan(d, at, r))
	}
	return commit, nil
}

// told reports whether the record has it already that the outcome of an attempt
// is unknown, or that what it has started goes on by itself.
func told(r *ledger.Record, at store.Attempt) bool {
	it := r.Item(at.Item)
	if it == nil {
		return false
	}
	try := plans.TryOf(it, at.Op)
	for i := range it.Parts {
		if it.Parts[i].Recipient == at.Recipient {
			try = &it.Parts[i].Try
		}
	}
	return try.State == ledger.Lost || try.State == ledger.Polling && try.Attempt == at.ID
}

func (p *Project) orphan(d *plans.Decider, at store.Attempt, r *ledger.Record) ledger.Fact {
	now := d.Now()
	f := ledger.Fact{
		At: now, Tenant: at.Tenant, Item: at.Item, Epoch: at.Epoch, Op: at.Op, Recipient: at.Recipient,
		Attempt: at.ID, No: at.No, Key: at.Key, Kind: ledger.Unknown, Round: d.Round(r),
		Reason: fmt.Sprintf("the runner ended while attempt %d ran", at.No),
	}
	// It began under the name that it had, and is done by the one that it has.
	it, rec := p.item(plans.NewRenames(p.Config).Key(at.Item)), r.Item(at.Item)
	if it == nil || rec == nil {
		return f
	}
	if plans.Repeats(it, at.Op, plans.TryOf(rec, at.Op), d.MustEnd(it, at.Op, r), now) {
		f.Kind, f.Next = ledger.Failed, &now // it is long ago: at once
	}
	return f
}

// item finds an item of the plan by PHASE/ITEM; nil: the plan has none.
func (p *Project) item(key string) *schema.Item {
	for _, it := range p.Config.Items {
		if it.Key() == key {
			return it
		}
	}
	return nil
}
