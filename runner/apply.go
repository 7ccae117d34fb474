package runner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/retry"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
)

// ApplyOptions say how to apply.
type ApplyOptions struct {
	Saved       *SavedPlan // nil: whatever is due
	Parallelism int        // attempts at once; below 1: 10
	Wait        bool       // stay until retries have ended
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
	Retrying    int                // attempts that will be made again
	Interrupted bool
	Stale       bool // the saved plan was refused
	Busy        bool // somebody else holds the lease
	// Unknown are the addresses of attempts whose outcome could not be recorded.
	Unknown []string
}

const defaultParallelism = 10

// clockTolerance is how far the machine's clock may be behind the newest fact.
const clockTolerance = 2 * time.Second

// Apply does what is due. The first end of ctx stops new effects and lets
// running ones finish; closing hard stops those too.
func (p *Project) Apply(ctx context.Context, o ApplyOptions, hard <-chan struct{}) (ApplyResult, diag.List) {
	res := ApplyResult{Done: make(map[plans.Kind]int)}
	if diags := p.applicable(); diags.HasErrors() {
		return res, diags
	}
	lease, err := p.state.Lease(ctx, p.holder(o))
	var held *store.HeldError
	if errors.As(err, &held) {
		res.Busy = true
		return res, diag.List{p.busy(held)}
	}
	if err != nil {
		return res, diag.List{stateProblem(err)}
	}
	a := &applying{p: p, o: o, lease: lease, res: &res, hard: hard}
	diags := a.run(ctx)
	if err := lease.Release(); err != nil {
		p.log.Warn("lease not released", "error", err)
	}
	return res, diags
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
	now := p.Now()
	if p.meta.LastFact.Sub(now) > clockTolerance {
		return diag.List{{
			Severity: diag.Error, Code: "clock-went-back", Summary: "The clock of this machine is behind what is recorded",
			Detail: fmt.Sprintf("The newest fact is of %s, and it is %s now. With a wrong clock nothing can be said to be due.", p.show(p.meta.LastFact), p.show(now)),
			Hint:   "Set the clock right and run the command again.",
		}}
	}
	return nil
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
	lease   store.Lease
	res     *ApplyResult
	hard    <-chan struct{}
	actions *Actions
	before  int64           // serial before this apply wrote anything
	waited  map[string]bool // tenants whose retries are waited for
}

func (a *applying) run(ctx context.Context) diag.List {
	if diags := a.p.refresh(ctx); diags.HasErrors() {
		return diags
	}
	a.before = a.p.meta.Serial
	if diags := a.settle(ctx); diags.HasErrors() {
		return diags
	}
	now := a.p.Now()
	first, diags := a.p.compute(ctx, now)
	if diags.HasErrors() {
		return diags
	}
	a.res.Plan = first.Plan
	if stale := a.stale(first.Plan); stale.HasErrors() {
		a.res.Stale = true
		return append(diags, stale...)
	}
	if a.o.Confirm != nil && !a.o.Confirm(first.Plan) {
		return diags
	}
	a.res.Confirmed = true
	if a.o.Events != nil {
		a.o.Events(Planned{first.Plan})
	}
	diags = append(diags, a.passes(ctx, first, now)...)
	if diags.HasErrors() {
		return diags
	}
	after, more := a.p.compute(context.WithoutCancel(ctx), a.p.Now())
	if after != nil {
		a.res.After = after.Plan
	}
	return append(diags, more.Errors()...)
}

