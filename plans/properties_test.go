package plans_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/schema"
	"transition/schema/addr"
)

// TestPromises walks random plans through random instants with random outcomes
// and answers, and holds every effect against the plan.
func TestPromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := drawPlan(rt)
		w, diags := newWorld(t, files)
		if w == nil {
			rt.Fatalf("the generator drew a plan with mistakes: %v\n%s", diags, files["p.transition.hcl"].Data)
		}
		o := &oracle{rt: rt, w: w, done: make(map[string]bool)}
		w.before = o.check
		w.now = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 12).Draw(rt, "applies") {
			w.now = w.now.Add(downtime(rt, w))
			o.apply(t)
			if o.answer() {
				o.apply(t)
			}
		}
	})
}

// TestMissedWindows walks one plan with narrow windows through random patterns of
// downtime, outcomes and answers: whatever happened before, no first attempt of
// the move lies outside of its window, and none after its end.
func TestMissedWindows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, diags := newWorld(t, fstest.MapFS{
			"p.transition.hcl": {Data: []byte(narrow)},
			"tenants.csv":      {Data: []byte("id,email\nt0,t0@a.example\nt1,t1@a.example\n")},
		})
		if w == nil {
			t.Fatal(diags)
		}
		o := &oracle{rt: rt, w: w, done: make(map[string]bool)}
		w.before = o.check
		w.now = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(5, 20).Draw(rt, "applies") {
			w.now = w.now.Add(downtime(rt, w))
			o.apply(t)
			if o.answer() {
				o.apply(t)
			}
		}
	})
}

const narrow = `
transition "t" { time_zone = "Europe/Vienna" }

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

batch "one" {
  cutover = "2027-04-20 18:00"
  match   = true
}

retry "some" {
  max_attempts     = 4
  initial_interval = "8h"
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy"] }
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "door" {
    acquire {
      exec { command = ["lock"] }
    }
    release {
      exec { command = ["unlock"] }
    }
    release_in = phase.Finish
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+12h"
  must_end           = "T+36h"
  point_of_no_return = true

  work "first" {
    exec { command = ["first"] }
    late_until = "T+4h"
    retry      = retry.some
  }

  work "second" {
    exec { command = ["second"] }
    late  = "run"
    retry = retry.some
  }

  work "third" {
    exec { command = ["third"] }
    at = "T+6h"
  }
}

phase "Finish" {
  opens = "T+48h"

  work "cleanup" {
    exec { command = ["cleanup"] }
  }
}
`

// downtime draws for how long nobody applies: anything up to 40 days, or until
// what comes next, and sometimes a little longer.
func downtime(rt *rapid.T, w *world) time.Duration {
	gap := time.Duration(rapid.IntRange(0, 40*24).Draw(rt, "hours")) * time.Hour
	res, err := plans.Compute(w.input())
	if err != nil {
		rt.Fatal(err)
	}
	next := res.Plan.Next.Sub(w.now)
	if res.Plan.Next.IsZero() || gap < next || rapid.Bool().Draw(rt, "long") {
		return gap
	}
	return next + time.Duration(rapid.IntRange(0, 30).Draw(rt, "more"))*time.Hour
}

// oracle knows what may be done when, from the plan and the record alone.
type oracle struct {
	rt   *rapid.T
	w    *world
	done map[string]bool // effects that have succeeded
}

func (o *oracle) apply(t *testing.T) {
	o.w.asked = func(*plans.Action, string) plans.Reply {
		return plans.Reply{
			Answer: rapid.SampledFrom([]ledger.Answer{ledger.AnswerDone, ledger.AnswerNotDone, ""}).Draw(o.rt, "reply"), Reason: "x",
		}
	}
	o.w.apply(t, func(a *plans.Action, tenant, to string) ledger.Kind {
		kind := rapid.SampledFrom([]ledger.Kind{
			ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Failed, retryable, ledger.Unknown, "",
		}).Draw(o.rt, "outcome")
		if kind == ledger.Succeeded {
			o.once(a, tenant, to)
		}
		return kind
	})
	again := o.w.plan(t)
	if n := len(again.Plan.Changes); n > 0 {
		o.rt.Fatalf("after an apply the plan still has %d changes: %+v", n, again.Plan.Changes[0])
	}
	n := len(o.w.effects)
	o.w.apply(t, succeed)
	if len(o.w.effects) > n {
		o.rt.Fatalf("a second apply has effects: %v", o.w.effects[n:])
	}
	var one, two strings.Builder
	o.w.show(&one, again.Plan)
	o.w.show(&two, o.w.plan(t).Plan)
	if one.String() != two.String() {
		o.rt.Fatalf("the same input gives two plans:\n%s\n%s", &one, &two)
	}
	o.reasons(t)
}

