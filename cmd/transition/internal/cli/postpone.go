package cli

import (
	"github.com/spf13/cobra"

	"transition/runner"
)

func newPostpone(env Env, g *globals) *cobra.Command {
	var w word
	var to string
	cmd := face{
		use: "postpone TENANT", short: "gives a tenant a later date at its own wish",
		long: `
Records that the tenant asks for a later T, within what the plan's postpone block
allows. The next plan shows what follows, and apply does it: who was told the old
date is told the new one, and a lock that would be too early is given back.`,
		example: "postpone contoso -to=\"2012-04-13 18:00\" -reason=\"end of the quarter\"",
	}.command(exactlyOne("a tenant"), func(cmd *cobra.Command, args []string) error {
		if to == "" {
			return usagef("Add -to=INSTANT, the new T.", "%s needs a new date.", cmd.CommandPath())
		}
		return w.say(cmd, env, g, args, runner.Verb{Kind: runner.Postpone}, to)
	})
	w.bind(cmd.Flags())
	cmd.Flags().StringVar(&to, "to", "", "the new T is `INSTANT` (required)")
	return cmd
}
