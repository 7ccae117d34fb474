package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transition/plans/ledger"
	"transition/runner"
)

var small = strings.Replace(announced, "match   = true", "match   = true\n  capacity = 1", 1)

// Until something has come of it, a word that lets a tenant go can be taken back as
// if it had never been said.
func TestResumeTakesBackWhatNothingHasComeOf(t *testing.T) {
	words := map[string][]runner.VerbKind{
		"withdraw":                       {runner.Withdraw},
		"rollback":                       {runner.Rollback},
		"withdraw, and a hold":           {runner.Withdraw, runner.Hold},
		"rollback, and withdraw as well": {runner.Rollback, runner.Withdraw},
	}
	for name, kinds := range words {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small, "acme,a@a.example", "beta,b@b.example")
			b.must("2027-02-18 18:00")
			b.want("send acme/Tell/first #1")
			before := b.record("acme")
			for _, k := range kinds {
				b.told(runner.Verb{Kind: k}, "acme")
			}
			b.told(runner.Verb{Kind: runner.Resume}, "acme")
			if diff := cmp.Diff(before, b.record("acme"), cmpopts.IgnoreFields(ledger.Record{}, "Rev")); diff != "" {
				t.Errorf("the record is another one (-before +after):\n%s", diff)
			}
			if res := b.must("2027-02-19 18:00"); len(res.Plan.Changes) > 0 {
				t.Errorf("there is something to do: %v", res.Plan.Changes)
			}
			b.want()
		})
	}
}

// Once an apply has called off the date, or given the place away, who is resumed
// comes again like anybody else.
func TestResumeDoesNotTakeBackWhatSomethingHasComeOf(t *testing.T) {
	for name, told := range map[string]string{"the date was called off": "2027-01-19 18:00", "nothing was begun": "2027-01-10 18:00"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, small, "acme,a@a.example", "beta,b@b.example")
			b.must(told)
			b.told(runner.Verb{Kind: runner.Withdraw}, "acme")
			b.must("2027-01-20 18:00")
			b.told(runner.Verb{Kind: runner.Resume}, "acme")
			b.must("2027-01-21 18:00")
			if acme, beta := b.record("acme").Batch, b.record("beta").Batch; acme != "" || beta != "one" {
				t.Errorf("acme has batch %q, beta %q: the place was beta's", acme, beta)
			}
		})
	}
}
