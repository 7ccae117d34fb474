package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/runner"
	"transition/schema/diag"
)

type applyArgs struct {
	target      string // a saved plan or a directory; may be empty
	approved    autoApprove
	wait        bool
	burst       bool
	rehearse    string
	parallelism int
	verbose     bool
	as          string
	choice      choiceArgs
}

// autoApprove is the value of -auto-approve.
type autoApprove string

// What is done without asking.
const (
	approveNothing autoApprove = ""
	approveDue     autoApprove = "due"  // what time made due under the adopted plan
	approveAll     autoApprove = "true" // that, and edits of the plan
)

func (a *autoApprove) String() string { return string(*a) }
func (a *autoApprove) Type() string   { return "bool" }

func (a *autoApprove) Set(word string) error {
	switch word {
	case "true", "due":
		*a = autoApprove(word)
	case "false":
		*a = approveNothing
	default:
		return usagef("Write -auto-approve, or -auto-approve=due.", "The flag -auto-approve cannot be %q.", word)
	}
	return nil
}

// bind makes it a flag.
func (a *autoApprove) bind(f *pflag.FlagSet, usage string) {
	f.Var(a, "auto-approve", usage)
	f.Lookup("auto-approve").NoOptDefVal = string(approveAll)
}

// defaultParallelism is how many attempts run at once.
const defaultParallelism = 10

func newApply(env Env, g *globals, hard <-chan struct{}) *cobra.Command {
	var a applyArgs
	cmd := face{
		use: "apply [SAVED|DIR]", short: "does what is due",
		long: `
Shows the plan and how many effects it has outside, asks, and does it. A saved
plan is done without asking, and refused when it is stale.

What is applied is kept in the recorded state as the adopted plan, with its
inventories. -auto-approve=due, for cron, does what time made due under that
one and takes no edits: if the plan directory would change anything else, it
says what, and ends with 3. While the plan is wrong, apply gives back the locks
that are due under the adopted plan, does nothing else, and ends with 1.

If more than max_due_burst effects fell due long ago and since the last apply,
the clock may be wrong, or nobody may expect them any more. -auto-approve then
only gives back the locks that are due, and ends with 1; -allow-burst does all.

Interrupted once, it begins nothing new and waits for what is running;
interrupted twice, it stops that too and lists what is unknown.
` + choiceHelp,
		example: "apply\napply friday.plan\napply -auto-approve=due\napply -target=contoso\napply -replace=contoso/Pre-Stage/copy_content\napply -rehearse=2012-03-23 -auto-approve examples/bpos-s",
		exits:   []int{exitPerson, exitBusy, exitStale},
	}.command(atMost(1, "saved plan or directory"), func(cmd *cobra.Command, args []string) error {
		a.target = first(args, "")
		return runApply(cmd.Context(), hard, env, g, a)
	})
	f := cmd.Flags()
	a.approved.bind(f, "do not ask; -auto-approve=due: nor take edits of the plan")
	f.BoolVar(&a.wait, "wait", false, "stay until retries, polls and commands of runners that are gone have ended")
	f.BoolVar(&a.burst, "allow-burst", false, "do not ask about much that time has skipped either (max_due_burst)")
	f.StringVar(&a.rehearse, "rehearse", "", "act as of `INSTANT`, in a recorded state of its own that is never real")
	f.IntVar(&a.parallelism, "parallelism", defaultParallelism, "run up to `N` attempts at once (10 unless given)")
	f.BoolVar(&a.verbose, "verbose", false, "list each change however many they are")
	f.StringVar(&a.as, "as", "", "record `NAME` as who did it")
	a.choice.bind(f)
	return cmd
}

func (a applyArgs) check(g *globals) error {
	switch {
	case a.wait && a.rehearse != "":
		return usagef("Rehearse again at the instant of the retry, which next shows.", "-wait does not go with -rehearse: the clock of a rehearsal stands still.")
	case a.parallelism < 1:
		return usagef("Write 1 or more.", "-parallelism cannot be %d.", a.parallelism)
	case g.json && a.approved == approveNothing:
		return usagef("Add -auto-approve.", "-json cannot ask.")
	case a.choice.given() != "" && a.approved == approveDue:
		return usagef("Leave it out, or write -auto-approve.", "%s does not go with -auto-approve=due, which does all that time made due.", a.choice.given())
	default:
		return nil
	}
}

func runApply(ctx context.Context, hard <-chan struct{}, env Env, g *globals, a applyArgs) error {
	if err := a.check(g); err != nil {
		return err
	}
	choice, err := a.choice.choice()
	if err != nil {
		return err
	}
	g.lines = g.json
	dir, saved, err := a.open(env, g)
	if err != nil {
		return err
	}
	if saved != nil && a.approved == approveDue {
		return usagef("Leave it out: a saved plan is done without asking.", "-auto-approve=due does not go with a saved plan, which says itself what is done.")
	}
	if flag := a.choice.given(); flag != "" && saved != nil {
		return usagef("Give it to the plan that is saved: transition plan -out=FILE", "%s does not go with a saved plan, which holds what it was made of.", flag)
	}
	return withDirectory(env, g, dir, func(p opened, diags diag.List) error {
		at, err := p.instant(a.rehearse)
		if err != nil {
			return err
		}
		state := p.OpenState(ctx, a.need(), at)
		return newApplying(p, g, a, saved, choice).start(ctx, hard, diags, state)
	})
}

func (a applyArgs) need() runner.Need {
	if a.rehearse != "" {
		return runner.NeedRehearse
	}
	return runner.NeedWrite
}

// open tells a saved plan from a directory by looking.
func (a applyArgs) open(env Env, g *globals) (dir string, saved *runner.SavedPlan, err error) {
	if a.target == "" {
		return ".", nil, nil
	}
	info, err := os.Stat(a.target)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", nil, report(env, g, diag.List{noTarget(a.target)})
	case err == nil && info.IsDir():
		return a.target, nil, nil
	}
	saved, diags := readSaved(a.target)
	if err := report(env, g, diags); err != nil {
		return "", nil, err
	}
	return saved.Dir, saved, nil
}

func noTarget(name string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "no-such-plan", Summary: "There is no such plan",
		Detail: fmt.Sprintf("There is neither a saved plan nor a directory at %q.", name),
		Hint:   "Name a file that transition plan -out=FILE has written, or the directory of a plan.",
	}
}

// applyView tells an apply as it goes.
type applyView interface {
	Plan(*plans.Plan) error
	Event(runner.Event, machineTime) error
	Tick(machineTime) error
	Result(runner.ApplyResult) error
}

func (a applyArgs) view(p opened, g *globals) applyView {
	if g.json {
		return view.NewApplyJSON(p.env.Stdout, p.env.Build.Version, p.env.Clock.Now)
	}
	return view.NewApply(p.env.Stdout, p.env.screen(Stdout, g), view.ApplyOptions{
		Plan: p.planOptions(false, a.verbose), Talk: p.env.Stderr, Terminal: p.env.IsTerminal(Stderr),
	})
}
