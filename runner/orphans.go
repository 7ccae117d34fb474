package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/crashpoint"
	"transition/runner/process"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
)

// settle records what became of the attempts of appliers that are gone, and
// reports whether there were any. What still runs goes on, and is settled later.
func (a *applying) settle(ctx context.Context) (bool, diag.List) {
	settled, err := a.record(ctx)
	if err != nil {
		return false, diag.List{stateProblem(err)}
	}
	if !settled {
		return false, nil
	}
	return true, a.p.refresh(ctx)
}

// heed settles before anything is proposed, and says what it has recorded. A saved
// plan is held against the state as it was when it was made.
func (a *applying) heed(ctx context.Context) diag.List {
	if a.p.fresh || a.o.Saved != nil {
		return nil
	}
	commit, err := a.orphans(ctx, a.p.Now())
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	facts := tells(commit)
	if len(facts)+len(commit.Dropped) == 0 {
		return nil
	}
	diags := a.p.settleOrphans(context.WithoutCancel(ctx), nil)
	if len(facts) > 0 && !diags.HasErrors() {
		diags.Add(relieved(facts))
	}
	return diags
}

// relieved says that what became of attempts whose applier is gone was recorded.
func relieved(facts []ledger.Fact) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "apply-relieved", Summary: "An earlier apply did not come to its end",
		Detail: "What became of its attempts was recorded now: " + summed(facts) + ".",
		Hint:   "See why one stands where it does with: transition why TENANT",
	}
}

// unrecorded says that it will be.
func unrecorded(facts []ledger.Fact) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "ends-unrecorded", Summary: "An earlier apply did not come to its end",
		Detail: "How its commands have ended is known from their notes, and taken as if it were recorded: " + summed(facts) + ".",
		Hint:   "The next apply records it before anything else.",
	}
}

