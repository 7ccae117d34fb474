package runner_test

import (
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
)

// switching is a bench where nobody knows whether the switch has happened, and the
// person was told so.
func switching(t *testing.T) (*bench, world) {
	w := world{"copied": told(0, `{"state": "done", "percent": 1}`), "switch": unknown, "where": permanent}
	b := longBench(t, w)
	for _, at := range []string{"2027-03-13 18:00", "2027-03-14 18:00", "2027-03-19 18:00", "2027-03-20 18:00"} {
		b.must(at)
	}
	b.wantState("acme/Finish/switch", ledger.Lost)
	b.fake.taken()
	delete(w, "switch")
	return b, w
}

var answers = map[ledger.Answer]struct {
	state   ledger.State
	effects []string
}{
	ledger.AnswerDone:  {ledger.Done, nil},
	ledger.AnswerWaive: {ledger.Waived, nil},
	ledger.AnswerRetry: {ledger.Done, []string{"run acme/Finish/switch #1"}},
}

// A person who speaks while the probe is asked is believed, whatever it says.
func TestAPersonIsHeardWhileAProbeIsAsked(t *testing.T) {
	for said, want := range answers {
		for _, says := range []string{"old", "new"} {
			t.Run(string(said)+", the probe says "+says, func(t *testing.T) {
				b, w := switching(t)
				asked := false
				b.fake.do = func(r action.Request) action.Outcome {
					if r.Command.Argv[0] == "where" && !asked {
						asked = true
						b.resolve(said, "acme/Finish/switch")
						return told(0, says)
					}
					return w.do(r)
				}
				b.must("2027-03-20 19:00")
				b.want(append([]string{"ask about run acme/Finish/switch #1"}, want.effects...)...)
				b.wantState("acme/Finish/switch", want.state)
				b.must("2027-03-20 20:00")
				b.want()
				b.sound()
			})
		}
	}
}

// Until what the probe denies has begun again, a person who knows better is
// believed: it is not done twice.
func TestAPersonIsBelievedOverAProbe(t *testing.T) {
	for _, said := range []ledger.Answer{ledger.AnswerDone, ledger.AnswerWaive} {
		t.Run(string(said), func(t *testing.T) {
			b, w := switching(t)
			w["where"] = told(0, "old")
			var reason string
			b.must("2027-03-20 19:00", func(o *runner.ApplyOptions) {
				o.Events = func(e runner.Event) {
					if ended, ok := e.(runner.Ended); ok && ended.Inquiry == plans.Probing {
						reason = ended.Reason
						b.resolve(said, "acme/Finish/switch")
					}
				}
			})
			b.want("ask about run acme/Finish/switch #1")
			b.wantState("acme/Finish/switch", answers[said].state)
			if !strings.HasSuffix(reason, "probe: it has not happened, so that nobody is asked any more") {
				t.Errorf("reason %q", reason)
			}
			b.must("2027-03-20 20:00")
			b.want()
			b.sound()
		})
	}
}

// Only a person who names the item exactly is taken to know of its retry.
func TestManyAreNotDoneInPlaceOfTheirRetry(t *testing.T) {
	b, w := switching(t)
	w["where"] = told(0, "old")
	b.must("2027-03-20 19:00", func(o *runner.ApplyOptions) {
		o.Events = func(e runner.Event) {
			ended, ok := e.(runner.Ended)
			if !ok || ended.Inquiry != plans.Probing {
				return
			}
			_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerDone}, "*/Finish/switch")
			if len(diags) != 1 || !strings.Contains(diags[0].Detail, "name it exactly") {
				t.Errorf("diagnostics %v", diags)
			}
		}
	})
	if got := b.fake.taken(); !slices.Contains(got, "run acme/Finish/switch #2") {
		t.Errorf("effects %q", got)
	}
}
