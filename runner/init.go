package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"transition/runner/crashpoint"
	"transition/runner/store"
	"transition/runner/store/sqlite"
	"transition/schema/diag"
)

// Init creates the recorded state and writes .transition.lineage. If it was cut
// off, it is brought to its end by the next one.
func (p *Project) Init(ctx context.Context) (store.Meta, diag.List) {
	lineage, err := p.lineage()
	again := errors.Is(err, errUnfinished)
	if err != nil && !again {
		return store.Meta{}, diag.List{lineageProblem(err)}
	}
	if lineage != "" && !again {
		return store.Meta{}, diag.List{{
			Severity: diag.Error, Code: "initialised", Summary: "This plan has a recorded state already",
			Detail: fmt.Sprintf("%s names the state %s. A second one would greet every tenant anew.", lineageFile, lineage),
			Hint:   "Name that state with -state=FILE, or restore it from a backup. If it never recorded anything, remove " + lineageFile + " and run init again.",
		}}
	}
	if diags := p.Validate(); diags.HasErrors() {
		return store.Meta{}, diags
	}
	if diags := p.place(p.statePath()); diags.HasErrors() {
		return store.Meta{}, diags
	}
	if again {
		sqlite.Tidy(p.statePath())
	}
	if !again || !p.made(ctx, lineage) {
		if diags := p.make(ctx, cmp.Or(lineage, newLineage())); diags.HasErrors() {
			return store.Meta{}, diags
		}
	}
	crashpoint.Hit("init.before_finished")
	if err := p.writeLineage(p.meta.Lineage); err != nil {
		return store.Meta{}, diag.List{lineageUnwritten(err)}
	}
	return p.meta, nil
}

// make makes the state of a lineage. Its name comes first: a state that nothing
// names would be taken for none.
func (p *Project) make(ctx context.Context, lineage string) diag.List {
	if diags := p.vacant(ctx); diags.HasErrors() {
		return diags
	}
	crashpoint.Hit("init.before_lineage")
	if err := p.writeLineage(lineage + unfinished); err != nil {
		return diag.List{lineageUnwritten(err)}
	}
	crashpoint.Hit("init.after_lineage")
	p.meta.Lineage = lineage
	diags := p.create(ctx, p.statePath(), store.Production)
	if diags.HasErrors() && !p.made(ctx, lineage) { // else another init has brought it to its end
		if err := os.Remove(filepath.Join(p.dir, lineageFile)); err != nil {
			diags.Add(lineageUnwritten(err))
		}
	}
	return diags
}

// made opens the state if it is there and has a lineage.
func (p *Project) made(ctx context.Context, lineage string) bool {
	s, err := p.open(ctx, p.statePath(), NeedState)
	if err != nil {
		return false
	}
	m, err := s.Meta(ctx)
	if err != nil || m.Lineage != lineage {
		_ = s.Close() // it was only looked at
		return false
	}
	p.state, p.meta = s, m
	return true
}

// vacant refuses a place where a state is already.
func (p *Project) vacant(ctx context.Context) diag.List {
	path := p.statePath()
	s, err := p.open(ctx, path, NeedState)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case errors.Is(err, store.ErrForeign):
		return diag.List{openProblem(err)}
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "state-exists", Summary: "A recorded state is here already",
		Detail: fmt.Sprintf("There is a state at %s.", path),
		Hint:   "If it belongs to this plan, restore " + lineageFile + " from version control. Else name another place with -state=FILE, or in the plan.",
	}
	if err == nil {
		defer s.Close()
		if m, err := s.Meta(ctx); err == nil && m.Kind == store.Rehearsal {
			d.Detail = fmt.Sprintf("The state at %s is a rehearsal. It stays one for ever, and what it recorded has happened.", path)
			d.Hint = "Move it aside to keep it (mv " + path + " " + filepath.Join(filepath.Dir(path), "rehearsal.db") + "), or remove it, and run init again."
		}
	}
	return diag.List{d}
}
