package cli

import (
	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
)

func newImport(env Env, g *globals) *cobra.Command {
	var w word
	var check bool
	cmd := face{
		use: "import FILE", short: "adopts tenants that are half-way",
		long: `
Records what had happened before this tool came, from a CSV file with one fact a
row: who has a batch, who had which message, what work is done, which locks are
held. Nothing of it is done again, and every lock that is held will be given back.
All rows are recorded, or none. What is recorded already is left as it is.

The first row names the columns:

  tenant      the tenant's id
  item        PHASE/ITEM; empty: the row is about the tenant as a whole
  state       done (unless given), locked, skipped or waived
  at          when it happened
  recipient   of a message: who had it; one row for each
  announced   of a message: the T that it told, if not the one that the tenant has
  batch       of a tenant as a whole: the batch that it is in
  cutover     of a tenant as a whole: its T, if not the batch's
  note        why, or where it can be seen

Whatever is not in the file and is due by now counts as not done: look at plan
before apply.`,
		example: "import facts.csv -check -reason=\"moved over from the spreadsheet\"\n" +
			"import facts.csv -reason=\"moved over from the spreadsheet\"",
	}.command(exactlyOne("a file of facts"), func(cmd *cobra.Command, args []string) error {
		if err := w.given(cmd); err != nil {
			return err
		}
		o := runner.ImportOptions{File: args[0], Check: check, By: who(env, w.as), Reason: w.reason}
		return planned(runner.Import)(cmd.Context(), env, g, func(p opened) error {
			result, diags := p.Import(cmd.Context(), o)
			if err := report(p.env, g, diags); err != nil {
				return err
			}
			if g.json {
				return view.VerbJSON(p.env.Stdout, runner.Import, result)
			}
			return view.Import(p.env.Stdout, p.env.screen(Stdout, g), result, check)
		})
	})
	w.bind(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "say what would be recorded, and record nothing")
	return cmd
}
