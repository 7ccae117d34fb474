package cli

import (
	"context"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
)

func newWhy(env Env, g *globals) *cobra.Command {
	var now string
	cmd := face{
		use: "why TENANT", short: "explains why a tenant does or does not move",
		long: `
Shows where the tenant is, what holds it down to the line of the plan, and how
each of its items stands; while the plan directory is wrong, by the plan that was
applied last.`,
		example: "why northwind",
		exits:   []int{exitPerson},
	}.command(exactlyOne("a tenant"), func(cmd *cobra.Command, args []string) error {
		return runWhy(cmd.Context(), env, g, args[0], now)
	})
	cmd.Flags().StringVar(&now, "now", "", "look at the plan as of `INSTANT`")
	return cmd
}

func runWhy(ctx context.Context, env Env, g *globals, tenant, now string) error {
	return standing(ctx, env, g, runner.NeedNone, now, func(p opened) error {
		t, diags := p.Why(ctx, tenant)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		var err error
		if g.json {
			err = view.WhyJSON(p.env.Stdout, t, p.Now(), p.wrong)
		} else {
			err = view.Why(p.env.Stdout, p.env.screen(Stdout, g), p.Config, t, p.Now(), p.rehearsal())
		}
		if err == nil && alarming(t) {
			return exit(exitPerson)
		}
		return err
	})
}
