// Command transition moves many tenants from one system to another, each at its
// own time: a plan in HCL says what happens when, counted from each tenant's
// cutover, and apply does what is due.
//
// This package is only wiring; package cli is the command line.
package main

import (
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // zones mean the same on a machine that has no zone data

	"golang.org/x/term"

	"transition/cmd/transition/internal/cli"
	"transition/cmd/transition/internal/view"
	"transition/runner/clock"
	"transition/runner/keeper"
)

func main() { os.Exit(run(clock.System())) }

// run is the whole program on a given clock.
func run(c clock.Clock) int {
	// Room for both signals that mean something, so that none is lost.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	// Who reads the output may go away. That must not kill effects that run: with
	// this, writing fails instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if len(os.Args) == 2 && os.Args[1] == keeper.Word {
		keeper.Serve(os.Stdin, os.Stdout, os.Environ())
		return 0
	}
	return cli.Run(cli.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		IsTerminal: isTerminal, Width: width,
		Environ: os.Environ(), Getwd: os.Getwd, Chdir: os.Chdir,
		Clock: c, Signals: signals, User: userName, Build: build(), Keeper: newKeeper(),
	}, os.Args[1:])
}

// newKeeper makes the processes that run commands; nil: this system, which has no
// process groups, has none.
func newKeeper() func() *exec.Cmd {
	self, err := os.Executable()
	switch {
	case runtime.GOOS == "linux":
		self = "/proc/self/exe" // also when another version has taken its place on the disk
	case runtime.GOOS == "windows" || err != nil:
		return nil
	}
	return func() *exec.Cmd {
		cmd := exec.Command(self, keeper.Word)
		cmd.Args[0] = os.Args[0]
		return cmd
	}
}

func isTerminal(s cli.Stream) bool {
	file := os.Stdin
	switch s {
	case cli.Stdin:
	case cli.Stdout:
		file = os.Stdout
	case cli.Stderr:
		file = os.Stderr
	}
	return term.IsTerminal(int(file.Fd()))
}

func width() int {
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// userName is the name of the system's user, for the history.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// build tells which binary this is, from what the Go toolchain stamped into it.
func build() view.Build {
	b := view.Build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Made, _ = time.Parse(time.RFC3339, s.Value)
		}
	}
	return b
}
