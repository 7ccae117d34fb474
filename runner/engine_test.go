package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/schema/addr"
	"transition/schema/diag"
)

const plan = `
transition "t" { time_zone = "Europe/Vienna" }

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true
}

retry "patient" {
  max_attempts     = 3
  initial_interval = "10m"
  jitter           = 0
}

limit "copies" { max_in_flight = 2 }

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy", tenant.id] }
    retry = retry.patient
    limit = limit.copies
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true

  work "upgrade" {
    exec { command = ["upgrade", tenant.id] }
  }
}
`

func TestApplyDoesWhatIsDueOnce(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-13 18:00")
	if got, want := b.fake.taken(), []string{"run acme/Copy/copy #1", "run beta/Copy/copy #1"}; !slices.Equal(got, want) {
		t.Errorf("effects %q, want %q", got, want)
	}
	res := b.must("2027-03-13 18:00")
	if got := b.fake.taken(); len(got) > 0 || len(res.Plan.Changes) > 0 {
		t.Errorf("a second apply has effects %q and changes %v", got, res.Plan.Changes)
	}
	res = b.must("2027-03-20 18:00")
	if res.Done[plans.Run] != 2 {
		t.Errorf("done %v, want 2 to run", res.Done)
	}
}

func TestRetryKeepsItsKeyAndEndsInError(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	var keys []string
	b.fake.do = func(r action.Request) action.Outcome {
		keys = append(keys, r.Key)
		return action.Outcome{Class: action.Retryable, Reason: "exit code 75: quota"}
	}
	for _, at := range []string{"2027-03-13 18:00", "2027-03-13 18:10", "2027-03-13 18:30", "2027-03-14 18:00"} {
		b.must(at)
	}
	want := []string{"run acme/Copy/copy #1", "run acme/Copy/copy #2", "run acme/Copy/copy #3"}
	if got := b.fake.taken(); !slices.Equal(got, want) {
		t.Errorf("effects %q, want %q", got, want)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(keys)))) != 1 {
		t.Errorf("keys %q, want one", keys)
	}
	if got := b.state("acme/Copy/copy"); got != ledger.Error {
		t.Errorf("state %v, want Error", got)
	}
}

