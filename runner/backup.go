package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
	"transition/runner/store/sqlite"
	"transition/schema/diag"
)

// BackedUp is a backup that was written, and found sound.
type BackedUp struct {
	File   string
	Meta   store.Meta // of the copy
	Report store.Report
}

// Backup copies the recorded state to a file, whoever writes to it meanwhile.
// Without a name the file lies beside the state and is named after the time.
func (p *Project) Backup(ctx context.Context, file string, replace bool) (BackedUp, diag.List) {
	if file == "" {
		file = p.statePath() + ".backup-" + p.o.Clock.Now().UTC().Format("20060102T150405Z")
	}
	b := BackedUp{File: file}
	s, ok := p.state.(*sqlite.Store)
	if !ok {
		return b, diag.List{stateProblem(errors.New("this kind of state cannot be backed up"))}
	}
	var err error
	b.Meta, b.Report, err = s.Backup(ctx, file, replace)
	switch {
	case errors.Is(err, fs.ErrExist):
		return b, diag.List{{
			Severity: diag.Error, Code: "backup-exists", Summary: "There is a file already",
			Detail: fmt.Sprintf("The backup would overwrite %s.", file),
			Hint:   "Name another file, or add -force.",
		}}
	case err != nil:
		d := openProblem(err)
		if d.Code == "state" {
			d.Code, d.Summary = "no-backup", "The backup cannot be written"
		}
		return b, diag.List{d}
	case len(b.Report.Problems) > 0:
		return b, diag.List{{
			Severity: diag.Error, Code: "state-damaged", Summary: "The recorded state is damaged",
			Detail: "No backup was written, since the state is not sound: " + b.Report.Problems[0],
			Hint:   "Keep the earlier backups. All that is wrong is listed by: transition state verify",
		}}
	}
	return b, nil
}

// RestoreOptions say what to restore.
type RestoreOptions struct {
	File   string // of the copy; empty: what lies in the place of the state
	Accept bool   // a copy that lacks something will do
	By     string
	Reason string
	// Confirm is asked once, before anything changes; nil: yes.
	Confirm func(Restored) bool
}

// Restored says what a restoration has come to, or would.
type Restored struct {
	File  string
	Path  string // of the state
	Copy  store.Meta
	Lost  *store.Lost // what the copy lacks; nil: nothing
	Until time.Time   // how far what is lost can have come
	// Missing are the addresses of attempts that are known to have begun after the
	// copy was made. There may be others.
	Missing   []string
	Confirmed bool
	Aside     string // where what was there before is kept; empty: nothing was there
}

// Restore puts a copy of the recorded state, which it checks wholly, in the place
// of the state. Of a copy that lacks something, the state remembers what may have
// happened: no apply does that again by itself.
func (p *Project) Restore(ctx context.Context, o RestoreOptions) (Restored, diag.List) {
	res := Restored{File: o.File, Path: p.statePath()}
	if res.File == "" {
		res.File = res.Path
	}
	lineage, err := p.lineage()
	if err != nil {
		return res, diag.List{lineageProblem(err)}
	}
	if diags := p.place(res.Path); diags.HasErrors() {
		return res, diags
	}
	r, err := sqlite.Restore(ctx, res.Path, res.File)
	var held *store.HeldError
	switch {
	case errors.As(err, &held):
		return res, diag.List{p.busy(held)}
	case err != nil:
		return res, diag.List{notRestored(err)}
	}
	diags := p.restore(ctx, r, lineage, o, &res)
	if err := r.Close(); err != nil {
		diags.Add(openProblem(err))
	}
	return res, diags
}

func (p *Project) restore(ctx context.Context, r *sqlite.Restoration, lineage string, o RestoreOptions, res *Restored) diag.List {
	res.Copy, res.Lost = r.Copy, r.Lost
	if diags := p.fits(r, lineage, res.File); diags.HasErrors() {
		return diags
	}
	now := p.restoredAt(r)
	for i := range r.Missing {
		res.Missing = append(res.Missing, r.Missing[i].Tenant+"/"+r.Missing[i].Item)
	}
	f := ledger.Fact{At: now, Tenant: ledger.StateID, Kind: ledger.Restored, By: o.By, Reason: o.Reason, Source: res.File}
	p.scrub(&f)
	if r.Lost != nil {
		if res.Until = r.Lost.LastFact; res.Until.IsZero() {
			res.Until = now
		}
		f.Until = &res.Until
		if newest := r.Copy.LastFact; !newest.IsZero() {
			f.T = &newest
		}
	}
	if r.Lost != nil && !o.Accept {
		return diag.List{p.olderCopy(res)}
	}
	if o.Confirm != nil && !o.Confirm(*res) {
		return nil
	}
	res.Confirmed = true
	aside, err := r.Finish(context.WithoutCancel(ctx), f)
	if err != nil {
		return diag.List{notRestored(err)}
	}
	res.Aside = aside
	return nil
}

// restoredAt is now, on the clock of the state.
func (p *Project) restoredAt(r *sqlite.Restoration) time.Time {
	if r.Copy.Kind != store.Rehearsal {
		return p.o.Clock.Now()
	}
	now := r.Copy.Clock
	if r.Present != nil && r.Present.Clock.After(now) {
		now = r.Present.Clock
	}
	if r.Lost != nil && r.Lost.LastFact.After(now) {
		now = r.Lost.LastFact
	}
	return now
}

