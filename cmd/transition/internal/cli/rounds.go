package cli

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/plans"
	"transition/runner"
	"transition/runner/clock"
	"transition/schema/diag"
)

// daemonView tells what a daemon does.
type daemonView interface {
	// Round begins an apply. Its secrets are no longer those of the last one, so
	// it has writers of its own.
	Round(out, talk io.Writer, zone *time.Location)
	// Event tells one event, at an instant of the plan's time.
	Event(e runner.Event, at time.Time) error
	// Result ends an apply, at an instant of the plan's time.
	Result(r runner.ApplyResult, at time.Time) error
	// Unsettled tells that the plan directory has to stand unchanged for a while,
	// and what was written to last, at an instant of the machine's clock.
	Unsettled(newest string, settle time.Duration, at time.Time) error
	// Diagnostics tells what is wrong.
	Diagnostics(l diag.List, at time.Time) error
}

// rounds are the applies of one daemon.
type rounds struct {
	env   Env
	g     *globals
	args  daemonArgs
	hard  <-chan struct{}
	log   hclog.Logger
	clock clock.Clock // by which things fall due
	view  daemonView
	// settled looks at the plan directory, and reports whether what it holds has
	// stood for long enough to be acted upon.
	settled func() bool

	begun   bool            // a round has come as far as the state
	next    time.Time       // when something falls due; zero: never
	told    map[string]bool // what was wrong in the last round
	telling map[string]bool // and is in this one
	mistook bool            // the last plan directory that had settled was wrong
	failed  error           // the first error of the view: nobody listens any more
}

// instant is that of a rehearsal; zero: this is none. It never goes past the one
// at which something falls due: however fast the clock runs, nothing is late for
// that reason.
func (r *rounds) instant() time.Time {
	if r.args.rehearse == "" {
		return time.Time{}
	}
	now := r.clock.Now()
	if !r.next.IsZero() && r.next.Before(now) {
		return r.next
	}
	return now
}

func (r *rounds) need() runner.Need {
	if r.args.rehearse == "" {
		return runner.NeedWrite
	}
	return runner.NeedRehearse
}

// Apply opens everything anew, since anything may have changed, and applies.
func (r *rounds) Apply(ctx context.Context) runner.Round {
	r.told, r.telling = r.telling, make(map[string]bool)
	project, diags := runner.Open(r.options())
	env, flush := r.env.redacted(project.Config.Secrets)
	p := opened{Project: project, env: env}
	r.begin(p)
	round := r.on(ctx, p, diags)
	r.keep(flush())
	if err := p.Close(); err != nil {
		r.log.Warn("not closed", "error", err)
	}
	round.Fatal = round.Fatal || r.failed != nil
	if !round.Again || !round.Next.IsZero() {
		r.next = round.Next
	}
	return round
}

// begin lets the view begin an apply.
func (r *rounds) begin(p opened) { r.view.Round(p.env.Stdout, p.env.Stderr, p.Config.Zone) }

// on applies an opened project, or what its state has adopted.
func (r *rounds) on(ctx context.Context, p opened, diags diag.List) runner.Round {
	unread := diags.HasErrors()
	l := p.OpenState(context.WithoutCancel(ctx), r.need(), r.instant())
	if diags = append(diags, l...); l.HasErrors() {
		r.wrong(p, diags)
		m, _ := p.Meta() // nothing brings back by itself what an older copy lacks
		return runner.Round{Again: true, Wrong: unread, Failed: true, Fatal: m.Lost != nil || !r.begun && !unread}
	}
	if !r.settled() {
		r.begun = true
		return r.meanwhile(ctx, p)
	}
	round := r.take(ctx, p, diags)
	r.mistook = round.Wrong
	return round
}

// take applies a project whose plan directory has settled, or what its state has
// adopted.
func (r *rounds) take(ctx context.Context, p opened, diags diag.List) runner.Round {
	switch {
	case diags.HasErrors():
		r.wrong(p, diags)
		return r.promised(ctx, p)
	case r.args.approved == approveAll:
		r.begun = true
		return r.apply(ctx, p, p, p.Apply, diags)
	default:
		r.begun = true
		return r.due(ctx, p, diags)
	}
}

