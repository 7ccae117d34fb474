package runner_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/schema"
)

const longPlan = `
transition "t" { time_zone = "Europe/Vienna" }

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

variable "secret" {
  default   = "hunter2"
  sensitive = true
}

batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true
}

retry "patient" {
  max_attempts     = 2
  initial_interval = "10m"
  jitter           = 0
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy", tenant.id] }
    retry = retry.patient
    poll {
      every    = "30m"
      timeout  = "3h"
      done     = result.json.state == "done"
      failed   = result.json.state == "failed"
      progress = "${result.json.percent} % ${var.secret}"
      exec { command = ["copied", tenant.id] }
    }
    undo {
      exec { command = ["drop", tenant.id] }
      retry   = retry.patient
      timeout = "20m"
      poll {
        every = "5m"
        done  = result.exit_code == 0
        exec { command = ["dropped", tenant.id] }
      }
      probe {
        done = result.exit_code == 0
        exec { command = ["dropping", tenant.id] }
      }
    }
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "door" {
    acquire {
      exec { command = ["acquire"] }
    }
    release {
      exec { command = ["release"] }
    }
    probe {
      exec { command = ["locked"] }
    }
    release_in = phase.Finish
  }
}

phase "Finish" {
  opens = "T"

  work "switch" {
    exec { command = ["switch"] }
    timeout = "20m"
    probe {
      done     = strcontains(result.stdout, "new")
      not_done = strcontains(result.stdout, "old")
      exec { command = ["where"] }
    }
  }
}
`

// told is the answer of a command that asks.
func told(code int, stdout string) action.Outcome {
	return action.Outcome{Class: action.Succeeded, Result: &schema.Result{Command: true, ExitCode: code, Stdout: stdout}}
}

// world answers by the program that a request runs; others succeed.
type world map[string]action.Outcome

func (w world) do(r action.Request) action.Outcome {
	if o, ok := w[r.Command.Argv[0]]; ok {
		return o
	}
	return succeeded
}

func longBench(t *testing.T, w world) *bench {
	b := newBench(t, longPlan, "acme,a@a.example")
	b.fake.do = w.do
	return b
}

func TestLongWorkIsAskedAboutUntilItHasEnded(t *testing.T) {
	w := world{"copied": told(0, `{"state": "moving", "percent": 20}`)}
	b := longBench(t, w)
	var keys []string
	b.fake.do = func(r action.Request) action.Outcome {
		keys = append(keys, r.Key)
		return w.do(r)
	}
	res := b.must("2027-03-13 18:00")
	b.want("run acme/Copy/copy #1")
	if res.Done[plans.Run] != 0 || res.Polling != 1 || res.Failed != 0 {
		t.Errorf("done %v, polling %d, failed %d", res.Done, res.Polling, res.Failed)
	}
	_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerDone}, "acme/Copy/copy")
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "goes on by itself") {
		t.Errorf("a person answers for what goes on: %v", diags)
	}
	b.must("2027-03-13 18:29")
	b.want()
	b.must("2027-03-13 18:30")
	b.want("ask about run acme/Copy/copy #1")
	if it := b.item("acme/Copy/copy"); it.State != ledger.Polling || it.Reason != "20 % (sensitive)" {
		t.Errorf("item %+v", it)
	}
	w["copied"] = told(0, `{"state": "done", "percent": 100}`)
	res = b.must("2027-03-13 19:00")
	b.want("ask about run acme/Copy/copy #1")
	b.wantState("acme/Copy/copy", ledger.Done)
	if res.Done[plans.Run] != 1 || res.Polling != 0 {
		t.Errorf("done %v, polling %d", res.Done, res.Polling)
	}
	if len(slices.Compact(keys)) != 1 {
		t.Errorf("keys %q, want one: who is asked must know about what", keys)
	}
	b.sound()
}

func TestAPollThatCannotAskGoesOn(t *testing.T) {
	w := world{"copied": {Class: action.Permanent, NotBegun: true, Reason: "there is no file copied"}}
	b := longBench(t, w)
	for _, at := range []string{"2027-03-13 18:00", "2027-03-13 18:30"} {
		b.must(at)
	}
	if it := b.item("acme/Copy/copy"); it.State != ledger.Polling || it.Reason != "no answer: there is no file copied" {
		t.Errorf("item %+v", it)
	}
	w["copied"] = told(1, "no JSON")
	b.must("2027-03-13 19:00")
	if it := b.item("acme/Copy/copy"); it.State != ledger.Polling || !strings.Contains(it.Reason, "Null here: result.json") {
		t.Errorf("item %+v", it)
	}
}

func TestAPollThatSaysFailedIsAnError(t *testing.T) {
	b := longBench(t, world{"copied": told(0, `{"state": "failed", "percent": 20}`)})
	b.must("2027-03-13 18:00")
	res := b.must("2027-03-13 18:30")
	if it := b.item("acme/Copy/copy"); it.State != ledger.Error || it.Reason != "it has failed, as its poll says: 20 % (sensitive)" {
		t.Errorf("item %+v", it)
	}
	if res.Failed != 1 {
		t.Errorf("failed %d, want 1", res.Failed)
	}
	b.sound()
}

