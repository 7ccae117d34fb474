package plans_test

import (
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
	"transition/schema/hclconfig"
	"transition/schema/inventory"
	"transition/schema/toffset"
)

// world is a plan with what is recorded, and no effects: a test says what
// becomes of each attempt.
type world struct {
	cfg     *schema.Config
	source  *inventory.Source
	records map[string]*ledger.Record
	now     time.Time
	live    bool
	within  plans.Scope
	replace []addr.Address // what the next plan or apply does again
	// effects are the attempts that were made, as lines.
	effects []string
	next    int64
	// before, unless nil, sees every action before its effect.
	before func(*plans.Action, *ledger.Record)
}

// outcome says what becomes of an attempt.
type outcome func(a *plans.Action, tenant, recipient string) ledger.Kind

func succeed(*plans.Action, string, string) ledger.Kind { return ledger.Succeeded }

func newWorld(t testing.TB, files fs.FS) (*world, diag.List) {
	t.Helper()
	cfg, diags := hclconfig.Load(files, hclconfig.Options{Version: "0.1.0"})
	if diags.HasErrors() {
		return nil, diags
	}
	src, more := inventory.Open(files, cfg)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return nil, diags
	}
	return &world{cfg: cfg, source: src, records: make(map[string]*ledger.Record)}, diags
}

func (w *world) input() plans.Input {
	return plans.Input{
		Config: w.cfg, Now: w.now, Live: w.live, Within: w.within, Replace: w.replace, By: "ann",
		Tenants: func(yield func(*schema.Tenant) bool) { w.source.Each(yield) },
		Records: w.sorted(),
	}
}

func (w *world) sorted() iter.Seq2[*ledger.Record, error] {
	return func(yield func(*ledger.Record, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(w.records)) {
			if !yield(w.records[id], nil) {
				return
			}
		}
	}
}

func (w *world) tenant(id string) (found *schema.Tenant, ok bool) {
	w.source.Each(func(t *schema.Tenant) bool {
		if t.ID == id {
			found = t.Clone()
		}
		return found == nil
	})
	return found, found != nil
}

func (w *world) item(key string) *schema.Item {
	for _, it := range w.cfg.Items {
		if it.Key() == key {
			return it
		}
	}
	return nil
}

func (w *world) record(id string) *ledger.Record {
	r := w.records[id]
	if r == nil {
		r = &ledger.Record{ID: id}
		w.records[id] = r
	}
	return r
}

