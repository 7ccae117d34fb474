package plans_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
)

const partedPlan = `
transition "t" { time_zone = "Europe/Vienna" }

inventory "tenants" {
  source       = "tenants.csv"
  key          = "id"
  max_removals = "100%"
}

channel "maildir" "post" { path = "outbox" }

batch "one" {
  cutover = "DATE1"
  match   = tenant.ring == "one"
}

batch "two" {
  cutover = "DATE2"
  match   = tenant.ring == "two"

  after {
    batch = batch.one
    soak  = "1d"
    holds = phase.Lock
  }
}

phase "Wait" {}

phase "Tell" {
  opens = "T-30d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "first"
    body    = "On ${formatdate("D MMM", T)}."
    notice  = true
  }
}

phase "Remind" {
  opens = "T-14d"

  communication "reminder" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "reminder"
    body    = "On ${formatdate("D MMM", T)}."
  }
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy"] }
    late = "run"
    undo {
      exec { command = ["discard"] }
    }
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "admin" {
    acquire {
      exec { command = ["lock"] }
    }
    release {
      exec { command = ["unlock"] }
      after = [work.check]
    }
    release_in = phase.Finish
  }
}

phase "Stage" {
  opens = "T-12h"

  work "stage" {
    exec { command = ["stage"] }
    undo {
      exec { command = ["unstage"] }
    }
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}

phase "Finish" {
  opens = "T+48h"

  work "check" {
    exec { command = ["check"] }
    late_until = "T+49h"
    late       = "skip"
  }

  communication "welcome" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "welcome"
    body    = "Hello."
  }
}
`

// TestNoPartBreaksAPromise applies parts of a plan that is edited, at random
// instants: no lock waits for its release, nobody is left with a date that was
// taken from him, nothing happens twice, and an apply of the whole comes to where
// it had come without the parts.
func TestNoPartBreaksAPromise(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &parted{
			t: t, rt: rt, dates: [2]int{0, 10}, done: make(map[string]bool),
			rings: map[string]string{"acme": "one", "beta": "one", "cara": "two", "dora": "two"},
		}
		p.load()
		p.w.now = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(2, 14).Draw(rt, "steps") {
			if p.wait(); p.w.plan(p.t).Plan.Diagnostics.HasErrors() {
				return // what was left out is too late now
			}
			p.edit()
			p.speak()
			if p.w.plan(p.t).Plan.Diagnostics.HasErrors() {
				return // who comes back would have a date that has passed
			}
			p.step()
		}
	})
}

// parted is a plan of which parts are applied.
type parted struct {
	t     *testing.T
	rt    *rapid.T
	w     *world
	dates [2]int            // days by which the batches are moved
	rings map[string]string // of the tenants in the inventory
	done  map[string]bool
	trail []string
}

func (p *parted) note(format string, args ...any) {
	p.trail = append(p.trail, fmt.Sprintf(format, args...))
}

func (p *parted) fail(format string, args ...any) {
	p.rt.Helper()
	p.rt.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(p.trail, "\n"))
}

// load reads the plan as it is now.
func (p *parted) load() {
	var rows strings.Builder
	rows.WriteString("id,email,ring\n")
	for _, id := range slices.Sorted(maps.Keys(p.rings)) {
		fmt.Fprintf(&rows, "%s,%s@a.example,%s\n", id, id, p.rings[id])
	}
	text := partedPlan
	for i, days := range p.dates {
		at := time.Date(2027, 3, 20, 18, 0, 0, 0, time.UTC).AddDate(0, 0, days)
		text = strings.Replace(text, fmt.Sprintf("DATE%d", i+1), at.Format("2006-01-02 15:04"), 1)
	}
	w, diags := newWorld(p.t, fstest.MapFS{"p.transition.hcl": {Data: []byte(text)}, "tenants.csv": {Data: []byte(rows.String())}})
	if w == nil {
		p.fail("%v", diags)
	}
	if p.w != nil {
		w.records, w.now, w.next = p.w.records, p.w.now, p.w.next
	}
	p.w = w
}

func (p *parted) wait() {
	p.w.within = plans.Scope{}
	next := p.w.plan(p.t).Plan.Next
	if rapid.IntRange(0, 2).Draw(p.rt, "next") > 0 && !next.IsZero() {
		p.w.now = next
	} else {
		p.w.now = p.w.now.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(p.rt, "hours")) * time.Hour)
	}
	p.note("%s", p.w.now.Format("2006-01-02 15:04"))
}

// edit changes dates and rows. What the plan refuses is taken back.
func (p *parted) edit() {
	dates, rings := p.dates, maps.Clone(p.rings)
	switch rapid.IntRange(0, 5).Draw(p.rt, "edit") {
	case 0, 1:
		p.dates[rapid.IntRange(0, 1).Draw(p.rt, "batch")] += rapid.SampledFrom([]int{-3, 2, 9}).Draw(p.rt, "days")
	case 2:
		who := rapid.SampledFrom([]string{"acme", "beta", "cara", "dora"}).Draw(p.rt, "who")
		p.rings[who] = rapid.SampledFrom([]string{"one", "two", "none"}).Draw(p.rt, "ring")
	case 3:
		delete(p.rings, rapid.SampledFrom([]string{"acme", "beta", "cara", "dora"}).Draw(p.rt, "who"))
	default:
		return
	}
	p.load()
	if p.w.plan(p.t).Plan.Diagnostics.HasErrors() {
		p.dates, p.rings = dates, rings
		p.load()
	}
	p.note("dates %v, tenants %v", p.dates, p.rings)
}

