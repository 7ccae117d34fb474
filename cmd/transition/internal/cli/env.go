package cli

import (
	"io"
	"os"
	"strings"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/runner/clock"
	"transition/runner/keeper"
)

// Stream is one of the three standard streams.
type Stream uint8

// The streams.
const (
	Stdin Stream = iota
	Stdout
	Stderr
)

// Env is all that a command touches of the world around it. Every field is set
// by main, and by tests.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// IsTerminal tells whether a person sits at the other end of a stream.
	IsTerminal func(Stream) bool
	// Width is the width in characters of the terminal behind Stdout; 0: unknown.
	Width   func() int
	Environ []string // KEY=VALUE; the last of two equal keys counts
	Getwd   func() (string, error)
	Chdir   func(string) error
	Clock   clock.Clock
	// Signals delivers what asks the process to stop.
	Signals <-chan os.Signal
	// User is who gives the command, for the history.
	User  func() string
	Build view.Build
	// Actions has the effects; nil: the real ones.
	Actions *runner.Actions
	// Keeper makes the process that runs commands; see runner.Options.
	Keeper keeper.Program

	log *view.Veil // what the log goes through; nil: there is none
}

// getenv is the value of an environment variable, or "".
func (e Env) getenv(key string) string {
	value := ""
	for _, kv := range e.Environ {
		if k, v, _ := strings.Cut(kv, "="); k == key {
			value = v
		}
	}
	return value
}

// unattended reports whether nobody is there to answer a question.
func (e Env) unattended() bool {
	ci := strings.ToLower(e.getenv("CI"))
	return !e.IsTerminal(Stdin) || !e.IsTerminal(Stderr) || ci != "" && ci != "false" && ci != "0"
}

// screen says what the reader of a stream can see.
func (e Env) screen(s Stream, g *globals) view.Screen {
	if !e.IsTerminal(s) {
		return view.Screen{}
	}
	plain := g.noColor || e.getenv("NO_COLOR") != "" || e.getenv("TERM") == "dumb"
	return view.Screen{Color: !plain, Width: e.Width()}
}

// redacted is the same world, in which secrets never reach the output or the
// log. Call flush when the command is done.
func (e Env) redacted(secrets []string) (redacted Env, flush func() error) {
	if len(secrets) == 0 {
		return e, func() error { return nil }
	}
	e.log.Hide(secrets)
	out, talk := view.NewRedactor(e.Stdout, secrets), view.NewRedactor(e.Stderr, secrets)
	e.Stdout, e.Stderr = out, talk
	return e, func() error {
		if err := out.Flush(); err != nil {
			return err
		}
		return talk.Flush()
	}
}