func (w *world) plan(t testing.TB) *plans.Result {
	t.Helper()
	res, err := plans.Compute(w.input())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// apply carries a plan out as the runner does: decide, one attempt of each
// action, decide again; pass after pass until nothing may be done.
func (w *world) apply(t testing.TB, what outcome) {
	t.Helper()
	for range 50 {
		res := w.plan(t)
		if res.Plan.Diagnostics.HasErrors() {
			t.Fatalf("plan has errors: %v", res.Plan.Diagnostics)
		}
		if len(res.Tasks) == 0 {
			return
		}
		w.replace = nil
		d := res.Decider.Applying()
		for _, task := range res.Tasks {
			w.carryOut(d, task, what)
		}
	}
	t.Fatal("apply does not come to an end")
}

func (w *world) carryOut(d *plans.Decider, task plans.Task, what outcome) {
	r := w.record(task.Record.ID)
	if task.New {
		r.Apply(plans.EnrolFact(r.ID, w.now))
	}
	for _, s := range task.Steps {
		r.Apply(s.Fact)
	}
	if b := task.Place; b != nil {
		r.Apply(plans.PlaceFact(r, b, task.T, plans.Zone(w.cfg, task.Tenant, b), w.now))
	}
	var out plans.Decision
	for range 100 {
		d.Decide(task.Tenant, r, &out)
		d.Narrow(&task, r, &out)
		if len(out.Actions) == 0 {
			return
		}
		for i := range out.Actions {
			w.act(&out.Actions[i], r, what)
		}
	}
	panic("a tenant does not come to an end: " + r.ID)
}

func (w *world) act(a *plans.Action, r *ledger.Record, what outcome) {
	for _, f := range a.Facts(r, w.now) {
		r.Apply(f)
	}
	recipients := a.Recipients
	switch a.Kind {
	case plans.Run, plans.Lock, plans.Unlock, plans.Undo:
		recipients = []string{""}
	case plans.Send, plans.Ask:
	default:
		return
	}
	if w.before != nil {
		w.before(a, r)
	}
	for _, to := range recipients {
		kind := what(a, r.ID, to)
		begins := a.Begins(r, to, w.now)
		for i := range begins[:len(begins)-1] {
			r.Apply(begins[i])
		}
		f := begins[len(begins)-1]
		w.next++
		f.Attempt = w.next
		r.Apply(f)
		w.effects = append(w.effects, fmt.Sprintf("%s %s/%s %s", a.Kind, r.ID, a.Item.Key(), to))
		if kind == "" {
			continue // the runner dies here
		}
		f.Kind, f.Reason = kind, ""
		switch kind {
		case ledger.Failed:
			f.Reason = "exit code 1"
		case ledger.Unknown:
			f.Reason = "no answer"
		}
		r.Apply(f)
	}
}

// show writes a plan for a golden file.
func (w *world) show(b *strings.Builder, p *plans.Plan) {
	for _, d := range p.Diagnostics {
		fmt.Fprintf(b, "%s %s: %s\n", d.Severity, d.Code, d.Detail)
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		fmt.Fprintf(b, "%s %-8s %s", c.Kind.Symbol(), c.Kind, c.Address())
		if c.Batch != "" && c.Kind == plans.Place {
			fmt.Fprintf(b, " in %s, T %s", c.Batch, w.time(c.Detail.T))
		}
		if c.Detail.PassesPONR {
			b.WriteString(" (point of no return)")
		}
		if c.Reason != "" {
			fmt.Fprintf(b, " · %s", c.Reason)
		}
		if !c.At.Equal(w.now) {
			fmt.Fprintf(b, " · due %s", w.time(c.At))
		}
		b.WriteByte('\n')
	}
	for _, x := range p.Waiting {
		fmt.Fprintf(b, "? %-8s %s · %s", x.Kind, x.Address, x.Reason)
		if !x.Until.IsZero() {
			fmt.Fprintf(b, " · until %s", w.time(x.Until))
		}
		b.WriteByte('\n')
	}
	if len(p.Changes) == 0 {
		b.WriteString("No changes.\n")
	}
	if !p.Within.Whole() {
		fmt.Fprintf(b, "%d left out\n", p.LeftOut)
	}
	if !p.Next.IsZero() {
		fmt.Fprintf(b, "next %s\n", w.time(p.Next))
	}
}

func (w *world) time(t time.Time) string { return toffset.ShowLocal(t, w.cfg.Zone) }

// status writes where tenants are for a golden file.
func (w *world) status(t testing.TB, b *strings.Builder, sel addr.Selector, items bool) {
	t.Helper()
	_, err := plans.Survey(w.input(), func(s *plans.TenantStatus) {
		if !sel.Tenants(s.ID, s.Batch) {
			return
		}
		fmt.Fprintf(b, "%s %s %s", s.ID, s.Phase, s.Status)
		if s.Held != nil {
			fmt.Fprintf(b, " · held: %s", s.Held.Reason)
		}
		for _, l := range s.Locks {
			fmt.Fprintf(b, " · locked by %s/%s", l.Phase, l.Item)
			if l.Overdue {
				b.WriteString(" (overdue)")
			}
		}
		if !s.Next.IsZero() {
			fmt.Fprintf(b, " · next %s", w.time(s.Next))
		}
		b.WriteByte('\n')
		if !items {
			return
		}
		for _, it := range s.Items {
			fmt.Fprintf(b, "  %s/%s %s", it.Phase, it.Item, it.State)
			if it.Reason != "" {
				fmt.Fprintf(b, " · %s", it.Reason)
			}
			b.WriteByte('\n')
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
