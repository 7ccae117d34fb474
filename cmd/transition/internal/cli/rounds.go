package cli

import (
	"context"
	"errors"
	"io"
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

	begun  bool      // a round has come as far as the state
	next   time.Time // when something falls due; zero: never
	told   string    // what was wrong in the last round
	failed error     // the first error of the view: nobody listens any more
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
	p, diags := runner.Open(r.options())
	env, flush := r.env.redacted(p.Config.Secrets)
	r.view.Round(env.Stdout, env.Stderr, p.Config.Zone)
	round := r.on(ctx, p, diags)
	r.keep(flush())
	if err := p.Close(); err != nil {
		r.log.Warn("not closed", "error", err)
	}
	round.Fatal = round.Fatal || r.failed != nil
	if !round.Again {
		r.next = round.Next
	}
	return round
}

// on applies an opened project.
func (r *rounds) on(ctx context.Context, p *runner.Project, diags diag.List) runner.Round {
	if diags.HasErrors() {
		r.wrong(p, diags)
		return runner.Round{Again: true}
	}
	if l := p.OpenState(context.WithoutCancel(ctx), r.need(), r.instant()); l.HasErrors() {
		r.wrong(p, l)
		return runner.Round{Again: true, Fatal: !r.begun}
	}
	r.begun = true
	result, more := p.Apply(ctx, runner.ApplyOptions{
		Parallelism: r.args.parallelism,
		Onward:      r.args.rehearse == "",
		Events:      func(e runner.Event) { r.keep(r.view.Event(e, p.Now())) },
		User:        who(r.env, r.args.as),
		Command:     strings.TrimSpace("transition run " + r.args.dir),
	}, r.hard)
	if ctx.Err() == nil || result.Interrupted {
		r.wrong(p, append(diags, more...))
		r.keep(r.view.Result(result, p.Now()))
	}
	return roundOf(result, more)
}

// roundOf says what an apply means for the next one.
func roundOf(res runner.ApplyResult, diags diag.List) runner.Round {
	p := res.After
	if p == nil {
		p = res.Plan
	}
	if p == nil || res.Busy || diags.HasErrors() {
		return runner.Round{Again: true, Person: p != nil && needsPerson(p)}
	}
	return runner.Round{Serial: p.Serial, Next: p.Next, Person: needsPerson(p)}
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

// wrong tells what is wrong, unless that was told already and has not changed.
func (r *rounds) wrong(p *runner.Project, l diag.List) {
	var words strings.Builder
	for i := range l {
		words.WriteString(l[i].Code)
		if l[i].Code != "lease-held" { // by whom and since when is a detail
			words.WriteString(l[i].Detail + l[i].Snippet)
		}
	}
	if r.told == words.String() {
		return
	}
	r.told = words.String()
	if len(l) > 0 {
		r.keep(r.view.Diagnostics(l, p.Now()))
	}
}

func (r *rounds) keep(err error) {
	if r.failed == nil {
		r.failed = err
	}
}
