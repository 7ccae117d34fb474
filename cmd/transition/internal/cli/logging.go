package cli

import (
	"io"
	"os"

	"github.com/hashicorp/go-hclog"

	"transition/cmd/transition/internal/view"
)

// logger is what TRANSITION_LOG asks for: nothing by default, else structured
// lines on stderr or in TRANSITION_LOG_FILE, without the secrets that env comes to
// know. Call done at the end.
func logger(env *Env) (log hclog.Logger, done func() error, err error) {
	nothing := func() error { return nil }
	word := env.getenv("TRANSITION_LOG")
	if word == "" {
		return hclog.NewNullLogger(), nothing, nil
	}
	level := hclog.LevelFromString(word)
	if level == hclog.NoLevel {
		return nil, nil, usagef("Write trace, debug, info, warn or error.", "The environment variable TRANSITION_LOG is %q.", word)
	}
	asJSON, err := logFormat(*env)
	if err != nil {
		return nil, nil, err
	}
	out, done, err := logOutput(*env)
	if err != nil {
		return nil, nil, err
	}
	env.log = view.NewVeil(out)
	return hclog.New(&hclog.LoggerOptions{
		Name: "transition", Level: level, Output: env.log, JSONFormat: asJSON, TimeFn: env.Clock.Now,
	}), done, nil
}

func logFormat(env Env) (asJSON bool, err error) {
	switch word := env.getenv("TRANSITION_LOG_FORMAT"); word {
	case "", "text":
		return false, nil
	case "json":
		return true, nil
	default:
		return false, usagef("Write text or json.", "The environment variable TRANSITION_LOG_FORMAT is %q.", word)
	}
}

func logOutput(env Env) (io.Writer, func() error, error) {
	name := env.getenv("TRANSITION_LOG_FILE")
	if name == "" {
		return env.Stderr, func() error { return nil }, nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, usagef("", "The log file of TRANSITION_LOG_FILE cannot be opened: %v.", err)
	}
	return f, f.Close, nil
}
