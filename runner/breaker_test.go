package runner_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
)

// stopping is a plan whose batch stops after too many errors.
const stopping = head + `
batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true

  breaker { max_errors = 2 }
}

retry "patient" {
  max_attempts     = 2
  initial_interval = "10m"
  jitter           = 0
}

phase "Wait" {}

phase "Lock" {
  opens = "T-1d"

  lock "door" {
    acquire {
      exec { command = ["acquire"] }
    }
    release {
      exec { command = ["release"] }
    }
    release_in = phase.Finish
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true

  work "copy" {
    exec { command = ["copy"] }
    retry = retry.patient
  }

  work "switch" {
    exec { command = ["switch"] }
    after = [work.copy]
  }
}

phase "Finish" {
  opens = "T+48h"

  work "cleanup" {
    exec { command = ["cleanup"] }
  }
}
`

// crowd are rows of tenants.
func crowd(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("t%02d,a@a.example", i)
	}
	return rows
}

func (b *bench) reset(batch string) error {
	b.tb.Helper()
	p := b.open(runner.NeedWrite, "")
	defer p.Close()
	if _, diags := p.ResetBreaker(b.tb.Context(), batch, "looked at", "ann"); diags.HasErrors() {
		return fmt.Errorf("%s: %s", diags[0].Code, diags[0].Detail)
	}
	return nil
}

func TestBreakerStopsInTheMiddleOfAPass(t *testing.T) {
	b := newBench(t, stopping, crowd(9)...)
	b.must("2027-03-19 18:00")
	b.fake.taken()
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Op == ledger.Run && r.Tenant != "t01" {
			return permanent
		}
		return succeeded
	}
	res := b.must("2027-03-20 18:00", alone)
	b.want("run t00/Move/copy #1", "run t01/Move/copy #1", "run t01/Move/switch #1", "run t02/Move/copy #1", "run t03/Move/copy #1")
	if res.Failed != 3 {
		t.Errorf("%d failed, want 3", res.Failed)
	}
	i := slices.IndexFunc(res.After.Waiting, func(w plans.Wait) bool { return w.Kind == plans.WaitBreaker })
	const want = "3 of 14 attempts ended in Error (max_errors = 2); 5 tenants are kept back"
	if i < 0 || res.After.Waiting[i].Reason != want || res.After.Waiting[i].Since.IsZero() {
		t.Errorf("waiting %+v, want %q", res.After.Waiting, want)
	}
	if s := b.status("t08"); s.Held == nil || s.Held.Breaker != "one" {
		t.Errorf("t08 is held by %+v", s.Held)
	}

	// The windows of those who were kept back pass, and their locks are released;
	// who is past the point of no return goes on.
	b.must("2027-03-20 23:00")
	b.want("release t04/Lock/door #1", "release t05/Lock/door #1", "release t06/Lock/door #1", "release t07/Lock/door #1", "release t08/Lock/door #1")
	b.must("2027-03-22 18:00")
	b.want("release t01/Lock/door #1", "run t01/Finish/cleanup #1")
}

func TestResetBeginsAnotherRound(t *testing.T) {
	b := newBench(t, stopping, crowd(9)...)
	b.must("2027-03-19 18:00")
	if err := b.reset("one"); err == nil || !strings.Contains(err.Error(), "breaker-closed: The breaker of batch \"one\" keeps nobody back: of 9 attempts, 0 ended in Error (max_errors = 2).") {
		t.Errorf("a closed breaker was reset: %v", err)
	}
	if err := b.reset("two"); err == nil || !strings.Contains(err.Error(), "unknown-batch") {
		t.Errorf("there is no batch two: %v", err)
	}
	b.fake.do = always(permanent)
	b.must("2027-03-20 18:00", alone)
	b.fake.taken()
	if err := b.reset("one"); err != nil {
		t.Fatal(err)
	}
	b.must("2027-03-20 18:00", alone)
	b.want("run t03/Move/copy #1", "run t04/Move/copy #1", "run t05/Move/copy #1")
	r := b.record("batch.one")
	if r.Resets != 1 || r.Hold == nil || !strings.HasPrefix(r.Hold.Reason, "3 of 3 attempts") {
		t.Errorf("record of the batch %+v, hold %+v", r, r.Hold)
	}
}

