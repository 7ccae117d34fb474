package runner_test

import (
	"slices"
	"strings"
	"testing"

	"transition/runner"
)

// leap has a lock that is held over the move, and work long after it.
const leap = head + one + `
phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy", tenant.id] }
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
    }
    release_in = phase.Move
  }
}

phase "Move" {
  opens        = "T"
  latest_start = "T+4h"

  work "upgrade" {
    exec { command = ["upgrade", tenant.id] }
  }
}

phase "Clean" {
  opens = "T+30d"
  gate  = "soft"

  work "clean" {
    exec { command = ["clean", tenant.id] }
  }
}
`

var leaping = strings.Replace(leap, `time_zone = "Europe/Vienna"`, `
  time_zone     = "Europe/Vienna"
  max_due_burst = 1
`, 1)

func allowed(o *runner.ApplyOptions) { o.AllowBurst = true }

// bursts expects that an apply leaves all to a person.
func (b *bench) bursts(change ...func(*runner.ApplyOptions)) {
	b.tb.Helper()
	res, diags := b.carryOut(b.open(runner.NeedWrite, ""), change)
	if got := codes(diags.Errors()); !slices.Equal(got, []string{"due-burst"}) || !res.Burst || res.Confirmed {
		b.tb.Errorf("the apply says %q: %+v", got, res)
	}
	b.want()
}

// owed gives back what the adopted plan owes.
func (b *bench) owed() {
	b.tb.Helper()
	p := b.open(runner.NeedWrite, "")
	defer p.Close()
	adopted, diags := p.Adopted(b.tb.Context())
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	if _, diags := adopted.Release(b.tb.Context(), runner.ApplyOptions{User: "ann"}, nil); diags.HasErrors() {
		b.tb.Fatal(diags)
	}
}

// The clock is two years ahead: nothing begins, however often it is tried, until a
// person says so; a lock is given back all the same, which is no such word.
func TestABurstIsLeftToAPerson(t *testing.T) {
	b := newBench(t, leaping, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 00:00")
	b.now()
	c.Set(b.instant("2027-03-13 18:00"))
	b.now()
	c.Set(b.instant("2027-03-19 18:00"))
	b.now()
	b.want("acquire acme/Lock/admin #1", "acquire beta/Lock/admin #1", "run acme/Copy/copy #1", "run beta/Copy/copy #1")
	c.Set(b.instant("2029-03-19 18:00"))
	b.bursts()
	b.bursts(onward)
	b.owed()
	b.want("release acme/Lock/admin #1", "release beta/Lock/admin #1")
	b.bursts()
	if _, diags := b.onTime(); !slices.Equal(codes(diags.Errors()), []string{"due-burst"}) {
		t.Errorf("cron says %v", diags)
	}
	b.now(allowed)
	b.want("run acme/Clean/clean #1", "run beta/Clean/clean #1")
	if res := b.now(); len(res.Plan.Changes) > 0 {
		t.Errorf("then it would also do %v", res.Plan.Changes)
	}
	b.sound()
}

// Neither what people say meanwhile nor a part of the plan makes the rest expected.
func TestABurstIsNotOutwaited(t *testing.T) {
	b := newBench(t, leaping, "acme,a@a.example", "beta,b@b.example", "cora,c@c.example")
	c := b.real("2027-03-01 00:00")
	b.now()
	c.Set(b.instant("2027-03-15 19:00"))
	b.bursts()
	b.hold("acme")
	b.now(target("acme"))
	b.bursts()
	b.told(runner.Verb{Kind: runner.Resume}, "acme")
	b.now(target("acme"))
	b.want("run acme/Copy/copy #1")
	b.bursts()
	c.Set(b.instant("2027-03-15 18:00")) // somebody puts the clock right
	if _, diags := b.carryOut(b.open(runner.NeedWrite, ""), nil); !slices.Equal(codes(diags.Errors()), []string{"clock-went-back"}) {
		t.Errorf("the clock is behind the newest fact: %v", diags)
	}
}

func TestNoBurst(t *testing.T) {
	tenants := []string{"acme,a@a.example", "beta,b@b.example", "cora,c@c.example"}
	copies := []string{"run acme/Copy/copy #1", "run beta/Copy/copy #1", "run cora/Copy/copy #1"}
	tests := map[string]func(*bench, func(string)){
		"all fall due at a planned instant": func(b *bench, set func(string)) {
			b.now()
			set("2027-03-15 18:00") // within two days of it
			b.now()
		},
		"no more than may": func(b *bench, set func(string)) {
			b.write("p.transition.hcl", strings.Replace(leaping, "max_due_burst = 1", "max_due_burst = 3", 1))
			b.now()
			set("2027-03-17 18:00")
			b.now()
		},
		"a saved plan was approved as it is": func(b *bench, set func(string)) {
			b.now()
			set("2027-03-17 18:00")
			p := b.open(runner.NeedState, "")
			plan, diags := p.Plan(b.tb.Context())
			if !slices.Equal(codes(diags), []string{"due-burst"}) || diags.HasErrors() || plan.Burst == nil {
				b.tb.Errorf("the plan warns of %v", diags)
			}
			p.Close()
			saved := b.save(plan)
			b.now(func(o *runner.ApplyOptions) { o.Saved = saved })
		},
		"a hold of somebody ended late": func(b *bench, set func(string)) {
			b.now()
			b.told(runner.Verb{Kind: runner.Hold, Until: b.instant("2027-03-17 18:00")}, "*")
			set("2027-03-17 19:00")
			b.now()
		},
		"they have waited while others were done": func(b *bench, set func(string)) {
			b.now()
			b.hold("*")
			set("2027-03-14 18:00")
			b.write("tenants.csv", "id,email\n"+strings.Join(append(tenants, "dora,d@d.example"), "\n")+"\n")
			b.now()
			b.want("run dora/Copy/copy #1")
			b.told(runner.Verb{Kind: runner.Resume}, "*")
			set("2027-03-17 20:00")
			b.now()
		},
	}
	for name, play := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, leaping, tenants...)
			c := b.real("2027-03-01 00:00")
			play(b, func(instant string) { c.Set(b.instant(instant)) })
			b.want(copies...)
		})
	}
	t.Run("the clock of a rehearsal is a person's word", func(t *testing.T) {
		b := newBench(t, leaping, tenants...)
		b.must("2027-03-01 00:00")
		b.must("2027-03-17 18:00")
		b.want(copies...)
	})
}
