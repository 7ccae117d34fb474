package cli

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/schema/diag"
)

// Run runs one command line, without the program's name, and returns the exit
// code. It returns only when everything it started has ended.
func Run(env Env, args []string) int {
	ctx, hard, stop := interrupts(env.Signals)
	defer stop()
	g, err := newGlobals(env)
	if err == nil {
		root := newRoot(env, g, hard)
		root.SetArgs(normalise(root, args))
		err = root.ExecuteContext(ctx)
	}
	if err != nil && interrupted(ctx) && !errors.As(err, new(drained)) {
		return exitInterrupted
	}
	complain(env, err)
	return code(err)
}

// complain tells what a command has not told itself.
func complain(env Env, err error) {
	var ended exit
	var usage *usageError
	switch {
	case err == nil, errors.As(err, &ended), errors.Is(err, syscall.EPIPE):
	case errors.As(err, &usage):
		fmt.Fprintf(env.Stderr, "Error: %s\n", usage.problem)
		if usage.hint != "" {
			fmt.Fprintf(env.Stderr, "%s\n", usage.hint)
		}
		fmt.Fprintf(env.Stderr, "For help: %s\n", helpCommand(usage.command))
	default:
		fmt.Fprintf(env.Stderr, "Error: %v\n", err)
	}
}

func helpCommand(command string) string {
	if command == "" {
		return "transition help"
	}
	return "transition help " + command
}

// newRoot makes the whole tree of commands.
func newRoot(env Env, g *globals, hard <-chan struct{}) *cobra.Command {
	root := &cobra.Command{
		Use:               "transition",
		Short:             "Moves many tenants from one system to another, on time",
		Example:           "  $ transition plan\n  $ transition apply",
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              noSubcommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	g.bind(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkJSON(cmd, g); err != nil {
			return named(cmd, err)
		}
		g.interrupt = cmd.Context().Done()
		return g.enter(env)
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(showHelp)
	root.SetHelpCommand(newHelp())
	addCommands(root, env, g, hard)
	root.AddCommand(topics()...)
	nameUsage(root)
	return root
}

// addCommands adds the commands to root, in the groups in which help lists them.
func addCommands(root *cobra.Command, env Env, g *globals, hard <-chan struct{}) {
	add := func(title string, list ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: title, Title: title})
		for _, c := range list {
			c.GroupID = title
		}
		root.AddCommand(list...)
	}
	add("The plan directory", newInit(env, g), newFmt(env, g), newValidate(env, g), newTimeline(env, g))
	add("What is due", newPlan(env, g), newApply(env, g, hard), newRun(env, g, hard), newShow(env, g), newRender(env, g))
	add("Where everybody is", newStatus(env, g), newWhy(env, g), newNext(env, g), newHistory(env, g))
	add("What people decide", newApprove(env, g), newReject(env, g), newResolve(env, g), newHold(env, g), newResume(env, g),
		newRollback(env, g), newWithdraw(env, g), newPostpone(env, g), newBreaker(env, g), newImport(env, g))
	const more = "More"
	add(more, newState(env, g), newDoctor(env, g), newSchema(env), newCompletion(env), newVersion(env, g))
	root.SetHelpCommandGroupID(more)
}

// report tells diagnostics: with -json as a document on stdout when there are
// errors, since no other document follows, and as JSON lines where apply has not
// begun its own; else as text on stderr. Its error
// ends the command when any diagnostic is one.
func report(env Env, g *globals, l diag.List) error {
	if len(l) == 0 {
		return nil
	}
	failed := l.HasErrors()
	var err error
	switch {
	case g.lines && failed:
		err = view.NewApplyJSON(env.Stdout, env.Build.Version, env.Clock.Now).Diagnostics(l)
	case g.json && failed:
		err = view.DiagnosticsJSON(env.Stdout, l)
	default:
		err = view.Diagnostics(env.Stderr, env.screen(Stderr, g), l)
	}
	if err == nil && failed {
		return exit(exitError)
	}
	return err
}
