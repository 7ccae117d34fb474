package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newReject(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "reject SELECTOR", short: "answers an approval with no",
		long: `
Says no to every open approval that the selector covers. The tenant stays where
it is until somebody resolves the item.

In a plan with a consent block it also records that a tenant does not agree to be
moved. That has an address of its own, and no other selector covers it. Where the
phase that it had agreed to has begun, the tenant leaves with it, as by withdraw.`,
		example: "reject contoso/Approval/go -reason=\"they asked for another quarter\"\nreject contoso/consent/answer -reason=\"not before the audit\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Reject}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
