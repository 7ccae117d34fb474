package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newHold(env Env, g *globals) *cobra.Command {
	var w word
	var until string
	cmd := face{
		use: "hold SELECTOR", short: "stops tenants from going on",
		long: `
The tenants begin nothing new until resume, or until an instant. What runs goes
on, and locks are released as planned.`,
		example: "hold contoso -reason=\"the contract is not signed\"\n" +
			"hold batch.wave1 -until=2012-04-02 -reason=\"end of the quarter\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Hold}, until)
	})
	w.bind(cmd.Flags())
	cmd.Flags().StringVar(&until, "until", "", "hold until `INSTANT` instead of until resume")
	return cmd
}
