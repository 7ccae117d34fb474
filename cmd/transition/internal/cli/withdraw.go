package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newWithdraw(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "withdraw TENANT", short: "takes a tenant out of the transition",
		long: `
Records that the tenant leaves. The next plan shows it, and apply does it: work is
undone in reverse order, locks are given back, and who was told a date is told
that it does not hold. It stays out, though the inventory still has it, until
resume. Where many leave, take their rows out of the inventory.`,
		example: "withdraw contoso -reason=\"the contract has ended\"",
	}.command(exactlyOne("a tenant"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Withdraw}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
