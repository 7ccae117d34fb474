package runner_test

import (
	"strings"
	"testing"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
)

const guarded = head + one + `
retry "r" {
  max_attempts     = 5
  initial_interval = "10m"
  jitter           = 0
}

phase "Lock" {
  opens = "T-1d"

  lock "door" {
    acquire {
      exec { command = ["acquire"] }
    }
    release {
      exec { command = ["release", tenant.id] }
    }
    release_in = phase.Finish
    retry      = retry.r
  }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    late_until = "T+4h"
    exec { command = ["upgrade"] }
  }
}

phase "Finish" {
  opens = "T+48h"

  work "cleanup" {
    exec { command = ["cleanup"] }
  }
}
`

// Instants of the guarded plan.
const (
	whenLocked = "2027-03-19 18:00"
	whenMoved  = "2027-03-20 18:00"
	whenMissed = "2027-03-20 23:00"
	whenFreed  = "2027-03-22 18:00"
)

// locked is a bench whose only tenant is locked.
func locked(t *testing.T, plan string) *bench {
	t.Helper()
	b := newBench(t, plan, "acme,a@a.example")
	b.must(whenLocked)
	b.want("acquire acme/Lock/door #1")
	return b
}

// on answers one operation as given, and everything else with success.
func on(op ledger.Op, o action.Outcome) func(action.Request) action.Outcome {
	return func(r action.Request) action.Outcome {
		if r.Op == op {
			return o
		}
		return succeeded
	}
}

func TestLockIsGivenBackWhenTheWindowBehindItIsMissed(t *testing.T) {
	b := locked(t, guarded)
	b.must(whenMissed)
	b.want("release acme/Lock/door #1")
	b.wantState("acme/Lock/door", ledger.Returned)
	b.wantState("acme/Move/upgrade", ledger.Late)
	b.must(whenFreed)
	b.want() // not a second time, and nothing behind it
}

func TestLockIsNotGivenBackWhileNobodyKnowsWhetherItWasTaken(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.fake.do = always(unknown)
	b.must(whenLocked)
	b.want("acquire acme/Lock/door #1")
	b.must(whenMissed)
	b.want()
	if !b.item("acme/Lock/door").Obligation {
		t.Error("a lock that may have been taken is forgotten")
	}
	b.fake.do = nil
	b.resolve(ledger.AnswerDone, "acme/Lock/door")
	b.must(whenMissed)
	b.want("release acme/Lock/door #1")
}

// Nothing moves behind a lock any more; so it is either not taken, or given back.
func TestLockThatAPersonWantsTakenTooLateDoesNotStayClosed(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.fake.do = always(unknown)
	b.must(whenLocked)
	b.must(whenMissed)
	b.want("acquire acme/Lock/door #1")
	b.resolve(ledger.AnswerRetry, "acme/Lock/door")
	var last ledger.Op
	b.fake.do = func(r action.Request) action.Outcome {
		last = r.Op
		return succeeded
	}
	b.must(whenMissed)
	b.must(whenFreed)
	if last == ledger.Acquire {
		t.Errorf("effects %q leave the tenant locked, as %+v", b.fake.taken(), b.status("acme").Locks)
	}
}

func TestNothingMovesWhileItsLockIsGivenBack(t *testing.T) {
	b := locked(t, guarded)
	b.fake.do = on(ledger.Release, retryable)
	b.must(whenMissed)
	b.want("release acme/Lock/door #1")
	b.resolve(ledger.AnswerRetry, "acme/Move/upgrade")
	b.fake.do = nil
	b.must("2027-03-20 23:30")
	b.want("release acme/Lock/door #2")
}

func TestReturnedLockIsTakenAgainBeforeTheMove(t *testing.T) {
	b := locked(t, guarded)
	b.must(whenMissed)
	b.fake.taken()
	b.resolve(ledger.AnswerRetry, "acme/Move/upgrade")
	b.must(whenMissed)
	b.want()
	b.resolve(ledger.AnswerRetry, "acme/Lock/door")
	b.must(whenMissed)
	b.want("acquire acme/Lock/door #1", "run acme/Move/upgrade #1")
	b.must(whenFreed)
	b.want("release acme/Lock/door #1", "run acme/Finish/cleanup #1")
}

