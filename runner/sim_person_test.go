package runner_test

import (
	"context"
	"os"
	"path"
	"slices"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// speak says something about a tenant.
func (s *sim) speak() {
	v := runner.Verb{
		Kind:     pick(s.dice, runner.Hold, runner.Resume, runner.Resume, runner.Rollback, runner.Withdraw),
		Selector: addr.Selector{Tenant: pick(s.dice, s.draft.Tenants()...)},
	}
	if s.look().Config.Postpone != nil && s.dice.one(2) {
		v.Kind = runner.Postpone
	}
	if v.Kind == runner.Postpone {
		v.To = s.clock.Now().AddDate(0, 0, s.dice.IntN(90))
	}
	s.say(v)
}

func (s *sim) say(v runner.Verb) {
	v.By, v.Reason = "ann", "because"
	res, diags := s.look().Say(context.Background(), v)
	s.note(nil, "%s %s %s: %v %v", v.Kind, v.Answer, v.Selector, res.Touched, diags.Errors())
	for _, d := range diags.Errors() {
		if d.Code != "nothing-matches" && d.Code != "clock-went-back" {
			s.wrongly("%s: %s %s", v.Kind, d.Code, d.Detail)
		}
	}
}

// push records the outcomes that could not be recorded when they came.
func (s *sim) push() {
	for _, file := range s.outcomes() {
		res, diags := s.look().Push(context.Background(), file)
		s.note(nil, "push %s: %v %v %v", path.Base(file), res.Touched, res.Left, diags.Errors())
		if slices.ContainsFunc(diags.Errors(), func(d diag.Diagnostic) bool { return d.Code != "other-state" }) {
			s.wrongly("push: %v", diags.Errors())
		}
		if err := os.Remove(file); err != nil {
			s.wrongly("%v", err)
		}
	}
}

// answer lets people answer for what waits for them: the truth. all: for
// everything, and yes to whatever is asked.
func (s *sim) answer(all bool) {
	s.reset(all)
	for _, t := range s.statuses() {
		r, err := s.disk.now().Record(context.Background(), t.ID)
		if err != nil || r == nil {
			continue
		}
		s.agree(r, all)
		for _, it := range t.Items {
			if x := r.Item(it.Phase + "/" + it.Item); x != nil && (all || s.dice.one(2)) {
				s.answerItem(r, x, addr.Selector{Tenant: t.ID, Phase: it.Phase, Item: it.Item}, all)
			}
		}
	}
}

func (s *sim) answerItem(r *ledger.Record, x *ledger.Item, at addr.Selector, all bool) {
	if x.State == ledger.Open {
		s.say(runner.Verb{Kind: s.yes(all), Selector: at})
		return
	}
	a := s.answerFor(x, all)
	if a == "" {
		return
	}
	if a == ledger.AnswerWaive && x.Obligation {
		s.freed[[2]string{r.ID, at.Item}] = true
	}
	s.say(runner.Verb{Kind: runner.Resolve, Answer: a, Selector: at})
}

// yes, or sometimes no.
func (s *sim) yes(all bool) runner.VerbKind {
	if !all && s.dice.one(3) {
		return runner.Reject
	}
	return runner.Approve
}

// agree lets a tenant say that it agrees to be moved, or not.
func (s *sim) agree(r *ledger.Record, all bool) {
	c := s.look().Config.Consent
	agreed := r.Consent != nil && r.Consent.Yes
	if c == nil || agreed && (all || !s.dice.one(8)) || !all && !s.dice.one(3) {
		return
	}
	s.say(runner.Verb{Kind: s.yes(all), Selector: addr.Selector{Tenant: r.ID, Phase: schema.ConsentPhase, Item: schema.ConsentItem}})
}

// reset lets batches go on whose breaker is open.
func (s *sim) reset(all bool) {
	pl, diags := s.look().Plan(context.Background())
	if diags.HasErrors() {
		return
	}
	for _, w := range pl.Waiting {
		if w.Kind == plans.WaitBreaker && (all || s.dice.one(2)) {
			_, diags := s.look().ResetBreaker(context.Background(), w.Batch, "because", "ann")
			s.note(nil, "reset %s: %v", w.Batch, diags.Errors())
			if diags.HasErrors() {
				s.wrongly("reset: %v", diags.Errors())
			}
		}
	}
}

// answerFor is what a person says of an item while nobody applies; empty: nothing.
// It looks after every attempt of which nothing is known, also of those whose runner
// has died.
func (s *sim) answerFor(x *ledger.Item, all bool) ledger.Answer {
	var lost []int64
	var answer ledger.Answer
	for _, try := range triesOf(x) {
		switch {
		case try.State == ledger.Lost || try.State == ledger.Running:
			lost = append(lost, try.Attempt)
		case try.State == ledger.Late || try.State == ledger.Returned && all || try.State == ledger.Error && s.dice.one(4):
			answer = ledger.AnswerWaive
		case try.State.NeedsPerson() && answer == "":
			answer = ledger.AnswerRetry
		}
	}
	if len(lost) == 0 {
		return answer
	}
	said := s.world.answerTo(lost)
	if said == ledger.AnswerDone && answer != "" { // not what has failed beside it
		return ledger.AnswerWaive
	}
	return said
}

// answerTo is the truth about attempts of one item; empty: nobody knows yet. One
// word about several messages of which some have arrived cannot be true, but to go
// on without is no lie.
func (w *simWorld) answerTo(attempts []int64) ledger.Answer {
	n := 0
	for _, id := range attempts {
		happened, known := w.truth(id)
		if !known {
			return ""
		}
		if happened {
			n++
		}
	}
	switch n {
	case 0:
		return ledger.AnswerRetry
	case len(attempts):
		return ledger.AnswerDone
	default:
		return ledger.AnswerWaive
	}
}

func triesOf(x *ledger.Item) []*ledger.Try {
	tries := []*ledger.Try{&x.Try}
	if x.Release != nil {
		tries = append(tries, x.Release)
	}
	for i := range x.Parts {
		tries = append(tries, &x.Parts[i].Try)
	}
	return tries
}

func (s *sim) statuses() []*plans.TenantStatus {
	var all []*plans.TenantStatus
	diags := s.look().Status(context.Background(), addr.Selector{Tenant: "*"}, func(t *plans.TenantStatus) { all = append(all, t.Clone()) })
	if diags.HasErrors() {
		s.fail("status: %v", diags)
	}
	return all
}
