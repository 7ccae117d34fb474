package cli

import (
	"context"
	"errors"
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
	disk    opened // the plan directory
	p       opened // the plan that is applied: that one, or one that is kept
	g       *globals
	args    applyArgs
	saved   *runner.SavedPlan
	choice  runner.Choice
	view    applyView
	wrong   bool      // the plan is: only locks are given back
	locks   int       // that were to be given back
	refused diag.List // why nobody could be asked
	failed  error     // the first error of the view
	freed   bool      // what is owed under the plans that are kept was done
}

// applyFunc is one of the ways to apply.
type applyFunc func(context.Context, runner.ApplyOptions, <-chan struct{}) (runner.ApplyResult, diag.List)

func newApplying(p opened, g *globals, a applyArgs, saved *runner.SavedPlan, choice runner.Choice) *applying {
	return &applying{disk: p, p: p, g: g, args: a, saved: saved, choice: choice, view: a.view(p, g)}
}

// start applies a plan directory, given what is wrong with it and with its state.
func (a *applying) start(ctx context.Context, hard <-chan struct{}, plan, state diag.List) error {
	a.keep(a.report(append(plan, state...)))
	switch {
	case a.failed != nil:
		return a.failed
	case state.HasErrors():
		return exit(exitError)
	case plan.HasErrors():
		return a.release(ctx, hard)
	case a.args.approved == approveDue:
		return a.due(ctx, hard)
	default:
		return a.run(ctx, hard, a.p.Apply)
	}
}

// due does what time made due under the adopted plan.
func (a *applying) due(ctx context.Context, hard <-chan struct{}) error {
	adopted, diags := a.disk.Adopted(ctx)
	part, others := a.disk.Part(ctx)
	diags = append(diags, others...)
	if adopted == nil && !diags.HasErrors() {
		diags.Add(runner.NeverAdopted())
	}
	var ended error
	if adopted == nil {
		ended = errors.Join(exit(exitError), a.report(diags))
	} else {
		done := a.under(adopted)
		ended = errors.Join(a.report(diags), a.run(ctx, hard, adopted.ApplyDue), done())
	}
	if part == nil || a.freed || code(ended) == exitBusy || ctx.Err() != nil {
		return ended
	}
	more := a.giveBack(ctx, hard, part)
	if c := code(more); c == exitError || c == exitInterrupted {
		return errors.Join(more, ended)
	}
	return errors.Join(ended, more)
}

// release gives back the locks that are due under the plans that are kept. What is
// wrong was told already.
func (a *applying) release(ctx context.Context, hard <-chan struct{}) error {
	if a.saved != nil { // what is done is what was saved
		return errors.Join(exit(exitError), a.report(a.p.DueLocks(ctx)))
	}
	a.wrong = true
	return a.free(ctx, hard)
}

// free gives back the locks that are due under the plans that are kept, and
// nothing else. That it comes to this ends with an error.
func (a *applying) free(ctx context.Context, hard <-chan struct{}) error {
	a.freed = true
	kept, diags := a.disk.Kept(ctx)
	a.keep(a.report(diags))
	for _, k := range kept {
		if err := a.giveBack(ctx, hard, k); code(err) == exitInterrupted {
			return err
		}
	}
	if a.locks == 0 {
		a.keep(a.report(a.disk.HeldLocks(ctx)))
	}
	return exit(exitError) // whoever applies meanwhile
}

// giveBack gives back the locks that are due under a plan that is kept.
func (a *applying) giveBack(ctx context.Context, hard <-chan struct{}, k *runner.Adopted) error {
	done := a.under(k)
	result, diags := a.apply(ctx, hard, k.Release)
	a.locks += changes(result.Plan)
	if a.wrong && result.Confirmed {
		diags.Add(k.Released(result))
	}
	if !a.wrong { // beside what is done under the adopted plan, which tells the rest
		result.Invalid, result.After = false, nil
	}
	if a.wrong || len(diags) > 0 || changes(result.Plan) > 0 {
		a.tell(result, diags)
	}
	return errors.Join(a.ended(result, diags), done())
}

// under goes on under a plan that is kept. Call done at the end.
func (a *applying) under(k *runner.Adopted) (done func() error) {
	a.p, done = a.disk.under(k)
	if v, ok := a.view.(*view.ApplyJSON); ok {
		v.Again(a.p.env.Stdout)
	} else {
		a.view = a.args.view(a.p, a.g)
	}
	return done
}

func (a *applying) run(ctx context.Context, hard <-chan struct{}, do applyFunc) error {
	result, diags := a.apply(ctx, hard, do)
	if result.Invalid {
		a.keep(a.report(diags))
		return a.release(ctx, hard)
	}
	if result.Burst {
		a.keep(a.report(diags))
		return a.free(ctx, hard)
	}
	a.tell(result, diags)
	return a.ended(result, diags)
}

func (a *applying) apply(ctx context.Context, hard <-chan struct{}, do applyFunc) (runner.ApplyResult, diag.List) {
	stop := a.tick()
	defer stop()
	result, diags := do(ctx, runner.ApplyOptions{
		Saved: a.saved, Choice: a.choice, Parallelism: a.args.parallelism, Wait: a.args.wait,
		AllowBurst: a.args.burst || a.args.approved == approveNothing, // else confirm asks
		Confirm:    func(p *plans.Plan) bool { return a.confirm(ctx, p) },
		Events:     func(e runner.Event) { a.keep(a.view.Event(e, a.p.env.Clock.Now())) },
		User:       who(a.p.env, a.args.as),
		Command:    strings.TrimSpace("transition apply " + a.args.target),
	}, hard)
	return result, append(diags, a.refused...)
}

// tell says how an apply ended.
func (a *applying) tell(result runner.ApplyResult, diags diag.List) {
	if len(a.refused) == 0 {
		a.keep(a.view.Result(result))
	}
	a.keep(a.report(diags))
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
	case len(r.Beyond) > 0:
		return exit(exitPerson)
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
