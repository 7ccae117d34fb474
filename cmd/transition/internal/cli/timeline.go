package cli

import (
	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/plans/timeline"
)

func newTimeline(env Env, g *globals) *cobra.Command {
	return face{
		use: "timeline [DIR]", short: "shows every resolved date of every batch",
		long:    "Local time, zone and UTC of everything that the plan sets for each batch that has a date, in order.",
		example: "timeline\ntimeline -json examples/bpos-s",
	}.command(atMost(1, "directory"), func(_ *cobra.Command, args []string) error {
		return runTimeline(env, g, first(args, "."))
	})
}

func runTimeline(env Env, g *globals, dir string) error {
	return withProject(env, g, dir, func(p opened) error {
		var entries []timeline.Entry
		for _, b := range p.Config.Batches {
			entries = append(entries, timeline.Entries(p.Config, b)...)
		}
		if g.json {
			return view.TimelineJSON(p.env.Stdout, entries)
		}
		return view.Timeline(p.env.Stdout, p.env.screen(Stdout, g), entries, p.Now())
	})
}
