package cli

import (
	"context"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/plans/ledger"
	"transition/runner"
)

func newHistory(env Env, g *globals) *cobra.Command {
	return face{
		use: "history TENANT", short: "lists what has happened with a tenant, oldest first",
		long: `
Every fact that was ever recorded of the tenant: effects with their outcomes, and
what people decided and why. What happened under an id that it had before comes
first, with that id in the address.`,
		example: "history northwind\nhistory northwind -json",
	}.command(exactlyOne("a tenant"), func(cmd *cobra.Command, args []string) error {
		return runHistory(cmd.Context(), env, g, args[0])
	})
}

// historyView shows facts as they come.
type historyView interface {
	Add(ledger.Fact)
	Close() error
}

func runHistory(ctx context.Context, env Env, g *globals, tenant string) error {
	return standing(ctx, env, g, runner.NeedState, "", func(p opened) error {
		var v historyView = view.NewHistory(p.env.Stdout, p.env.screen(Stdout, g), tenant, p.Now(), p.Config.Zone)
		if g.json {
			v = view.NewHistoryJSON(p.env.Stdout, tenant, p.wrong)
		}
		if diags := p.History(ctx, tenant, v.Add); diags.HasErrors() {
			return report(p.env, g, diags)
		}
		return v.Close()
	})
}
