package runner

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
)

// count counts an attempt that has ended for the breaker of its tenant's batch,
// before anything else begins. That it has, the next commit records.
func (e *engine) count(t *task, f ledger.Fact) { e.recount(t, t.record.Counted(t.tally, f)) }

// round says in which round of its batch's breaker the end of an attempt counts.
func (e *engine) round(t *task, f *ledger.Fact) {
	if store.OfAttempt(f.Kind) {
		f.Round = e.decider.Round(t.record)
	}
}

// recount takes what is counted of a tenant into account.
func (e *engine) recount(t *task, now ledger.Tally) {
	if opened := e.decider.Recount(t.tally, now); opened != nil {
		e.turned = append(e.turned, opened)
		e.p.log.Error("breaker opened", "batch", opened.Name)
	}
	t.tally = now
}

// heed decides the tenants anew of batches whose breaker has opened or closed:
// what is queued or claimed and may not begin any more is withdrawn.
func (e *engine) heed() {
	if len(e.turned) == 0 {
		return
	}
	var concerned []*task
	for _, t := range e.tasks {
		if slices.ContainsFunc(e.turned, t.in) {
			concerned = append(concerned, t)
		}
	}
	e.turned = nil
	slices.SortFunc(concerned, func(a, b *task) int { return cmp.Compare(a.record.ID, b.record.ID) })
	for _, t := range concerned {
		if t.begins() {
			e.withdraw(t, nil) // it is not placed; the next pass sees to it
		} else {
			e.decide(t)
		}
	}
}

// in reports whether a tenant is concerned by the breaker of a batch: it is placed
// there, or about to be. Whoever takes another way first is decided after that.
func (t *task) in(b *schema.Batch) bool {
	if t.begins() {
		return t.plan.Place == b
	}
	return t.record.Batch == b.Name
}

// begins reports whether something about the tenant as a whole is still to be
// recorded first.
func (t *task) begins() bool {
	return slices.ContainsFunc(t.busy, func(en *entry) bool { return en.action == nil })
}

// listen looks whether a person has reset a breaker, if somebody else has written
// since the last commit. Its record comes with no commit of the engine's own.
func (e *engine) listen(ctx context.Context, serial int64) error {
	others := serial != e.serial+1
	e.serial = serial
	if !others {
		return nil
	}
	for _, b := range e.decider.Broken() {
		r, err := e.p.state.Record(context.WithoutCancel(ctx), ledger.BatchID(b.Name))
		if err != nil {
			return err
		}
		if r != nil && e.decider.Hear(r) != nil {
			e.turned = append(e.turned, b)
		}
	}
	return nil
}

// ResetBreaker lets a batch go on whose breaker is open. From here on its attempts
// are counted anew. It needs no lease; an apply that runs hears it with its next
// commit.
func (p *Project) ResetBreaker(ctx context.Context, batch, reason, by string) (VerbResult, diag.List) {
	if a, name := p.resets(ctx, batch); a != nil {
		return a.ResetBreaker(ctx, name, reason, by)
	}
	b := plans.BatchOf(p.Config, batch)
	if b == nil {
		return VerbResult{}, diag.List{p.noBatch(batch)}
	}
	if diags := p.clockRight(); diags.HasErrors() {
		return VerbResult{}, diags
	}
	if diags := p.settleOrphans(ctx, nil); diags.HasErrors() {
		return VerbResult{}, diags
	}
	for range 10 {
		state, err := plans.BreakerOf(p.Config, p.state.Records(ctx), b)
		if err != nil {
			return VerbResult{}, diag.List{stateProblem(err)}
		}
		if state == nil || !state.Open {
			diags := diag.List{notOpen(b, state)}
			diags.Fill(p.Config.Sources)
			return VerbResult{}, diags
		}
		err = p.reset(ctx, b, state.Round, ledger.Fact{By: by, Reason: reason})
		switch {
		case errors.Is(err, errMoved):
		case err != nil:
			return VerbResult{}, diag.List{stateProblem(err)}
		default:
			return VerbResult{Touched: []string{ledger.BatchID(b.Name)}}, nil
		}
	}
	return VerbResult{}, diag.List{stateProblem(fmt.Errorf("the record of batch %q keeps changing: try again", batch))}
}

// resets is the adopted plan with its name of a batch, if the plan directory is
// another one and the adopted one has a breaker for it: what time makes due stops
// by that. nil: it has not.
func (p *Project) resets(ctx context.Context, batch string) (*Adopted, string) {
	if p.borrowed || p.meta.Adopted == hex.EncodeToString(p.Config.Digest[:]) {
		return nil, ""
	}
	a, diags := p.Adopted(ctx)
	if a == nil || diags.HasErrors() {
		return nil, ""
	}
	for _, b := range a.Config.Batches {
		now := p.Config.Now(schema.Ref{Kind: schema.RefBatch, Name: b.Name}).Name
		if b.Breaker != nil && (b.Name == batch || now == batch) {
			return a, b.Name
		}
	}
	return nil, ""
}

// reset ends a round of a breaker, unless somebody else has.
func (p *Project) reset(ctx context.Context, b *schema.Batch, round int, f ledger.Fact) error {
	f.At, f.Tenant, f.Kind, f.Round = p.Now(), ledger.BatchID(b.Name), ledger.Reset, round+1
	p.scrub(&f)
	crashpoint.Hit("reset.before_commit")
	err := p.state.Append(ctx, []ledger.Fact{f}, func(now *ledger.Record) error {
		if now.Resets >= round {
			return errMoved
		}
		return nil
	})
	crashpoint.Hit("reset.after_commit")
	return err
}

func (p *Project) noBatch(name string) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "unknown-batch", Summary: "There is no such batch",
		Detail: fmt.Sprintf("The plan has no batch %q.", name),
		Hint:   "List the batches with: transition show",
	}
	var names []string
	for _, b := range p.Config.Batches {
		names = append(names, b.Name)
	}
	if meant := diag.Suggest(name, names); meant != "" {
		d.Hint = fmt.Sprintf("Did you mean %q?", meant)
	}
	return d
}

// notOpen says why a breaker cannot be reset; state is nil when there is none.
func notOpen(b *schema.Batch, state *plans.BreakerState) diag.Diagnostic {
	if state == nil {
		return diag.Diagnostic{
			Severity: diag.Error, Code: "no-breaker", Summary: "The batch has no breaker",
			Detail:  fmt.Sprintf("Neither batch %q nor the defaults say when it is to be stopped.", b.Name),
			Hint:    "Ask why a tenant does not move with: transition why TENANT",
			Subject: b.Range,
		}
	}
	since := ""
	if state.Round > 1 {
		since = " since its last reset"
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "breaker-closed", Summary: "The breaker is closed",
		Detail: fmt.Sprintf("The breaker of batch %q keeps nobody back: of %s%s, %d ended in Error (%s).",
			b.Name, counted(state.Ended), since, state.Errors, state.Bounds),
		Hint:    "Ask why a tenant does not move with: transition why TENANT",
		Subject: b.Breaker.Range,
	}
}
