package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newApprove(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "approve SELECTOR", short: "answers an approval with yes",
		long:    "Says yes to every open approval that the selector covers. What waits for it goes on with the next apply.",
		example: "approve contoso/Approval/go -reason=\"signed on Monday\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Approve}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
