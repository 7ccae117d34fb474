package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newApprove(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "approve SELECTOR", short: "answers an approval with yes",
		long: `
Says yes to every open approval that the selector covers. What waits for it goes
on with the next apply.

In a plan with a consent block it also records that a tenant agrees to be moved.
That has an address of its own, and no other selector covers it.`,
		example: "approve contoso/Approval/go -reason=\"signed on Monday\"\napprove contoso/consent/answer -reason=\"their mail of Tuesday\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Approve}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
