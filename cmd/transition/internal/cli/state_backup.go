package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/schema/diag"
)

func newStateBackup(env Env, g *globals) *cobra.Command {
	var force bool
	cmd := face{
		use: "backup [FILE]", short: "copies the recorded state to a file, and checks the copy",
		long: `
The copy is the state as it is at one moment, also while somebody applies.
Without FILE it lies beside the state and is named after the time. It holds
addresses, and is readable by its owner only. It can be looked into with
-state=FILE; nothing is ever recorded in it: see state restore.`,
		example: "state backup\nstate backup /backup/files.db",
	}.command(atMost(1, "file"), func(cmd *cobra.Command, args []string) error {
		return runStateBackup(cmd.Context(), env, g, first(args, ""), force)
	})
	cmd.Flags().BoolVar(&force, "force", false, "overwrite FILE")
	return cmd
}

func runStateBackup(ctx context.Context, env Env, g *globals, file string, force bool) error {
	return recorded(ctx, env, g, func(p opened) error {
		b, diags := p.Backup(ctx, file, force)
		if err := report(p.env, g, diags); err != nil {
			return err
		}
		if g.json {
			return view.BackedUpJSON(p.env.Stdout, b)
		}
		return view.BackedUp(p.env.Stdout, p.env.screen(Stdout, g), b)
	})
}

type restoreArgs struct {
	file     string // empty: what lies in the place of the state
	accept   bool
	approved bool
	as       string
}

func newStateRestore(env Env, g *globals) *cobra.Command {
	var a restoreArgs
	cmd := face{
		use: "restore [FILE]", short: "puts a backup into the place of the recorded state",
		long: `
It checks the backup first: that it is sound, of this plan's state, and of no
newer version of this program. What is there now is kept beside it. Without FILE
it takes what lies there already, for instance after a copy of files.

A backup does not know what was done after it was made, and an apply would do it
again. Therefore -accept-rollback is needed if anything is missing. Then all that
fell due in the time that is missing is taken for unknown: the next apply does
not do it, and a person says what became of it (resolve -done or -retry).`,
		example: "state restore /backup/files.db\nstate restore /backup/files.db -accept-rollback",
		exits:   []int{exitBusy},
	}.command(atMost(1, "file"), func(cmd *cobra.Command, args []string) error {
		a.file = first(args, "")
		return runStateRestore(cmd.Context(), env, g, a)
	})
	f := cmd.Flags()
	f.BoolVar(&a.accept, "accept-rollback", false, "accept that something is missing, and make it unknown")
	f.BoolVar(&a.approved, "auto-approve", false, "do not ask")
	f.StringVar(&a.as, "as", "", "record `NAME` as who did it")
	return cmd
}

func runStateRestore(ctx context.Context, env Env, g *globals, a restoreArgs) error {
	if g.json && !a.approved {
		return usagef("Add -auto-approve.", "-json cannot ask.")
	}
	return withDirectory(env, g, ".", func(p opened, wrong diag.List) error {
		if wrong.HasErrors() {
			wrong.Add(planWanted())
		}
		if err := report(p.env, g, wrong); err != nil {
			return err
		}
		if !a.approved && (!g.input || p.env.unattended()) {
			return report(p.env, g, diag.List{nobodyRestores()})
		}
		res, diags := p.Restore(ctx, runner.RestoreOptions{
			File: a.file, Accept: a.accept, By: who(p.env, a.as),
			Confirm: func(r runner.Restored) bool { return a.confirm(ctx, p, g, r) },
		})
		if err := report(p.env, g, diags); err != nil {
			if len(diags) > 0 && diags[0].Code == "lease-held" {
				return exit(exitBusy)
			}
			return err
		}
		switch {
		case !res.Confirmed:
			return exit(exitError)
		case g.json:
			return view.RestoredJSON(p.env.Stdout, res)
		default:
			return view.Restored(p.env.Stdout, p.env.screen(Stdout, g), res)
		}
	})
}

func (a restoreArgs) confirm(ctx context.Context, p opened, g *globals, r runner.Restored) bool {
	if a.approved {
		return true
	}
	if err := view.Restoring(p.env.Stdout, p.env.screen(Stdout, g), r, p.Now(), p.Config.Zone); err != nil {
		return false
	}
	return ask(ctx, p.env, fmt.Sprintf("Do you want to replace the state at %s? Only \"yes\" is accepted: ", r.Path))
}

func planWanted() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "not-restored", Summary: "Nothing was restored",
		Detail: "A restoration needs a right plan, which says where the state lies and whose it is.",
		Hint:   "Correct the plan first, or put back the version that was applied last.",
	}
}

func nobodyRestores() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "not-confirmed", Summary: "Nobody is here to confirm",
		Detail: "To replace the recorded state must be confirmed, and there is no terminal to ask at, or asking was forbidden.",
		Hint:   "Add -auto-approve, and -accept-rollback if what the copy lacks is to become unknown.",
	}
}

func newStatePush(env Env, g *globals) *cobra.Command {
	return face{
		use: "push FILE", short: "records outcomes that could not be written when they came",
		long: `
When an apply cannot write to the recorded state any more, as on a full disk, it
writes what has become of the attempts that were running into a file
errored-LINEAGE-SERIAL.json beside the state. This records them, of attempts of
which nobody has said anything meanwhile. It may be repeated.`,
		example: "state push .transition/errored-0d3c6d1e-418.json", exits: []int{exitBusy},
	}.command(exactlyOne("a file"), func(cmd *cobra.Command, args []string) error {
		return runStatePush(cmd.Context(), env, g, args[0])
	})
}

func runStatePush(ctx context.Context, env Env, g *globals, file string) error {
	return heard(ctx, env, g, func(p opened) error {
		res, diags := p.Push(ctx, file)
		if err := report(p.env, g, diags); err != nil {
			if len(diags) > 0 && diags[0].Code == "lease-held" {
				return exit(exitBusy)
			}
			return err
		}
		if g.json {
			return view.VerbJSON(p.env.Stdout, runner.Push, res)
		}
		return view.Verb(p.env.Stdout, p.env.screen(Stdout, g), runner.Push, res)
	})
}
