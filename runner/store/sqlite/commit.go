package sqlite

import (
	"context"
	"fmt"

	"transition/plans/ledger"
	"transition/runner/store"
)

// commit makes one transaction under the lease of an epoch. Dropped attempts
// come first, then facts, then claims, so that a claim may follow the end of the
// attempt before it.
func (w *writer) commit(ctx context.Context, epoch int64, c store.Commit) (store.Committed, error) {
	var done store.Committed
	err := w.transact(ctx, func(ctx context.Context, t *transaction) error {
		if t.epoch != epoch {
			return fenced(t.path, epoch, t.epoch)
		}
		if err := t.steps(ctx, c, &done); err != nil {
			return err
		}
		if err := t.finish(ctx); err != nil {
			return err
		}
		done.Serial = t.meta.Serial
		return nil
	})
	if err != nil {
		return store.Committed{}, err
	}
	return done, nil
}

func (t *transaction) steps(ctx context.Context, c store.Commit, done *store.Committed) error {
	now := instant(c.Now)
	if err := t.advance(c.Clock); err != nil {
		return err
	}
	if err := t.adopt(ctx, c); err != nil {
		return err
	}
	if err := t.drop(ctx, c.Dropped, now); err != nil {
		return err
	}
	for i := range c.Facts {
		if err := t.fact(ctx, c.Facts[i]); err != nil {
			return err
		}
	}
	done.Records = make(map[string]*ledger.Record, len(t.before))
	if err := t.decided(ctx, c.Decided, done); err != nil {
		return err
	}
	for tenant := range t.before {
		done.Records[tenant] = t.records[tenant]
	}
	return t.claims(ctx, c.Claims, now, done)
}

// decided writes facts whose records have not moved on.
func (t *transaction) decided(ctx context.Context, all []store.Decided, done *store.Committed) error {
	done.Refused = make([]bool, len(all))
	for i := range all {
		d := &all[i]
		ok, err := t.unmoved(ctx, d.Tenant, d.Rev)
		if ok && d.Other != "" {
			ok, err = t.unmoved(ctx, d.Other, d.OtherRev)
		}
		if err != nil {
			return err
		}
		if !ok {
			done.Refused[i] = true
			done.Records[d.Tenant] = t.records[d.Tenant]
			continue
		}
		for _, f := range d.Facts {
			if err := t.fact(ctx, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *transaction) claims(ctx context.Context, claims []store.Claim, now string, done *store.Committed) error {
	done.Claimed = make([]int64, len(claims))
	for i := range claims {
		c := &claims[i]
		id, err := t.claim(ctx, c, now)
		if err != nil {
			return err
		}
		if id == 0 {
			done.Records[c.Tenant] = t.records[c.Tenant]
		}
		done.Claimed[i] = id
	}
	return nil
}

// append writes what people say. The error of check comes back as it is.
func (w *writer) append(ctx context.Context, facts []ledger.Fact, check func(*ledger.Record) error) error {
	var refused error
	err := w.transact(ctx, func(ctx context.Context, t *transaction) error {
		var err error
		if refused, err = t.refused(ctx, facts, check); refused != nil {
			return errNothing
		}
		if err != nil {
			return err
		}
		for i := range facts {
			if store.OfAttempt(facts[i].Kind) {
				return fmt.Errorf("fact %q of tenant %q needs a lease", facts[i].Kind, facts[i].Tenant)
			}
			if err := t.fact(ctx, facts[i]); err != nil {
				return err
			}
		}
		return t.finish(ctx)
	})
	if refused != nil {
		return refused
	}
	return fault(w.path, "writing", err)
}

// refused shows check the present record of each tenant once, and returns what
// it says against it.
func (t *transaction) refused(ctx context.Context, facts []ledger.Fact, check func(*ledger.Record) error) (refused, err error) {
	if check == nil {
		return nil, nil
	}
	seen := make(map[string]bool, len(facts))
	for i := range facts {
		tenant := facts[i].Tenant
		if seen[tenant] {
			continue
		}
		seen[tenant] = true
		r, err := t.record(ctx, tenant)
		if err != nil {
			return nil, err
		}
		if refused := check(r.Clone()); refused != nil {
			return refused, nil
		}
	}
	return nil, nil
}
