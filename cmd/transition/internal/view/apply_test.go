package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
)

// teller is either view of an apply.
type teller interface {
	Plan(*plans.Plan) error
	Event(runner.Event, time.Time) error
	Tick(time.Time) error
	Result(runner.ApplyResult) error
}

// play tells an apply of the weekend: successes, a retry, a failure, something
// unknown.
func play(t *testing.T, v teller, p *plans.Plan) {
	t.Helper()
	now := p.Now
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(v.Plan(p))
	check(v.Event(runner.Planned{Plan: p}, now))
	for i, c := range p.Changes {
		if !c.Kind.Outside() {
			check(v.Event(runner.Noted{Change: c}, now))
			continue
		}
		op := ledger.Run
		if c.Kind == plans.Send {
			op = ledger.Send
		}
		to := append(c.Detail.Recipients, "")[0]
		check(v.Event(runner.Began{Change: c, Op: op, Attempt: 1, To: to}, now))
		now = now.Add(11 * time.Second)
		check(v.Tick(now))
		e := runner.Ended{Change: c, Op: op, Attempt: 1, To: to, Kind: ledger.Succeeded, Took: 11 * time.Second}
		switch i {
		case 1:
			e.Kind, e.Reason, e.Next = ledger.Failed, `exit 75 "quota"`, now.Add(time.Minute)
		case 2:
			e.Kind, e.Reason = ledger.Failed, "exit 1"
		case 4:
			e.Kind, e.Reason = ledger.Unknown, "killed"
		}
		check(v.Event(e, now))
	}
	check(v.Event(runner.Draining{Running: []string{"contoso/DataUpgrade/upgrade"}}, now))
	after := *p
	after.Changes = nil
	check(v.Result(runner.ApplyResult{
		Plan: p, After: &after, Confirmed: true, Failed: 2, Retrying: 1,
		Done: map[plans.Kind]int{plans.Place: 1, plans.Send: 1, plans.Run: 2, plans.Unlock: 1},
	}))
}

func TestApply(t *testing.T) {
	var out, talk bytes.Buffer
	play(t, view.NewApply(&out, view.Screen{}, view.ApplyOptions{Plan: view.PlanOptions{Note: "rehearsal"}, Talk: &talk}), weekend(t))
	golden(t, "apply.txt", out.Bytes())
	golden(t, "apply_talk.txt", talk.Bytes())
}

func TestApplyOfManyIsSummedUp(t *testing.T) {
	var out, talk bytes.Buffer
	play(t, view.NewApply(&out, view.Screen{}, view.ApplyOptions{Talk: &talk}), crowd(t, 60))
	golden(t, "apply_crowd.txt", out.Bytes())
	if !strings.Contains(talk.String(), "left\n") {
		t.Errorf("nothing says how long it takes:\n%s", talk.String())
	}
}

func TestApplyRedrawsOneLineOnATerminal(t *testing.T) {
	var out, talk bytes.Buffer
	v := view.NewApply(&out, view.Screen{}, view.ApplyOptions{Talk: &talk, Terminal: true})
	play(t, v, crowd(t, 60))
	if !strings.Contains(talk.String(), "\r") || strings.Contains(talk.String(), "left\n") {
		t.Errorf("the progress is not redrawn in place:\n%q", talk.String())
	}
	if !strings.Contains(talk.String(), "\r\x1b[KInterrupted") {
		t.Error("the progress is not erased before something else is printed")
	}
}

func TestApplyWithoutChanges(t *testing.T) {
	p := &plans.Plan{Name: "bpos-s", Now: march(time.UTC, 24, 10, 0)}
	var out, talk bytes.Buffer
	play(t, view.NewApply(&out, view.Screen{}, view.ApplyOptions{Talk: &talk}), p)
	if want := "bpos-s · as of Sat 24 Mar 2012 10:00 UTC\n\nNo changes.\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestApplyThatWasDeclined(t *testing.T) {
	var out bytes.Buffer
	v := view.NewApply(&out, view.Screen{}, view.ApplyOptions{Talk: &bytes.Buffer{}})
	if err := v.Plan(weekend(t)); err != nil {
		t.Fatal(err)
	}
	if err := v.Result(runner.ApplyResult{Plan: weekend(t)}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\nNothing was done.\n") {
		t.Errorf("it does not say that nothing was done:\n%s", out.String())
	}
}

