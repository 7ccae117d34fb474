package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/store"
	"transition/schema/diag"
)

// ApplyOptions say how to apply.
type ApplyOptions struct {
	Saved *SavedPlan // nil: whatever is due
	// Choice is what is wanted of what is due; with Saved, what that was made of.
	// By is User.
	Choice      Choice
	Parallelism int  // attempts at once; below 1: 10
	Wait        bool // stay until retries, polls and commands whose runner is gone have ended
	// AllowBurst: a person knows, or is asked by Confirm, of what time has skipped;
	// see plans.Burst. A saved plan needs no such word.
	AllowBurst bool
	// Onward lets time go on while effects run: what falls due meanwhile begins as
	// well. Otherwise all is judged as of the instant that was confirmed. It is of
	// no use to a rehearsal, whose clock stands still.
	Onward bool
	// Confirm is asked once, with the plan, before anything is done; nil: yes.
	Confirm func(*plans.Plan) bool
	// Events is told what happens, from one goroutine at a time. May be nil.
	Events  func(Event)
	User    string // for the lease
	Command string // for the lease
}

// ApplyResult says how an apply ended.
type ApplyResult struct {
	// Plan is what was shown to Confirm; nil if it did not come to that.
	Plan *plans.Plan
	// After is the plan after everything was done: what still waits, and what
	// comes next. nil when it did not come to that.
	After       *plans.Plan
	Confirmed   bool
	Done        map[plans.Kind]int // changes that were made
	Failed      int                // attempts that ended in Error or unknown
	Retrying    int                // items that will be tried again
	Polling     int                // items that go on by themselves
	Interrupted bool
	Stale       bool // the saved plan was refused
	// Invalid: the plan is wrong, so that nothing was done. What the adopted plan
	// has promised is for Adopted.Release, whose results are all Invalid.
	Invalid bool
	// Beyond counts, after Adopted.ApplyDue, what the plan directory would change
	// that time alone does not.
	Beyond map[plans.Kind]int
	// Burst: nothing was done, since more fell due than may without a person.
	// What is owed then is for Adopted.Release.
	Burst bool
	Busy  bool // somebody else holds the lease
	// Shut are the channels that take nothing: what goes by them is still due, and
	// an attempt is made again after a while.
	Shut []string
	// Unknown are the addresses of attempts whose outcome could not be recorded.
	Unknown    []string
	unrecorded []ledger.Fact // their outcomes
}

const defaultParallelism = 10

// clockTolerance is how far the machine's clock may be behind the newest fact.
const clockTolerance = 2 * time.Second

// Apply does what is due. The first end of ctx stops new effects and lets
// running ones finish; closing hard stops those too.
//
// Nothing is written, no lease either, before it is clear what will be done; but what
// became of the attempts of an apply that is gone, since that depends on it.
func (p *Project) Apply(ctx context.Context, o ApplyOptions, hard <-chan struct{}) (ApplyResult, diag.List) {
	var within scope
	if o.Saved != nil {
		within = o.Saved
	}
	return p.apply(ctx, o, within, hard)
}

// scope bounds what an apply may do.
type scope interface {
	// narrow leaves in a computed plan only the changes that may be made.
	narrow(*plans.Result)
	// allows reports whether a change may be made.
	allows(kind plans.Kind, address string) bool
}

// apply is Apply within a scope; nil: everything that is due.
func (p *Project) apply(ctx context.Context, o ApplyOptions, within scope, hard <-chan struct{}) (ApplyResult, diag.List) {
	res := ApplyResult{Done: make(map[plans.Kind]int)}
	a := &applying{p: p, o: o, within: within, choice: o.Choice, res: &res, hard: hard, unknown: make(map[string]bool), shut: make(shut)}
	if o.Saved != nil {
		a.choice = o.Saved.choice()
	}
	a.choice.By = o.User
	a.o.Onward = o.Onward && o.Saved == nil && !a.choice.made() // what was chosen was chosen as of an instant
	diags := a.prepare(ctx)
	if diags.HasErrors() || !res.Confirmed {
		return res, diags
	}
	lease, err := p.state.Lease(context.WithoutCancel(ctx), p.holder(o))
	var held *store.HeldError
	if errors.As(err, &held) {
		res.Busy = true
		return res, append(diags, p.busy(held))
	}
	if err != nil {
		return res, append(diags, stateProblem(err))
	}
	a.lease = lease
	crashpoint.Hit("lease.after_take")
	diags = append(diags, a.run(ctx)...)
	if err := lease.Release(); err != nil {
		p.log.Warn("lease not released", "error", err)
	}
	return res, diags
}

