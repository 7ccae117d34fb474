package runner_test

import (
	"bytes"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/action/mail/maildir"
	"transition/schema"
)

const copies = head + one + `
phase "Copy" {
  opens = "T-7d"

  work "first" {
    exec { command = ["first"] }
  }

  work "second" {
    exec { command = ["second"] }
  }
}
`

const approved = head + one + `
phase "Go" {
  opens = "T-7d"

  approval "go" {
    prompt  = "May ${tenant.id} go?"
    expires = "T-1d"
  }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

func TestHoldIsHeardWhileAnotherItemRuns(t *testing.T) {
	b := newBench(t, copies, "acme,a@a.example")
	b.fake.do = func(action.Request) action.Outcome {
		b.hold("acme")
		return succeeded
	}
	b.must("2027-03-13 18:00", alone)
	b.want("run acme/Copy/first #1")
	b.wantState("acme/Copy/first", ledger.Done) // what ran is recorded all the same
	b.told(runner.Verb{Kind: runner.Resume}, "acme")
	b.fake.do = nil
	b.must("2027-03-13 18:00")
	b.want("run acme/Copy/second #1")
}

func TestHoldStopsOnlyWhomItNames(t *testing.T) {
	b := newBench(t, copies, "acme,a@a.example", "beta,b@b.example")
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Address == "acme/Copy/first" {
			b.hold("acme")
		}
		return succeeded
	}
	b.must("2027-03-13 18:00", alone)
	b.want("run acme/Copy/first #1", "run beta/Copy/first #1", "run beta/Copy/second #1")
}

func TestHoldBetweenClaimAndBeginIsHeard(t *testing.T) {
	b := newBench(t, copies, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\n")
	b.must("2027-03-13 18:00", func(o *runner.ApplyOptions) {
		o.Events = func(e runner.Event) {
			// beta is enrolled with the commit that claims acme's attempts.
			if ev, ok := e.(runner.Noted); ok && ev.Change.Kind == plans.Enrol {
				b.hold("acme")
			}
		}
	})
	b.want("run beta/Copy/first #1", "run beta/Copy/second #1")
}

func TestHoldEndsByItself(t *testing.T) {
	b := newBench(t, copies, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	b.told(runner.Verb{Kind: runner.Hold, Until: b.instant("2027-03-14 12:00")}, "acme")
	b.must("2027-03-14 11:59")
	b.want()
	b.must("2027-03-14 12:00")
	b.want("run acme/Copy/first #1", "run acme/Copy/second #1")
}

func TestHoldAtThePromptPreventsThePlacement(t *testing.T) {
	undated := strings.Replace(copies, `  cutover = "2027-03-20 18:00"`, "", 1)
	b := newBench(t, undated, "acme,a@a.example")
	b.real("2027-03-13 18:00")
	b.now()
	b.write("p.transition.hcl", copies)
	b.now(atThePrompt(func(*plans.Plan) { b.hold("acme") }))
	if r := b.record("acme"); r.Batch != "" || r.Hold == nil {
		t.Errorf("batch %q, hold %v: want a hold and no batch", r.Batch, r.Hold)
	}
	b.want()
}

func TestApprovalAtThePromptIsNoLongerMissed(t *testing.T) {
	b := newBench(t, approved, "acme,a@a.example")
	c := b.real("2027-03-13 18:00")
	b.now()
	// An approver whose clock is a little behind answers in time while the plan
	// on the screen says that nobody has.
	c.Set(b.instant("2027-03-19 18:05"))
	asked := 0
	b.now(atThePrompt(func(p *plans.Plan) {
		if asked++; asked > 1 {
			return // it is asked anew, since the state has moved on
		}
		if len(p.Changes) != 1 || p.Changes[0].Kind != plans.Missed {
			t.Errorf("changes %v, want a missed approval", p.Changes)
		}
		c.Set(b.instant("2027-03-19 17:59"))
		b.told(runner.Verb{Kind: runner.Approve}, "acme/Go/go")
		c.Set(b.instant("2027-03-19 18:06"))
	}))
	b.wantState("acme/Go/go", ledger.Done)
}

func TestRejectionKeepsBackWhatFollows(t *testing.T) {
	b := newBench(t, approved, "acme,a@a.example")
	b.must("2027-03-13 18:00")
	b.told(runner.Verb{Kind: runner.Reject}, "acme/Go/go")
	b.must("2027-03-20 18:00")
	b.want()
	if s := b.status("acme"); s.Status != plans.Error || s.Held == nil || !strings.Contains(s.Held.Reason, "because") {
		t.Errorf("status %s, held %+v: want an error with the reason that the person gave", s.Status, s.Held)
	}
	b.resolve(ledger.AnswerWaive, "acme/Go/go")
	b.must("2027-03-20 18:00")
	b.want("run acme/Move/upgrade #1")
}

func TestQuestionIsAskedAgainAfterARejection(t *testing.T) {
	asks := strings.Replace(approved, `    expires = "T-1d"`, `    ask {
      channel = channel.maildir.post
      to      = ["cab@example.org"]
    }`, 1)
	b := newBench(t, asks, "acme,a@a.example")
	box := maildir.New(filepath.Join(b.dir, "outbox"))
	delivered := func(at string) int {
		acts := b.fake.actions()
		acts.Channel = func(*schema.Channel) action.Executor { return box }
		p, diags := runner.Open(runner.Options{Dir: b.dir, Clock: b.clock, Actions: acts})
		if diags = append(diags, p.OpenState(t.Context(), runner.NeedRehearse, b.instant(at))...); diags.HasErrors() {
			t.Fatal(diags)
		}
		defer p.Close()
		if _, diags := p.Apply(t.Context(), runner.ApplyOptions{}, nil); diags.HasErrors() {
			t.Fatal(diags)
		}
		files, err := filepath.Glob(filepath.Join(b.dir, "outbox", "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	if n := delivered("2027-03-13 18:00"); n != 1 {
		t.Fatalf("%d messages, want one", n)
	}
	b.told(runner.Verb{Kind: runner.Reject}, "acme/Go/go")
	b.resolve(ledger.AnswerRetry, "acme/Go/go")
	if n := delivered("2027-03-14 18:00"); n != 2 {
		t.Errorf("%d messages, want a second question", n)
	}
	b.told(runner.Verb{Kind: runner.Approve}, "acme/Go/go")
	b.wantState("acme/Go/go", ledger.Done)
}

func TestAnswerThatFitsNothingIsRefused(t *testing.T) {
	b := newBench(t, approved, "acme,a@a.example")
	b.must("2027-03-13 18:00")
	words := map[string]runner.Verb{
		"waive what is done or waits":  {Kind: runner.Resolve, Answer: ledger.AnswerWaive},
		"retry what has not failed":    {Kind: runner.Resolve, Answer: ledger.AnswerRetry},
		"resume who is not held":       {Kind: runner.Resume},
		"bounce what is not a message": {Kind: runner.Resolve, Answer: ledger.AnswerBounced},
	}
	for name, v := range words {
		t.Run(name, func(t *testing.T) {
			before := b.record("acme").Rev
			res, diags := b.say(v, "acme/*/*")
			if !diags.HasErrors() || len(res.Touched) > 0 {
				t.Errorf("touched %q, diagnostics %v", res.Touched, diags)
			}
			if after := b.record("acme").Rev; after != before {
				t.Errorf("revision %d, was %d: something was recorded", after, before)
			}
		})
	}
}

func TestSecretOfAPromptStaysOutOfTheHistory(t *testing.T) {
	text := strings.Replace(approved, "May ${tenant.id} go?", "May ${tenant.id} go, with ${var.code}?", 1) + `