// fits refuses a copy of another state.
func (p *Project) fits(r *sqlite.Restoration, lineage, file string) diag.List {
	m, hint := r.Copy, "Name a backup of the state of this plan."
	other := func(detail string) diag.List {
		return diag.List{{Severity: diag.Error, Code: "other-state", Summary: "The file is a copy of another state", Detail: detail, Hint: hint}}
	}
	switch {
	case m.Plan != p.Config.Name:
		return other(fmt.Sprintf("%s is of transition %q; this plan is %q.", file, m.Plan, p.Config.Name))
	case m.Kind == store.Production && lineage != "" && m.Lineage != lineage:
		return other(fmt.Sprintf("%s says that the state %s belongs to this plan; %s is of %s.", lineageFile, lineage, file, m.Lineage))
	case r.Present != nil && m.Lineage != r.Present.Lineage:
		return other(fmt.Sprintf("The state here is %s; %s is of %s.", r.Present.Lineage, file, m.Lineage))
	}
	return nil
}

// olderCopy says what a copy lacks.
func (p *Project) olderCopy(r *Restored) diag.Diagnostic {
	summary := "The copy is not the newest state"
	if nobodyKnows(&r.Copy, r.Lost) {
		summary = "Nobody knows whether the copy is the newest state"
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "state-older", Summary: summary,
		Detail: fmt.Sprintf("%s What was done since is not in it, and would be done again. "+
			"Once this is accepted, all that fell due until %s and is not in it is taken for unknown, and a person says what became of it.",
			p.lacks(r.File, &r.Copy, r.Lost), p.show(r.Until)),
		Hint: "Look for a newer copy. If there is none, add -accept-rollback.",
	}
}

// lacks says how much newer the state was that was lost.
func (p *Project) lacks(file string, m *store.Meta, l *store.Lost) string {
	newest := "knows of nothing yet"
	if !m.LastFact.IsZero() {
		newest = "its newest fact is of " + p.show(m.LastFact)
	}
	what := fmt.Sprintf("%s has come to serial %d, and %s; ", file, m.Serial, newest)
	switch {
	case l.Other:
		return what + fmt.Sprintf("serial %d was recorded here before, by another way.", l.Serial)
	case nobodyKnows(m, l):
		return what + "nobody knows how far the state had come that was here before."
	case l.LastFact.IsZero():
		return what + fmt.Sprintf("serial %d or a later one was recorded here before.", l.Serial)
	default:
		return what + fmt.Sprintf("serial %d was recorded here before, so that %d are missing, up to %s.", l.Serial, l.Serial-m.Serial, p.show(l.LastFact))
	}
}

// nobodyKnows reports whether nothing tells how far a state had come before.
func nobodyKnows(m *store.Meta, l *store.Lost) bool { return !l.Other && l.Serial <= m.Serial }

// older warns of a state that is older than one that was in its place, or refuses
// to do anything with it.
func (p *Project) older(path string, need Need) diag.List {
	if p.meta.Lost == nil {
		return p.unmarked(path)
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "state-older", Summary: "The recorded state is not the newest",
		Detail: p.lacks("The state at "+path, &p.meta, p.meta.Lost) + " What was done since is not in it, and would be done again.",
		Hint:   "Put the newest state back. If it is lost, accept this one, which makes unknown what may have been done: transition state restore -accept-rollback",
	}
	if p.meta.Lost.Restoring {
		d.Detail = "A restoration was cut off before its copy was in the place of " + path + ". Nothing is missing from what is there."
		d.Hint = "Restore the copy again. To keep what is there instead: transition state restore"
	}
	if need == NeedNone || need == NeedState {
		d.Severity = diag.Warning
	}
	return diag.List{d}
}

// unmarked warns of a state of which nobody can tell whether it is the newest.
func (p *Project) unmarked(path string) diag.List {
	var e *store.Error
	switch {
	case errors.As(p.meta.Unmarked, &e): // who records something is told when the state is opened
		return warnings(diag.List{openProblem(e)})
	case p.meta.Unmarked == nil:
		return nil
	}
	return diag.List{{
		Severity: diag.Warning, Code: "mark-missing", Summary: "Nothing tells whether the recorded state is the newest",
		Detail: fmt.Sprintf("%s.mark, which tells an old copy of the state from the newest, is not there or holds nothing of it. What lies there has come to serial %d.", path, p.meta.Serial),
		Hint: "If the state was copied or restored by hand, move it aside and restore it from there, so that what happened since is not done again: transition state restore FILE. " +
			"If it is certainly the newest that there is, nothing need be done: whatever is recorded next writes the mark.",
	}}
}

// notRestored turns an error of restoring into a diagnostic.
func notRestored(err error) diag.Diagnostic {
	d := openProblem(err)
	var e *store.Error
	if !errors.As(err, &e) {
		d.Code, d.Summary, d.Hint = "not-restored", "The state cannot be restored", "What was here before is still here. Run the command again when that is put right."
	}
	return d
}
