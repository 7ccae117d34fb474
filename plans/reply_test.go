package plans_test

import (
	"errors"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
)

// written is a condition that stands in a plan.
func written(v bool, err error) schema.Expr[bool] {
	return schema.Expr[bool]{
		Eval:  func(*schema.Env) (bool, error) { return v, err },
		Range: diag.Range{File: "p.transition.hcl", Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 2, Byte: 1}},
	}
}

func TestHear(t *testing.T) {
	var none schema.Expr[bool]
	yes, no, wrong := written(true, nil), written(false, nil), written(false, errors.New("no value"))
	exit := func(code int) *schema.Result { return &schema.Result{Command: true, ExitCode: code} }
	status := func(n int) *schema.Result { return &schema.Result{Status: n} }
	const neither, both = "it says neither done nor not_done", "it says both done and not_done"
	tests := map[string]struct {
		done, not schema.Expr[bool]
		result    *schema.Result
		want      plans.Reply
	}{
		"exit code 0":                          {none, none, exit(0), plans.Reply{Answer: ledger.AnswerDone}},
		"exit code 1":                          {none, none, exit(1), plans.Reply{Answer: ledger.AnswerNotDone}},
		"exit code 2":                          {none, none, exit(2), plans.Reply{Reason: neither}},
		"204":                                  {none, none, status(204), plans.Reply{Answer: ledger.AnswerDone}},
		"404":                                  {none, none, status(404), plans.Reply{Answer: ledger.AnswerNotDone}},
		"503":                                  {none, none, status(503), plans.Reply{Reason: neither}},
		"not_done goes before exit code 0":     {none, yes, exit(0), plans.Reply{Answer: ledger.AnswerNotDone}},
		"done goes before exit code 1":         {yes, none, exit(1), plans.Reply{Answer: ledger.AnswerDone}},
		"both are written, and true":           {yes, yes, exit(0), plans.Reply{Reason: both}},
		"both are written, and false":          {no, no, exit(0), plans.Reply{Reason: neither}},
		"404 without what done reads":          {wrong, none, status(404), plans.Reply{Answer: ledger.AnswerNotDone}},
		"200 without what done reads":          {wrong, none, status(200), plans.Reply{Reason: "done: no value"}},
		"done, without what not_done reads":    {yes, wrong, status(200), plans.Reply{Answer: ledger.AnswerDone}},
		"neither, without what not_done reads": {no, wrong, status(200), plans.Reply{Reason: "not_done: no value"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			it := &schema.Item{Does: &schema.Work{Probe: &schema.Probe{Done: test.done, NotDone: test.not}}}
			a := plans.Action{Item: it, Op: ledger.Run, Inquiry: plans.Probing}
			if got := a.Hear(&schema.Env{Result: test.result}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestHearLock asks of both ways of a lock whether it is taken.
func TestHearLock(t *testing.T) {
	it := &schema.Item{Does: &schema.Lock{Probe: &schema.Probe{}}}
	env := &schema.Env{Result: &schema.Result{Command: true, ExitCode: 0}} // it is taken
	for op, want := range map[ledger.Op]ledger.Answer{ledger.Acquire: ledger.AnswerDone, ledger.Release: ledger.AnswerNotDone} {
		a := plans.Action{Item: it, Op: op, Inquiry: plans.Probing}
		if got := a.Hear(env).Answer; got != want {
			t.Errorf("%s: %q, want %q", op, got, want)
		}
	}
}

func TestHearPoll(t *testing.T) {
	yes, no, wrong := written(true, nil), written(false, nil), written(false, errors.New("no value"))
	tests := map[string]struct {
		done, failed schema.Expr[bool]
		want         plans.Reply
	}{
		"goes on":                            {no, no, plans.Reply{Reason: "63 %"}},
		"done":                               {yes, schema.Expr[bool]{}, plans.Reply{Answer: ledger.AnswerDone, Reason: "63 %"}},
		"failed":                             {no, yes, plans.Reply{Answer: ledger.AnswerNotDone, Reason: "63 %"}},
		"both":                               {yes, yes, plans.Reply{Reason: "it says both that it is done and that it has failed"}},
		"failed, without what done reads":    {wrong, yes, plans.Reply{Answer: ledger.AnswerNotDone, Reason: "63 %"}},
		"goes on, without what done reads":   {wrong, no, plans.Reply{Reason: "done: no value"}},
		"goes on, without what failed reads": {no, wrong, plans.Reply{Reason: "failed: no value"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := &schema.Poll{Done: test.done, Failed: test.failed, Progress: schema.Const("63 %")}
			a := plans.Action{Item: &schema.Item{Does: &schema.Work{Poll: p}}, Op: ledger.Run, Inquiry: plans.Polling}
			if got := a.Hear(&schema.Env{}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
