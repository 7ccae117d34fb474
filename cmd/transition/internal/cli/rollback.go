package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newRollback(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "rollback SELECTOR", short: "takes tenants back to where they were",
		long: `
Records that the tenants are to go back. The next plan shows it, and apply does
it: what was done is undone in reverse order, locks are given back, and who was told a
date is told that it does not hold. The tenants are then held until resume. Past the
point of no return there is no way back.

It is about tenants as a whole, and takes no PHASE/ITEM.`,
		example: "rollback contoso -reason=\"the backup failed\"\n" +
			"rollback batch.wave1 -reason=\"the new platform is down\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Rollback}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
