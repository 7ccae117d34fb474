package runner

import (
	"context"
	"fmt"
	"math"

	"transition/plans/ledger"
	"transition/schema/diag"
)

// History streams the facts of a tenant to each, oldest first. What is recorded
// under an id that the tenant had before comes ahead of the fact that it has
// another one; Fact.Tenant tells the two apart. Of no tenant: all facts.
func (p *Project) History(ctx context.Context, tenant string, each func(ledger.Fact)) diag.List {
	found := false
	for f, err := range p.state.History(ctx, tenant) {
		if err == nil && tenant != "" {
			err = p.past(ctx, f, math.MaxInt64, each)
		}
		if err != nil {
			return diag.List{stateProblem(err)}
		}
		found = true
		each(f)
	}
	if !found && tenant != "" {
		return diag.List{{
			Severity: diag.Error, Code: "no-history", Summary: "Nothing is recorded of this tenant",
			Detail: fmt.Sprintf("The recorded state knows no tenant %q.", tenant),
			Hint:   "List the recorded tenants with: transition state list",
		}}
	}
	return nil
}

// past streams what happened before a fact that gives a tenant another id: what
// is recorded under its old one, since that is its. before is the fact that the
// search came from, so that it ends in a damaged state too.
func (p *Project) past(ctx context.Context, to ledger.Fact, before int64, each func(ledger.Fact)) error {
	if to.Kind != ledger.Renamed || to.Known == nil || to.Seq >= before {
		return nil
	}
	var life []ledger.Fact
	for f, err := range p.state.History(ctx, to.Source) {
		if err != nil {
			return err
		}
		life = append(life, f)
		switch gone := f.Kind == ledger.Renamed && f.Item == "" && f.Known == nil; {
		case gone && f.Seq < to.Seq:
			life = nil // that was somebody else
		case gone:
			return p.tell(ctx, life, to.Seq, each)
		}
	}
	return p.tell(ctx, life, to.Seq, each)
}

// tell streams facts, each after what happened before it under another id.
func (p *Project) tell(ctx context.Context, facts []ledger.Fact, before int64, each func(ledger.Fact)) error {
	for _, f := range facts {
		if err := p.past(ctx, f, before, each); err != nil {
			return err
		}
		each(f)
	}
	return nil
}