func TestWorkThatDoesNotEndIsUnknownUnlessItMayBeRepeated(t *testing.T) {
	for name, test := range map[string]struct {
		plan string
		want ledger.State
	}{
		"at most once":  {longPlan, ledger.Lost},
		"at least once": {strings.Replace(longPlan, "    retry = retry.patient\n", "    retry = retry.patient\n    delivery = \"at_least_once\"\n", 1), ledger.Retrying},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.plan, "acme,a@a.example")
			b.fake.do = world{"copied": told(0, `{"state": "moving", "percent": 20}`)}.do
			for _, at := range []string{"2027-03-13 18:00", "2027-03-13 20:45", "2027-03-13 21:00"} {
				b.must(at)
			}
			b.want("ask about run acme/Copy/copy #1", "ask about run acme/Copy/copy #1", "run acme/Copy/copy #1")
			if it := b.item("acme/Copy/copy"); it.State != test.want || it.Reason != "not done after 3h: 20 % (sensitive)" {
				t.Errorf("item %+v", it)
			}
			b.sound()
		})
	}
}

func TestWaitStaysUntilPollsHaveEnded(t *testing.T) {
	b := longBench(t, world{"copied": told(0, `{"state": "done", "percent": 1}`)})
	c := b.real("2027-03-13 18:00")
	done := make(chan runner.ApplyResult)
	go func() { done <- b.now(func(o *runner.ApplyOptions) { o.Wait = true }) }()
	for {
		select {
		case res := <-done:
			if res.Done[plans.Run] != 1 {
				t.Errorf("done %v", res.Done)
			}
			b.wantState("acme/Copy/copy", ledger.Done)
			return
		case <-time.After(time.Millisecond):
			c.Advance(time.Minute)
		}
	}
}

// TestDeathsAroundAPoll kills the runner where long work is started and asked
// about: only between the start and its record is anything lost.
func TestDeathsAroundAPoll(t *testing.T) {
	for name, test := range map[string]struct {
		dies string // at the request of which program
		want ledger.State
	}{
		"while it is started": {"copy", ledger.Lost},
		"while it is asked":   {"copied", ledger.Polling},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{"copied": told(0, `{"state": "moving", "percent": 20}`)}
			b := longBench(t, w)
			c := b.real("2027-03-13 18:00")
			died := false
			b.fake.do = func(r action.Request) action.Outcome {
				if r.Command.Argv[0] == test.dies && !died {
					died = true
					b.kill()
				}
				return w.do(r)
			}
			for range 2 {
				b.now()
				if died {
					break
				}
				c.Advance(30 * time.Minute)
			}
			b.revive()
			c.Advance(30 * time.Minute)
			b.fake.do = w.do
			b.now()
			b.wantState("acme/Copy/copy", test.want)
			b.sound()
		})
	}
}

func TestUndoIsPolledProbedAndRepeated(t *testing.T) {
	w := world{"copied": told(0, `{"state": "done", "percent": 1}`), "drop": unknown, "dropping": told(1, "")}
	b := longBench(t, w)
	c := b.real("2027-03-13 18:00")
	b.now()
	c.Advance(30 * time.Minute)
	b.now()
	b.fake.taken()
	b.told(runner.Verb{Kind: runner.Rollback}, "acme")
	b.now()
	b.want("ask about undo acme/Copy/copy #1", "undo acme/Copy/copy #1")
	if rel := b.item("acme/Copy/copy").Release; rel.State != ledger.Lost || !strings.Contains(rel.Reason, "not yet; it may be on its way until") {
		t.Fatalf("undo %+v", rel)
	}
	// Its time has passed: now it has certainly not happened, and is tried again.
	c.Advance(20 * time.Minute)
	delete(w, "drop")
	w["dropped"] = told(1, "")
	b.now()
	b.want("ask about undo acme/Copy/copy #1", "undo acme/Copy/copy #2")
	c.Advance(5 * time.Minute)
	b.now()
	b.want("ask about undo acme/Copy/copy #2")
	if rel := b.item("acme/Copy/copy").Release; rel.State != ledger.Polling {
		t.Fatalf("undo %+v", rel)
	}
	w["dropped"] = told(0, "")
	c.Advance(5 * time.Minute)
	res := b.now()
	if res.Done[plans.Undo] != 1 {
		t.Errorf("done %v", res.Done)
	}
	b.wantState("acme/Copy/copy", ledger.None)
	b.sound()
}