// once fails when an effect has succeeded before.
func (o *oracle) once(a *plans.Action, tenant, to string) {
	rec := o.w.records[tenant].Item(a.Item.Key())
	generation := 0
	if rec != nil {
		generation = rec.Generation
	}
	k := fmt.Sprint(tenant, a.Item.Key(), a.Op, to, generation)
	if o.done[k] {
		o.rt.Fatalf("%s happened twice", k)
	}
	o.done[k] = true
}

// reasons fails when a tenant neither moves nor says why.
func (o *oracle) reasons(t *testing.T) {
	_, err := plans.Survey(o.w.input(), func(s *plans.TenantStatus) {
		last := o.w.cfg.Phases[len(o.w.cfg.Phases)-1].Name
		if s.Phase == last && s.Status == plans.Complete || !s.Next.IsZero() || s.Held != nil {
			return
		}
		for _, it := range s.Items {
			switch it.State {
			case plans.ItemFailed, plans.ItemUnknown, plans.ItemMissed:
				return
			case plans.ItemWaiting:
				if it.Reason != "" && it.Reason != "waits for its time" {
					return
				}
			}
		}
		o.rt.Fatalf("%s stands in %s %s without a reason", s.ID, s.Phase, s.Status)
	})
	if err != nil {
		o.rt.Fatal(err)
	}
}

// check holds one effect against the plan, before it happens.
func (o *oracle) check(a *plans.Action, r *ledger.Record) {
	b := o.batch(r)
	line := timeline.Build(o.w.cfg, r.T, b.Zone)
	at := line.Items[a.Item.Index]
	rec := r.Item(a.Item.Key())
	if a.Op == ledger.Release {
		o.checkRelease(a, r, rec, line)
		return
	}
	if o.w.now.Before(at.At) {
		o.rt.Fatalf("%s before its instant %s", a.Item.Key(), at.At)
	}
	o.checkWindow(a, r, line.Phases[a.Item.Phase.Index])
	if rec != nil && rec.Attempt != 0 || rec != nil && rec.Again {
		return // what was begun goes on; a person may stretch a window
	}
	bounded := a.Item.Late == schema.LateHold || a.Item.Late == schema.LateSkip
	if bounded && !at.LateUntil.IsZero() && o.w.now.After(at.LateUntil) {
		o.rt.Fatalf("%s began after its window, %s\n%s\n%+v\n%s", a.Item.Key(), at.LateUntil, strings.Join(o.w.effects, "\n"), r, o.w.cfg.Sources["p.transition.hcl"])
	}
	for _, dep := range a.Item.After {
		if !o.settled(r, dep) {
			o.rt.Fatalf("%s began before %s was done\n%s\n%+v\n%s", a.Item.Key(), dep.Key(), strings.Join(o.w.effects, "\n"), r.Items, o.w.now)
		}
	}
	o.checkPhase(a, r)
}

// checkWindow holds an attempt against the bounds of its phase, which nobody
// stretches: the first lies between opens and latest_start, and none after must_end.
func (o *oracle) checkWindow(a *plans.Action, r *ledger.Record, p timeline.Phase) {
	now := o.w.now
	if !p.MustEnd.IsZero() && now.After(p.MustEnd) {
		o.rt.Fatalf("%s was tried at %s, after must_end %s", a.Item.Key(), now, p.MustEnd)
	}
	if o.begun(r, a.Item.Phase) {
		return
	}
	if now.Before(p.Opens) || !p.LatestStart.IsZero() && now.After(p.LatestStart) {
		o.rt.Fatalf("%s began at %s, outside of %s to %s\n%s", a.Item.Key(), now, p.Opens, p.LatestStart, strings.Join(o.w.effects, "\n"))
	}
}

