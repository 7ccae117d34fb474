package cli

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"transition/cmd/transition/internal/view"
	"transition/runner/clock"
)

// world is an Env without terminal whose output is kept.
type world struct {
	Env
	out, talk bytes.Buffer
}

func newWorld(environ ...string) *world {
	w := &world{}
	w.Env = Env{
		Stdin: strings.NewReader(""), Stdout: &w.out, Stderr: &w.talk,
		IsTerminal: func(Stream) bool { return false }, Width: func() int { return 0 },
		Environ: environ, Getwd: os.Getwd, Chdir: func(string) error { return nil },
		Clock:   clock.Still(time.Date(2012, 1, 10, 0, 0, 0, 0, time.UTC)),
		Signals: make(chan os.Signal), User: func() string { return "ann" },
		Build: view.Build{Version: "v1.2.3"},
	}
	return w
}

func (w *world) root(t interface{ Fatal(...any) }) *cobra.Command {
	g, err := newGlobals(w.Env)
	if err != nil {
		t.Fatal(err)
	}
	return newRoot(w.Env, g, nil)
}

func TestNormalise(t *testing.T) {
	root := newWorld().root(t)
	tests := map[string]struct{ in, want string }{
		"one dash":                         {"apply -auto-approve", "apply --auto-approve"},
		"two dashes":                       {"apply --auto-approve", "apply --auto-approve"},
		"a value behind =":                 {"plan -out=x", "plan --out=x"},
		"a value behind a blank":           {"plan -out x dir", "plan --out=x dir"},
		"a value that begins with a dash":  {"hold a -reason -x", "hold a --reason=-x"},
		"a value that looks like a flag":   {"hold a -reason -until", "hold a --reason=-until"},
		"a value that is --":               {"hold a -reason --", "hold a --reason=--"},
		"a boolean takes no value":         {"plan -json dir", "plan --json dir"},
		"a boolean with a value":           {"apply -input=false", "apply --input=false"},
		"an optional value":                {"apply -auto-approve=due x", "apply --auto-approve=due x"},
		"a flag before the command":        {"-chdir=d -json plan", "--chdir=d --json plan"},
		"a value before the command":       {"-chdir d plan", "--chdir=d plan"},
		"variables":                        {"plan -var a=-1 -var=b=c", "plan --var=a=-1 --var=b=c"},
		"help":                             {"plan -h", "plan --help"},
		"long help":                        {"plan -help", "plan --help"},
		"behind -- nothing is touched":     {"why -json -- -out x", "why --json -- -out x"},
		"a lone dash":                      {"show -", "show -"},
		"an unknown flag":                  {"plan -nope x", "plan --nope x"},
		"a value that is missing":          {"plan -out", "plan --out"},
		"version":                          {"-version", "version"},
		"version with a flag before it":    {"-json --version", "--json version"},
		"the shell's call for completions": {"__complete plan -o", "__complete plan -o"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := normalise(root, strings.Fields(tt.in))
			if d := cmp.Diff(strings.Fields(tt.want), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestNormaliseTwiceIsOnce(t *testing.T) {
	root := newWorld().root(t)
	word := rapid.OneOf(rapid.SampledFrom([]string{"plan", "-out", "-json", "--", "-var", "a=b", "-h", "-", "=", "-reason=x"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOf(word).Draw(t, "args")
		once := normalise(root, args)
		if twice := normalise(root, slices.Clone(once)); !slices.Equal(once, twice) && !endsInFlag(root, once) {
			t.Fatalf("%q became %q, and then %q", args, once, twice)
		}
	})
}

// endsInFlag reports whether a flag that lacks its value is among the arguments:
// only such a line means something else when it is read again.
func endsInFlag(root *cobra.Command, args []string) bool {
	valued := valuedFlags(root)
	return slices.ContainsFunc(args, func(a string) bool { return valued[strings.TrimLeft(a, "-")] })
}

// A flag that takes a value in one command and none in another could not be told
// apart before the command is known.
func TestFlagsAreOfOneKindEverywhere(t *testing.T) {
	kinds := make(map[string]string)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			kind := "takes a value"
			if f.NoOptDefVal != "" {
				kind = "takes none"
			}
			if other, ok := kinds[f.Name]; ok && other != kind {
				t.Errorf("-%s %s in %s, and %s elsewhere", f.Name, kind, c.CommandPath(), other)
			}
			kinds[f.Name] = kind
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newWorld().root(t))
}

func TestEveryCommandExplainsItself(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() {
			w := newWorld()
			args := append([]string{"help"}, strings.Fields(c.CommandPath())[1:]...)
			if code := Run(w.Env, args); code != exitOK {
				t.Fatalf("%v ends with %d", args, code)
			}
			help := w.out.String()
			if !strings.HasPrefix(help, "Examples:\n  $ transition ") {
				t.Errorf("the help of %q does not begin with an example:\n%s", c.CommandPath(), help)
			}
			if !strings.HasSuffix(help, "  130  interrupted\n") {
				t.Errorf("the help of %q does not end with the exit codes:\n%s", c.CommandPath(), help)
			}
			for line := range strings.Lines(help) {
				if len(line) > 121 {
					t.Errorf("the help of %q has a line of %d characters: %s", c.CommandPath(), len(line), line)
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newWorld().root(t))
}
