package cli

import (
	"context"
	"errors"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/schema"
	"transition/schema/diag"
)

func newValidate(env Env, g *globals) *cobra.Command {
	v := validation{env: env, g: g}
	cmd := face{
		use: "validate [DIR]", short: "finds all that can be wrong without looking at the state",
		long: `
Checks the plan files and the inventories, and does the plan's arithmetic: it
resolves every date of every batch and says what cannot come out. It runs no
command, opens no connection, and reads nothing outside the directory.

With -watch it stays, and checks again whenever what the plan is read from has
changed, until it is interrupted. With -json, each check is then one line.`,
		example: "validate\nvalidate -json examples/bpos-s\nvalidate -watch",
	}.command(atMost(1, "directory"), func(cmd *cobra.Command, args []string) error {
		v.dir = first(args, ".")
		if v.watch {
			return v.again(cmd.Context())
		}
		return v.once()
	})
	cmd.Flags().BoolVar(&v.watch, "watch", false, "stay, and check again after every change")
	return cmd
}

// validation is one run of validate.
type validation struct {
	env   Env
	g     *globals
	dir   string
	watch bool
}

func (v validation) once() error {
	log, done, err := logger(&v.env)
	if err != nil {
		return err
	}
	failed := false
	err = v.check(v.options(log), func(env Env, _ *schema.Config, l diag.List) error {
		failed = l.HasErrors()
		return v.show(env, l)
	})
	if err = errors.Join(err, done()); err == nil && failed {
		return exit(exitError)
	}
	return err
}

// again validates, and does so after every change until ctx ends.
func (v validation) again(ctx context.Context) (err error) {
	log, done, err := logger(&v.env)
	if err != nil {
		return err
	}
	o := v.options(log)
	w := runner.Watch(o, 0, nil) // it has no effects: soon is better than whole
	defer func() { err = errors.Join(err, w.Close(), done()) }()
	for {
		if err := v.check(o, v.report); err != nil {
			return err
		}
		if err := w.Wait(ctx); err != nil {
			return err
		}
	}
}

func (v validation) options(log hclog.Logger) runner.Options {
	return runner.Options{
		Dir: v.dir, Vars: v.g.vars, VarFiles: v.g.varFiles, Interrupt: v.g.interrupt, Environ: v.env.Environ,
		Log: log, Clock: v.env.Clock, Version: v.env.Build.Release(),
	}
}

// check validates the plan and has the result told in a world in which the
// plan's secrets are never shown.
func (v validation) check(o runner.Options, tell func(Env, *schema.Config, diag.List) error) error {
	p, diags := runner.Open(o)
	if !diags.HasErrors() {
		diags = append(diags, p.Validate()...)
	}
	env, flush := v.env.redacted(p.Config.Secrets)
	err := tell(env, p.Config, diags)
	return errors.Join(err, flush(), p.Close())
}

func (v validation) show(env Env, l diag.List) error {
	if v.g.json {
		return view.ValidationJSON(env.Stdout, l)
	}
	return errors.Join(
		view.Diagnostics(env.Stderr, env.screen(Stderr, v.g), l),
		view.Validation(env.Stdout, env.screen(Stdout, v.g), l))
}

// report tells one of many validations.
func (v validation) report(env Env, cfg *schema.Config, l diag.List) error {
	if v.g.json {
		return view.ValidationLine(env.Stdout, l)
	}
	return errors.Join(
		view.Diagnostics(env.Stderr, env.screen(Stderr, v.g), l),
		view.ValidationRule(env.Stdout, env.screen(Stdout, v.g), v.env.Clock.Now(), cfg.Zone, l))
}
