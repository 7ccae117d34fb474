package cli

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/runner/clock"
	"transition/schema/diag"
)

type daemonArgs struct {
	dir         string
	approved    autoApprove
	rehearse    string
	speed       float64
	parallelism int
	as          string
	settle      time.Duration
}

// fastest is the greatest -speed: a year in half a minute.
const fastest = 1e6

// settle is how long the plan directory must stand unchanged unless -settle says
// otherwise: longer than exports and copies pause.
const settle = 30 * time.Second

func newRun(env Env, g *globals, hard <-chan struct{}) *cobra.Command {
	var a daemonArgs
	cmd := face{
		use: "run [DIR]", short: "stays, and does what is due when it falls due",
		long: `
Does what time makes due under the adopted plan, which is the one that was
applied last, sleeps until something falls due again, and so on. It takes no
edits of the plan directory: it says what they would change, and leaves that to
apply. With -auto-approve it takes them, too.

It wakes when what the plan is read from has changed, and within a minute when
somebody has said something. What it takes from the plan directory has stood
there unchanged for half a minute, or as long as -settle says: a file that is
being written is half. Until then it goes by the adopted plan. It holds the right to apply only while it applies,
so that people can apply, too. A plan that is wrong is reported once; until it
is right, locks that are due under the adopted plan are given back at their
time, and nothing else is done.

Interrupted once, it begins nothing new, waits for what is running and ends
with 0, with 1 while the plan is wrong, or with 3 if a person is needed or edits
are left; interrupted twice, it stops that too.

With -rehearse it acts in virtual time, -speed times as fast as the clock on
the wall, and ends when nothing more falls due by itself. While the
plan is wrong it waits until somebody has corrected it. It waits for nothing to
settle unless -settle is given.`,
		example: "run\nrun -auto-approve\nrun -auto-approve -rehearse=2012-01-01 -speed=86400 examples/bpos-s",
		exits:   []int{exitPerson},
	}.command(atMost(1, "directory"), func(cmd *cobra.Command, args []string) error {
		a.dir = first(args, ".")
		if a.rehearse != "" && !cmd.Flags().Changed("settle") {
			a.settle = 0
		}
		return a.run(cmd.Context(), hard, env, g)
	})
	f := cmd.Flags()
	a.approved.bind(f, "take edits of the plan as well as what is due, and never ask")
	f.StringVar(&a.rehearse, "rehearse", "", "act as of `INSTANT` and on, in a recorded state of its own that is never real")
	f.Float64Var(&a.speed, "speed", 1, "with -rehearse, let time pass `N` times as fast")
	f.IntVar(&a.parallelism, "parallelism", defaultParallelism, "run up to `N` attempts at once (10 unless given)")
	f.DurationVar(&a.settle, "settle", settle, "take nothing from the plan directory that has not stood there for `DURATION` (30s unless given)")
	f.StringVar(&a.as, "as", "", "record `NAME` as who did it")
	return cmd
}

func (a daemonArgs) check() error {
	switch {
	case a.parallelism < 1:
		return usagef("Write 1 or more.", "-parallelism cannot be %d.", a.parallelism)
	case a.speed != 1 && a.rehearse == "":
		return usagef("Add -rehearse=INSTANT.", "-speed needs a rehearsal: real time has one speed.")
	case !(a.speed > 0 && a.speed <= fastest):
		return usagef("Write a number from 1 to 1000000.", "-speed cannot be %s.", strconv.FormatFloat(a.speed, 'f', -1, 64))
	case a.settle < 0:
		return usagef("Write a duration, as in -settle=2m.", "-settle cannot be %s.", a.settle)
	default:
		return nil
	}
}

func (a daemonArgs) run(ctx context.Context, hard <-chan struct{}, env Env, g *globals) (err error) {
	if err := a.check(); err != nil {
		return err
	}
	g.lines = g.json
	log, done, err := logger(&env)
	if err != nil {
		return err
	}
	r := &rounds{env: env, g: g, args: a, hard: hard, log: log, clock: env.Clock}
	if a.rehearse != "" {
		if err := r.rehearse(); err != nil {
			return errors.Join(err, done())
		}
	}
	r.view = r.newView()
	w := runner.Watch(r.options(), a.settle, r.unsettled)
	r.settled = w.Settled
	d := runner.Daemon{
		Rounds: r, Edits: w, Clock: r.clock, Finite: a.rehearse != "",
		Tick: time.Duration(float64(time.Minute) * a.speed),
	}
	last := d.Run(ctx)
	return errors.Join(r.ended(last), w.Close(), done())
}

// newView is how a daemon tells what it does.
func (r *rounds) newView() daemonView {
	if r.g.json {
		return view.NewDaemonJSON(r.env.Stdout, r.env.Build.Version, r.env.Clock.Now)
	}
	return view.NewDaemon(r.env.Stdout, r.env.Stderr, r.env.screen(Stdout, r.g), r.env.screen(Stderr, r.g))
}

// rehearse makes the clock one that begins at the instant of -rehearse. What is
// wrong with the plan directory is told by the first apply.
func (r *rounds) rehearse() error {
	return withDirectory(r.env, r.g, r.args.dir, func(p opened, _ diag.List) error {
		at, err := p.instant(r.args.rehearse)
		if err == nil {
			r.clock, r.next = clock.Fast(r.env.Clock, at, r.args.speed), at
		}
		return err
	})
}

func (r *rounds) options() runner.Options {
	return runner.Options{
		Dir: r.args.dir, Vars: r.g.vars, VarFiles: r.g.varFiles, Interrupt: r.g.interrupt, Environ: r.env.Environ, State: r.g.state,
		Log: r.log, Clock: r.env.Clock, Actions: r.env.Actions, Keeper: r.env.Keeper, Version: r.env.Build.Release(),
	}
}

// ended is the exit of the command. Whoever asks a daemon to end gets what he
// asked for: that is no interrupt.
func (r *rounds) ended(last runner.Round) error {
	select {
	case <-r.hard:
		return exit(exitInterrupted)
	default:
	}
	switch {
	case r.failed != nil:
		return r.failed
	case last.Fatal, last.Wrong, last.Failed:
		return drained(exitError)
	case last.Person:
		return drained(exitPerson)
	default:
		return nil
	}
}
