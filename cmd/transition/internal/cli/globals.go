package cli

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/pflag"
)

// globals are the flags that every command has.
type globals struct {
	chdir    string
	vars     []string
	varFiles []string
	json     bool
	noColor  bool
	input    bool
	state    string
	// lines makes -json one of JSON lines, as apply prints, instead of one document.
	lines bool
	// interrupt is closed when the user interrupts the command.
	interrupt <-chan struct{}
}

// newGlobals reads what the environment says of the global flags; flags beat it.
// The files of -var-file are in TRANSITION_VARFILE: TRANSITION_VAR_FILE would be
// the value of a variable named FILE.
func newGlobals(env Env) (*globals, error) {
	g := &globals{
		chdir: env.getenv("TRANSITION_CHDIR"),
		state: env.getenv("TRANSITION_STATE"),
		input: true,
	}
	if list := env.getenv("TRANSITION_VARFILE"); list != "" {
		g.varFiles = filepath.SplitList(list)
	}
	for key, value := range map[string]*bool{
		"TRANSITION_JSON": &g.json, "TRANSITION_NO_COLOR": &g.noColor, "TRANSITION_INPUT": &g.input,
	} {
		text := env.getenv(key)
		if text == "" {
			continue
		}
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, usagef("Write true or false.", "The environment variable %s is %q.", key, text)
		}
		*value = b
	}
	return g, nil
}

func (g *globals) bind(f *pflag.FlagSet) {
	f.StringVar(&g.chdir, "chdir", g.chdir, "work in `DIR` instead of the present directory")
	f.StringArrayVar(&g.vars, "var", g.vars, "set a variable of the plan, as `NAME=VALUE`; may be repeated")
	f.StringArrayVar(&g.varFiles, "var-file", g.varFiles, "read variables from `FILE`; may be repeated")
	f.BoolVar(&g.json, "json", g.json, "print JSON on stdout, and nothing else")
	f.BoolVar(&g.noColor, "no-color", g.noColor, "print without colour")
	f.BoolVar(&g.input, "input", g.input, "ask when something must be confirmed; -input=false: never")
	f.StringVar(&g.state, "state", g.state, "use the recorded state in `FILE` instead of the plan's")
}

// enter changes to the directory of -chdir; every path is relative to it.
func (g *globals) enter(env Env) error {
	if g.chdir == "" {
		return nil
	}
	if err := env.Chdir(g.chdir); err != nil {
		return usagef("", "The directory of -chdir cannot be entered: %v.", unwrapPath(err))
	}
	return nil
}

// unwrapPath drops the name of the system call from an error.
func unwrapPath(err error) error {
	if pe, ok := err.(*os.PathError); ok {
		return &os.PathError{Op: "open", Path: pe.Path, Err: pe.Err}
	}
	return err
}
