package cli

import (
	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
)

func newVersion(env Env, g *globals) *cobra.Command {
	return face{
		use: "version", short: "shows which binary this is", example: "version -json",
	}.command(atMost(0, ""), func(*cobra.Command, []string) error {
		if g.json {
			return view.VersionJSON(env.Stdout, env.Build)
		}
		return view.Version(env.Stdout, env.Build)
	})
}