// checkPhase holds the beginning of a hard phase against the phases before it.
func (o *oracle) checkPhase(a *plans.Action, r *ledger.Record) {
	if !a.Item.Phase.Hard || o.begun(r, a.Item.Phase) {
		return
	}
	if r.Hold.Active(o.w.now) {
		o.rt.Fatalf("%s began while the tenant was held", a.Item.Key())
	}
	for _, it := range o.w.cfg.Items {
		if it.Phase.Hard && it.Phase.Index < a.Item.Phase.Index && !o.settled(r, it) {
			o.rt.Fatalf("%s began before %s was done", a.Item.Key(), it.Key())
		}
	}
}

// checkRelease holds the release of a lock against what comes after it: it must
// be the lock's time, or nothing after it may have begun.
func (o *oracle) checkRelease(a *plans.Action, r *ledger.Record, rec *ledger.Item, line *timeline.Timeline) {
	if rec == nil || !rec.Obligation {
		o.rt.Fatalf("%s is released and was not locked", a.Item.Key())
	}
	in := a.Item.Does.(*schema.Lock).ReleaseIn
	inTime := !o.w.now.Before(line.Phases[in.Index].Opens)
	for _, p := range o.w.cfg.Phases[a.Item.Phase.Index+1 : in.Index] {
		if p.Hard && !o.complete(r, p) {
			inTime = false
		}
	}
	if inTime {
		return
	}
	for _, it := range o.w.cfg.Items {
		if _, message := it.Does.(*schema.Communication); message || it.Phase.Index <= a.Item.Phase.Index {
			continue
		}
		if rec := r.Item(it.Key()); rec != nil && rec.Attempt != 0 {
			o.rt.Fatalf("%s is released though %s has begun\n%s", a.Item.Key(), it.Key(), strings.Join(o.w.effects, "\n"))
		}
	}
}

func (o *oracle) batch(r *ledger.Record) *schema.Batch {
	for _, b := range o.w.cfg.Batches {
		if b.Name == r.Batch {
			return b
		}
	}
	o.rt.Fatalf("%s has an effect and no batch", r.ID)
	return nil
}

func (o *oracle) complete(r *ledger.Record, p *schema.Phase) bool {
	for _, it := range p.Items {
		if !o.settled(r, it) {
			return false
		}
	}
	return true
}

func (o *oracle) settled(r *ledger.Record, it *schema.Item) bool {
	if rec := r.Item(it.Key()); rec != nil && rec.State != ledger.None {
		return rec.State.Settled()
	}
	return it.When.IsSet() && !it.When.Value
}

func (o *oracle) begun(r *ledger.Record, p *schema.Phase) bool {
	for _, it := range p.Items {
		if _, asks := it.Does.(*schema.Approval); asks {
			continue
		}
		rec := r.Item(it.Key())
		if rec != nil && (rec.Attempt != 0 || rec.State == ledger.Done) {
			return true
		}
	}
	return false
}

// answer lets people answer for some of what waits for them, and reports whether
// they turned anybody from its way.
func (o *oracle) answer() (turned bool) {
	for r := range o.w.sorted() {
		if ledger.OfBatch(r.ID) {
			continue
		}
		if rapid.IntRange(0, 9).Draw(o.rt, "hold") == 0 {
			kind := ledger.Held
			if r.Hold != nil {
				kind = ledger.Resumed
			}
			r.Apply(ledger.Fact{At: o.w.now, Tenant: r.ID, Kind: kind, Reason: "a person said so"})
		}
		if o.turn(r) {
			turned = true
			continue
		}
		for i := range r.Items {
			it := &r.Items[i]
			f := ledger.Fact{At: o.w.now, Tenant: r.ID, Item: it.Key, Epoch: r.Epoch, Reason: "a person said so"}
			switch {
			case o.w.item(it.Key) == nil: // no verb finds what the plan has no more
			case it.State == ledger.Open:
				f.Kind = rapid.SampledFrom([]ledger.Kind{ledger.Approved, ledger.Rejected, ""}).Draw(o.rt, "approval")
			case it.State.NeedsPerson() || it.State == ledger.Running:
				f.Kind = rapid.SampledFrom([]ledger.Kind{ledger.Resolved, ""}).Draw(o.rt, "resolve")
				f.Answer = rapid.SampledFrom([]ledger.Answer{ledger.AnswerDone, ledger.AnswerWaive, ledger.AnswerRetry}).Draw(o.rt, "answer")
			}
			if f.Kind != "" {
				r.Apply(f)
			}
		}
	}
	return turned
}