func TestApplyJSON(t *testing.T) {
	var out bytes.Buffer
	stamp := march(time.UTC, 24, 12, 0)
	v := view.NewApplyJSON(&out, "v0.1.0", func() time.Time { return stamp })
	play(t, v, weekend(t))
	if err := v.Diagnostics(problems()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if !strings.Contains(lines[0], `"type":"version"`) {
		t.Errorf("the first line is %s", lines[0])
	}
	for _, line := range lines {
		conforms(t, "apply-event", []byte(line))
	}
	golden(t, "apply.jsonl", out.Bytes())
}

func TestApplyJSONCountsTheEditsThatWereLeft(t *testing.T) {
	var out bytes.Buffer
	v := view.NewApplyJSON(&out, "v0.1.0", func() time.Time { return march(time.UTC, 24, 12, 0) })
	if err := v.Result(runner.ApplyResult{Confirmed: true, Beyond: map[plans.Kind]int{plans.Enrol: 2, plans.Send: 1}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-1]
	conforms(t, "apply-event", []byte(last))
	if !strings.Contains(last, `"operation":"left","kinds":{"adopt":0,`) || !strings.Contains(last, "2 to enrol, 1 to send") {
		t.Errorf("the last line is %s", last)
	}
}

// While the plan is wrong nothing comes by itself: neither is it promised.
func TestApplyOfAWrongPlanHasNoOutlook(t *testing.T) {
	for invalid, want := range map[bool]bool{false: true, true: false} {
		var out bytes.Buffer
		v := view.NewApply(&out, view.Screen{}, view.ApplyOptions{Talk: &bytes.Buffer{}})
		p := weekend(t)
		if err := v.Plan(p); err != nil {
			t.Fatal(err)
		}
		if err := v.Result(runner.ApplyResult{Plan: p, After: p, Confirmed: true, Invalid: invalid}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "\nNext "); got != want {
			t.Errorf("invalid %v: it has an outlook: %v\n%s", invalid, got, out.String())
		}
	}
}

func TestRedactor(t *testing.T) {
	secrets := []string{"hunter2!", `pa"ss`, "line one\nline two", "abc"}
	tests := map[string]struct {
		writes []string
		want   string
	}{
		"plain":            {[]string{"a hunter2! b\n"}, "a (sensitive) b\n"},
		"in pieces":        {[]string{"a hun", "ter", "2! b\n"}, "a (sensitive) b\n"},
		"unfinished line":  {[]string{"x\nhunter2!"}, "x\n(sensitive)"},
		"inside of JSON":   {[]string{`{"a":"pa\"ss"}` + "\n"}, `{"a":"(sensitive)"}` + "\n"},
		"of several lines": {[]string{"line one\nline two\n"}, "(sensitive)\n(sensitive)\n"},
		"too short":        {[]string{"abc\n"}, "abc\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			r := view.NewRedactor(&b, secrets)
			for _, w := range tt.writes {
				if n, err := r.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write = %d, %v", n, err)
				}
			}
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got %q, want %q", b.String(), tt.want)
			}
		})
	}
}

// A question is not a whole line, and must be seen all the same.
func TestARedactorFlushesTheOneBehindIt(t *testing.T) {
	var b bytes.Buffer
	behind := view.NewRedactor(&b, []string{"hunter2!"})
	r := view.NewRedactor(behind, []string{"swordfish"})
	if _, err := r.Write([]byte("hunter2! or swordfish? ")); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(); err != nil || b.String() != "(sensitive) or (sensitive)? " {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