func TestResetIsHeardWhileOthersRun(t *testing.T) {
	b := newBench(t, strings.Replace(stopping, "max_errors = 2", "max_errors = 0", 1), crowd(4)...)
	b.must("2027-03-19 18:00")
	failed, reset, heard := make(chan struct{}), make(chan struct{}), make(chan struct{})
	b.fake.do = func(r action.Request) action.Outcome {
		switch r.Address {
		case "t00/Move/copy":
			return permanent
		case "t01/Move/copy":
			<-failed
			if err := b.reset("one"); err != nil {
				t.Error(err)
			}
			close(reset)
			select { // it runs until somebody begins who was kept back
			case <-heard:
			case <-time.After(patience):
				t.Error("the reset is not heard while this runs")
			}
		case "t02/Move/copy": // its end is a commit after the reset
			<-reset
		case "t03/Move/copy":
			close(heard)
		}
		return succeeded
	}
	b.must("2027-03-20 18:00", func(o *runner.ApplyOptions) {
		o.Parallelism = 3
		o.Events = func(ev runner.Event) {
			if e, ok := ev.(runner.Ended); ok && e.Kind == ledger.Failed {
				close(failed)
			}
		}
	})
	b.wantState("t03/Move/switch", ledger.Done)
	if s := b.status("t00"); s.Stopped != nil {
		t.Errorf("the breaker is still open: %+v", s.Stopped)
	}
}

func TestAttemptsOfADeadRunnerCount(t *testing.T) {
	b := newBench(t, strings.Replace(stopping, "max_errors = 2", "max_errors = 0", 1), crowd(3)...)
	b.must("2027-03-19 18:00")
	b.fake.taken()
	b.fake.do = func(r action.Request) action.Outcome {
		b.kill()
		return permanent
	}
	b.must("2027-03-20 18:00", alone)
	b.revive()
	b.fake.taken()
	b.must("2027-03-20 18:00", alone)
	b.want()
	if s := b.status("t02"); s.Held == nil || s.Held.Breaker != "one" {
		t.Errorf("t02 is held by %+v", s.Held)
	}
}

func TestQuestionsThatNobodyWasAskedWait(t *testing.T) {
	b := newBench(t, head+`
batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true

  breaker { max_errors = 0 }
}

phase "Go" {
  opens = "T-7d"

  approval "go" {
    ask {
      channel = channel.maildir.post
      to      = [tenant.email]
    }
  }
}
`, crowd(3)...)
	b.fake.do = always(permanent)
	b.must("2027-03-13 18:00", alone)
	b.want("ask t00/Go/go #1")
	if s := b.status("t01"); s.Held == nil || s.Held.Breaker != "one" {
		t.Errorf("t01 is held by %+v", s.Held)
	}
	if err := b.reset("one"); err != nil {
		t.Fatal(err)
	}
	b.fake.do = nil
	b.must("2027-03-13 18:00", alone)
	b.want("ask t01/Go/go #1", "ask t02/Go/go #1")
}

func TestNobodyNewIsPlacedOnceABreakerHasOpened(t *testing.T) {
	b := newBench(t, strings.Replace(stopping, "max_errors = 2", "max_errors = 0", 1), crowd(2)...)
	b.must("2027-03-01 18:00")
	b.write("tenants.csv", "id,email\n"+strings.Join(crowd(4), "\n")+"\n")
	b.fake.do = always(permanent)
	b.must("2027-03-19 19:00", alone)
	b.want("acquire t00/Lock/door #1") // it was due before the others were there
	for _, tenant := range []string{"t02", "t03"} {
		if s := b.status(tenant); s.Batch != "" || s.New || s.Held == nil || s.Held.Breaker != "one" || s.Stopped == nil {
			t.Errorf("%s is in %q, held by %+v", tenant, s.Batch, s.Held)
		}
	}
	if err := b.reset("one"); err != nil {
		t.Fatal(err)
	}
	b.fake.do = nil
	b.must("2027-03-19 19:00", alone)
	b.want("acquire t01/Lock/door #1", "acquire t02/Lock/door #1", "acquire t03/Lock/door #1")
}