func TestProbeOfWork(t *testing.T) {
	for name, test := range map[string]struct {
		answer  action.Outcome
		want    ledger.State
		again   int // how often the work was done in the end
		waiting string
	}{
		"it has happened":    {told(0, "new"), ledger.Done, 1, ""},
		"it has not":         {told(0, "old"), ledger.Done, 2, ""},
		"it says both":       {told(0, "old new"), ledger.Lost, 1, "no answer; probe: it says both done and not_done"},
		"it says nothing":    {told(1, ""), ledger.Lost, 1, "no answer; probe: it says neither done nor not_done"},
		"it cannot be asked": {permanent, ledger.Lost, 1, "no answer; probe: no answer: refused"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{"copied": told(0, `{"state": "done", "percent": 1}`), "switch": unknown, "where": action.Outcome{Class: action.Permanent, Reason: "too early"}}
			b := longBench(t, w)
			for _, at := range []string{"2027-03-13 18:00", "2027-03-14 18:00", "2027-03-19 18:00", "2027-03-20 18:00"} {
				b.must(at)
			}
			b.wantState("acme/Finish/switch", ledger.Lost)
			b.fake.taken()
			delete(w, "switch")
			w["where"] = test.answer
			res := b.must("2027-03-20 19:00")
			b.wantState("acme/Finish/switch", test.want)
			effects := b.fake.taken()
			if n := len(effects); n != test.again || effects[0] != "ask about run acme/Finish/switch #1" {
				t.Errorf("effects %q", effects)
			}
			if it := b.item("acme/Finish/switch"); test.waiting != "" && it.Reason != test.waiting {
				t.Errorf("reason %q, want %q", it.Reason, test.waiting)
			}
			if res.Failed != 0 {
				t.Errorf("failed %d: asking is no attempt", res.Failed)
			}
			b.must("2027-03-20 19:00")
			b.want()
			b.sound()
		})
	}
}

// TestAProbeIsAskedAtOnceAfterADeath: what the runner has left is cleared up by
// the next apply, and a "not done" counts once the dead attempt's time is over.
func TestAProbeIsAskedAtOnceAfterADeath(t *testing.T) {
	w := world{"locked": told(1, "")}
	b := longBench(t, w)
	w["copied"] = told(0, `{"state": "done", "percent": 1}`)
	c := b.real("2027-03-13 18:00")
	b.now()
	c.Advance(time.Hour)
	b.now()
	c.Set(b.instant("2027-03-19 18:00"))
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Op == ledger.Acquire && !r.Asks {
			b.kill()
		}
		return w.do(r)
	}
	b.now()
	b.revive()
	b.fake.taken()
	b.fake.do = w.do
	c.Advance(10 * time.Minute)
	res := b.now()
	b.want("ask about acquire acme/Lock/door #1")
	if it := b.item("acme/Lock/door"); it.State != ledger.Lost || !it.Obligation {
		t.Errorf("lock %+v", it)
	}
	if res.After == nil || len(res.After.Changes) > 0 {
		t.Errorf("after an apply there are changes: %+v", res.After)
	}
	w["locked"] = told(0, "")
	c.Advance(time.Minute)
	b.now()
	b.want("ask about acquire acme/Lock/door #1")
	b.wantState("acme/Lock/door", ledger.Done)
	b.sound()
}

func TestOneProbeForBothWaysOfALock(t *testing.T) {
	for name, test := range map[string]struct {
		code int
		held bool
	}{"taken: it was not given back": {0, true}, "not taken: it was given back": {1, false}} {
		t.Run(name, func(t *testing.T) {
			w := world{"copied": told(0, `{"state": "done", "percent": 1}`), "release": unknown, "locked": told(test.code, "")}
			b := longBench(t, w)
			for _, at := range []string{"2027-03-13 18:00", "2027-03-14 18:00", "2027-03-19 18:00", "2027-03-20 18:00"} {
				b.must(at)
			}
			if held := b.item("acme/Lock/door").Obligation; held != test.held && test.code == 0 {
				t.Errorf("held %v, want %v", held, test.held)
			}
			b.fake.taken()
			delete(w, "release")
			b.must("2027-03-20 20:00")
			b.must("2027-03-20 22:00")
			effects := b.fake.taken()
			if again := slices.Contains(effects, "release acme/Lock/door #2"); again != test.held {
				t.Errorf("effects %q", effects)
			}
			if b.item("acme/Lock/door").Obligation {
				t.Error("it is held for ever")
			}
			b.sound()
		})
	}
}

func TestAnInterruptForgetsNoPoll(t *testing.T) {
	b := longBench(t, nil)
	c := b.real("2027-03-13 18:00")
	b.now()
	c.Advance(30 * time.Minute)
	b.fake.hangs = true
	ctx, cancel := context.WithCancel(t.Context())
	hard := make(chan struct{})
	b.fake.do = func(action.Request) action.Outcome {
		cancel()
		close(hard)
		return action.Outcome{Class: action.Unknown, Reason: "stopped while it was running"}
	}
	p := b.open(runner.NeedWrite, "")
	res, diags := p.Apply(ctx, runner.ApplyOptions{}, hard)
	p.Close()
	if diags.HasErrors() || !res.Interrupted || len(res.Unknown) > 0 || res.Failed > 0 {
		t.Errorf("result %+v, diagnostics %v", res, diags)
	}
	if pl := b.open(runner.NeedState, ""); pl != nil {
		got, _ := pl.Plan(t.Context())
		if len(got.Changes) != 1 || got.Changes[0].Inquiry() != plans.Polling {
			t.Errorf("changes %+v, want one poll", got.Changes)
		}
		pl.Close()
	}
	b.sound()
}