func TestPersonMayGoOnWithoutALockThatWasGivenBack(t *testing.T) {
	b := locked(t, guarded)
	b.must(whenMissed)
	b.fake.taken()
	b.resolve(ledger.AnswerWaive, "acme/*/*")
	b.must(whenFreed)
	b.want("run acme/Finish/cleanup #1")
}

// A first attempt may have done half of it; that a second one could not even be
// started does not take that back.
func TestLockOfAFailedAttemptIsNotForgotten(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.fake.do = always(permanent)
	b.must(whenLocked)
	b.resolve(ledger.AnswerRetry, "acme/Lock/door")
	b.fake.do = always(action.Outcome{Class: action.Permanent, NotBegun: true, Reason: "there is no such file"})
	b.must(whenLocked)
	b.want("acquire acme/Lock/door #1", "acquire acme/Lock/door #1")
	b.fake.do = nil
	b.must(whenMissed)
	b.want("release acme/Lock/door #1")
}

func TestLockThatCouldNotEvenBeStartedIsNoObligation(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.fake.do = always(action.Outcome{Class: action.Permanent, NotBegun: true, Reason: "there is no such file"})
	b.must(whenLocked)
	b.fake.taken()
	b.must(whenMissed)
	b.want()
}

func TestLockIsGivenBackWhenItsRetriesComeTooLate(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.fake.do = always(retryable)
	b.must("2027-03-20 17:59")
	b.want("acquire acme/Lock/door #1")
	b.fake.do = nil
	b.must("2027-03-20 22:10")
	b.want("release acme/Lock/door #1") // and it is not acquired beside that
	b.wantState("acme/Lock/door", ledger.Returned)
}

func TestLockStaysWhenWorkOfItsOwnPhaseIsMissed(t *testing.T) {
	frozen := strings.Replace(guarded, "    retry      = retry.r\n  }\n", `    retry      = retry.r
  }

  work "freeze" {
    after      = [lock.door]
    at         = "T-12h"
    late_until = "T-11h"
    exec { command = ["freeze"] }
  }
`, 1)
	b := locked(t, frozen)
	b.must("2027-03-20 17:00")
	b.wantState("acme/Lock/freeze", ledger.Late)
	b.must(whenMoved)
	b.want()
	if got := b.status("acme"); got.Held == nil || !strings.Contains(got.Held.Reason, "Lock/freeze") {
		t.Errorf("held %+v, want the missed item as the reason", got.Held)
	}
	b.must(whenMissed)
	b.want("release acme/Lock/door #1") // now what is behind the lock is missed too
}

func TestLockStaysWhileSoftWorkBehindItIsUnknown(t *testing.T) {
	soft := strings.Replace(guarded, `phase "Move" {`, "phase \"Move\" {\n  gate = \"soft\"", 1)
	b := locked(t, soft)
	b.fake.do = on(ledger.Run, unknown)
	b.must(whenMoved)
	b.fake.do = nil
	b.must(whenFreed)
	b.want("run acme/Finish/cleanup #1", "run acme/Move/upgrade #1")
	b.resolve(ledger.AnswerDone, "acme/Move/upgrade")
	b.must(whenFreed)
	b.want("release acme/Lock/door #1")
}

func TestHoldKeepsNoLockClosed(t *testing.T) {
	b := locked(t, guarded)
	b.must(whenMoved)
	b.fake.taken()
	b.hold("acme")
	b.must(whenFreed)
	b.want("release acme/Lock/door #1")
}

// What a person says of the taking must not lose sight of a release that runs.
func TestLockIsNotTakenAgainWhileItIsGivenBack(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.fake.do = always(permanent)
	b.must(whenLocked)
	b.want("acquire acme/Lock/door #1")
	b.fake.do = func(action.Request) action.Outcome {
		_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, "acme/Lock/door")
		if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "is being given back") {
			t.Errorf("diagnostics %v, want that it is being given back", diags)
		}
		return unknown
	}
	b.must(whenMissed)
	b.want("release acme/Lock/door #1")
	if it := b.item("acme/Lock/door"); !it.Obligation || it.Release.State != ledger.Lost {
		t.Errorf("the lock is %+v, want one whose release nobody knows", it)
	}
}
