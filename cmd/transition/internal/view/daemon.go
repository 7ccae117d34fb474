package view

import (
	"fmt"
	"io"
	"time"

	"transition/plans"
	"transition/runner"
	"transition/schema/diag"
)

// Daemon tells what run does as text: a line for each event, with its time, and
// when anything falls due next.
type Daemon struct {
	screen, talkScreen Screen
	out, talk          io.Writer
	zone               *time.Location
	progress           progress
	next               time.Time // as it was told
	told               bool      // next was told
}

// NewDaemon begins to tell on two streams, of which the screens are.
func NewDaemon(out, talk io.Writer, s, talkScreen Screen) *Daemon {
	return &Daemon{screen: s, talkScreen: talkScreen, out: out, talk: talk, zone: time.UTC}
}

// Round begins an apply.
func (v *Daemon) Round(out, talk io.Writer, zone *time.Location) {
	v.out, v.talk, v.zone = out, talk, zone
	v.progress = progress{w: talk}
}

// Event tells one event, at an instant of the plan's time.
func (v *Daemon) Event(e runner.Event, at time.Time) error {
	v.progress.event(e, at)
	p := v.page(at)
	switch e := e.(type) {
	case runner.Noted:
		return v.line(p, at, p.notedLine(&e.Change, 0))
	case runner.Ended:
		return v.line(p, at, p.endedLine(&e, 0))
	default:
		return nil
	}
}

func (v *Daemon) page(at time.Time) *page { return newPage(v.out, v.screen, at, v.zone) }

func (v *Daemon) line(p *page, at time.Time, words string) error {
	p.linef("%s%s", p.paint(faint, p.second(at)), words)
	return p.Flush()
}

// Result sums an apply up, if it did anything, and tells when the next one is
// due, if that has changed.
func (v *Daemon) Result(r runner.ApplyResult, at time.Time) error {
	p := v.page(at)
	if anything(&r) {
		if err := v.line(p, at, "  "+resultLine(r, len(v.progress.unknown))); err != nil {
			return err
		}
	}
	if r.After == nil || r.Interrupted || v.told && v.next.Equal(r.After.Next) {
		return nil
	}
	v.told, v.next = true, r.After.Next
	return v.line(p, at, "  "+p.outlookLine(r.After))
}

// outlookLine says when anything falls due, and who needs a person.
func (p *page) outlookLine(plan *plans.Plan) string {
	words := "Nothing more falls due by itself"
	if !plan.Next.IsZero() {
		words = "Next " + p.ahead(plan.Next)
	}
	return sentences(append([]string{words}, needed(plan.Waiting)...))
}

// Unsettled tells that the plan directory has to stand unchanged for a while.
func (v *Daemon) Unsettled(newest string, settle time.Duration, at time.Time) error {
	_, err := fmt.Fprintf(v.talk, "%s  %s\n", newWall(at, v.zone).second(at), unsettledWords(newest, settle))
	return err
}

func unsettledWords(newest string, settle time.Duration) string {
	words := "The plan directory counts once it has stood unchanged for " + settle.String()
	if newest != "" {
		words += "; written to last: " + clean(newest)
	}
	return words
}

// Diagnostics tells what is wrong, and when it came up.
func (v *Daemon) Diagnostics(l diag.List, at time.Time) error {
	errors, warnings := severities(l)
	w := newWall(at, v.zone)
	words := "A warning"
	switch {
	case errors > 0:
		words = count(errors, "error", "errors") + ": not everything is applied until that is put right"
	case warnings > 1:
		words = fmt.Sprintf("%d warnings", warnings)
	}
	if _, err := fmt.Fprintf(v.talk, "%s  %s.\n\n", w.second(at), words); err != nil {
		return err
	}
	return Diagnostics(v.talk, v.talkScreen, l)
}

// anything reports whether an apply has made or tried anything.
func anything(r *runner.ApplyResult) bool {
	return len(r.Done)+r.Failed+len(r.Unknown) > 0 || r.Interrupted
}

// DaemonJSON tells what run does, as the lines of ApplyJSON. An apply that had
// nothing to do is told only by when the next one is due, if that has changed.
type DaemonJSON struct {
	*ApplyJSON
	next time.Time // as it was told
	told bool      // next was told
}

// NewDaemonJSON begins the lines with the one that tells the versions. now is
// the machine's clock, for @timestamp.
func NewDaemonJSON(w io.Writer, version string, now func() time.Time) *DaemonJSON {
	v := &DaemonJSON{ApplyJSON: NewApplyJSON(w, version, now)}
	_ = v.out.Flush() // an error will come back from the next line
	return v
}

// Round begins an apply: it plans anew.
func (v *DaemonJSON) Round(out, _ io.Writer, _ *time.Location) { v.Again(out) }

// Event tells one event.
func (v *DaemonJSON) Event(e runner.Event, at time.Time) error {
	if p, ok := e.(runner.Planned); ok && len(p.Plan.Changes) == 0 {
		return nil
	}
	return v.ApplyJSON.Event(e, at)
}

// Result tells how an apply ended.
func (v *DaemonJSON) Result(r runner.ApplyResult, _ time.Time) error {
	news := anything(&r)
	if after := r.After; after != nil {
		news = news || !v.told || !v.next.Equal(after.Next)
		v.told, v.next = true, after.Next
	}
	if !news {
		return nil
	}
	return v.ApplyJSON.Result(r)
}

// Unsettled tells that the plan directory has to stand unchanged for a while.
func (v *DaemonJSON) Unsettled(newest string, settle time.Duration, _ time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flush(v.line(lineJSON{Type: "unsettled", Message: unsettledWords(newest, settle)}))
}

// Diagnostics tells what is wrong, one line each.
func (v *DaemonJSON) Diagnostics(l diag.List, _ time.Time) error { return v.ApplyJSON.Diagnostics(l) }
