package runner_test

import (
	"context"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema/addr"
)

// speak says something about a tenant.
func (s *sim) speak() {
	v := runner.Verb{
		Kind:     pick(s.dice, runner.Hold, runner.Resume, runner.Resume, runner.Rollback, runner.Withdraw),
		Selector: addr.Selector{Tenant: pick(s.dice, s.draft.Tenants()...)},
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

// answer lets people answer for what waits for them: the truth. all: for
// everything.
func (s *sim) answer(all bool) {
	for _, t := range s.statuses() {
		r, err := s.disk.now().Record(context.Background(), t.ID)
		if err != nil || r == nil {
			continue
		}
		for _, it := range t.Items {
			x := r.Item(it.Phase + "/" + it.Item)
			if x == nil || !all && !s.dice.one(2) {
				continue
			}
			a := s.answerFor(x, all)
			if a == "" {
				continue
			}
			s.freed[t.ID] = s.freed[t.ID] || a == ledger.AnswerWaive && x.Obligation
			s.say(runner.Verb{Kind: runner.Resolve, Answer: a, Selector: addr.Selector{Tenant: t.ID, Phase: it.Phase, Item: it.Item}})
		}
	}
}

// answerFor is what a person says of an item; empty: nothing.
func (s *sim) answerFor(x *ledger.Item, all bool) ledger.Answer {
	tries := []*ledger.Try{&x.Try}
	if x.Release != nil {
		tries = append(tries, x.Release)
	}
	for i := range x.Parts {
		tries = append(tries, &x.Parts[i].Try)
	}
	var answer ledger.Answer
	for _, try := range tries {
		switch {
		case try.State == ledger.Lost:
			happened, known := s.world.truth(try.Attempt)
			switch {
			case !known:
				return ""
			case happened:
				return ledger.AnswerDone
			default:
				answer = ledger.AnswerRetry
			}
		case try.State == ledger.Late || try.State == ledger.Returned && all:
			answer = ledger.AnswerWaive
		case try.State.NeedsPerson() && answer == "":
			answer = ledger.AnswerRetry
		}
	}
	return answer
}

func (s *sim) statuses() []*plans.TenantStatus {
	var all []*plans.TenantStatus
	diags := s.look().Status(context.Background(), addr.Selector{Tenant: "*"}, func(t *plans.TenantStatus) { all = append(all, t.Clone()) })
	if diags.HasErrors() {
		s.fail("status: %v", diags)
	}
	return all
}
