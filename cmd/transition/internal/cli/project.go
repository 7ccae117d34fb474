package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/runner"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// opened is a plan directory that a command works on.
type opened struct {
	*runner.Project
	// env is the world in which the plan's secrets are never shown.
	env Env
	// kept is the plan that it is, if that is one that the state keeps; nil: it is
	// what lies in the directory.
	kept *runner.Adopted
	// wrong is what is wrong with the directory, where a plan that is kept stands in
	// for it.
	wrong diag.List
}

// under is a plan that the state keeps in the place of the plan directory, in a
// world in which the secrets of neither are shown. Call flush when it is done with.
func (p opened) under(a *runner.Adopted) (kept opened, flush func() error) {
	env, flush := p.env.redacted(a.Config.Secrets)
	return opened{Project: a.Project, env: env, kept: a}, flush
}

// withProject is withDirectory for what needs a plan that is right: mistakes end
// the command before use is called; warnings are told.
func withProject(env Env, g *globals, dir string, use func(opened) error) error {
	return withDirectory(env, g, dir, func(p opened, diags diag.List) error {
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		return use(p)
	})
}

// withDirectory opens a plan directory, runs use with what is wrong with it, and
// closes it.
func withDirectory(env Env, g *globals, dir string, use func(opened, diag.List) error) error {
	log, done, err := logger(&env)
	if err != nil {
		return err
	}
	p, diags := runner.Open(runner.Options{
		Dir: dir, Vars: g.vars, VarFiles: g.varFiles, Interrupt: g.interrupt, Environ: env.Environ, State: g.state,
		Log: log, Clock: env.Clock, Actions: env.Actions, Keeper: env.Keeper, Version: env.Build.Release(),
	})
	env, flush := env.redacted(p.Config.Secrets)
	err = use(opened{Project: p, env: env}, diags)
	if flushed := flush(); err == nil {
		err = flushed
	}
	// What the command has said stands, whatever closing says.
	return errors.Join(err, p.Close(), done())
}

// withState is withProject with the recorded state opened, as of an instant:
// RFC 3339 or local, empty for the present.
func withState(ctx context.Context, env Env, g *globals, dir string, need runner.Need, instant string, use func(opened) error) error {
	return withProject(env, g, dir, func(p opened) error {
		at, err := p.instant(instant)
		if err != nil {
			return err
		}
		if err := report(p.env, g, p.OpenState(ctx, need, at)); err != nil {
			return err
		}
		return use(p)
	})
}

// look is withState to read the plan here, with or without a recorded state; it
// says so when there is none.
func look(ctx context.Context, env Env, g *globals, instant string, use func(opened) error) error {
	return withState(ctx, env, g, ".", runner.NeedNone, instant, func(p opened) error { return p.looked(g, use) })
}

// standing is look for where tenants stand, which somebody must see also while the
// plan directory is wrong: locks may be held. Then the mistakes are told, the
// state is read by the plan that was applied last, whole or in part, and the
// command ends with 1. With -json it is for use to tell them, since stdout holds
// one document.
func standing(ctx context.Context, env Env, g *globals, need runner.Need, instant string, use func(opened) error) error {
	return withDirectory(env, g, ".", func(p opened, diags diag.List) error {
		at, err := p.instant(instant)
		if err != nil {
			return err
		}
		if !diags.HasErrors() {
			diags = append(diags, p.Read().Errors()...)
		}
		state := p.OpenState(ctx, need, at)
		if diags.HasErrors() && !state.HasErrors() {
			if q, flush := p.instead(ctx); q.kept != nil {
				q.wrong = append(diags, q.kept.ReadBy())
				told := error(exit(exitError))
				if !g.json {
					told = report(q.env, g, q.wrong)
				}
				return errors.Join(told, use(q), flush())
			}
		}
		if err := report(p.env, g, append(diags, state...)); err != nil {
			return err
		}
		return p.looked(g, use)
	})
}

