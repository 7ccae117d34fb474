package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalise rewrites a command line in the manner of Terraform into that of
// pflag: -flag becomes --flag, and a flag's value becomes part of its argument
// (-out FILE becomes --out=FILE), so that values that begin with "-" survive.
// What stands behind "--", and everything that is no flag, stays as it is.
func normalise(root *cobra.Command, args []string) []string {
	if len(args) > 0 && strings.HasPrefix(args[0], "__complete") {
		return args // the shell's own call
	}
	valued := valuedFlags(root)
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return append(out, args[i:]...)
		case len(arg) < 2 || arg[0] != '-':
			out = append(out, arg)
			continue
		case arg == "-h":
			out = append(out, "--help")
			continue
		}
		name := strings.TrimPrefix(arg[1:], "-")
		if valued[name] && i+1 < len(args) {
			i++
			name += "=" + args[i]
		}
		out = append(out, "--"+name)
	}
	return asCommand(out)
}

// asCommand lets -version work as the command does.
func asCommand(args []string) []string {
	for i, arg := range args {
		if arg == "--version" {
			args[i] = "version"
		}
		if !strings.HasPrefix(arg, "-") {
			break
		}
	}
	return args
}

// valuedFlags are the names of all flags that take a value from the next
// argument. A name takes a value everywhere or nowhere.
func valuedFlags(root *cobra.Command) map[string]bool {
	valued := make(map[string]bool)
	note := func(f *pflag.Flag) { valued[f.Name] = f.NoOptDefVal == "" }
	root.PersistentFlags().VisitAll(note)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(note)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return valued
}