// speak lets a person say something of one tenant.
func (p *parted) speak() {
	kind := rapid.SampledFrom([]ledger.Kind{"", "", "", "", ledger.RolledBack, ledger.Withdrawn, ledger.Resumed, ledger.Held}).Draw(p.rt, "word")
	r := p.w.records[rapid.SampledFrom([]string{"acme", "beta", "cara", "dora"}).Draw(p.rt, "who")]
	if kind == "" || r == nil || kind != ledger.Resumed && kind != ledger.Held && (r.Leaving() || plans.Passed(p.w.cfg, r)) {
		return
	}
	f := ledger.Fact{At: p.w.now, Tenant: r.ID, Kind: kind, Epoch: r.Epoch, By: "ann", Reason: "so"}
	if kind == ledger.RolledBack || kind == ledger.Withdrawn {
		f.Epoch++
	}
	r.Apply(f)
	p.note("%s %s", kind, r.ID)
}

// step applies a part, holds the promises against what it has left, and compares
// the whole with what it is without the part.
func (p *parted) step() {
	without := p.fork()
	p.w.within = p.draw()
	p.note("part %v", p.w.within)
	n := len(p.w.effects)
	ok := false
	defer func() {
		if !ok {
			pl := p.w.plan(p.t)
			var b strings.Builder
			p.w.show(&b, pl.Plan)
			for _, x := range pl.Tasks {
				fmt.Fprintf(&b, "%+v\n%+v\n", x, x.Record)
			}
			fmt.Println(strings.Join(p.trail, "\n"), b.String())
		}
	}()
	p.w.apply(p.t, p.once)
	ok = true
	made := p.w.effects[n:]
	p.note("  %s", strings.Join(made, "\n  "))
	p.w.within = plans.Scope{}
	p.check()
	with := p.fork()
	with.apply(p.t, succeed)
	if n := len(with.plan(p.t).Plan.Changes); n > 0 {
		p.fail("after all was applied there are %d changes", n)
	}
	without.apply(p.t, succeed)
	for id, want := range without.records {
		early := func(e string) bool {
			return strings.HasPrefix(e, "unlock "+id+"/") && !slices.Contains(without.effects, e)
		}
		if slices.ContainsFunc(made, early) {
			continue // its way was left out, and on the old one its lock was due for release
		}
		if got, want := p.sum(with.records[id]), p.sum(want); got != want {
			p.fail("%s with the part and without:\n%s\n%s", id, got, want)
		}
	}
}

// fork is the same world with records of its own.
func (p *parted) fork() *world {
	w := *p.w
	w.effects, w.records = nil, make(map[string]*ledger.Record)
	for id, r := range p.w.records {
		w.records[id] = r.Clone()
	}
	return &w
}

func (p *parted) draw() (s plans.Scope) {
	sel := rapid.Custom(func(t *rapid.T) addr.Selector {
		text := rapid.SampledFrom([]string{"acme", "beta", "cara", "batch.one", "batch.two", "*"}).Draw(t, "tenants")
		text += rapid.SampledFrom([]string{"", "", "", "/Tell/*", "/Remind/*", "/Copy/*", "/Lock/*", "/Stage/*", "/Move/*", "/Finish/*", "/Finish/check", "/on/*"}).Draw(t, "items")
		s, err := addr.ParseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	s.Targets = rapid.SliceOfN(sel, 0, 2).Draw(p.rt, "targets")
	s.Excludes = rapid.SliceOfN(sel, 0, 2).Draw(p.rt, "excludes")
	return s
}

// once fails when an effect has happened before.
func (p *parted) once(a *plans.Action, tenant, to string) ledger.Kind {
	r := p.w.records[tenant]
	generation, epoch := 0, 0
	if it := r.Item(a.Item.Key()); it != nil {
		generation = it.Generation
	}
	if a.Item.Phase.Name == "on" {
		epoch = r.Epoch
	}
	k := fmt.Sprint(tenant, a.Item.Key(), a.Op, to, generation, epoch)
	if p.done[k] {
		p.fail("%s happened twice", k)
	}
	p.done[k] = true
	return ledger.Succeeded
}

// check holds the promises against the records as they are.
func (p *parted) check() {
	d := p.w.plan(p.t).Decider.Applying()
	var out plans.Decision
	for id, r := range p.w.records {
		t, ok := p.w.tenant(id)
		if !ok {
			t = &schema.Tenant{ID: id, Cells: make([]schema.Cell, len(p.w.cfg.Columns.List))}
		}
		d.Decide(t, r, &out)
		for i := range out.Actions {
			if out.Actions[i].Kind == plans.Unlock {
				p.fail("%s is left locked", id)
			}
		}
		present := r.T
		if r.Leaving() {
			present = time.Time{}
		}
		for i := range r.Told {
			if !present.IsZero() && !present.After(p.w.now) {
				break // nobody is told a date that has come
			}
			if r.Told[i].Holds(present) {
				p.fail("%s was told %s last, and it is %s", r.Told[i].Recipient, r.Told[i].T, present)
			}
		}
	}
}

// sum is what matters of a record: where the tenant is, and what is done with.
func (p *parted) sum(r *ledger.Record) string {
	if r == nil {
		return "nothing"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s left %t back %t:", r.Batch, r.T.Format("2006-01-02"), r.Left != nil, r.Back != nil)
	for _, it := range p.w.cfg.Items {
		rec := r.Item(it.Key())
		if rec != nil && rec.State.Settled() {
			fmt.Fprintf(&b, " %s", it.Key())
		}
		if rec != nil && rec.Obligation {
			b.WriteString(" (held)")
		}
	}
	return b.String()
}