// turn lets a person roll a tenant back or put off its T, as long as that is legal.
func (o *oracle) turn(r *ledger.Record) bool {
	if r.Batch == "" || r.Leaving() || plans.Passed(o.w.cfg, r) {
		return false
	}
	f := ledger.Fact{At: o.w.now, Tenant: r.ID, Epoch: r.Epoch, By: "ann", Reason: "a person said so"}
	switch rapid.IntRange(0, 14).Draw(o.rt, "turn") {
	case 0:
		f.Kind, f.Epoch = ledger.RolledBack, r.Epoch+1
	case 1:
		later := o.w.now.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(o.rt, "later")) * time.Hour)
		if !later.After(r.T) {
			return false
		}
		f.Kind, f.T = ledger.Postponed, &later
	default:
		return false
	}
	r.Apply(f)
	return true
}

// drawPlan draws a plan directory that has no mistakes.
func drawPlan(rt *rapid.T) fstest.MapFS {
	var b strings.Builder
	b.WriteString("transition \"t\" { time_zone = \"Europe/Vienna\" }\n")
	b.WriteString("inventory \"tenants\" {\n  source = \"tenants.csv\"\n  key = \"id\"\n}\n")
	b.WriteString("channel \"maildir\" \"post\" { path = \"outbox\" }\n")
	b.WriteString("limit \"few\" { max_in_flight = 1 }\n")
	b.WriteString("batch \"one\" {\n  cutover = \"2027-04-20 18:00\"\n  match = tenant.ring == \"1\"\n}\n")
	b.WriteString("batch \"two\" {\n  cutover = \"2027-05-20 18:00\"\n  match = true\n")
	if rapid.Bool().Draw(rt, "after") {
		b.WriteString("  after {\n    batch = batch.one\n    soak = \"1d\"\n    holds = phase.P2\n  }\n")
	}
	b.WriteString("}\n")
	b.WriteString("retry \"some\" {\n  max_attempts = 3\n  initial_interval = \"20h\"\n  max_interval = \"40h\"\n}\n")
	n := rapid.IntRange(4, 7).Draw(rt, "phases")
	ponr := rapid.IntRange(3, n).Draw(rt, "point of no return")
	for i := 1; i < n; i++ {
		drawPhase(rt, &b, i, n, i == ponr)
	}
	var csv strings.Builder
	csv.WriteString("id,email,ring\n")
	for i := range rapid.IntRange(1, 4).Draw(rt, "tenants") {
		fmt.Fprintf(&csv, "t%d,t%d@a.example,%d\n", i, i, i%2)
	}
	return fstest.MapFS{
		"p.transition.hcl": {Data: []byte(b.String())},
		"tenants.csv":      {Data: []byte(csv.String())},
	}
}

func drawPhase(rt *rapid.T, b *strings.Builder, i, n int, ponr bool) {
	fmt.Fprintf(b, "phase \"P%d\" {\n", i)
	if i > 1 {
		fmt.Fprintf(b, "  opens = \"T%+dd\"\n", (i-n/2)*7)
	}
	if ponr {
		fmt.Fprintf(b, "  point_of_no_return = true\n  latest_start = \"T%+dd\"\n", (i-n/2)*7+1)
		if rapid.Bool().Draw(rt, "ends") {
			fmt.Fprintf(b, "  must_end = \"T%+dd\"\n", (i-n/2)*7+2)
		}
	}
	names := []string{}
	for j := range rapid.IntRange(0, 3).Draw(rt, "items") {
		name := fmt.Sprintf("i%d", j)
		kind := rapid.SampledFrom([]string{"work", "communication", "approval", "lock"}).Draw(rt, "kind")
		if kind == "lock" && i >= n-1 || i == 1 && kind != "communication" {
			kind = "communication"
		}
		fmt.Fprintf(b, "  %s %q {\n%s", kind, name, drawItem(rt, kind, n))
		if len(names) > 0 && kind != "approval" && rapid.Bool().Draw(rt, "depends") {
			fmt.Fprintf(b, "    after = [%s]\n", rapid.SampledFrom(names).Draw(rt, "on"))
		}
		b.WriteString("  }\n")
		if kind != "approval" {
			names = append(names, kind+"."+name)
		}
	}
	b.WriteString("}\n")
}

