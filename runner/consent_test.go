package runner_test

import (
	"strings"
	"testing"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
)

// willing is copies for tenants that have to agree before.
var willing = strings.Replace(copies, `transition "t" { time_zone = "Europe/Vienna" }`, `
transition "t" {
  time_zone = "Europe/Vienna"

  consent { mode = "opt_in" }
}
`, 1)

const answer = "acme/consent/answer"

func TestObjectionIsHeardWhileAnItemRuns(t *testing.T) {
	b := newBench(t, willing, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	b.told(runner.Verb{Kind: runner.Approve}, answer)
	b.fake.do = func(action.Request) action.Outcome {
		b.told(runner.Verb{Kind: runner.Reject}, answer)
		return succeeded
	}
	b.must("2027-03-13 18:00", alone)
	b.want("run acme/Copy/first #1")
	if r := b.record("acme"); r.Consent == nil || r.Consent.Yes || r.Left == nil || r.Left.By == "" {
		t.Errorf("consent %+v, left %+v: want a no, and a tenant that a person took out", r.Consent, r.Left)
	}
	b.must("2027-03-20 18:00")
	b.want()
}

func TestObjectionBeforeAnythingBeginsOnlyHolds(t *testing.T) {
	b := newBench(t, willing, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	b.told(runner.Verb{Kind: runner.Reject}, answer)
	b.must("2027-03-13 18:00")
	b.want()
	if r := b.record("acme"); r.Left != nil || r.Batch == "" {
		t.Errorf("left %+v, batch %q: want a tenant that waits in its batch", r.Left, r.Batch)
	}
	b.told(runner.Verb{Kind: runner.Approve}, answer)
	b.must("2027-03-13 18:00")
	b.want("run acme/Copy/first #1", "run acme/Copy/second #1")
	b.wantState("acme/Copy/second", ledger.Done)
}
