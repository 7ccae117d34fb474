package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/schema/diag"
)

func newValidate(env Env, g *globals) *cobra.Command {
	return face{
		use: "validate [DIR]", short: "finds all that can be wrong without looking at the state",
		long: `
Checks the plan files and the inventories, and does the plan's arithmetic: it
resolves every date of every batch and says what cannot come out. It runs no
command, opens no connection, and reads nothing outside the directory.`,
		example: "validate\nvalidate -json examples/bpos-s",
	}.command(atMost(1, "directory"), func(cmd *cobra.Command, args []string) error {
		return runValidate(cmd.Context(), env, g, first(args, "."))
	})
}

func runValidate(ctx context.Context, env Env, g *globals, dir string) error {
	log, done, err := logger(env)
	if err != nil {
		return err
	}
	p, diags := runner.Open(runner.Options{
		Dir: dir, Vars: g.vars, VarFiles: g.varFiles, Environ: env.Environ,
		Log: log, Clock: env.Clock, Version: env.Build.Release(),
	})
	if !diags.HasErrors() {
		diags = append(diags, p.Validate()...)
	}
	env, flush := env.redacted(p.Config.Secrets)
	err = showValidation(env, g, diags)
	return errors.Join(err, flush(), p.Close(), done())
}

func showValidation(env Env, g *globals, diags diag.List) error {
	var err error
	if g.json {
		err = view.ValidationJSON(env.Stdout, diags)
	} else {
		err = errors.Join(
			view.Diagnostics(env.Stderr, env.screen(Stderr, g), diags),
			view.Validation(env.Stdout, env.screen(Stdout, g), diags))
	}
	if err == nil && diags.HasErrors() {
		return exit(exitError)
	}
	return err
}
