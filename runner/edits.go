package runner

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
)

// before is the plan that was adopted last, if the plan directory is another one
// now; nil: it is not. What keeps it from being opened is told as a warning, since
// what is due can be worked out without it.
func (p *Project) before(ctx context.Context, diags *diag.List) *schema.Config {
	if p.borrowed || p.state == nil || p.meta.Adopted == "" || p.meta.Adopted == hex.EncodeToString(p.Config.Digest[:]) {
		return nil
	}
	a, problems := p.Adopted(ctx)
	switch {
	case problems.HasErrors():
		diags.Add(p.uncompared(problems.Errors()[0]))
		return nil
	case a == nil || a.Config.Digest == p.Config.Digest: // somebody has adopted it meanwhile
		return nil
	}
	return a.Config
}

func (p *Project) uncompared(why diag.Diagnostic) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "edits-unknown", Summary: "Who is affected by edits cannot be told",
		Detail: fmt.Sprintf("The plan directory was edited since it was adopted on %s, and the plan of then cannot be held against it. %s: %s "+
			"What is due is shown nevertheless; a new message in a phase that a tenant has passed counts as late.",
			p.show(p.meta.AdoptedAt), why.Summary, why.Detail),
		Hint: why.Hint,
	}
	if why.Code == "adopted-plan" { // nothing that anybody does here would change that
		d.Hint = "Look at the edits where the plan directory is kept, before you apply."
	}
	return d
}

// insert records what becomes of items that are new in phases which tenants have
// passed. That comes before the plan is adopted: once it is, a new item looks like
// one whose time has passed while nobody applied.
func (a *applying) insert(ctx context.Context) diag.List {
	if !a.first.Inserts {
		return nil
	}
	for tasks := range slices.Chunk(a.first.Tasks, maxFacts) {
		if err := a.insertFor(ctx, tasks); err != nil {
			return diag.List{stateProblem(err)}
		}
	}
	return nil
}

func (a *applying) insertFor(ctx context.Context, tasks []plans.Task) error {
	commit := store.Commit{Now: a.p.Now()}
	var changes [][]plans.Change
	for i := range tasks {
		facts, of := a.insertions(&tasks[i], commit.Now)
		if len(facts) > 0 {
			commit.Decided = append(commit.Decided, store.Decided{Tenant: tasks[i].Record.ID, Rev: tasks[i].Record.Rev, Facts: facts})
			changes = append(changes, of)
		}
	}
	if len(commit.Decided) == 0 {
		return nil
	}
	crashpoint.Hit("insert.before_commit")
	done, err := a.lease.Commit(ctx, commit)
	if err != nil {
		return err
	}
	crashpoint.Hit("insert.after_commit")
	for i := range changes {
		if !done.Refused[i] { // else the pass decides anew
			a.noted(changes[i]...)
		}
	}
	for i := range tasks {
		if r := done.Records[tasks[i].Record.ID]; r != nil {
			tasks[i].Record = r
		}
	}
	return nil
}

// insertions are what is to be recorded of a tenant's new items, behind what
// changes its way as a whole.
func (a *applying) insertions(t *plans.Task, now time.Time) ([]ledger.Fact, []plans.Change) {
	if t.New || t.Place != nil || slices.ContainsFunc(slices.Concat(t.Edits, t.Steps), a.otherwise) {
		return nil, nil
	}
	var out plans.Decision
	facts, changes, r := a.way(t, now)
	first := len(facts)
	a.first.Decider.Decide(t.Tenant, r, &out)
	for i := range out.Actions {
		x := &out.Actions[i]
		if !x.Inserted || !a.allows(x.Kind, t.Record.ID+"/"+x.Item.Key()) {
			continue
		}
		for _, f := range x.Facts(r, now) {
			a.p.scrub(&f)
			facts = append(facts, f)
		}
		changes = append(changes, x.Change(r, x.At))
	}
	if len(facts) == first {
		return nil, nil
	}
	t.Edits, t.Steps = nil, nil
	return facts, changes
}

// otherwise reports whether a step is recorded elsewhere: who leaves goes with the
// adoption, and what is done again with the pass.
func (a *applying) otherwise(s plans.Step) bool {
	return s.Fact.Kind == ledger.Withdrawn || s.Fact.Kind == ledger.Replaced || s.Other != nil
}

// way is what changes a tenant's way as a whole, and its record after that.
func (a *applying) way(t *plans.Task, now time.Time) ([]ledger.Fact, []plans.Change, *ledger.Record) {
	if len(t.Edits)+len(t.Steps) == 0 {
		return nil, nil, t.Record
	}
	var changes []plans.Change
	r := t.Record.Clone() // it is under its new names already
	for _, s := range t.Edits {
		changes = append(changes, s.Change)
	}
	for _, s := range t.Steps {
		changes = append(changes, s.Change)
		for _, f := range s.Facts() {
			r.Apply(f)
		}
	}
	facts := t.Facts(a.p.Config, now)
	for i := range facts {
		a.p.scrub(&facts[i])
	}
	return facts, changes, r
}

// adopted tells for whom the plan has changed, now that it is adopted. Those whose
// record changes with it are told of in the pass.
func (a *applying) adopted() {
	moved := make(map[string]bool)
	for i := range a.first.Tasks {
		t := &a.first.Tasks[i]
		if slices.ContainsFunc(slices.Concat(t.Edits, t.Steps), func(s plans.Step) bool { return s.Change.Kind == plans.Adopt }) {
			moved[t.Record.ID] = true
		}
	}
	for _, c := range a.first.Plan.Changes {
		if c.Kind == plans.Adopt && !moved[c.Tenant] && a.allows(c.Kind, c.Tenant) {
			a.noted(c)
		}
	}
}

func (a *applying) allows(kind plans.Kind, address string) bool {
	return a.within == nil || a.within.allows(kind, address)
}

// noted counts and tells changes that were only recorded.
func (a *applying) noted(changes ...plans.Change) {
	for _, c := range changes {
		a.res.Done[c.Kind]++
		if a.o.Events != nil {
			a.o.Events(Noted{c})
		}
	}
}