func TestUnknownIsNotRepeated(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.fake.do = func(action.Request) action.Outcome {
		return action.Outcome{Class: action.Unknown, Reason: "timed out"}
	}
	res := b.must("2027-03-13 18:00")
	if res.Failed != 1 {
		t.Errorf("failed %d, want 1", res.Failed)
	}
	b.must("2027-03-14 18:00")
	if got := b.fake.taken(); len(got) != 1 {
		t.Errorf("effects %q, want one", got)
	}
	p := b.open(runner.NeedWrite, "")
	sel, err := addr.ParseSelector("acme/Copy/copy")
	if err != nil {
		t.Fatal(err)
	}
	_, diags := p.Say(t.Context(), runner.Verb{Kind: runner.Resolve, Selector: sel, Answer: ledger.AnswerRetry, Reason: "it never ran", By: "ann"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p.Close()
	b.fake.do = nil
	b.must("2027-03-14 18:00")
	if got := b.state("acme/Copy/copy"); got != ledger.Done {
		t.Errorf("state %v, want Done", got)
	}
}

func TestLimitBoundsWhatRunsAtOnce(t *testing.T) {
	var tenants []string
	for i := range 20 {
		tenants = append(tenants, fmt.Sprintf("t%02d,a@a.example", i))
	}
	b := newBench(t, plan, tenants...)
	var mu sync.Mutex
	now, most := 0, 0
	gate := make(chan struct{}, 2)
	b.fake.do = func(action.Request) action.Outcome {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		gate <- struct{}{} // two must meet here, or the test hangs
		mu.Lock()
		now--
		mu.Unlock()
		<-gate
		return action.Outcome{Class: action.Succeeded}
	}
	b.must("2027-03-13 18:00", func(o *runner.ApplyOptions) { o.Parallelism = 8 })
	if most > 2 {
		t.Errorf("%d ran at once, the limit is 2", most)
	}
	if got := b.fake.taken(); len(got) != 20 {
		t.Errorf("%d effects, want 20", len(got))
	}
}

func TestInterruptLetsRunningOnesFinish(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example", "cara,c@c.example")
	ctx, cancel := context.WithCancel(t.Context())
	b.fake.do = func(action.Request) action.Outcome {
		cancel()
		return action.Outcome{Class: action.Succeeded}
	}
	p := b.open(runner.NeedRehearse, "2027-03-13 18:00")
	var drained bool
	res, diags := p.Apply(ctx, runner.ApplyOptions{Parallelism: 1, Events: func(ev runner.Event) {
		if _, ok := ev.(runner.Draining); ok {
			drained = true
		}
	}}, nil)
	p.Close()
	if diags.HasErrors() || !res.Interrupted || !drained {
		t.Errorf("interrupted %v, drained %v, diagnostics %v", res.Interrupted, drained, diags)
	}
	if got := b.fake.taken(); len(got) != 1 {
		t.Errorf("effects after the interrupt: %q", got)
	}
	b.fake.do = nil
	b.must("2027-03-13 18:00")
	if got := b.fake.taken(); len(got) != 2 {
		t.Errorf("the next apply did %q, want the other two", got)
	}
}

func TestSecondApplyIsRefusedWhileOneRuns(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	var inner runner.ApplyResult
	var innerDiags diag.List
	b.fake.do = func(action.Request) action.Outcome {
		inner, innerDiags = b.apply("2027-03-13 18:00")
		return action.Outcome{Class: action.Succeeded}
	}
	b.must("2027-03-13 18:00")
	if !inner.Busy || !innerDiags.HasErrors() {
		t.Errorf("busy %v, diagnostics %v", inner.Busy, innerDiags)
	}
}

func TestSavedPlanIsAppliedOnce(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-01 18:00")
	p := b.open(runner.NeedNone, "2027-03-13 18:00")
	pl, diags := p.Plan(t.Context())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p.Close()
	saved := b.save(pl)
	use := func(o *runner.ApplyOptions) { o.Saved = saved }
	b.must("2027-03-13 18:00", use)
	if got := b.fake.taken(); len(got) != 2 {
		t.Errorf("effects %q, want two", got)
	}
	res, diags := b.apply("2027-03-13 18:00", use)
	if !res.Stale || !diags.HasErrors() {
		t.Errorf("a plan was applied twice: %v", diags)
	}
}

func TestStateThatCannotBeWrittenStopsEverything(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example", "cara,c@c.example")
	b.fake.do = func(action.Request) action.Outcome {
		if err := os.Remove(filepath.Join(b.dir, ".transition", "state.db")); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		return action.Outcome{Class: action.Succeeded}
	}
	res, diags := b.apply("2027-03-13 18:00", func(o *runner.ApplyOptions) { o.Parallelism = 1 })
	if !diags.HasErrors() {
		t.Fatalf("no error, result %+v", res)
	}
	if got := b.fake.taken(); len(got) != 1 {
		t.Errorf("effects after the state was gone: %q", got)
	}
}

// BenchmarkApply makes durable attempts whose effects do nothing.
func BenchmarkApply(b *testing.B) {
	const tenants = 10_000
	rows := make([]string, tenants)
	for i := range rows {
		rows[i] = fmt.Sprintf("t%05d,a@a.example", i)
	}
	text := strings.ReplaceAll(plan, "    limit = limit.copies\n", "")
	for b.Loop() {
		b.StopTimer()
		w := newBench(b, text, rows...)
		w.must("2027-03-01 18:00")
		b.StartTimer()
		res := w.must("2027-03-13 18:00", func(o *runner.ApplyOptions) { o.Parallelism = 64 })
		if res.Done[plans.Run] != tenants {
			b.Fatalf("done %v", res.Done)
		}
	}
	b.ReportMetric(float64(tenants)*float64(b.N)/b.Elapsed().Seconds(), "attempts/s")
}
