package cli

import (
	"context"
	"strings"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/runner"
	"transition/schema/diag"
)

// machineTime is an instant of the machine's clock, whatever a rehearsal shows.
type machineTime = time.Time

// applying is one apply under way.
type applying struct {
	p       opened
	g       *globals
	args    applyArgs
	saved   *runner.SavedPlan
	choice  runner.Choice
	view    applyView
	refused diag.List // why nobody could be asked
	failed  error     // the first error of the view
}

func newApplying(p opened, g *globals, a applyArgs, saved *runner.SavedPlan, choice runner.Choice) *applying {
	return &applying{p: p, g: g, args: a, saved: saved, choice: choice, view: a.view(p, g)}
}

func (a *applying) run(ctx context.Context, hard <-chan struct{}) error {
	stop := a.tick()
	result, diags := a.p.Apply(ctx, runner.ApplyOptions{
		Saved: a.saved, Choice: a.choice, Parallelism: a.args.parallelism, Wait: a.args.wait,
		Confirm: func(p *plans.Plan) bool { return a.confirm(ctx, p) },
		Events:  func(e runner.Event) { a.keep(a.view.Event(e, a.p.env.Clock.Now())) },
		User:    who(a.p.env, a.args.as),
		Command: strings.TrimSpace("transition apply " + a.args.target),
	}, hard)
	stop()
	diags = append(diags, a.refused...)
	if len(a.refused) == 0 {
		a.keep(a.view.Result(result))
	}
	if err := a.report(diags); a.failed == nil {
		a.failed = err
	}
	return a.ended(result, diags)
}

func (a *applying) keep(err error) {
	if a.failed == nil {
		a.failed = err
	}
}

// tick lets the view tell its progress once a second. stop ends it and waits.
func (a *applying) tick() (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				// An error will come back from the next event.
				_ = a.view.Tick(a.p.env.Clock.Now())
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}

// report tells diagnostics where the rest of the apply was told.
func (a *applying) report(l diag.List) error {
	if v, ok := a.view.(*view.ApplyJSON); ok {
		return v.Diagnostics(l)
	}
	if len(l) == 0 {
		return nil
	}
	return view.Diagnostics(a.p.env.Stderr, a.p.env.screen(Stderr, a.g), l)
}

// ended is the exit of an apply: what went wrong in it counts more than who
// waits after it.
func (a *applying) ended(r runner.ApplyResult, diags diag.List) error {
	switch {
	case r.Interrupted:
		return exit(exitInterrupted)
	case r.Busy:
		return exit(exitBusy)
	case r.Stale:
		return exit(exitStale)
	case a.failed != nil:
		return a.failed
	case diags.HasErrors(), !r.Confirmed && changes(r.Plan) > 0:
		return exit(exitError)
	case r.After != nil:
		return alarm(r.After)
	case r.Plan != nil:
		return alarm(r.Plan)
	default:
		return nil
	}
}

func changes(p *plans.Plan) int {
	if p == nil {
		return 0
	}
	return len(p.Changes)
}
