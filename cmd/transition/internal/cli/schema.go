package cli

import (
	"github.com/spf13/cobra"

	"transition/schema/spec"
)

func newSchema(env Env) *cobra.Command {
	var markdown bool
	cmd := face{
		use: "schema", short: "describes the plan language for editors and people",
		long:    "Every block and attribute with its type, default and meaning: as JSON, or as the reference in Markdown.",
		example: "schema -json\nschema -markdown",
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		asJSON := cmd.Flags().Lookup("json").Value.String() == "true"
		switch {
		case markdown && asJSON:
			return usagef("Choose one of them.", "-markdown and -json exclude each other.")
		case markdown:
			return spec.Markdown(env.Stdout)
		case asJSON:
			return spec.JSON(env.Stdout)
		default:
			return usagef("Add -json or -markdown.", "transition schema must know the format.")
		}
	})
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the reference in Markdown")
	return cmd
}