func TestWordsForEverybodyAreNotForBatches(t *testing.T) {
	b := newBench(t, stopping, crowd(4)...)
	b.must("2027-03-19 18:00")
	b.fake.do = always(permanent)
	b.must("2027-03-20 18:00", alone)
	b.hold("*")
	b.told(runner.Verb{Kind: runner.Resume}, "*")
	if r := b.record("batch.one"); r.Hold == nil || r.Hold.By != "" {
		t.Errorf("hold of the batch %+v", r.Hold)
	}
}

// TestNothingNewBeginsBehindAnOpenBreaker lets effects end as they like and reads
// the history in the order in which it was written: the errors never exceed the
// bound by more than what was under way, and nothing begins after that for whom it
// had not begun.
func TestNothingNewBeginsBehindAnOpenBreaker(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		bound := rapid.IntRange(0, 3).Draw(rt, "max_errors")
		n := rapid.IntRange(1, 8).Draw(rt, "tenants")
		b := newBench(t, strings.Replace(stopping, "max_errors = 2", fmt.Sprint("max_errors = ", bound), 1), crowd(n)...)
		o := &onlooker{rt: rt, bound: bound, parallelism: rapid.SampledFrom([]int{1, 3, 8}).Draw(rt, "parallelism")}
		classes := rapid.SliceOfN(rapid.SampledFrom([]action.Outcome{succeeded, succeeded, permanent, unknown, retryable}), 1, 40).Draw(rt, "outcomes")
		var mu sync.Mutex
		next := 0
		b.fake.do = func(r action.Request) action.Outcome {
			mu.Lock()
			defer mu.Unlock()
			if r.Op == ledger.Release {
				return succeeded
			}
			next++
			return classes[next%len(classes)]
		}
		parallel := func(a *runner.ApplyOptions) { a.Parallelism = o.parallelism }
		for _, at := range []string{"2027-03-19 18:00", "2027-03-20 18:00", "2027-03-20 18:10", "2027-03-22 18:00"} {
			open := slices.ContainsFunc(b.must(at, parallel).After.Waiting, func(w plans.Wait) bool { return w.Kind == plans.WaitBreaker })
			if open && rapid.Bool().Draw(rt, "reset") {
				if err := b.reset("one"); err != nil {
					rt.Fatal(err)
				}
			}
		}
		o.read(b)
	})
}

// onlooker reads the history of a batch whose breaker has max_errors.
type onlooker struct {
	rt                 *rapid.T
	bound, parallelism int
	errors             int             // of this round
	begun              map[string]bool // TENANT/PHASE
	moved              map[string]bool // tenants past the point of no return
}

func (o *onlooker) read(b *bench) {
	o.begun, o.moved = make(map[string]bool), make(map[string]bool)
	p := b.open(runner.NeedState, "")
	defer p.Close()
	if diags := p.History(b.tb.Context(), "", o.see); diags.HasErrors() {
		o.rt.Fatal(diags)
	}
}

func (o *onlooker) see(f ledger.Fact) {
	phase, _, _ := strings.Cut(f.Item, "/")
	at := f.Tenant + "/" + phase
	switch f.Kind {
	case ledger.Reset:
		o.errors = 0
	case ledger.Began:
		if o.errors > o.bound && f.Op != ledger.Release && !o.begun[at] && !o.moved[f.Tenant] {
			o.rt.Fatalf("%s/%s begins after %d errors", f.Tenant, f.Item, o.errors)
		}
		o.begun[at] = true
		o.moved[f.Tenant] = o.moved[f.Tenant] || phase == "Move"
	case ledger.Failed, ledger.Unknown:
		if f.Next != nil {
			return
		}
		o.errors++
		if o.errors > o.bound+o.parallelism+len(o.moved) { // who has moved goes on
			o.rt.Fatalf("%d errors, with %d at once", o.errors, o.parallelism)
		}
	}
}
