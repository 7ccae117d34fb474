package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"transition/runner/clock"
	"transition/runner/store"
	"transition/runner/store/sqlite"
	"transition/schema/diag"
	"transition/schema/spec"
	"transition/schema/toffset"
)

// Need says what a command wants of the recorded state.
type Need uint8

// The needs.
const (
	NeedNone     Need = iota // plan: without a state, an empty one will do
	NeedState                // there must be one, to read
	NeedWrite                // there must be one, to write
	NeedRehearse             // a rehearsal, made where there is no state
)

// OpenState opens the recorded state. now is an instant given by the user (-now
// or -rehearse), or zero; Now then answers with the instant that commands use.
//
// A project with mistakes may open it too, for the plan that it adopted. Without
// a directory there is none, and no error; nor is it one then that nothing was
// ever recorded.
func (p *Project) OpenState(ctx context.Context, need Need, now time.Time) diag.List {
	p.instant = now
	if p.root == nil {
		return nil
	}
	lineage, err := p.lineage()
	if err != nil {
		return diag.List{lineageProblem(err)}
	}
	path := p.statePath()
	var diags diag.List
	if need == NeedWrite || need == NeedRehearse {
		if diags = p.place(path); diags.HasErrors() {
			return diags
		}
	}
	p.state, err = p.open(ctx, path, need)
	if errors.Is(err, store.ErrNotFound) {
		return append(diags, p.absent(ctx, path, need, lineage)...)
	}
	if err == nil {
		p.meta, err = p.state.Meta(ctx)
	}
	if err != nil {
		return append(diags, openProblem(err))
	}
	diags = append(diags, p.older(path, need)...)
	diags = append(diags, p.outcomesLeft(ctx)...)
	return append(diags, p.checkState(ctx, path, need, lineage)...)
}

func (p *Project) open(ctx context.Context, path string, need Need) (store.Store, error) {
	mode := sqlite.ReadWrite
	if need == NeedNone || need == NeedState {
		mode = sqlite.ReadOnly
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, &store.Error{
			Kind: store.ErrForeign, What: "there is no regular file at " + path, Advice: "Name another file, with -state=FILE or in the block state of the plan.",
		}
	}
	s, err := sqlite.Open(ctx, path, mode)
	if err != nil {
		return nil, err // not a typed nil in the interface
	}
	return s, nil
}

// statePath is where the recorded state is kept.
func (p *Project) statePath() string {
	if p.o.State != "" {
		return p.o.State
	}
	path := cmp.Or(p.Config.State.Path, spec.StatePath) // the plan may be too broken to say
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.dir, filepath.FromSlash(path))
}

// absent says what it means that there is no state.
func (p *Project) absent(ctx context.Context, path string, need Need, lineage string) diag.List {
	if p.broken && lineage == "" {
		p.state = nil
		return nil
	}
	if p.broken && p.Config.State.Path == "" && p.o.State == "" {
		return diag.List{{
			Severity: diag.Error, Code: "state-unknown", Summary: "Where the recorded state lies cannot be told",
			Detail: fmt.Sprintf("The plan, which may say where it lies, cannot be read as a whole, and there is none at %s.", path),
			Hint:   "Correct the plan, or name the state with -state=FILE. With that also apply gives back the locks that are due.",
		}}
	}
	if lineage != "" && (need != NeedRehearse || p.o.State == "") {
		return diag.List{{
			Severity: diag.Error, Code: "state-missing", Summary: "The recorded state of this plan is not here",
			Detail: fmt.Sprintf("%s says that the state %s belongs to this plan, and there is none at %s. Starting afresh would greet every tenant anew.", lineageFile, lineage, path),
			Hint:   "Name the state with -state=FILE, or restore it from a backup.",
		}}
	}
	switch {
	case need == NeedNone && p.o.State != "":
		return diag.List{{
			Severity: diag.Error, Code: "no-state", Summary: "There is no recorded state",
			Detail: fmt.Sprintf("There is no state at %s, which -state names.", path),
			Hint:   "Name an existing state, or leave -state out.",
		}}
	case need == NeedNone:
		p.state = nil
		return nil
	case need == NeedRehearse:
		p.state, p.fresh = nil, true
		p.meta = store.Meta{Kind: store.Rehearsal, Plan: p.Config.Name, Clock: p.instant}
		return p.rehearsable()
	}
	return diag.List{{
		Severity: diag.Error, Code: "no-state", Summary: "There is no recorded state",
		Detail: fmt.Sprintf("Nothing is recorded for this plan yet: there is no state at %s.", path),
		Hint:   "Create one with: transition init. To try the plan out in virtual time: transition apply -rehearse=INSTANT.",
	}}
}

// checkState refuses a state that is not the one this command is about.
func (p *Project) checkState(ctx context.Context, path string, need Need, lineage string) diag.List {
	m := p.meta
	refuse := func(code, summary, detail, hint string) diag.List {
		return diag.List{{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Hint: hint}}
	}
	if m.Plan != p.Config.Name && p.Config.Name != "" {
		return refuse("other-plan", "The recorded state belongs to another plan",
			fmt.Sprintf("The state at %s is that of transition %q; this plan is %q.", path, m.Plan, p.Config.Name),
			"Name the right state with -state=FILE."+p.anew(ctx))
	}
	if m.Kind == store.Production {
		if lineage != "" && lineage != m.Lineage {
			return refuse("other-state", "The recorded state is another one",
				fmt.Sprintf("%s says that the state %s belongs to this plan; the one at %s is %s.", lineageFile, lineage, path, m.Lineage),
				"Name the right state with -state=FILE, or restore it from a backup.")
		}
		if need == NeedRehearse {
			return refuse("not-a-rehearsal", "This is no rehearsal",
				fmt.Sprintf("The state at %s is the real one, and stays it for ever.", path),
				"Rehearse in a state of its own: add -state=.transition/rehearsal.db")
		}
	}
	if need == NeedRehearse {
		if p.instant.Before(m.Clock) {
			return refuse("clock-went-back", "The clock of a rehearsal only goes forward",
				fmt.Sprintf("This rehearsal has come to %s; %s is before that.", p.show(m.Clock), p.show(p.instant)),
				"Give that instant or a later one, or begin another rehearsal with -state=FILE.")
		}
		return p.rehearsable()
	}
	if !p.instant.IsZero() && p.instant.Before(m.LastFact) {
		return refuse("before-newest-fact", "The instant lies before what is recorded",
			fmt.Sprintf("The newest fact is of %s; what was the case at %s cannot be told from a state that knows more.", p.show(m.LastFact), p.show(p.instant)),
			"Give -now a later instant.")
	}
	return nil
}

