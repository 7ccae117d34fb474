package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema/diag"
)

func newState(env Env, g *globals) *cobra.Command {
	cmd := face{
		use: "state", short: "looks after the recorded state",
		example: "state list\nstate verify\nstate backup",
	}.command(noSubcommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() })
	cmd.AddCommand(newStateList(env, g), newStateShow(env, g), newStateVerify(env, g), newStateUnlock(env, g),
		newStateBackup(env, g), newStateRestore(env, g), newStatePush(env, g))
	return cmd
}

func newStateList(env Env, g *globals) *cobra.Command {
	return face{
		use: "list", short: "lists the recorded tenants", example: "state list",
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runStateList(cmd.Context(), env, g)
	})
}

// recorded opens the recorded state to read what is in it, for which no plan is needed:
// where the plan directory is wrong that is said, and the secrets of the plan that was
// applied last are kept out of sight.
func recorded(ctx context.Context, env Env, g *globals, use func(opened) error) error {
	return withDirectory(env, g, ".", func(p opened, diags diag.List) error {
		state := p.OpenState(ctx, runner.NeedState, time.Time{})
		if _, ok := p.Meta(); !diags.HasErrors() || state.HasErrors() || !ok {
			if err := report(p.env, g, append(diags, state...)); err != nil {
				return err
			}
			return use(p)
		}
		q, flush := p.instead(ctx)
		if q.kept == nil {
			q = p
		}
		return errors.Join(report(q.env, g, append(state, planless())), use(q), flush())
	})
}

func planless() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "plan-invalid", Summary: "The plan is invalid",
		Detail: "What is recorded can be read all the same.", Hint: "See what is wrong with: transition validate",
	}
}

// recordView shows records as they come.
type recordView interface {
	Add(*ledger.Record)
	Close() error
}

func runStateList(ctx context.Context, env Env, g *globals) error {
	return recorded(ctx, env, g, func(p opened) error {
		var v recordView = view.NewRecords(p.env.Stdout, p.env.screen(Stdout, g))
		if g.json {
			m, _ := p.Meta()
			v = view.NewRecordsJSON(p.env.Stdout, m)
		}
		if diags := p.Records(ctx, v.Add); diags.HasErrors() {
			return report(p.env, g, diags)
		}
		return v.Close()
	})
}

func newStateShow(env Env, g *globals) *cobra.Command {
	return face{
		use: "show TENANT", short: "shows what is recorded of a tenant", example: "state show contoso",
	}.command(exactlyOne("a tenant"), func(cmd *cobra.Command, args []string) error {
		return runStateShow(cmd.Context(), env, g, args[0])
	})
}

func runStateShow(ctx context.Context, env Env, g *globals, tenant string) error {
	return recorded(ctx, env, g, func(p opened) error {
		r, diags := p.Record(ctx, tenant)
		if r == nil && !diags.HasErrors() {
			diags.Add(notRecorded(tenant))
		}
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if !g.json {
			return view.Record(p.env.Stdout, p.env.screen(Stdout, g), r, p.Now(), p.Config.Zone)
		}
		m, _ := p.Meta()
		v := view.NewRecordsJSON(p.env.Stdout, m)
		v.Add(r)
		return v.Close()
	})
}

func notRecorded(tenant string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "not-recorded", Summary: "Nothing is recorded of this tenant",
		Detail: fmt.Sprintf("The recorded state knows no tenant %q.", tenant),
		Hint:   "List the recorded tenants with: transition state list",
	}
}

func newStateVerify(env Env, g *globals) *cobra.Command {
	return face{
		use: "verify", short: "checks that nothing of the history was changed or lost", example: "state verify",
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runStateVerify(cmd.Context(), env, g)
	})
}

func runStateVerify(ctx context.Context, env Env, g *globals) error {
	return recorded(ctx, env, g, func(p opened) error {
		found, diags := p.Verify(ctx)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		var err error
		if g.json {
			err = view.VerifiedJSON(p.env.Stdout, found)
		} else {
			err = view.Verified(p.env.Stdout, p.env.screen(Stdout, g), found)
		}
		if err == nil && len(found.Problems) > 0 {
			return exit(exitError)
		}
		return err
	})
}

func newStateUnlock(env Env, g *globals) *cobra.Command {
	return face{
		use: "unlock", short: "settles what an apply left open whose process is gone",
		long: `
The right to apply ends by itself with the process that had it; nothing needs to
be unlocked for that. This records what became of the attempts that such a
process left running, as the next apply would: mostly, that nobody knows. It
warns of commands that still run, which are settled once they have ended. It
refuses while the process lives. The locks of tenants have nothing to do with it.`,
		example: "state unlock", noJSON: true, exits: []int{exitBusy},
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runStateUnlock(cmd.Context(), env, g)
	})
}

func runStateUnlock(ctx context.Context, env Env, g *globals) error {
	return heard(ctx, env, g, func(p opened) error {
		diags := p.Unlock(ctx)
		if err := report(p.env, g, diags); err != nil {
			if _, held := p.Holder(ctx); held {
				return exit(exitBusy)
			}
			return err
		}
		words := "is settled"
		if len(diags) > 0 { // the rest was refused
			words += ", but for what still runs"
		}
		_, err := fmt.Fprintf(p.env.Stdout, "Nobody applies. What was left open %s: transition status\n", words)
		return err
	})
}
