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
	"transition/schema"
)

// TestBreakersStopWhatIsNew walks random plans with breakers through random
// outcomes, counts them by itself, and holds every effect against the numbers.
func TestBreakersStopWhatIsNew(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := drawPlan(rt)
		bound := rapid.IntRange(0, 2).Draw(rt, "max_errors")
		plan := files["p.transition.hcl"]
		plan.Data = []byte(strings.Replace(string(plan.Data), "{ time_zone = \"Europe/Vienna\" }",
			fmt.Sprintf("{\n  time_zone = \"Europe/Vienna\"\n  defaults {\n    breaker { max_errors = %d }\n  }\n}", bound), 1))
		w, diags := newWorld(t, files)
		if w == nil {
			rt.Fatalf("the generator drew a plan with mistakes: %v", diags)
		}
		o := &oracle{rt: rt, w: w, done: make(map[string]bool)}
		c := &counter{oracle: o, bound: bound, errors: make(map[string]int)}
		w.before = func(a *plans.Action, r *ledger.Record) {
			o.check(a, r)
			c.check(a, r)
		}
		w.now = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 8).Draw(rt, "applies") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 40*24).Draw(rt, "hours")) * time.Hour)
			c.apply(t)
			for _, b := range w.cfg.Batches {
				c.state(t, b)
			}
			o.answer()
		}
	})
}

// counter counts the errors of batches.
type counter struct {
	*oracle
	bound  int
	errors map[string]int // by batch, since its breaker was reset
}

func (c *counter) apply(t *testing.T) {
	c.w.apply(t, func(_ *plans.Action, tenant, _ string) ledger.Kind {
		kind := rapid.SampledFrom([]ledger.Kind{ledger.Succeeded, ledger.Succeeded, ledger.Failed, ledger.Unknown}).Draw(c.rt, "outcome")
		if kind != ledger.Succeeded {
			c.errors[c.w.records[tenant].Batch]++
		}
		return kind
	})
	if n := len(c.w.plan(t).Plan.Changes); n > 0 {
		c.rt.Fatalf("after an apply the plan still has %d changes", n)
	}
	c.reasons(t)
}

// check fails when something new begins behind an open breaker.
func (c *counter) check(a *plans.Action, r *ledger.Record) {
	if c.errors[r.Batch] <= c.bound || plans.WayBack(a.Op) || c.begun(r, a.Item.Phase) || r.Leaving() {
		return
	}
	for _, p := range c.w.cfg.Phases {
		if p.PointOfNoReturn && c.begun(r, p) {
			return
		}
	}
	c.rt.Fatalf("%s/%s begins after %d errors\n%s", r.ID, a.Item.Key(), c.errors[r.Batch], strings.Join(c.w.effects, "\n"))
}

// state holds what is said of a breaker against the numbers, and sometimes resets
// it.
func (c *counter) state(t *testing.T, b *schema.Batch) {
	s, err := plans.BreakerOf(c.w.cfg, c.w.sorted(), b)
	if err != nil {
		t.Fatal(err)
	}
	if open := c.errors[b.Name] > c.bound; s.Open != open || s.Errors != c.errors[b.Name] {
		c.rt.Fatalf("the breaker of %s is %+v; there are %d errors", b.Name, s, c.errors[b.Name])
	}
	if !s.Open || rapid.Bool().Draw(c.rt, "leave it open") {
		return
	}
	r := c.w.record(ledger.BatchID(b.Name))
	r.Apply(ledger.Fact{At: c.w.now, Tenant: r.ID, Kind: ledger.Reset, Round: s.Round + 1, Reason: "a person said so"})
	c.errors[b.Name] = 0
	for _, wait := range c.w.plan(t).Plan.Waiting {
		if wait.Kind == plans.WaitBreaker && wait.Batch == b.Name {
			c.rt.Fatalf("the breaker was reset, and waits: %+v", wait)
		}
	}
}

func TestShares(t *testing.T) {
	const plan = `
transition "t" {}
batch "one" {
  cutover = "2027-03-20 18:00"
  breaker {
    %s
  }
}
phase "A" {
  opens = "T"
}
`
	tests := map[string]struct {
		bounds        string
		errors, ended int
		open          bool
	}{
		"a share that is just reached":     {`max_error_ratio = "29%"`, 29, 100, false},
		"a share that is exceeded":         {`max_error_ratio = "29%"`, 30, 100, true},
		"fewer than the sample":            {"max_error_ratio = 0.1\n    min_sample = 20", 19, 19, false},
		"as many as the sample":            {"max_error_ratio = 0.1\n    min_sample = 20", 3, 20, true},
		"as many errors as allowed":        {"max_errors = 3", 3, 3, false},
		"one more":                         {"max_errors = 3", 4, 400, true},
		"a bound counts without a sample":  {"max_errors = 1\n    max_error_ratio = 0.5\n    min_sample = 20", 2, 4, true},
		"no error at all":                  {"max_errors = 0\n    max_error_ratio = 0", 0, 5, false},
		"nothing has ended":                {"max_error_ratio = 0", 0, 0, false},
		"the first error of a share of 0%": {`max_error_ratio = "0%"`, 1, 50, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, diags := newWorld(t, fstest.MapFS{"p.transition.hcl": {Data: fmt.Appendf(nil, plan, test.bounds)}})
			if w == nil {
				t.Fatal(diags)
			}
			w.record("a").Tally = ledger.Tally{Batch: "one", Round: 1, Ended: test.ended, Errors: test.errors}
			s, err := plans.BreakerOf(w.cfg, w.sorted(), w.cfg.Batches[0])
			if err != nil || s.Open != test.open {
				t.Errorf("%d of %d attempts ended in Error: open %v, %v", test.errors, test.ended, s.Open, err)
			}
		})
	}
}
