package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/schema/addr"
	"transition/schema/diag"
)

// word is what every human verb has.
type word struct {
	reason string
	as     string
}

func (w *word) bind(f *pflag.FlagSet) {
	f.StringVar(&w.reason, "reason", "", "keep `TEXT` in the history as the reason (required)")
	f.StringVar(&w.as, "as", "", "record `NAME` as who says it, instead of the user of the system")
}

// given refuses a word without a reason.
func (w *word) given(cmd *cobra.Command) error {
	if w.reason == "" {
		return usagef("Add -reason=TEXT: it is kept in the history for ever.", "%s needs a reason.", cmd.CommandPath())
	}
	return nil
}

// who is the name that goes into the history.
func who(env Env, as string) string {
	if as != "" {
		return as
	}
	return env.User()
}

// say records a verb. args holds the selector; until is an instant, or empty.
func (w word) say(cmd *cobra.Command, env Env, g *globals, args []string, v runner.Verb, until string) error {
	if err := w.given(cmd); err != nil {
		return err
	}
	sel, err := selector(args)
	if err != nil {
		return err
	}
	if err := whole(cmd, v.Kind, sel); err != nil {
		return err
	}
	v.Selector, v.Reason, v.By = sel, w.reason, who(env, w.as)
	return runSay(cmd.Context(), env, g, v, until)
}

// whole refuses items for a verb that is about tenants: said of one item, it would
// be done to all of each tenant.
func whole(cmd *cobra.Command, k runner.VerbKind, sel addr.Selector) error {
	switch k {
	case runner.Hold, runner.Resume, runner.Rollback, runner.Withdraw, runner.Postpone:
	default:
		return nil
	}
	if sel.Phase == "" {
		return nil
	}
	tenants := addr.Selector{Batch: sel.Batch, Tenant: sel.Tenant}
	return usagef(fmt.Sprintf("Write %q for all of it. A single item is answered with resolve, and done again with apply -replace.", tenants),
		"%s is about tenants as a whole; %q names items.", cmd.CommandPath(), sel)
}

func runSay(ctx context.Context, env Env, g *globals, v runner.Verb, until string) error {
	open := heard
	if v.Kind.Plans() {
		open = planned(v.Kind)
	}
	return open(ctx, env, g, func(p opened) (err error) {
		if v.Until, err = p.instant(until); err != nil {
			return err
		}
		if v.Kind == runner.Postpone {
			v.To, v.Until = v.Until, v.To
		}
		if !v.Until.IsZero() && !v.Until.After(p.Now()) {
			return usagef("Give -until a later instant.", "-until lies in the past.")
		}
		result, diags := p.Say(ctx, v)
		return said(p, g, v.Kind, result, diags)
	})
}

// planned is withState for a word from which the plan directory has to work out
// what follows.
func planned(k runner.VerbKind) func(context.Context, Env, *globals, func(opened) error) error {
	return func(ctx context.Context, env Env, g *globals, use func(opened) error) error {
		return withDirectory(env, g, ".", func(p opened, diags diag.List) error {
			if diags.HasErrors() {
				diags.Add(runner.Unplanned(k))
			}
			if err := report(p.env, g, append(diags, p.OpenState(ctx, runner.NeedWrite, time.Time{})...)); err != nil {
				return err
			}
			return use(p)
		})
	}
}

// said tells what came of a word.
func said(p opened, g *globals, k runner.VerbKind, result runner.VerbResult, diags diag.List) error {
	if err := report(p.env, g, diags); err != nil {
		return err
	}
	if g.json {
		return view.VerbJSON(p.env.Stdout, k, result)
	}
	return view.Verb(p.env.Stdout, p.env.screen(Stdout, g), k, result)
}
