package runner_test

import (
	"time"

	"pgregory.net/rapid"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/schema/addr"
)

// waits are for how long nobody applies: a duration, or an instant at which
// something falls due, or nearly.
var waits = []string{
	"next", "next", "next", "next", "next", "next", "10m", "24h",
	"2027-03-20 18:00", "2027-03-20 21:55", "2027-03-21 05:50", "2027-03-27 21:55",
}

// word is something that a person says.
type word struct {
	verb runner.Verb
	all  bool // of all tenants, rather than of the one at hand
	days int  // of hold: how long; 0: until somebody says resume
}

var words = rapid.Custom(func(t *rapid.T) word {
	w := word{all: rapid.IntRange(0, 2).Draw(t, "all") == 0}
	w.verb.Kind = rapid.SampledFrom([]runner.VerbKind{
		runner.Resolve, runner.Resolve, runner.Resolve, runner.Hold, runner.Hold, runner.Resume, runner.Resume, runner.Approve, runner.Reject,
	}).Draw(t, "verb")
	switch w.verb.Kind {
	case runner.Hold:
		w.days = rapid.IntRange(0, 2).Draw(t, "days")
	case runner.Resolve:
		w.verb.Answer = rapid.SampledFrom([]ledger.Answer{
			ledger.AnswerRetry, ledger.AnswerRetry, ledger.AnswerDone, ledger.AnswerWaive, ledger.AnswerBounced,
		}).Draw(t, "answer")
	case runner.Approve, runner.Reject, runner.Resume:
	}
	return w
})

// script says what happens during one apply.
type script struct {
	parallelism int
	pace        time.Duration // by which the clock moves whenever it is asked
	prompt      *word         // said while the user is asked
	said        *word         // said at an event
	heard       int           // the number of that event
	effects     []effect      // in the order in which they come; the rest succeed
	killed      int           // the number of the event at which the runner is killed; 0: it is not
	choice      runner.Choice
}

// effect is one effect: what becomes of it, and what happens meanwhile.
type effect struct {
	class     action.Class
	said      *word
	killed    bool // with the runner
	interrupt bool
	hard      bool
}

func drawScript(rt *rapid.T) script {
	s := script{parallelism: 1}
	s.effects = rapid.SliceOfN(rapid.Custom(drawEffect), 0, 8).Draw(rt, "effects")
	s.pace = rapid.SampledFrom([]time.Duration{0, 0, 0, time.Second, 3 * time.Minute}).Draw(rt, "pace")
	s.choice = drawChoice(rt)
	w := words.Draw(rt, "word")
	switch rapid.IntRange(0, 9).Draw(rt, "moment") {
	case 0:
		s.prompt = &w
	case 1, 2, 3:
		s.said, s.heard = &w, rapid.IntRange(1, 8).Draw(rt, "event")
	case 4, 5:
		s.killed = rapid.IntRange(1, 12).Draw(rt, "event")
		return s
	}
	s.parallelism = rapid.SampledFrom([]int{1, 3}).Draw(rt, "parallelism")
	return s
}

func drawEffect(t *rapid.T) effect {
	e := effect{class: action.Succeeded}
	switch rapid.IntRange(0, 19).Draw(t, "what") {
	case 0, 1:
		e.class = action.Retryable
	case 2:
		e.class = action.Permanent
	case 3, 4:
		e.class = action.Unknown
	case 5, 6, 7:
		w := words.Draw(t, "said")
		e.said = &w
		e.class = rapid.SampledFrom([]action.Class{action.Succeeded, action.Retryable, action.Permanent, action.Unknown}).Draw(t, "class")
	case 8:
		e.killed = true
	case 9:
		e.interrupt = true
	case 10:
		e.hard, e.class = true, action.Unknown
	}
	return e
}

// drawChoice draws, now and then, a part of the plan, or something to be done
// again.
func drawChoice(rt *rapid.T) (c runner.Choice) {
	tenants := rapid.SampledFrom([]string{"acme", "beta", "batch.rest", "*"})
	items := rapid.SampledFrom([]string{"", "/Tell/*", "/Lock/*", "/Move/*", "/Move/data", "/Finish/*"})
	selector := func(name string) []addr.Selector {
		sel, err := addr.ParseSelector(tenants.Draw(rt, name) + items.Draw(rt, "items"))
		if err != nil {
			rt.Fatal(err)
		}
		return []addr.Selector{sel}
	}
	switch rapid.IntRange(0, 9).Draw(rt, "choice") {
	case 0:
		c.Within.Targets = selector("target")
	case 1:
		c.Within.Excludes = selector("exclude")
	case 2:
		c.Replace = []addr.Address{{Tenant: "acme", Phase: "Tell", Item: "notice"}, {Tenant: "beta", Phase: "Move", Item: "switch"}}
	}
	return c
}
