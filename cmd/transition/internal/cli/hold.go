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
Until resume, or until an instant, the tenants enter no further hard phase, and
begin nothing new in the one that they are in. What runs goes on. Two things a
hold never stops: messages of soft phases still go out, so that nobody is left
without word, and locks are given back as planned.

It is about tenants as a whole, and takes no PHASE/ITEM.`,
		example: "hold contoso -reason=\"the contract is not signed\"\n" +
			"hold batch.wave1 -until=2012-04-02 -reason=\"end of the quarter\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Hold}, until)
	})
	w.bind(cmd.Flags())
	cmd.Flags().StringVar(&until, "until", "", "hold until `INSTANT` instead of until resume")
	return cmd
}
