package cli

import (
	"context"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
)

func newNext(env Env, g *globals) *cobra.Command {
	var now string
	cmd := face{
		use: "next", short: "shows when anything falls due next",
		long: `
While the plan directory is wrong, it looks by the plan that was applied last, and
ends with 1. Of what falls due then, only locks are given back.`,
		example: "next\nnext -json",
		exits:   []int{exitPerson},
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runNext(cmd.Context(), env, g, now)
	})
	cmd.Flags().StringVar(&now, "now", "", "look at the plan as of `INSTANT`")
	return cmd
}

func runNext(ctx context.Context, env Env, g *globals, now string) error {
	return standing(ctx, env, g, runner.NeedNone, now, func(p opened) error {
		plan, diags := p.Plan(ctx)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		var err error
		if g.json {
			err = view.NextJSON(p.env.Stdout, plan, p.wrong)
		} else {
			err = view.Next(p.env.Stdout, p.env.screen(Stdout, g), plan, p.rehearsal())
		}
		if err != nil {
			return err
		}
		return alarm(plan)
	})
}