func drawItem(rt *rapid.T, kind string, n int) string {
	var b strings.Builder
	switch kind {
	case "work":
		b.WriteString("    exec { command = [\"true\"] }\n" + drawInquiries(rt, true))
	case "communication":
		b.WriteString("    channel = channel.maildir.post\n    to = [tenant.email]\n    subject = \"s\"\n    body = \"b\"\n")
	case "lock":
		fmt.Fprintf(&b, "    acquire {\n      exec { command = [\"true\"] }\n    }\n    release {\n      exec { command = [\"true\"] }\n    }\n    release_in = phase.P%d\n", n-1)
		b.WriteString(drawInquiries(rt, false))
	}
	if kind != "approval" {
		if rapid.Bool().Draw(rt, "retry") {
			b.WriteString("    retry = retry.some\n")
		}
		if late := rapid.SampledFrom([]string{"", "hold", "run", "skip"}).Draw(rt, "late"); late != "" {
			fmt.Fprintf(&b, "    late = %q\n", late)
		}
		if rapid.IntRange(0, 4).Draw(rt, "when") == 0 {
			b.WriteString("    when = false\n")
		}
	}
	return b.String()
}

// drawInquiries draws how an item is asked about, if it is.
func drawInquiries(rt *rapid.T, work bool) string {
	const ask = "      done = true\n      exec { command = [\"true\"] }\n    }\n"
	text := ""
	if work && rapid.IntRange(0, 2).Draw(rt, "poll") == 0 {
		text = "    poll {\n      every = \"1h\"\n      timeout = \"3d\"\n" + ask
		if rapid.Bool().Draw(rt, "limit") {
			text += "    limit = limit.few\n"
		}
	}
	if rapid.IntRange(0, 2).Draw(rt, "probe") == 0 {
		text += "    probe {\n" + ask
	}
	return text
}

// TestOrderOfBlocksMeansNothing plans the same blocks in two orders and in one
// file or several.
func TestOrderOfBlocksMeansNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := drawPlan(rt)
		text := string(files["p.transition.hcl"].Data)
		blocks := strings.SplitAfter(text, "\n}\n")
		shuffled := rapid.Permutation(blocks).Draw(rt, "order")
		cut := rapid.IntRange(0, len(shuffled)).Draw(rt, "cut")
		other := fstest.MapFS{
			"tenants.csv":      files["tenants.csv"],
			"a.transition.hcl": {Data: []byte(strings.Join(shuffled[:cut], ""))},
			"b.transition.hcl": {Data: []byte(strings.Join(shuffled[cut:], ""))},
		}
		var shown [2]strings.Builder
		for i, f := range []fstest.MapFS{files, other} {
			w, diags := newWorld(t, f)
			if w == nil {
				rt.Fatalf("%v", diags)
			}
			for _, now := range []string{"2027-02-01T00:00:00Z", "2027-04-01T00:00:00Z", "2027-04-20T16:30:00Z", "2027-06-01T00:00:00Z"} {
				w.now, _ = time.Parse(time.RFC3339, now)
				w.show(&shown[i], w.plan(t).Plan)
				w.apply(t, succeed)
				w.status(t, &shown[i], addr.Selector{Tenant: "*"}, true)
			}
		}
		if shown[0].String() != shown[1].String() {
			rt.Fatalf("two orders, two plans:\n%s\n---\n%s", &shown[0], &shown[1])
		}
	})
}
