package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"transition/runner"
)

func newBreaker(env Env, g *globals) *cobra.Command {
	cmd := face{
		use: "breaker", short: "lets a batch go on that has stopped after too many errors",
		example: "breaker reset wave1 -reason=\"the disk is replaced\"",
	}.command(noSubcommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() })
	cmd.AddCommand(newBreakerReset(env, g))
	return cmd
}

func newBreakerReset(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "reset BATCH", short: "closes the open breaker of a batch",
		long: `
A breaker opens when more attempts of a batch have ended in Error than the plan
allows. Until this is said, nothing new begins for any tenant of the batch; what
has begun goes on, and locks are released. The errors themselves are dealt with by
resolve. From here on attempts are counted anew. An apply that is running hears it.`,
		example: "breaker reset wave1 -reason=\"the disk is replaced\"",
	}.command(exactlyOne("a batch"), func(cmd *cobra.Command, args []string) error {
		if err := w.given(cmd); err != nil {
			return err
		}
		return runBreakerReset(cmd.Context(), env, g, strings.TrimPrefix(args[0], "batch."), w)
	})
	w.bind(cmd.Flags())
	return cmd
}

func runBreakerReset(ctx context.Context, env Env, g *globals, batch string, w word) error {
	return planned(runner.ResetBreaker)(ctx, env, g, func(p opened) error {
		result, diags := p.ResetBreaker(ctx, batch, w.reason, who(env, w.as))
		return said(p, g, runner.ResetBreaker, result, diags)
	})
}
