package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newReject(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "reject SELECTOR", short: "answers an approval with no",
		long:    "Says no to every open approval that the selector covers. The tenant stays where it is until somebody resolves the item.",
		example: "reject contoso/Approval/go -reason=\"they asked for another quarter\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Reject}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