// summed tells facts about attempts in some words.
func summed(facts []ledger.Fact) string {
	const most = 5
	var some []string
	for i := range facts[:min(len(facts), most)] {
		f := &facts[i]
		what := addressOf(f) + " " + string(f.Kind)
		if f.Reason != "" {
			what += " (" + f.Reason + ")"
		}
		some = append(some, what)
	}
	if n := len(facts) - len(some); n > 0 {
		some = append(some, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(some, ", ")
}

// ends are the facts of commands whose applier is gone and whose end is known. They
// are the first that is recorded once somebody applies, and a plan is made as if
// they were.
func (p *Project) ends(ctx context.Context, now time.Time) ([]ledger.Fact, error) {
	if p.holding(ctx) != 0 { // whoever has just begun records it
		return nil, nil
	}
	a := &applying{p: p, ends: true}
	commit, err := a.orphans(ctx, now)
	return tells(commit), err
}

// with yields records as they are once the facts are recorded.
func with(records iter.Seq2[*ledger.Record, error], facts []ledger.Fact) iter.Seq2[*ledger.Record, error] {
	of := make(map[string][]ledger.Fact)
	for _, f := range facts {
		of[f.Tenant] = append(of[f.Tenant], f)
	}
	return func(yield func(*ledger.Record, error) bool) {
		for r, err := range records {
			if err == nil && of[r.ID] != nil {
				r = r.Clone()
				for _, f := range of[r.ID] {
					r.Apply(f)
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// record is settle for whoever reads the state's description elsewhere.
func (a *applying) record(ctx context.Context) (bool, error) {
	commit, err := a.orphans(ctx, a.p.Now())
	if err != nil {
		return false, err
	}
	any := len(commit.Facts)+len(commit.Decided)+len(commit.Dropped) > 0
	if any {
		crashpoint.Hit("settle.before_commit")
		done, err := a.lease.Commit(ctx, commit)
		if err != nil {
			return false, err
		}
		for i, refused := range done.Refused { // a person was faster: the note is read again
			if refused {
				delete(a.heard, a.learnt[i])
			}
		}
		crashpoint.Hit("settle.after_commit")
	}
	return any, a.p.tidyNotes(ctx, a.lease, a.heard)
}

// settleOrphans does so before a person speaks, so that a person can answer for
// them. While somebody applies there are none. answered: a person answers for this
// one, whether it still runs or not; nil: for none.
func (p *Project) settleOrphans(ctx context.Context, answered func(store.Attempt) bool) diag.List {
	lease, err := p.state.Lease(ctx, p.holder(ApplyOptions{Command: "settling"}))
	var held *store.HeldError
	if errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	a := &applying{p: p, lease: lease, res: &ApplyResult{}, answered: answered}
	_, diags := a.settle(ctx)
	if err := lease.Release(); err != nil {
		diags.Add(stateProblem(err))
	}
	return diags
}

// Unlock records what became of the attempts of an applier that is gone. The
// right to apply itself ends with its process, so that this refuses while the
// process lives. It warns of commands that still run.
func (p *Project) Unlock(ctx context.Context) diag.List {
	lease, err := p.state.Lease(ctx, p.holder(ApplyOptions{Command: "state unlock"}))
	var held *store.HeldError
	if errors.As(err, &held) {
		return diag.List{p.busy(held)}
	}
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	a := &applying{p: p, lease: lease, res: &ApplyResult{}}
	_, diags := a.settle(ctx)
	if err := lease.Release(); err != nil {
		diags.Add(stateProblem(err))
	}
	return append(diags, p.StillRunning(ctx)...)
}

// answers tells of which attempt a person says what became of it, so that its end
// need not be waited for: that of exactly one item, which is not to be tried again.
func (p *Project) answers(v Verb) func(store.Attempt) bool {
	if v.Kind != Resolve || v.Answer != ledger.AnswerDone && v.Answer != ledger.AnswerWaive {
		return nil
	}
	renames, s := plans.NewRenames(p.Config), v.Selector
	return func(at store.Attempt) bool {
		key := s.Phase + "/" + s.Item
		return (s.Tenant == at.Tenant || s.Tenant == renames.Tenant(at.Tenant)) && (key == at.Item || key == renames.Key(at.Item))
	}
}

// underWay reports whether an attempt of an item has begun and is not settled.
func underWay(rec *ledger.Item) bool {
	return rec.State == ledger.Running || rec.Release != nil && rec.Release.State == ledger.Running
}

// orphans says what is to be recorded of attempts whose applier is gone: what
// had not begun certainly did not happen; what has ended since is known from its
// note; the outcome of the rest is unknown, unless the plan allows to repeat it.
// What still runs is left alone, unless a person answers for it or its item gets
// another name now: then it is unknown, until its note tells.
func (a *applying) orphans(ctx context.Context, now time.Time) (store.Commit, error) {
	p, commit := a.p, store.Commit{Now: now}
	open, err := p.state.OpenAttempts(ctx)
	if err != nil {
		return commit, err
	}
	left, err := p.relicsBut(ctx, a.epoch())
	if err != nil {
		return commit, err
	}
	relics := make(map[int64]relic)
	a.heard, a.learnt = make(map[noteName]bool), nil
	for _, x := range left {
		a.heard[x.name] = x.End != nil
		if !x.strange {
			relics[x.name.attempt] = x
		}
	}
	var d *plans.Decider
	for _, at := range open {
		if at.Lease == a.epoch() {
			continue // it is our own
		}
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
		x := relics[at.ID]
		runs := x.life == process.Runs
		early := a.answered != nil && a.answered(at) || a.adopts && runs && p.renames(at)
		if runs && !early || a.ends && x.End == nil {
			continue
		}
		if d == nil {
			d = plans.NewDecider(p.Config, now, true)
			if err := d.CountUp(p.state.Records(ctx)); err != nil {
				return commit, err
			}
		}
		commit.Facts = append(commit.Facts, p.orphan(d, at, r, &x, early))
	}
	for i := range left {
		if err := a.learn(ctx, now, &left[i], &commit); err != nil {
			return commit, err
		}
	}
	return commit, nil
}

// learn adds what the note of a command tells of an attempt that was taken for unknown
// before it had ended, as a probe would tell it.
func (a *applying) learn(ctx context.Context, now time.Time, x *relic, commit *store.Commit) error {
	p := a.p
	if x.strange || x.End == nil || x.life == process.Runs {
		return nil
	}
	at, ok, err := p.state.Attempt(ctx, x.name.attempt)
	if err != nil || !ok {
		return err
	}
	r, err := p.state.Record(ctx, at.Tenant)
	for err == nil && r != nil && r.Became != "" {
		r, err = p.state.Record(ctx, r.Became)
	}
	if err != nil || r == nil {
		return err
	}
	f := ledger.Fact{
		At: x.endedAt(at.BegunAt, now), Tenant: r.ID, Item: at.Item, Epoch: at.Epoch, Op: at.Op, Recipient: at.Recipient,
		Attempt: at.ID, No: at.No, Key: at.Key,
	}
	if p.ended(&f, x.End); f.Kind == ledger.Unknown || missingOutcome(r, nil, &f) != "" {
		return nil
	}
	commit.Decided = append(commit.Decided, store.Decided{Tenant: r.ID, Rev: r.Rev, Facts: []ledger.Fact{f}})
	a.learnt = append(a.learnt, x.name)
	return nil
}

// tells lists the facts that a commit would record.
func tells(c store.Commit) []ledger.Fact {
	facts := slices.Clone(c.Facts)
	for i := range c.Decided {
		facts = append(facts, c.Decided[i].Facts...)
	}
	return facts
}

// epoch is that of the lease; 0: it is not taken yet.
func (a *applying) epoch() int64 {
	if a.lease == nil {
		return 0
	}
	return a.lease.Holder().Epoch
}

// renames reports whether the plan calls the item of an attempt by another name, or
// has it no more. The attempt keeps its name: what becomes of it is recorded before
// the item gets the new one, and would be a second history after that.
func (p *Project) renames(at store.Attempt) bool {
	now := plans.NewRenames(p.Config).Key(at.Item)
	return now != at.Item || p.item(now) == nil
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

// orphan is the fact of an attempt whose applier is gone. early: its end is not
// waited for.
func (p *Project) orphan(d *plans.Decider, at store.Attempt, r *ledger.Record, x *relic, early bool) ledger.Fact {
	f := ledger.Fact{
		At: x.endedAt(at.BegunAt, d.Now()), Tenant: at.Tenant, Item: at.Item, Epoch: at.Epoch, Op: at.Op, Recipient: at.Recipient,
		Attempt: at.ID, No: at.No, Key: at.Key, Kind: ledger.Unknown, Round: d.Round(r),
	}
	// It began under the name that it had, and is done by the one that it has.
	it, rec := p.item(plans.NewRenames(p.Config).Key(at.Item)), r.Item(at.Item)
	if x.End != nil {
		p.ended(&f, x.End)
	} else {
		seen := make(plans.Orphans)
		if o, ok := x.orphan(); ok {
			seen[at.ID] = o
		}
		f.Reason = seen.Lost(at.ID, at.No)
	}
	known := f.Kind != ledger.Unknown
	if it == nil || rec == nil || !known && (early || x.life == process.Unseen) {
		return f // beside what may still run nothing is repeated
	}
	try, end := plans.TryOf(rec, at.Op), d.MustEnd(it, at.Op, r)
	if known {
		follow(&plans.Action{Item: it, Op: at.Op, MustEnd: end}, &f, *x.End, try.First)
	} else if plans.Repeats(it, at.Op, try, end, d.Now()) {
		now := d.Now()
		f.Kind, f.Next = ledger.Failed, &now // it is long ago: at once
	}
	return f
}

// ended makes of a fact the outcome that a note has of a command.
func (p *Project) ended(f *ledger.Fact, o *action.Outcome) {
	f.Kind, f.Reason, f.Evidence, f.NotBegun = kindOf(o.Class), o.Reason, o.Evidence, o.NotBegun
	if f.Reason != "" && !f.NotBegun {
		f.Reason += "; what it said is lost with its runner"
	}
	p.scrub(f)
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
