package cli

import (
	"context"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/schema/addr"
)

func newRender(env Env, g *globals) *cobra.Command {
	var now string
	cmd := face{
		use: "render ADDRESS", short: "shows a message exactly as it would be sent",
		long: `
One message for each recipient, with its headers. Into a file or pipe it goes byte
for byte. A message on an event, TENANT/on/NAME, is shown while it is due.`,
		example: "render contoso/PrimaryPrep/first_notice",
	}.command(exactlyOne("an address"), func(cmd *cobra.Command, args []string) error {
		a, err := addr.Parse(args[0])
		if err == nil && a.Item == "" {
			return usagef("Write TENANT/PHASE/ITEM.", "%q names no communication.", args[0])
		}
		if err != nil {
			return usagef("More about addresses: transition help addresses", "%v", err)
		}
		return runRender(cmd.Context(), env, g, a, now)
	})
	cmd.Flags().StringVar(&now, "now", "", "render the message as of `INSTANT`")
	return cmd
}

func runRender(ctx context.Context, env Env, g *globals, a addr.Address, now string) error {
	return look(ctx, env, g, now, func(p opened) error {
		messages, diags := p.Render(ctx, a)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if g.json {
			return view.MessagesJSON(p.env.Stdout, a.String(), messages)
		}
		return view.Messages(p.env.Stdout, p.env.screen(Stdout, g), p.env.IsTerminal(Stdout), messages)
	})
}
