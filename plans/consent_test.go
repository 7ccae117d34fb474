package plans_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
)

// consenting is a plan in which tenants have to agree before phase Copy.
const consenting = `
transition "t" {
  time_zone = "Europe/Vienna"

  consent {
    mode  = "MODE"
    phase = phase.Copy
    MORE
  }
}

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

channel "maildir" "post" { path = "outbox" }

batch "one" {
  cutover = "2027-05-DAY 18:00"
  match   = true
}

phase "Wait" {}

phase "Tell" {
  opens = "T-30d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "On ${T}."
    notice  = true
  }
}

phase "Copy" {
  opens = "T-9d"

  work "copy" {
    exec { command = ["copy"] }
    late = "run"

    undo {
      exec { command = ["discard"] }
    }
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+2d"
  point_of_no_return = true

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

func consentPlan(mode, more string, day int) fstest.MapFS {
	text := strings.NewReplacer("MODE", mode, "MORE", more, "DAY", fmt.Sprint(day)).Replace(consenting)
	return fstest.MapFS{
		"p.transition.hcl": {Data: []byte(text)},
		"tenants.csv":      {Data: []byte("id,email\nacme,a@a.example\nbeta,b@b.example\ncara,c@c.example\n")},
	}
}

// TestNobodyIsMovedWithoutConsent lets tenants hear, say and say again what they
// like, or nothing, while people hold, withdraw and put off: whoever begins a
// phase that has to be agreed to has agreed.
func TestNobodyIsMovedWithoutConsent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := &forum{rt: rt, mode: rapid.SampledFrom([]string{"opt_in", "opt_out", "both"}).Draw(rt, "mode"), heard: make(map[string]*hearing)}
		more := `opt_out_after = "12d"`
		if f.mode == "opt_in" {
			more = fmt.Sprintf("no_answer = %q", rapid.SampledFrom([]string{"hold", "withdraw"}).Draw(rt, "no answer"))
		}
		f.load(t, consentPlan(f.mode, more, 10))
		f.w.now = time.Date(2027, 4, 5, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			f.w.now = f.w.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(rt, "hours")) * time.Hour)
			if rapid.IntRange(0, 9).Draw(rt, "move") == 0 {
				f.load(t, consentPlan(f.mode, more, rapid.SampledFrom([]int{10, 14, 25}).Draw(rt, "day")))
			}
			f.apply(t)
			f.speak(rapid.SampledFrom([]string{"acme", "beta", "cara"}).Draw(rt, "tenant"))
		}
	})
}

// forum is where tenants are told and answer; it knows of itself what was said.
type forum struct {
	rt    *rapid.T
	mode  string
	w     *world
	heard map[string]*hearing
}

// hearing is what one tenant heard and said.
type hearing struct {
	notices []notice
	off     time.Time // when it was last told that there is no date
	yes, no bool      // the last word
}

type notice struct {
	key string
	at  time.Time
}

// load takes a plan over; where its date lies in the past, it is as before.
func (f *forum) load(t *testing.T, files fstest.MapFS) {
	w, diags := newWorld(t, files)
	if w == nil {
		f.rt.Fatal(diags)
	}
	if f.w != nil {
		w.records, w.now, w.next = f.w.records, f.w.now, f.w.next
		if w.plan(t).Plan.Diagnostics.HasErrors() {
			return
		}
	}
	w.before = f.check
	f.w = w
}

func (f *forum) of(tenant string) *hearing {
	if f.heard[tenant] == nil {
		f.heard[tenant] = &hearing{}
	}
	return f.heard[tenant]
}

func (f *forum) apply(t *testing.T) {
	f.w.apply(t, func(a *plans.Action, tenant, _ string) ledger.Kind {
		kind := rapid.SampledFrom([]ledger.Kind{ledger.Succeeded, ledger.Succeeded, ledger.Failed}).Draw(f.rt, "outcome")
		c, message := a.Item.Does.(*schema.Communication)
		switch h := f.of(tenant); {
		case !message || kind != ledger.Succeeded:
		case c.On == schema.OnWithdrawn:
			h.off = f.w.now
		default:
			h.notices = append(h.notices, notice{a.Item.Key(), f.w.now})
		}
		return kind
	})
	if res := f.w.plan(t); len(res.Plan.Changes) > 0 {
		f.rt.Fatalf("after an apply the plan still has changes: %+v", res.Plan.Changes)
	}
}

// speak lets a tenant answer, or a person say something of it.
func (f *forum) speak(tenant string) {
	r, h := f.w.record(tenant), f.of(tenant)
	said := ledger.Fact{At: f.w.now, Tenant: tenant, Epoch: r.Epoch, By: "ann", Reason: "a person said so"}
	first := r.Item("Tell/first")
	switch rapid.IntRange(0, 9).Draw(f.rt, "word") {
	case 0, 1, 2:
		yes := rapid.IntRange(0, 2).Draw(f.rt, "answer") > 0
		facts, why := plans.AnswerFacts(f.w.cfg, r, yes, said)
		if (why == "") != (len(facts) > 0) {
			f.rt.Fatalf("%d facts, and %q", len(facts), why)
		}
		for _, fact := range facts {
			r.Apply(fact)
			h.yes, h.no = yes, !yes
		}
	case 3:
		if first != nil && first.State == ledger.Done {
			said.Kind, said.Item, said.Answer = ledger.Resolved, "Tell/first", ledger.AnswerBounced
			r.Apply(said)
			h.notices = slices.DeleteFunc(h.notices, func(n notice) bool { return n.key == "Tell/first" })
		}
	case 4:
		if first != nil && first.State == ledger.Error {
			said.Kind, said.Item, said.Answer = ledger.Resolved, "Tell/first", ledger.AnswerRetry
			r.Apply(said)
		}
	case 5:
		if r.Left == nil && !plans.Passed(f.w.cfg, r) {
			r.Apply(plans.WithdrawFact(r, nil, "a person said so", "ann", f.w.now))
		}
	case 6:
		said.Kind = ledger.Resumed
		r.Apply(said)
	}
}

// check holds what begins at a tenant against what it has said.
func (f *forum) check(a *plans.Action, r *ledger.Record) {
	if a.Op != ledger.Run || r.Item(a.Item.Key()) != nil && r.Item(a.Item.Key()).Attempt != 0 {
		return
	}
	h := f.of(r.ID)
	silent := false
	for _, n := range h.notices {
		if !n.at.Before(h.off) && !f.w.now.Before(n.at.AddDate(0, 0, 12)) {
			silent = true
		}
	}
	agreed := map[string]bool{"opt_in": h.yes, "opt_out": silent && !h.no, "both": h.yes || silent && !h.no}
	if !agreed[f.mode] {
		f.rt.Fatalf("%s begins at %s on %s without consent: %+v\n%s", a.Item.Key(), r.ID, f.w.now, h, strings.Join(f.w.effects, "\n"))
	}
}

func TestUpcomingCountsNobodyWhoHasNotAgreed(t *testing.T) {
	w, diags := newWorld(t, consentPlan("opt_in", `no_answer = "withdraw"`, 20))
	if w == nil {
		t.Fatal(diags)
	}
	w.now = time.Date(2027, 4, 25, 9, 0, 0, 0, time.UTC)
	w.apply(t, succeed)
	facts, why := plans.AnswerFacts(w.cfg, w.record("acme"), true, ledger.Fact{At: w.now, Tenant: "acme"})
	if why != "" {
		t.Fatal(why)
	}
	w.record("acme").Apply(facts[0])
	var got []string
	for _, u := range w.plan(t).Plan.Upcoming {
		got = append(got, fmt.Sprintf("%s %s %d", w.time(u.At), u.Kind, u.Count))
	}
	want := []string{
		"Tue 11 May 2027 18:00 CEST withdraw 2", "Tue 11 May 2027 18:00 CEST run 1", "Thu 20 May 2027 18:00 CEST run 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("upcoming %q, want %q", got, want)
	}
}
