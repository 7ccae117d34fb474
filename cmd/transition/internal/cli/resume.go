package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newResume(env Env, g *globals) *cobra.Command {
	var w word
	cmd := face{
		use: "resume SELECTOR", short: "lets held tenants go on",
		long: `
Ends the hold that a person has put on the tenants. What became due meanwhile is
done by the next apply. Who was withdrawn or rolled back comes again; as long as no
apply has done anything about that, it is as if it had never been said.

It is about tenants as a whole, and takes no PHASE/ITEM.`,
		example: "resume contoso -reason=\"signed\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Resume}, "")
	})
	w.bind(cmd.Flags())
	return cmd
}