// heard is withState for what is recorded by the plan that was applied last also while
// the plan directory is wrong: a person's word, and what became of attempts.
func heard(ctx context.Context, env Env, g *globals, use func(opened) error) error {
	return withDirectory(env, g, ".", func(p opened, diags diag.List) error {
		state := p.OpenState(ctx, runner.NeedWrite, time.Time{})
		if diags.HasErrors() && !state.HasErrors() {
			if q, flush := p.instead(ctx); q.kept != nil {
				return errors.Join(report(q.env, g, diag.List{q.kept.HeardBy()}), use(q), flush())
			}
		}
		if err := report(p.env, g, append(diags, state...)); err != nil {
			return err
		}
		return use(p)
	})
}

// instead is the plan that was applied last, whole or in part, for a directory that
// is wrong; kept is nil if there is none.
func (p opened) instead(ctx context.Context) (kept opened, flush func() error) {
	all, _ := p.Kept(ctx)
	if len(all) == 0 {
		return opened{}, func() error { return nil }
	}
	return p.under(all[len(all)-1])
}

// looked runs use, and says so when nothing is recorded yet.
func (p opened) looked(g *globals, use func(opened) error) error {
	if _, ok := p.Meta(); !ok && !g.json {
		const note = "Nothing is recorded yet, so everything is new. To create the recorded state: transition init"
		if _, err := fmt.Fprintln(p.env.Stderr, note); err != nil {
			return err
		}
	}
	return use(p)
}

// instant reads what the user wrote in the plan's zone; the zero time for nothing.
func (p opened) instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, _, err := toffset.ParseInstant(text, p.Config.Zone)
	if err != nil {
		return time.Time{}, usagef("More about instants: transition help instants", "%v", err)
	}
	return at, nil
}

// rehearsal is "rehearsal" when the recorded state is one, or will be, else
// nothing.
func (p opened) rehearsal() string {
	if m, _ := p.Meta(); m.Kind == store.Rehearsal {
		return string(m.Kind)
	}
	return ""
}

// noReturn reports whether the plan has a point of no return.
func (p opened) noReturn() bool {
	return slices.ContainsFunc(p.Config.Phases, func(ph *schema.Phase) bool { return ph.PointOfNoReturn })
}

// planOptions say how a plan of this directory is shown.
func (p opened) planOptions(summary, verbose bool) view.PlanOptions {
	return view.PlanOptions{Summary: summary, Verbose: verbose, Note: p.note(), NoReturn: p.noReturn()}
}

// note is what the header of a plan says of the state and the plan directory.
func (p opened) note() string {
	var parts []string
	if words := p.rehearsal(); words != "" {
		parts = append(parts, words)
	}
	switch m, ok := p.Meta(); {
	case !ok:
		parts = append(parts, "no recorded state yet, so everything is new")
	case p.kept != nil:
		parts = append(parts, p.kept.Name())
	case len(m.Adopted) < 4:
	case hex.EncodeToString(p.Config.Digest[:]) == m.Adopted:
		parts = append(parts, "plan unchanged since "+m.Adopted[:4])
	default:
		parts = append(parts, "plan changed since "+m.Adopted[:4])
	}
	return strings.Join(parts, " · ")
}

// selector reads the selector of an argument; "*" without one.
func selector(args []string) (addr.Selector, error) {
	sel, err := addr.ParseSelector(first(args, "*"))
	if err != nil {
		return sel, usagef("More about selectors: transition help addresses", "%v", err)
	}
	return sel, nil
}

// alarm is the exit that a plan's waiting asks for.
func alarm(p *plans.Plan) error {
	for i := range p.Waiting {
		if p.Waiting[i].Kind.Alarming() {
			return exit(exitPerson)
		}
	}
	return nil
}

// alarming reports whether a tenant makes status and why end with 3.
func alarming(t *plans.TenantStatus) bool {
	if t.Status == plans.Error || t.Stopped != nil {
		return true
	}
	for i := range t.Locks {
		if t.Locks[i].Alarming() {
			return true
		}
	}
	return false
}
