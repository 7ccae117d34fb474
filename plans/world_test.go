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
	"transition/plans/retry"
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
	adopted *schema.Config               // by the last apply; nil: there was none
	tenants []*schema.Tenant             // of the inventory, by id
	rows    map[string]map[string]string // of the inventory that was applied last
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
	// asked, unless nil, answers polls and probes; otherwise they are told that it
	// is done.
	asked func(a *plans.Action, tenant string) plans.Reply
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
	w := &world{cfg: cfg, records: make(map[string]*ledger.Record)}
	src.Each(func(t *schema.Tenant) bool {
		w.tenants = append(w.tenants, t.Clone())
		return true
	})
	return w, diags
}

func (w *world) input() plans.Input {
	in := plans.Input{
		Config: w.cfg, Now: w.now, Live: w.live, Within: w.within, Replace: w.replace, By: "ann",
		Tenants: slices.Values(w.tenants),
		Records: w.sorted(),
		Row:     func(id string) map[string]string { return w.rows[id] },
	}
	if w.adopted != nil && w.adopted.Digest != w.cfg.Digest {
		in.Adopted = w.adopted
	}
	return in
}

// adopt keeps the rows of the inventory as it is now.
func (w *world) adopt() {
	w.rows = make(map[string]map[string]string)
	for _, t := range w.tenants {
		w.rows[t.ID] = plans.RowOf(w.cfg.Columns, t)
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

func (w *world) tenant(id string) (*schema.Tenant, bool) {
	i := slices.IndexFunc(w.tenants, func(t *schema.Tenant) bool { return t.ID == id })
	if i < 0 {
		return nil, false
	}
	return w.tenants[i], true
}

func (w *world) item(key string) *schema.Item {
	for _, it := range slices.Concat(w.cfg.Items, w.cfg.Events) {
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
		if w.within.Whole() { // a part is not adopted
			w.adopted = w.cfg
		}
		if len(res.Tasks) == 0 {
			w.adopt()
			return
		}
		if w.settle() {
			continue
		}
		w.replace = nil
		d := res.Decider.Applying()
		for _, task := range res.Tasks {
			w.carryOut(d, task, what)
		}
	}
	t.Fatal("apply does not come to an end")
}

// settle makes unknown what a runner that has died has left, as the next one does.
func (w *world) settle() (any bool) {
	for _, r := range w.records {
		for i := range r.Items {
			it := &r.Items[i]
			for _, op := range w.operations(it) {
				try := plans.TryOf(it, op)
				if try.State != ledger.Running {
					continue
				}
				r.Apply(ledger.Fact{
					At: w.now, Tenant: r.ID, Kind: ledger.Unknown, Item: it.Key, Epoch: it.Epoch, Op: op, Attempt: try.Attempt,
					Reason: fmt.Sprintf("the runner ended while attempt %d ran", try.Attempts),
				})
				any = true
			}
		}
	}
	return any
}

// operations are the two halves of work or a lock; there are none of others.
func (w *world) operations(rec *ledger.Item) []ledger.Op {
	it := w.item(rec.Key)
	if it == nil {
		return nil
	}
	switch it.Does.(type) {
	case *schema.Work:
		return []ledger.Op{ledger.Run, ledger.Undo}
	case *schema.Lock:
		return []ledger.Op{ledger.Acquire, ledger.Release}
	default:
		return nil
	}
}

func (w *world) carryOut(d *plans.Decider, task plans.Task, what outcome) {
	r := w.record(task.Record.ID)
	for _, f := range task.Facts(w.cfg, w.now) {
		w.record(f.Tenant).Apply(f)
	}
	var out plans.Decision
	for range 100 {
		d.Decide(task.Tenant, r, &out)
		d.Narrow(&task, r, &out)
		acts := slices.DeleteFunc(slices.Clone(out.Actions), w.crowded)
		if len(acts) == 0 {
			return
		}
		broken := len(d.Broken())
		for i := range acts {
			w.act(d, &acts[i], r, what)
			if len(d.Broken()) != broken {
				break // the runner decides anew before it begins anything else
			}
		}
	}
	panic("a tenant does not come to an end: " + r.ID)
}

// crowded reports whether an action finds its limit full of work that goes on: the
// runner puts it aside.
func (w *world) crowded(a plans.Action) bool {
	if a.Kind != plans.Run || a.Inquiry != plans.NoInquiry || a.Item.Limit == nil {
		return false
	}
	n := 0
	for _, r := range w.records {
		for i := range r.Items {
			if it := w.item(r.Items[i].Key); it != nil && it.Limit == a.Item.Limit && r.Items[i].State == ledger.Polling {
				n++
			}
		}
	}
	return n >= a.Item.Limit.MaxInFlight
}

func (w *world) act(d *plans.Decider, a *plans.Action, r *ledger.Record, what outcome) {
	if w.before != nil && a.Kind.Outside() && a.Inquiry == plans.NoInquiry {
		w.before(a, r)
	}
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
	if a.Inquiry != plans.NoInquiry {
		w.inquire(d, a, r)
		return
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
		f = w.end(a, f, kind)
		a.GoesOn(&f)
		w.close(d, r, f)
	}
}

// close records how an attempt ended, for the breaker as well.
func (w *world) close(d *plans.Decider, r *ledger.Record, f ledger.Fact) {
	if f.Kind == ledger.Succeeded || f.Kind == ledger.Failed || f.Kind == ledger.Unknown {
		f.Round = d.Round(r)
	}
	before := r.Tally
	r.Apply(f)
	d.Recount(before, r.Tally)
	for _, f := range d.Opened(w.now) {
		w.record(f.Tenant).Apply(f)
	}
}

// retryable is what becomes of an attempt that is made again as often as the
// item's retry allows.
const retryable ledger.Kind = "retryable"

// end is the fact that ends an attempt.
func (w *world) end(a *plans.Action, f ledger.Fact, kind ledger.Kind) ledger.Fact {
	f.Kind = kind
	switch kind {
	case ledger.Failed:
		f.Reason = "exit code 1"
	case ledger.Unknown:
		f.Reason = "no answer"
	case retryable:
		f.Kind, f.Reason = ledger.Failed, "exit code 75"
		next, ok := retry.Next(plans.RetryOf(a.Item, a.Op), f.No, w.now, w.now, 0, "")
		if ok && (a.MustEnd.IsZero() || !next.After(a.MustEnd)) {
			f.Next = &next
		}
	}
	return f
}

// inquire asks, and records the answer.
func (w *world) inquire(d *plans.Decider, a *plans.Action, r *ledger.Record) {
	reply := plans.Reply{Answer: ledger.AnswerDone}
	if w.asked != nil {
		reply = w.asked(a, r.ID)
	}
	if a.EffectOf() == nil {
		reply = plans.Reply{}
	}
	w.effects = append(w.effects, fmt.Sprintf("%s %s/%s %s", a.Inquiry, r.ID, a.Item.Key(), reply.Answer))
	w.close(d, r, a.Found(r, reply, "", w.now))
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
