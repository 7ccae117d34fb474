package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/runner"
	"transition/schema/diag"
)

type planArgs struct {
	dir      string
	out      string
	now      string
	detailed bool
	markdown bool
	summary  bool
	verbose  bool
	choice   choiceArgs
}

func newPlan(env Env, g *globals) *cobra.Command {
	var a planArgs
	cmd := face{
		use: "plan [DIR]", short: "shows what apply would do now",
		long: `
Compares the plan directory with the recorded state and lists what is due, who
waits for a person, and what comes later. It writes nothing, has no effect and
takes no lock. Without a recorded state everything is new. For a plan that is
wrong, it says which locks are due under the one that was applied last, or how
many are held.

Above 50 changes they are grouped; -verbose lists each of them.
` + choiceHelp,
		example: "plan\nplan -out=friday.plan\nplan -now=\"2012-03-23 18:00\" -detailed-exitcode\nplan -target=batch.wave1 -exclude='*/Remind/*'",
		exits:   []int{exitChanges},
	}.command(atMost(1, "directory"), func(cmd *cobra.Command, args []string) error {
		a.dir = first(args, ".")
		return runPlan(cmd.Context(), env, g, a)
	})
	f := cmd.Flags()
	f.StringVar(&a.out, "out", "", "save the plan in `FILE`, for apply")
	f.StringVar(&a.now, "now", "", "look at the plan as of `INSTANT`")
	f.BoolVar(&a.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
	f.BoolVar(&a.markdown, "markdown", false, "print Markdown for a pull request, at most 60,000 bytes")
	f.BoolVar(&a.summary, "summary", false, "group changes however few they are")
	f.BoolVar(&a.verbose, "verbose", false, "list each change however many they are")
	a.choice.bind(f)
	return cmd
}

func runPlan(ctx context.Context, env Env, g *globals, a planArgs) error {
	switch {
	case a.markdown && g.json:
		return usagef("Choose one of them.", "-markdown and -json exclude each other.")
	case a.summary && a.verbose:
		return usagef("Choose one of them.", "-summary and -verbose exclude each other.")
	}
	choice, err := a.choice.choice()
	if err != nil {
		return err
	}
	if err := report(env, g, checkOut(a.out)); err != nil {
		return err
	}
	return withDirectory(env, g, a.dir, func(p opened, diags diag.List) error {
		at, err := p.instant(a.now)
		if err != nil {
			return err
		}
		state := p.OpenState(ctx, runner.NeedNone, at)
		if diags.HasErrors() && !state.HasErrors() {
			state = p.DueLocks(ctx)
		}
		if err := report(p.env, g, append(diags, state...)); err != nil {
			return err
		}
		plan, diags := p.Choose(ctx, choice)
		if !g.json || diags.HasErrors() {
			if err := report(p.env, g, diags); err != nil {
				return err
			}
		}
		if err := showAndSave(p, g, a, plan); err != nil {
			return err
		}
		if a.detailed && len(plan.Changes) > 0 {
			return exit(exitChanges)
		}
		return nil
	})
}

// showAndSave saves first, so that stdout holds one document with -json also
// when that fails, and says last what to do with the file.
func showAndSave(p opened, g *globals, a planArgs, plan *plans.Plan) error {
	if a.out == "" {
		return showPlan(p, g, a, plan)
	}
	if err := report(p.env, g, savePlan(p, a.out, plan)); err != nil {
		return err
	}
	if err := showPlan(p, g, a, plan); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.env.Stderr, "Saved in %[1]s. To do exactly this: transition apply %[1]s\n", a.out)
	return err
}

func showPlan(p opened, g *globals, a planArgs, plan *plans.Plan) error {
	switch {
	case g.json:
		return view.PlanJSON(p.env.Stdout, plan)
	case a.markdown:
		return view.PlanMarkdown(p.env.Stdout, plan, p.planOptions(false, false))
	default:
		return view.Plan(p.env.Stdout, p.env.screen(Stdout, g), plan, p.planOptions(a.summary, a.verbose))
	}
}
