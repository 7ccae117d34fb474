package view

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema/diag"
)

// uiVersion is the version of the lines that apply -json prints. It changes by
// the rule of FormatVersion.
const uiVersion = "1.0"

// module is the @module of every line, as log processors expect it.
const module = "transition.ui"

// ApplyJSON tells an apply as JSON lines, apply-event.schema.json, in the
// manner of Terraform's machine-readable UI. Its methods may be called from
// several goroutines.
type ApplyJSON struct {
	now func() time.Time

	mu       sync.Mutex
	out      *bufio.Writer
	enc      *json.Encoder
	progress progress
	told     time.Time
	planned  bool
}

// lineJSON is one line; exactly one of the later fields is set, by type.
type lineJSON struct {
	Level     string  `json:"@level"`
	Message   string  `json:"@message"`
	Module    string  `json:"@module"`
	Timestamp instant `json:"@timestamp"`
	Type      string  `json:"type"`

	Transition string          `json:"transition,omitempty"`
	UI         string          `json:"ui,omitempty"`
	Change     *changeJSON     `json:"change,omitempty"`
	Hook       *hookJSON       `json:"hook,omitempty"`
	Changes    *changesJSON    `json:"changes,omitempty"`
	Part       *partJSON       `json:"part,omitempty"` // of change_summary, unless all is done
	Progress   *progressJSON   `json:"progress,omitempty"`
	Waiting    *waitJSON       `json:"waiting,omitempty"`
	Next       *nextJSON       `json:"next,omitempty"`
	Running    []string        `json:"running,omitempty"`
	Unknown    []string        `json:"unknown,omitempty"` // of change_summary: where nobody knows what happened
	Diagnostic *diagnosticJSON `json:"diagnostic,omitempty"`
}

// hookJSON is one attempt.
type hookJSON struct {
	Address   string   `json:"address"`
	Tenant    string   `json:"tenant"`
	Batch     optional `json:"batch"`
	Kind      string   `json:"kind"`
	Operation string   `json:"operation"`
	Attempt   int      `json:"attempt"`
	Recipient optional `json:"recipient"`
	// Of attempts that have ended.
	Elapsed *float64 `json:"elapsed_seconds,omitempty"`
	Next    *instant `json:"next_attempt,omitempty"` // of apply_errored: null when there is none; of apply_polled and apply_unknown: when it is asked about
	Reason  string   `json:"reason,omitempty"`
}

// changesJSON is a count per kind: what will be done, what was, or what edits of
// the plan would do beyond that.
type changesJSON struct {
	Operation string         `json:"operation"` // plan, apply or left
	Kinds     map[string]int `json:"kinds"`
	Failed    int            `json:"failed"`
	Retrying  int            `json:"retrying"`
	Polling   int            `json:"polling,omitempty"`
}

type progressJSON struct {
	Done    int `json:"done"`
	Total   int `json:"total"`
	Running int `json:"running"`
	Failed  int `json:"failed"`
}

type nextJSON struct {
	At instant `json:"at"`
}

// NewApplyJSON begins the lines with the one that tells the versions. now is
// the machine's clock, for @timestamp.
func NewApplyJSON(w io.Writer, version string, now func() time.Time) *ApplyJSON {
	v := &ApplyJSON{now: now}
	v.begin(w)
	// An error sticks to the buffer and comes back from the next line.
	v.line(lineJSON{Type: "version", Message: "transition " + version, Transition: version, UI: uiVersion})
	return v
}

// Again makes what follows the lines of another apply, on a writer that may be
// another one to the same reader.
func (v *ApplyJSON) Again(w io.Writer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.begin(w)
}

func (v *ApplyJSON) begin(w io.Writer) {
	v.out = bufio.NewWriter(w)
	v.enc = json.NewEncoder(v.out)
	v.enc.SetEscapeHTML(false)
	v.planned, v.progress = false, progress{w: io.Discard}
}

func (v *ApplyJSON) line(l lineJSON) error {
	if l.Level == "" {
		l.Level = "info"
	}
	l.Module, l.Timestamp = module, instant(v.now())
	return v.enc.Encode(l)
}

// flush hands on what was written, so that readers see each event at once.
func (v *ApplyJSON) flush(err error) error { return errors.Join(err, v.out.Flush()) }

// Plan tells what will be done, once however often it is called.
func (v *ApplyJSON) Plan(p *plans.Plan) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flush(v.plan(p))
}

func (v *ApplyJSON) plan(p *plans.Plan) error {
	if v.planned {
		return nil
	}
	v.planned = true
	for i := range p.Changes {
		c := toChangeJSON(&p.Changes[i])
		if err := v.line(lineJSON{Type: "planned_change", Message: c.Address + ": plan to " + c.Kind, Change: &c}); err != nil {
			return err
		}
	}
	return v.line(lineJSON{
		Type: "change_summary", Message: planFooter(p, passingWords(p, false)),
		Changes: &changesJSON{Operation: "plan", Kinds: summaryJSON(p.Count())}, Part: toPartJSON(p),
	})
}

// Event tells one event.
func (v *ApplyJSON) Event(e runner.Event, now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.event(e, now)
	return v.flush(v.event(e, now))
}