// due does what time made due under the adopted plan.
func (r *rounds) due(ctx context.Context, p opened, diags diag.List) runner.Round {
	a, part, more := r.kept(ctx, p)
	if a == nil && !more.HasErrors() {
		more.Add(runner.NeverAdopted())
	}
	if diags = append(diags, more...); a == nil {
		r.wrong(p, diags)
		return r.beside(ctx, p, part, r.nothing(p))
	}
	return r.follow(ctx, p, a, part, a.ApplyDue, diags)
}

// meanwhile does what time made due under the adopted plan while what the plan
// directory says may be half. After a wrong plan it only gives locks back.
func (r *rounds) meanwhile(ctx context.Context, p opened) runner.Round {
	maps.Copy(r.telling, r.told)
	a, part, diags := r.kept(ctx, p)
	if r.mistook && (a != nil || part != nil) {
		return r.promised(ctx, p)
	}
	var round runner.Round
	if a == nil {
		r.wrong(p, diags)
		round = r.beside(ctx, p, part, runner.Round{Wrong: diags.HasErrors()})
	} else {
		round = r.follow(ctx, p, a, part, a.Apply, nil)
	}
	round.Again = true
	return round
}

// kept are the plans that the state keeps: the adopted one, and the one of which
// a part was applied last; nil: there is none.
func (r *rounds) kept(ctx context.Context, p opened) (adopted, part *runner.Adopted, diags diag.List) {
	adopted, diags = p.Adopted(ctx)
	part, more := p.Part(ctx)
	return adopted, part, append(diags, more...)
}

// follow goes by the adopted plan, and gives back the locks of a part.
func (r *rounds) follow(ctx context.Context, p opened, a, part *runner.Adopted, do applyFunc, diags diag.List) runner.Round {
	q, flush := p.under(a)
	r.begin(q)
	round := r.apply(ctx, q, p, do, diags)
	r.keep(flush())
	if round.Wrong {
		return round // all that is kept was looked at
	}
	return r.beside(ctx, p, part, round)
}

// beside gives back the locks of a part beside what a round has done.
func (r *rounds) beside(ctx context.Context, p opened, part *runner.Adopted, round runner.Round) runner.Round {
	if part == nil || ctx.Err() != nil {
		return round
	}
	return also(round, r.release(ctx, p, part, false))
}

// unsettled tells that the plan directory has to settle.
func (r *rounds) unsettled(newest string) {
	if r.args.settle > 0 {
		r.keep(r.view.Unsettled(newest, r.args.settle, r.clock.Now()))
	}
}

// apply carries a plan out: that of the plan directory, or one that is kept. While
// it, or what lies on the disk, is wrong, only what was promised is done.
func (r *rounds) apply(ctx context.Context, p, disk opened, do applyFunc, diags diag.List) runner.Round {
	o := r.applyOptions(p)
	if p.kept == nil { // it has been read since it was found to have settled
		o.Confirm = func(*plans.Plan) bool { return r.settled() }
	}
	result, more := do(ctx, o, r.hard)
	if p.kept == nil && !result.Confirmed && !r.settled() {
		return r.meanwhile(ctx, p)
	}
	if !onlyEnded(ctx, result) {
		r.wrong(p, append(diags, more...))
	}
	switch {
	case result.Invalid:
		return r.promised(ctx, disk)
	case result.Burst:
		return r.owed(ctx, disk, runner.Round{Again: true, Person: true})
	}
	return r.round(ctx, p, result, more)
}

// promised gives back the locks that are due under the plans that are kept while
// the plan directory is wrong.
func (r *rounds) promised(ctx context.Context, p opened) runner.Round {
	return r.owed(ctx, p, r.nothing(p))
}

// owed gives back the locks that are due under the plans that are kept beside a
// round that does nothing else.
func (r *rounds) owed(ctx context.Context, p opened, round runner.Round) runner.Round {
	kept, diags := p.Kept(ctx)
	r.wrong(p, diags)
	for _, k := range kept {
		round = also(round, r.release(ctx, p, k, round.Wrong))
	}
	return round
}

// nothing is a round that has no plan to go by. A rehearsal that nobody has begun
// is not waited for.
func (r *rounds) nothing(p opened) runner.Round {
	_, recorded := p.Meta()
	return runner.Round{Again: true, Wrong: true, Fatal: !recorded && r.args.rehearse != ""}
}