variable "code" {
  default   = "hunter2hunter2"
  sensitive = true
}
`
	b := newBench(t, text, "acme,a@a.example")
	b.must("2027-03-13 18:00")
	p := b.open(runner.NeedState, "")
	var asked []string
	if diags := p.History(t.Context(), "acme", func(f ledger.Fact) {
		if f.Kind == ledger.Asked {
			asked = append(asked, f.Reason)
		}
	}); diags.HasErrors() {
		t.Fatal(diags)
	}
	if want := []string{"May acme go, with (sensitive)?"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

// A fault of the program is told with what it said and where it was, and even then
// no secret is.
func TestAPanicTellsNoSecret(t *testing.T) {
	b := newBench(t, copies+`
variable "code" {
  default   = "hunter2/hunter2"
  sensitive = true
}
`, "acme,a@a.example")
	var log bytes.Buffer
	b.log = hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log})
	b.fake.do = func(action.Request) action.Outcome {
		panic("no hunter2/hunter2, that is " + base64.StdEncoding.EncodeToString([]byte("hunter2/hunter2")))
	}
	b.must("2027-03-13 18:00")
	if told := log.String(); !strings.Contains(told, "no (sensitive), that is (sensitive)") || !strings.Contains(told, "goroutine") || strings.Contains(told, "hunter2") {
		t.Errorf("logged %s", told)
	}
	res := b.must("2027-03-13 18:00")
	if why := res.Plan.Waiting[0].Reason; strings.Contains(why, "hunter2") || !strings.Contains(why, "fault of this program") {
		t.Errorf("it waits because %q", why)
	}
}