func (v *ApplyJSON) event(e runner.Event, now time.Time) error {
	switch e := e.(type) {
	case runner.Planned:
		v.told = now
		return v.plan(e.Plan)
	case runner.Noted:
		c := toChangeJSON(&e.Change)
		return v.line(lineJSON{Type: "change_recorded", Message: c.Address + ": " + past(e.Change.Kind), Change: &c})
	case runner.Began:
		h := hookOf(&e.Change, operation(e.Inquiry, e.Op), e.Attempt, e.To)
		return v.line(lineJSON{Type: "apply_start", Message: h.Address + ": " + cmp.Or(e.Inquiry.String(), h.Kind) + " began", Hook: h})
	case runner.Ended:
		return v.ended(&e)
	case runner.Draining:
		return v.line(lineJSON{
			Type: "interrupted", Level: "warn", Running: e.Running,
			Message: fmt.Sprintf("Interrupted: nothing new begins, %d running", len(e.Running)),
		})
	default:
		return nil
	}
}

// operation is what an attempt does, or that it is only asked about.
func operation(q plans.Inquiry, op ledger.Op) string {
	return cmp.Or(q.String(), string(op))
}

func hookOf(c *plans.Change, op string, attempt int, to string) *hookJSON {
	return &hookJSON{
		Address: c.Address(), Tenant: c.Tenant, Batch: optional(c.Batch), Kind: c.Kind.String(),
		Operation: op, Attempt: attempt, Recipient: optional(to),
	}
}

func (v *ApplyJSON) ended(e *runner.Ended) error {
	h := hookOf(&e.Change, operation(e.Inquiry, e.Op), e.Attempt, e.To)
	elapsed := e.Took.Seconds()
	h.Elapsed, h.Reason = &elapsed, e.Reason
	l := lineJSON{Type: "apply_complete", Hook: h, Message: h.Address + ": " + h.Kind + " is done"}
	switch outcomeOf(e) {
	case failed, retried:
		h.Next = (*instant)(&e.Next)
		l.Type, l.Level, l.Message = "apply_errored", "error", h.Address+": "+h.Kind+" failed: "+e.Reason
	case goesOn:
		h.Next = (*instant)(&e.Next)
		l.Type, l.Message = "apply_polled", h.Address+": "+h.Kind+" goes on: "+e.Reason
	case unknown, unanswered:
		if !e.Next.IsZero() {
			h.Next = (*instant)(&e.Next)
		}
		l.Type, l.Level, l.Message = "apply_unknown", "error", h.Address+": nobody knows what became of "+h.Kind+": "+e.Reason
	}
	return v.line(l)
}

// Tick tells every ten seconds that the apply is alive.
func (v *ApplyJSON) Tick(now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := &v.progress
	if !v.planned || now.Sub(v.told) < progressEvery {
		return nil
	}
	v.told = now
	return v.flush(v.line(lineJSON{
		Type: "apply_progress", Message: p.words(now),
		Progress: &progressJSON{Done: p.ended, Total: p.total, Running: p.running, Failed: p.failed},
	}))
}

// Result tells how the apply ended, who needs a person, and what comes next.
func (v *ApplyJSON) Result(r runner.ApplyResult) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.flush(v.result(r))
}

func (v *ApplyJSON) result(r runner.ApplyResult) error {
	ended := v.progress.unknown
	summary := &changesJSON{Operation: "apply", Kinds: summaryJSON(r.Done), Failed: r.Failed - len(ended), Retrying: r.Retrying, Polling: r.Polling}
	err := v.line(lineJSON{
		Type: "change_summary", Message: resultLine(r, len(ended)), Changes: summary,
		Unknown: append(slices.Sorted(slices.Values(ended)), r.Unknown...),
	})
	if len(r.Beyond) > 0 && err == nil {
		err = v.line(lineJSON{
			Type: "change_summary", Message: "Left, since the plan was edited: " + toDo(r.Beyond),
			Changes: &changesJSON{Operation: "left", Kinds: summaryJSON(r.Beyond)},
		})
	}
	if r.After == nil || err != nil {
		return err
	}
	for i := range r.After.Waiting {
		w := toWaitJSON(&r.After.Waiting[i])
		if err := v.line(lineJSON{Type: "waiting", Message: w.Address + ": " + w.Kind + ": " + w.Reason, Waiting: &w}); err != nil {
			return err
		}
	}
	message := "Nothing more falls due by itself"
	if !r.After.Next.IsZero() {
		message = "Next at " + r.After.Next.UTC().Format(time.RFC3339)
	}
	return v.line(lineJSON{Type: "next", Message: message, Next: &nextJSON{instant(r.After.Next)}})
}

// Diagnostics tells what is wrong, one line each.
func (v *ApplyJSON) Diagnostics(l diag.List) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range l {
		level := "error"
		if l[i].Severity == diag.Warning {
			level = "warn"
		}
		d := toDiagnosticJSON(&l[i])
		message := capital(d.Severity) + ": " + d.Summary
		if err := v.line(lineJSON{Type: "diagnostic", Level: level, Message: message, Diagnostic: &d}); err != nil {
			return err
		}
	}
	return v.flush(nil)
}
