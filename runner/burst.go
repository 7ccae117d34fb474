package runner

import (
	"time"

	"transition/plans"
	"transition/runner/store"
	"transition/schema/diag"
)

// reached is the instant up to which everything that was due has been taken on; zero:
// nobody knows. What an older version has recorded tells it by the last adoption.
func (p *Project) reached() time.Time {
	if p.meta.Clock.IsZero() {
		return p.meta.AdoptedAt
	}
	return p.meta.Clock
}

// burst says that time has skipped much.
func (p *Project) burst(plan *plans.Plan, severity diag.Severity) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: severity, Code: "due-burst", Summary: "Much has fallen due that nobody may expect",
		Detail: plan.Burst.Says(p.Config.Zone) + " Until a person has looked, only releases of locks are carried out by themselves.",
		Hint:   "Look whether the clock of this machine is right, and at the plan: transition plan. To do it all: transition apply, or without being asked: transition apply -auto-approve -allow-burst",
	}
}

// bursts reports whether a plan is to be left to a person.
func (a *applying) bursts(p *plans.Plan) bool {
	if _, frees := a.within.(*releases); frees {
		return false
	}
	return p.Burst != nil && !a.o.AllowBurst && a.o.Saved == nil
}

// reached is the instant up to which a pass takes on everything that is due; zero:
// it leaves something out, or its clock is that of a rehearsal.
func (a *applying) reached(p *plans.Plan) time.Time {
	switch {
	case a.inPart(), a.p.meta.Kind == store.Rehearsal:
		return time.Time{}
	case a.o.Saved != nil:
		return a.o.Saved.Plan.Now
	case a.within != nil:
		return time.Time{}
	case a.o.Onward:
		return p.Now
	default:
		return a.first.Plan.Now
	}
}