// release gives back the locks that are due under a plan that is kept: for want of
// a right one, or beside the adopted one.
func (r *rounds) release(ctx context.Context, p opened, k *runner.Adopted, wrong bool) runner.Round {
	q, flush := p.under(k)
	r.begin(q)
	result, diags := k.Release(ctx, r.applyOptions(q), r.hard)
	result.Invalid, result.Confirmed = wrong, true // that nothing is due is an answer too
	r.wrong(q, diags)
	round := r.round(ctx, q, result, diags)
	r.keep(flush())
	return round
}

// also is what two applies mean for the next round, one after the other.
func also(a, b runner.Round) runner.Round {
	next := a.Next
	if next.IsZero() || !b.Next.IsZero() && b.Next.Before(next) {
		next = b.Next
	}
	return runner.Round{
		Serial: max(a.Serial, b.Serial), Next: next, Again: a.Again || b.Again,
		Wrong: a.Wrong || b.Wrong, Failed: a.Failed || b.Failed, Fatal: a.Fatal || b.Fatal, Person: a.Person || b.Person,
	}
}

func (r *rounds) applyOptions(p opened) runner.ApplyOptions {
	return runner.ApplyOptions{
		Parallelism: r.args.parallelism,
		Onward:      r.args.rehearse == "",
		Events:      func(e runner.Event) { r.keep(r.view.Event(e, p.Now())) },
		User:        who(r.env, r.args.as),
		Command:     strings.TrimSpace("transition run " + r.args.dir),
	}
}

// round tells how an apply ended, and what it means for the next one.
func (r *rounds) round(ctx context.Context, p opened, result runner.ApplyResult, diags diag.List) runner.Round {
	round := roundOf(result, diags)
	if onlyEnded(ctx, result) {
		round.Failed = false
	} else {
		r.keep(r.view.Result(result, p.Now()))
	}
	return round
}

// onlyEnded reports whether an apply was told to end before it did anything, so that
// nothing of it is to be told.
func onlyEnded(ctx context.Context, result runner.ApplyResult) bool {
	return ctx.Err() != nil && !result.Interrupted && !result.Confirmed
}

// roundOf says what an apply means for the next one. What falls due while the
// plan is wrong is done at its time.
func roundOf(res runner.ApplyResult, diags diag.List) runner.Round {
	p := res.After
	if p == nil {
		p = res.Plan
	}
	wrong := diags.HasErrors() && !res.Busy
	if p == nil {
		return runner.Round{Again: true, Wrong: res.Invalid, Failed: wrong}
	}
	round := runner.Round{Serial: p.Serial, Next: p.Next, Wrong: res.Invalid, Failed: wrong, Person: needsPerson(p) || len(res.Beyond) > 0}
	failed := res.Busy || wrong && len(res.Shut) == 0 // a shut channel is tried again at the next instant
	if failed {
		round.Next = time.Time{}
	}
	// Nothing tells when a command has ended whose runner is gone.
	running := func(w plans.Wait) bool { return w.Kind == plans.WaitRunning }
	round.Again = failed || res.Invalid || !res.Confirmed || p.Burst != nil || slices.ContainsFunc(p.Waiting, running)
	return round
}

func needsPerson(p *plans.Plan) bool { return alarm(p) != nil }

// Serial is that of the recorded state at present.
func (r *rounds) Serial(ctx context.Context) (serial int64, err error) {
	p, diags := runner.Open(r.options())
	defer func() { err = errors.Join(err, p.Close()) }()
	if !diags.HasErrors() {
		diags = p.OpenState(ctx, runner.NeedState, time.Time{})
	}
	if diags.HasErrors() {
		return 0, errors.New(diags.Errors()[0].Summary)
	}
	m, _ := p.Meta()
	return m.Serial, nil
}

// wrong tells what is wrong, unless it was told in the last round.
func (r *rounds) wrong(p opened, l diag.List) {
	var words strings.Builder
	for i := range l {
		words.WriteString(l[i].Code)
		switch l[i].Code {
		case "lease-held", "clock-went-back": // by whom, and by how much, is a detail
		default:
			words.WriteString(l[i].Detail + l[i].Snippet)
		}
	}
	key := words.String()
	if len(l) > 0 && !r.told[key] && !r.telling[key] {
		r.keep(r.view.Diagnostics(l, p.Now()))
	}
	r.telling[key] = true
}

func (r *rounds) keep(err error) {
	if r.failed == nil {
		r.failed = err
	}
}