// prepare finds out what will be done, and has it confirmed.
func (a *applying) prepare(ctx context.Context) diag.List {
	p := a.p
	if diags := p.applicable(); diags.HasErrors() {
		return diags
	}
	if h, busy := p.Holder(ctx); busy {
		a.res.Busy = true
		return diag.List{p.busy(&store.HeldError{Holder: h})}
	}
	diags := a.heed(ctx)
	if diags.HasErrors() {
		return diags
	}
	diags = append(diags, a.propose(ctx)...)
	if diags.HasErrors() || !a.res.Confirmed || !p.fresh {
		return diags
	}
	crashpoint.Hit("rehearse.before_create")
	diags = append(diags, p.create(context.WithoutCancel(ctx), p.statePath(), store.Rehearsal)...)
	crashpoint.Hit("rehearse.after_create")
	return diags
}

// applicable refuses what must not be applied.
func (p *Project) applicable() diag.List {
	if p.meta.Kind == store.Rehearsal && p.instant.IsZero() {
		return diag.List{{
			Severity: diag.Error, Code: "is-a-rehearsal", Summary: "This state is a rehearsal",
			Detail: fmt.Sprintf("The state at %s is a rehearsal that has come to %s; its clock moves only when it is told to.", p.statePath(), p.show(p.meta.Clock)),
			Hint:   "Name the instant: transition apply -rehearse=INSTANT. For the real thing, run transition init where no rehearsal is, or name the state with -state=FILE.",
		}}
	}
	return p.clockRight()
}

// clockRight refuses a clock that is behind what is recorded.
func (p *Project) clockRight() diag.List {
	now := p.Now()
	if p.meta.LastFact.Sub(now) <= clockTolerance {
		return nil
	}
	return diag.List{{
		Severity: diag.Error, Code: "clock-went-back", Summary: "The clock of this machine is behind what is recorded",
		Detail: fmt.Sprintf("The newest fact is of %s, and it is %s now. With a wrong clock nothing can be said to be due.", p.show(p.meta.LastFact), p.show(now)),
		Hint: "Set the clock right and run the command again. If it is right, the fact was recorded by a clock that was not: transition history TENANT shows it. " +
			"Then restore the newest backup from before that; what may have been done under the wrong clock is asked about: transition state restore FILE -accept-rollback",
	}}
}

func (p *Project) holder(o ApplyOptions) store.Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return store.Holder{Host: host, PID: os.Getpid(), User: o.User, Command: o.Command, Since: p.o.Clock.Now()}
}

func (p *Project) busy(e *store.HeldError) diag.Diagnostic {
	h := e.Holder
	return diag.Diagnostic{
		Severity: diag.Error, Code: "lease-held", Summary: "Somebody else applies at present",
		Detail: fmt.Sprintf("The right to apply is held by %s on %s (process %d, %s) since %s.", h.User, h.Host, h.PID, h.Command, p.show(h.Since)),
		Hint:   "Wait until that has ended. The right ends with its process, so that nothing needs to be unlocked.",
	}
}

// applying is one apply under a lease.
type applying struct {
	p       *Project
	o       ApplyOptions
	within  scope // nil: everything
	choice  Choice
	apart   bool // tenants get ways that are not those of the adopted plan
	lease   store.Lease
	res     *ApplyResult
	hard    <-chan struct{}
	actions *Actions
	first   *plans.Result // what was confirmed
	// adoption is what the state is to keep of the plan that was confirmed; nil:
	// it keeps that already.
	adoption *store.Adoption
	waited   map[string]bool          // tenants whose retries are waited for
	late     map[string]bool          // tenants whose window closed during the last pass
	behind   map[string]bool          // and those of all passes: for them time has gone on
	unknown  map[string]bool          // see engine.unknown
	answered func(store.Attempt) bool // see settleOrphans
	ends     bool                     // of what orphans finds, only what has ended
	adopts   bool                     // the plan that was confirmed is about to be adopted
	heard    map[noteName]bool        // notes that orphans has read, and whether they had an end
	learnt   []noteName               // notes of what it has decided, in that order
	ebb      bool                     // see tide.ebb
	shut     shut                     // see engine.shut
	stuck    bool                     // of what is due, only what goes by shut channels is left
}