// settle records what became of the attempts of appliers that are gone, and
// moves a rehearsal's clock.
func (a *applying) settle(ctx context.Context) diag.List {
	commit, err := a.p.orphans(ctx, a.p.Now())
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	if a.p.meta.Kind == store.Rehearsal && a.p.instant.After(a.p.meta.Clock) {
		commit.Clock = a.p.instant
	}
	if len(commit.Facts)+len(commit.Dropped) == 0 && commit.Clock.IsZero() {
		return nil
	}
	if _, err := a.lease.Commit(ctx, commit); err != nil {
		return diag.List{stateProblem(err)}
	}
	return a.p.refresh(ctx)
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

// orphans says what is to be recorded of attempts whose applier is gone: what
// had not begun certainly did not happen; the outcome of the rest is unknown,
// unless the plan allows to repeat it.
func (p *Project) orphans(ctx context.Context, now time.Time) (store.Commit, error) {
	commit := store.Commit{Now: now}
	open, err := p.state.OpenAttempts(ctx)
	if err != nil {
		return commit, err
	}
	for _, at := range open {
		if at.BegunAt.IsZero() {
			commit.Dropped = append(commit.Dropped, at.ID)
			continue
		}
		r, err := p.state.Record(ctx, at.Tenant)
		if err != nil {
			return commit, err
		}
		if r == nil || !runs(r, at) {
			continue // it is known to be unknown
		}
		commit.Facts = append(commit.Facts, p.orphan(at, now))
	}
	return commit, nil
}

// runs reports whether the attempt runs as far as the record knows.
func runs(r *ledger.Record, at store.Attempt) bool {
	it := r.Item(at.Item)
	if it == nil {
		return false
	}
	if at.Op == ledger.Release {
		return it.Release != nil && it.Release.State == ledger.Running
	}
	for i := range it.Parts {
		if it.Parts[i].Recipient == at.Recipient {
			return it.Parts[i].State == ledger.Running
		}
	}
	return it.State == ledger.Running
}

func (p *Project) orphan(at store.Attempt, now time.Time) ledger.Fact {
	f := ledger.Fact{
		At: now, Tenant: at.Tenant, Item: at.Item, Epoch: at.Epoch, Op: at.Op, Recipient: at.Recipient,
		Attempt: at.ID, No: at.No, Key: at.Key, Kind: ledger.Unknown,
		Reason: fmt.Sprintf("the runner ended while attempt %d ran", at.No),
	}
	it := p.item(at.Item)
	if it == nil || !plans.RepeatsUnknown(it, at.Op) {
		return f
	}
	if next, ok := retry.Next(it.Retry, at.No, at.BegunAt, now, 0, at.Key); ok {
		f.Kind, f.Next = ledger.Failed, &next
	}
	return f
}

// item finds an item of the plan by PHASE/ITEM; nil: the plan has none.
func (p *Project) item(key string) *schema.Item {
	for _, it := range p.Config.Items {
		if it.Key() == key {
			return it
		}
	}
	return nil
}

// passes takes the plan to its end: a pass ends when nothing more may be done
// for the tenants that it began with; another one sees what that has made
// possible for others.
func (a *applying) passes(ctx context.Context, res *plans.Result, now time.Time) diag.List {
	a.actions = a.p.o.Actions
	if a.actions == nil {
		a.actions = a.p.realActions()
	}
	defer func() {
		if err := a.actions.Close(); err != nil {
			a.p.log.Warn("connections not closed", "error", err)
		}
	}()
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		select {
		case <-a.hard:
			cancel()
		case <-stop.Done():
		}
	}()
	for {
		if diags := a.pass(ctx, stop, res); diags.HasErrors() {
			return diags
		}
		if a.res.Interrupted {
			return nil
		}
		var diags diag.List
		if res, diags = a.next(ctx, now); res == nil {
			return diags
		}
	}
}

// next is what another pass would do; nil: nothing.
func (a *applying) next(ctx context.Context, now time.Time) (*plans.Result, diag.List) {
	for {
		res, diags := a.p.compute(ctx, now)
		if diags.HasErrors() {
			return nil, diags
		}
		if a.waited != nil {
			res.Tasks = keepTasks(res.Tasks, a.waited)
		}
		if a.any(res) {
			return res, nil
		}
		until := a.retries(res.Plan)
		if until.IsZero() {
			return nil, nil
		}
		if err := a.p.o.Clock.Sleep(ctx, until.Sub(a.p.o.Clock.Now())); err != nil {
			a.res.Interrupted = true
			return nil, nil
		}
		now = a.p.Now()
	}
}

// any reports whether a plan has changes that this apply may make.
func (a *applying) any(res *plans.Result) bool {
	if len(res.Tasks) == 0 {
		return false
	}
	if a.o.Saved == nil {
		return true
	}
	for i := range res.Plan.Changes {
		if a.o.Saved.has(&res.Plan.Changes[i]) {
			return true
		}
	}
	return false
}

// retries is when the next retry falls due that is to be waited for; zero: none.
func (a *applying) retries(p *plans.Plan) time.Time {
	if !a.o.Wait {
		return time.Time{}
	}
	a.waited = make(map[string]bool)
	var next time.Time
	for _, w := range p.Waiting {
		if w.Kind != plans.WaitRetry {
			continue
		}
		a.waited[w.Tenant] = true
		if next.IsZero() || w.Until.Before(next) {
			next = w.Until
		}
	}
	return next
}

func keepTasks(tasks []plans.Task, wanted map[string]bool) []plans.Task {
	var out []plans.Task
	for _, t := range tasks {
		if wanted[t.Record.ID] {
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
		events: a.o.Events, result: a.res, parallel: parallel,
	}
	if digest := hex.EncodeToString(a.p.Config.Digest[:]); digest != a.p.meta.Adopted {
		e.adopt = digest
	}
	if a.o.Saved != nil {
		e.allowed = a.o.Saved.allows
	}
	if err := e.run(ctx, stop, res.Tasks); err != nil {
		return diag.List{a.lost(err)}
	}
	return a.p.refresh(context.WithoutCancel(ctx))
}

// lost says that the state could not be written any more, and what that means.
func (a *applying) lost(err error) diag.Diagnostic {
	d := stateProblem(err)
	if len(a.res.Unknown) > 0 {
		d.Detail += fmt.Sprintf(" Effects that ran at that moment, and whose outcome could not be recorded: %s.", strings.Join(a.res.Unknown, ", "))
	}
	return d
}
