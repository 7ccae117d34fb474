package cli

import (
	"context"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/schema/addr"
)

type showArgs struct {
	saved   string // empty: the plan directory
	now     string
	verbose bool
}

func newShow(env Env, g *globals) *cobra.Command {
	var a showArgs
	cmd := face{
		use: "show [SAVED]", short: "shows a saved plan, or what the plan directory holds",
		long: `
With a saved plan: what apply would do with it. Without: the batches with their
dates, the phases with their items, and how many tenants are where.`,
		example: "show\nshow friday.plan",
	}.command(atMost(1, "saved plan"), func(cmd *cobra.Command, args []string) error {
		a.saved = first(args, "")
		if a.saved != "" {
			return showSaved(env, g, a)
		}
		return showOverview(cmd.Context(), env, g, a)
	})
	cmd.Flags().StringVar(&a.now, "now", "", "look at the plan as of `INSTANT`")
	cmd.Flags().BoolVar(&a.verbose, "verbose", false, "list each change however many they are")
	return cmd
}

func showSaved(env Env, g *globals, a showArgs) error {
	saved, diags := readSaved(a.saved)
	if err := report(env, g, diags); err != nil {
		return err
	}
	if g.json {
		return view.PlanJSON(env.Stdout, saved.Plan)
	}
	return view.Plan(env.Stdout, env.screen(Stdout, g), saved.Plan, view.PlanOptions{Verbose: a.verbose, Note: "saved plan"})
}

func showOverview(ctx context.Context, env Env, g *globals, a showArgs) error {
	return look(ctx, env, g, a.now, func(p opened) error {
		v := view.NewOverview(p.env.Stdout, p.env.screen(Stdout, g), p.Config, p.Now())
		diags := p.Status(ctx, addr.Selector{Tenant: "*"}, func(t *plans.TenantStatus) { v.Add(t) })
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if g.json {
			return v.JSON()
		}
		return v.Close()
	})
}
