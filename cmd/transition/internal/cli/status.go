package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/runner"
	"transition/schema/addr"
)

type statusArgs struct {
	selector addr.Selector
	selected bool
	now      string
	statuses []string
	missed   bool
	locks    bool
}

func newStatus(env Env, g *globals) *cobra.Command {
	var a statusArgs
	cmd := face{
		use: "status [SELECTOR]", short: "shows where the tenants are",
		long: `
Without a selector or a filter: how many tenants are in which phase and status,
how far each batch is, and who is worst. With one: the tenants, one a line,
however many they are. A selector that covers nobody is an error.

The column "held" counts tenants that the other columns count as well.

While the plan directory is wrong, it shows where the tenants stand by the plan
that was applied last, and ends with 1.`,
		example: "status\nstatus batch.wave1\nstatus -status=Error,Warning\nstatus -locks",
		exits:   []int{exitPerson},
	}.command(atMost(1, "selector"), func(cmd *cobra.Command, args []string) (err error) {
		a.selected = len(args) > 0
		if a.selector, err = selector(args); err != nil {
			return err
		}
		return runStatus(cmd.Context(), env, g, a)
	})
	f := cmd.Flags()
	f.StringVar(&a.now, "now", "", "look at the plan as of `INSTANT`")
	f.StringSliceVar(&a.statuses, "status", nil, "list tenants with `STATUS`, or with several: Error,Warning,Pending,InProgress,Complete")
	f.BoolVar(&a.missed, "missed", false, "list tenants that missed something")
	f.BoolVar(&a.locks, "locks", false, "list the locks that are held")
	return cmd
}

// filter reads the statuses of -status.
func (a statusArgs) filter() (view.Filter, error) {
	f := view.Filter{Missed: a.missed, Locks: a.locks, Selected: a.selected}
	for _, word := range a.statuses {
		status, err := parseStatus(word)
		if err != nil {
			return f, err
		}
		f.Statuses = append(f.Statuses, status)
	}
	return f, nil
}

func parseStatus(word string) (plans.PhaseStatus, error) {
	var names []string
	for _, s := range plans.Statuses() {
		if strings.EqualFold(s.String(), word) {
			return s, nil
		}
		names = append(names, s.String())
	}
	hint := didYouMean("-status=", word, names)
	if hint == "" {
		hint = "Write one of " + strings.Join(names, ", ") + "."
	}
	return 0, usagef(hint, "There is no status %q.", word)
}

// statusView shows tenants as they come.
type statusView interface {
	Add(*plans.TenantStatus)
	Close() error
}

func runStatus(ctx context.Context, env Env, g *globals, a statusArgs) error {
	filter, err := a.filter()
	if err != nil {
		return err
	}
	return standing(ctx, env, g, runner.NeedNone, a.now, func(p opened) error {
		v := a.view(p, g, filter)
		alarms := 0
		diags := p.Status(ctx, a.selector, func(t *plans.TenantStatus) {
			if !filter.Passes(t) {
				return
			}
			if alarming(t) {
				alarms++
			}
			v.Add(t)
		})
		if diags.HasErrors() {
			return report(p.env, g, diags)
		}
		if err := v.Close(); err != nil {
			return err
		}
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if alarms > 0 {
			return exit(exitPerson)
		}
		return nil
	})
}

func (a statusArgs) view(p opened, g *globals, filter view.Filter) statusView {
	screen := p.env.screen(Stdout, g)
	switch {
	case g.json:
		return view.NewStatusJSON(p.env.Stdout, p.Now(), p.wrong)
	case filter.Active(), a.selected:
		return view.NewStatusList(p.env.Stdout, screen, p.Now(), p.Config.Zone, filter, p.rehearsal())
	default:
		return view.NewStatus(p.env.Stdout, screen, p.Config, p.Now(), p.rehearsal())
	}
}
