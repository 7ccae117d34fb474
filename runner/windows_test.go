package runner_test

import (
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
)

const windowed = head + one + `
phase "Move" {
  opens        = "T"
  latest_start = "T+4h"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

func TestWindowThatClosesAtThePromptIsMissed(t *testing.T) {
	b := newBench(t, windowed, "acme,a@a.example")
	c := b.real("2027-03-13 18:00")
	b.now()
	c.Set(b.instant("2027-03-20 21:50"))
	res := b.now(atThePrompt(func(p *plans.Plan) {
		if len(p.Changes) != 1 || p.Changes[0].Kind != plans.Run {
			t.Errorf("changes %v, want a run", p.Changes)
		}
		c.Set(b.instant("2027-03-20 22:10"))
	}))
	b.want()
	b.wantState("acme/Move/upgrade", ledger.Late)
	if res.Done[plans.Missed] != 1 {
		t.Errorf("done %v, want that a window was missed", res.Done)
	}
}

func TestWindowThatClosesWhileAnotherTenantMovesIsMissed(t *testing.T) {
	b := newBench(t, windowed, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-13 18:00")
	b.now()
	c.Set(b.instant("2027-03-20 21:50"))
	b.fake.do = func(action.Request) action.Outcome {
		c.Set(b.instant("2027-03-20 22:10"))
		return succeeded
	}
	b.now(alone)
	b.want("run acme/Move/upgrade #1")
	b.wantState("acme/Move/upgrade", ledger.Done)
	b.wantState("beta/Move/upgrade", ledger.Late)
}

func TestWhoHasBegunGoesOnAfterTheLatestStart(t *testing.T) {
	patient := strings.Replace(windowed, `    exec {`, "    retry = retry.r\n    exec {", 1) + `
retry "r" {
  initial_interval = "10m"
  jitter           = 0
}
`
	b := newBench(t, patient, "acme,a@a.example")
	b.must("2027-03-13 18:00")
	b.fake.do = always(retryable)
	b.must("2027-03-20 21:55")
	b.fake.do = nil
	b.must("2027-03-20 22:05")
	b.want("run acme/Move/upgrade #1", "run acme/Move/upgrade #2")
}

func TestApprovalGivenInTimeIsNotMissedByItsPhase(t *testing.T) {
	text := strings.Replace(approved, `  opens = "T-7d"`, "  opens        = \"T-7d\"\n  latest_start = \"T-2d\"", 1)
	b := newBench(t, text, "acme,a@a.example")
	b.must("2027-03-13 18:00")
	b.told(runner.Verb{Kind: runner.Approve}, "acme/Go/go")
	b.must("2027-03-20 18:00")
	b.want("run acme/Move/upgrade #1")
}

func TestPhaseWithoutWorkForATenantIsNeverTooLate(t *testing.T) {
	text := strings.Replace(guarded, `  work "upgrade" {`, `  work "upgrade" {
    when = tenant.email == "yes"`, 1)
	text = strings.Replace(text, "phase \"Move\" {\n", "phase \"Move\" {\n  latest_start = \"T+4h\"\n", 1)
	b := newBench(t, text, "acme,no")
	b.must(whenLocked)
	b.must(whenMissed)
	b.must(whenFreed)
	b.want("acquire acme/Lock/door #1", "release acme/Lock/door #1", "run acme/Finish/cleanup #1")
	if s := b.status("acme"); s.Phase != "Finish" || s.Status != plans.Complete || s.Held != nil || len(s.Locks) > 0 {
		t.Errorf("stands in %s %s, held %v, locks %v; want Finish Complete", s.Phase, s.Status, s.Held, s.Locks)
	}
}

func TestRetryAfterTheLatestStartIsRefused(t *testing.T) {
	b := newBench(t, windowed, "acme,a@a.example")
	b.must("2027-03-13 18:00")
	b.must("2027-03-20 22:10")
	b.wantState("acme/Move/upgrade", ledger.Late)
	_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, "acme/Move/upgrade")
	if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "latest_start") {
		t.Errorf("diagnostics %v, want that latest_start has passed", diags)
	}
	b.must("2027-03-20 22:20")
	b.want()
}

// Two batches, of which the second waits for the first.
const convoy = head + `
batch "one" {
  cutover = "2027-03-20 18:00"
  match   = tenant.email == "pilot"
}

batch "two" {
  cutover = "2027-03-20 19:00"
  match   = true

  after { batch = batch.one }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

func TestBatchWaitsForWhatHasHappenedToTheOther(t *testing.T) {
	b := newBench(t, convoy, "acme,pilot", "beta,other")
	b.must("2027-03-13 18:00")
	b.fake.do = always(permanent)
	b.must("2027-03-20 19:30", alone)
	b.want("run acme/Move/upgrade #1")
	if s := b.status("beta"); s.Held == nil || !strings.Contains(s.Held.Reason, "waits for batch one (0 of 1") {
		t.Errorf("held %+v, want that it waits for the batch", s.Held)
	}
	b.resolve(ledger.AnswerWaive, "acme/Move/upgrade")
	b.fake.do = nil
	b.must("2027-03-20 20:00")
	b.want("run beta/Move/upgrade #1")
}

func TestBatchFollowsTheOtherInTheSameApply(t *testing.T) {
	b := newBench(t, convoy, "acme,pilot", "beta,other")
	b.must("2027-03-13 18:00")
	b.must("2027-03-20 19:30")
	b.want("run acme/Move/upgrade #1", "run beta/Move/upgrade #1")
}

func TestOutcomeIsRecordedWhileOthersRun(t *testing.T) {
	b := newBench(t, copies, "acme,a@a.example")
	ended := make(chan struct{})
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Address == "acme/Copy/second" {
			<-ended // hangs unless the first is recorded meanwhile
			b.wantState("acme/Copy/first", ledger.Done)
		}
		return succeeded
	}
	b.must("2027-03-13 18:00", func(o *runner.ApplyOptions) {
		o.Events = func(e runner.Event) {
			if ev, ok := e.(runner.Ended); ok && ev.Change.Item == "first" {
				close(ended)
			}
		}
	})
	b.want("run acme/Copy/first #1", "run acme/Copy/second #1")
}