// rehearsable refuses channels that would reach real people.
func (p *Project) rehearsable() diag.List {
	var diags diag.List
	if p.broken { // the adopted plan has channels of its own
		return nil
	}
	for _, c := range p.Config.Channels {
		if c.SMTP == nil || c.SMTP.RedirectAllTo != "" {
			continue
		}
		diags.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "rehearsal-reaches-people", Summary: "A rehearsal would write to real people",
			Detail:  "Effects of a rehearsal are real, and this channel delivers to the recipients themselves.",
			Hint:    `Set redirect_all_to to a mailbox of yours, for example from a variable.`,
			Subject: c.Range, Where: fmt.Sprintf("channel %q %q", c.Kind, c.Name),
		})
	}
	return diags
}

func (p *Project) show(t time.Time) string { return toffset.Show(t, p.Config.Zone) }

// create makes a new state and opens it.
func (p *Project) create(ctx context.Context, path string, kind store.Kind) diag.List {
	meta := store.Meta{Lineage: cmp.Or(p.meta.Lineage, newLineage()), Kind: kind, Plan: p.Config.Name, Created: p.o.Clock.Now()}
	if kind == store.Rehearsal {
		meta.Clock = p.instant
	}
	s, err := sqlite.Create(ctx, path, meta)
	if err != nil {
		return diag.List{openProblem(err)}
	}
	p.state, p.fresh = s, false
	if p.meta, err = s.Meta(ctx); err != nil {
		return diag.List{openProblem(err)}
	}
	return nil
}

// StatePath is where the recorded state is, for people.
func (p *Project) StatePath() string { return p.statePath() }

// Meta describes the open state; false: there is none.
func (p *Project) Meta() (store.Meta, bool) { return p.meta, p.state != nil }

// Now is the instant at which commands look at the plan: what the user gave,
// else the rehearsal's clock, else the machine's.
func (p *Project) Now() time.Time { return p.clock().Now() }

// clock is the clock of facts.
func (p *Project) clock() clock.Clock {
	switch {
	case !p.instant.IsZero():
		return clock.Still(p.instant)
	case p.state != nil && p.meta.Kind == store.Rehearsal:
		return clock.Still(p.meta.Clock)
	default:
		return p.o.Clock
	}
}

// Holder tells who applies at present.
func (p *Project) Holder(ctx context.Context) (store.Holder, bool) {
	if p.state == nil {
		return store.Holder{}, false
	}
	h, ok, err := p.state.Holder(ctx)
	return h, ok && err == nil
}

// stateProblem turns an error of an open store into a diagnostic.
func stateProblem(err error) diag.Diagnostic {
	d := openProblem(err)
	if errors.Is(err, store.ErrDamaged) {
		d.Hint += " All that is wrong is listed by: transition state verify"
	}
	return d
}

// openProblem turns an error of opening or making a store into a diagnostic: one
// that cannot be opened cannot be looked into either.
func openProblem(err error) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "state", Summary: "The recorded state cannot be used",
		Detail: sentence(err.Error()),
	}
	var e *store.Error
	if errors.As(err, &e) {
		d.Detail, d.Hint = sentence(e.What), e.Advice
	}
	switch {
	case errors.Is(err, store.ErrDamaged):
		d.Code, d.Summary = "state-damaged", "The recorded state is damaged"
	case errors.Is(err, store.ErrForeign):
		d.Code, d.Summary = "no-state-file", "The file is not a recorded state of this tool"
	case errors.Is(err, store.ErrUnmarked):
		d.Code, d.Summary = "state-unmarked", "Nobody can tell whether the recorded state is the newest"
	case errors.Is(err, store.ErrCopy):
		d.Code, d.Summary = "state-backup", "The file is a backup"
	case errors.Is(err, store.ErrOlder):
		d.Code, d.Summary = "state-older", "The recorded state is not the newest"
	case errors.Is(err, store.ErrNewer):
		d.Code, d.Summary = "state-newer", "The recorded state was written by a newer version"
	case errors.Is(err, store.ErrUnreadable):
		d.Code, d.Summary = "state-unreadable", "The recorded state cannot be read"
	case errors.Is(err, store.ErrReadOnly):
		d.Code, d.Summary = "state-read-only", "The recorded state cannot be written"
	case errors.Is(err, store.ErrFull):
		d.Code, d.Summary = "disk-full", "The disk of the recorded state is full"
	case errors.Is(err, store.ErrDisk):
		d.Code, d.Summary = "disk-failed", "The disk of the recorded state has failed"
	case errors.Is(err, store.ErrFenced):
		d.Code, d.Summary = "lease-lost", "Somebody else has taken over"
		d.Hint = "Look at transition status; what ran here without an outcome is shown as unknown."
	}
	return d
}

// sentence makes an error's text read like one.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
