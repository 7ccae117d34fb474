package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/runner/crashpoint"
	"transition/schema/diag"
)

// passes takes the plan to its end: a pass ends when nothing more may be done
// for the tenants that it began with; another one sees what that has made
// possible for others.
func (a *applying) passes(ctx context.Context) diag.List {
	a.actions = a.p.o.Actions
	if a.actions == nil {
		a.actions = a.p.realActions()
	}
	defer func() {
		if err := a.actions.Close(); err != nil {
			a.p.log.Warn("connections not closed", "error", err)
		}
	}()
	stop, end := a.stopping(ctx)
	defer end()
	for res, now := a.first, a.first.Plan.Now; ; {
		serial := a.p.meta.Serial
		if diags := a.pass(ctx, stop, res); diags.HasErrors() {
			return diags
		}
		a.stuck = len(a.shut) > 0 && a.p.meta.Serial == serial
		if a.res.Interrupted || a.ebb {
			return nil
		}
		if a.o.Onward {
			now, a.late, a.behind = a.p.Now(), nil, nil
		}
		var diags diag.List
		if res, diags = a.next(ctx, now); res == nil {
			return diags
		}
	}
}

// stopping is a context that ends when the user wants running effects to stop.
// end gives it up, and waits for that.
func (a *applying) stopping(ctx context.Context) (stop context.Context, end func()) {
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-a.hard:
			cancel()
		case <-stop.Done():
		}
	}()
	return stop, func() { cancel(); <-done }
}

// next is what another pass would do; nil: nothing. What is due is judged as of
// the instant that was confirmed; only for tenants whose window has closed since,
// and for retries that were waited for, time has gone on.
func (a *applying) next(ctx context.Context, now time.Time) (*plans.Result, diag.List) {
	if ctx.Err() != nil {
		a.res.Interrupted = true
		return nil, nil
	}
	steady := context.WithoutCancel(ctx)
	if late := a.late; len(late) > 0 {
		a.late = nil
		res, diags := a.compute(steady, a.p.Now())
		if diags.HasErrors() {
			return nil, diags
		}
		if a.bursts(res.Plan) {
			return nil, nil // for the next apply
		}
		if res.Tasks = tasksOf(res.Tasks, late, true); a.any(res) {
			return res, nil
		}
	}
	for look := gather; ; look = min(2*look, glance) {
		res, diags := a.compute(steady, now)
		if diags.HasErrors() {
			return nil, diags
		}
		if a.bursts(res.Plan) {
			return nil, nil
		}
		res.Tasks = tasksOf(res.Tasks, a.behind, false)
		if a.waited != nil {
			res.Tasks = tasksOf(res.Tasks, a.waited, true)
		}
		if !a.stuck && a.any(res) {
			return res, nil
		}
		until := a.retries(res.Plan, now.Add(look-gather))
		if until.IsZero() {
			return nil, nil
		}
		if a.stuck {
			for _, t := range res.Tasks {
				a.waited[t.Record.ID] = true
			}
		}
		if err := a.p.o.Clock.Sleep(ctx, until.Sub(a.p.o.Clock.Now())); err != nil {
			a.res.Interrupted = true
			return nil, nil
		}
		if diags := a.heedOrphans(steady, res.Plan); diags.HasErrors() {
			return nil, diags
		}
		now, a.stuck = a.p.Now(), false
		clear(a.shut) // the retry of what was put off tries them again
	}
}

// any reports whether a plan has changes that this apply may make.
func (a *applying) any(res *plans.Result) bool {
	if len(res.Tasks) == 0 {
		return false
	}
	if a.within == nil {
		return true
	}
	a.within.narrow(res)
	tenants := make(map[string]bool, len(res.Tasks))
	for _, t := range res.Tasks {
		tenants[t.Record.ID] = true
	}
	for i := range res.Plan.Changes {
		if tenants[res.Plan.Changes[i].Tenant] {
			return true
		}
	}
	return false
}

// heedOrphans records what became of commands whose runner was gone, if the plan
// waits for any.
func (a *applying) heedOrphans(ctx context.Context, p *plans.Plan) diag.List {
	if !slices.ContainsFunc(p.Waiting, func(w plans.Wait) bool { return w.Kind == plans.WaitRunning }) {
		return nil
	}
	_, diags := a.settle(ctx)
	return diags
}

// retries is when the next retry or poll falls due that is to be waited for, or look
// if a command runs whose runner is gone; zero: there is nothing to wait for.
func (a *applying) retries(p *plans.Plan, look time.Time) time.Time {
	if !a.o.Wait {
		return time.Time{}
	}
	a.waited = make(map[string]bool)
	var next time.Time
	for _, w := range p.Waiting {
		until := w.Until
		switch w.Kind {
		case plans.WaitRetry, plans.WaitPoll:
		case plans.WaitRunning:
			until = look
		case plans.WaitLimit:
			a.waited[w.Tenant] = true // it begins when another one has ended
			continue
		default:
			continue
		}
		a.waited[w.Tenant] = true
		if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	if next.IsZero() {
		return next
	}
	return next.Add(gather)
}

// gather is how long a retry waits for others that fall due right after it, so
// that not every one needs a plan of its own.
const gather = time.Second

// glance is the longest time between two looks at commands whose runner is gone.
// The first come after gather: most are short.
const glance = 30 * time.Second

// tasksOf returns the tasks whose tenants are in a set, or those that are not.
func tasksOf(tasks []plans.Task, set map[string]bool, in bool) []plans.Task {
	var out []plans.Task
	for _, t := range tasks {
		if set[t.Record.ID] == in {
			out = append(out, t)
		}
	}
	return out
}

// pass carries out one computed plan.
func (a *applying) pass(ctx, stop context.Context, res *plans.Result) diag.List {
	parallel := a.o.Parallelism
	if parallel < 1 {
		parallel = defaultParallelism
	}
	e := &engine{
		p: a.p, lease: a.lease, decider: res.Decider.Applying(), clock: a.p.clock(), actions: a.actions,
		events: a.o.Events, result: a.res, parallel: parallel, retries: a.o.Wait, serial: a.p.meta.Serial, unknown: a.unknown,
		shut: a.shut, apart: a.apart,
	}
	if a.within != nil {
		e.allowed = a.within.allows
	}
	e.reached = a.reached(res.Plan)
	if a.o.Onward {
		e.tide = a.newTide(ctx, res)
	}
	crashpoint.Hit("pass.begin")
	if err := e.run(ctx, stop, res.Tasks); err != nil {
		return diag.List{a.lost(err)}
	}
	crashpoint.Hit("pass.end")
	a.replaced(e.replaced)
	a.late, a.ebb = e.late, e.tide != nil && e.tide.ebb
	if a.behind == nil {
		a.behind = make(map[string]bool)
	}
	maps.Copy(a.behind, e.late)
	return a.p.refresh(context.WithoutCancel(ctx))
}

// lost says that the state could not be written any more, and what that means.
func (a *applying) lost(err error) diag.Diagnostic {
	d := stateProblem(err)
	if len(a.res.Unknown) > 0 {
		d.Detail += fmt.Sprintf(" Effects that ran at that moment, and whose outcome could not be recorded: %s.", strings.Join(a.res.Unknown, ", "))
		d.Hint = "Those effects may have happened. Once the state can be written again, what their notes tell is known, and the rest is shown as unknown; an older backup would not know of them."
	}
	return d
}