func (a *applying) run(ctx context.Context) diag.List {
	if ctx.Err() != nil {
		a.res.Interrupted = true
		return nil
	}
	// From here on what is begun is brought to a state that can be left.
	steady := context.WithoutCancel(ctx)
	diags := a.underLease(steady)
	if diags.HasErrors() || !a.res.Confirmed {
		return diags
	}
	if more := a.insert(steady); more.HasErrors() {
		return append(diags, more...)
	}
	if more := a.adopt(steady); more.HasErrors() {
		return append(diags, more...)
	}
	diags = append(diags, a.passes(ctx)...)
	if len(a.res.unrecorded) > 0 {
		diags.Add(a.p.keep(a.res.unrecorded))
	}
	if diags.HasErrors() {
		return diags
	}
	if more := a.settled(steady); more.HasErrors() {
		return append(diags, more...)
	}
	after, more := a.compute(steady, a.p.Now())
	if after != nil {
		a.res.After = after.Plan
		for _, w := range after.Plan.Waiting {
			switch w.Kind {
			case plans.WaitRetry:
				a.res.Retrying++
			case plans.WaitPoll, plans.WaitRunning:
				a.res.Polling++
			default: // nothing of it goes on
			}
		}
	}
	for c := range a.shut {
		a.res.Shut = append(a.res.Shut, c.Name)
	}
	return append(append(diags, a.shut.report(a.p)...), more.Errors()...)
}

// underLease makes sure that what was confirmed is still so now that nobody else
// can change it: if somebody has, it is asked for anew.
func (a *applying) underLease(ctx context.Context) diag.List {
	before := a.p.meta
	if diags := a.p.refresh(ctx); diags.HasErrors() {
		return diags
	}
	moved := a.p.meta.Serial != before.Serial
	if moved {
		a.res.Confirmed = false
	}
	a.adopts = true
	orphans, diags := a.settle(ctx)
	if diags.HasErrors() || !moved && !orphans {
		return diags
	}
	return a.propose(ctx)
}

// propose works out the plan and asks for it, unless that was done already.
func (a *applying) propose(ctx context.Context) diag.List {
	// What changes while it is read is noticed when it is kept.
	adoption, unread := a.p.adoption()
	first, diags := a.compute(ctx, a.p.Now())
	if diags.HasErrors() {
		a.res.Invalid = !a.choice.made() && a.p.invalid(first) // else the choice may be what is wrong
		return diags
	}
	if unread != nil {
		return append(diags, unkept(unread))
	}
	a.adoption = adoption
	if stale := a.stale(first.Plan); stale.HasErrors() && !a.res.Confirmed {
		a.res.Plan, a.res.Stale = first.Plan, true
		return append(diags, stale...)
	}
	if a.within != nil {
		a.within.narrow(first)
	}
	a.first = first
	if a.bursts(first.Plan) {
		a.res.Burst, a.res.Confirmed = true, false
		return append(diags, a.p.burst(first.Plan, diag.Error))
	}
	if a.res.Confirmed {
		return nil
	}
	a.res.Plan = first.Plan
	if a.o.Confirm != nil && !a.o.Confirm(first.Plan) {
		return diags
	}
	a.res.Confirmed = true
	if a.o.Saved != nil {
		crashpoint.Hit("saved.taken")
	}
	if a.o.Events != nil {
		a.o.Events(Planned{first.Plan})
	}
	return diags
}

// compute works out the plan. What a plan may not do to tenants is no reason to
// keep them locked.
func (a *applying) compute(ctx context.Context, now time.Time) (*plans.Result, diag.List) {
	res, diags := a.p.choose(ctx, now, a.choice)
	if _, frees := a.within.(*releases); frees && res != nil {
		return res, nil
	}
	return res, diags
}

// refresh reads the state's description again.
func (p *Project) refresh(ctx context.Context) diag.List {
	m, err := p.state.Meta(ctx)
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	p.meta = m
	return nil
}
