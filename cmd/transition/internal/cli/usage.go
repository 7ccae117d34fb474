package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"transition/schema/diag"
)

// noSubcommand refuses words that are no command.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return usagef(didYouMean(cmd.CommandPath()+" ", args[0], names), "There is no command %q.", strings.TrimPrefix(cmd.CommandPath()+" "+args[0], "transition "))
}

func didYouMean(prefix, given string, candidates []string) string {
	if meant := diag.Suggest(given, candidates); meant != "" {
		return "Did you mean \"" + prefix + meant + "\"?"
	}
	return ""
}

// flagError turns an error of the flag parser into one that names flags as they
// are written here, with one dash.
func flagError(cmd *cobra.Command, err error) error { return named(cmd, flagProblem(cmd, err)) }

func flagProblem(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		return usagef(didYouMean("-", name, flagNames(cmd)), "%s has no flag -%s.", cmd.CommandPath(), name)
	case errors.As(err, &missing):
		return usagef("", "The flag -%s needs a value, as in -%[1]s=%s.", missing.GetSpecifiedName(), valueName(missing.GetFlag()))
	case errors.As(err, &invalid):
		return invalidValue(invalid)
	default:
		return usagef("", "%s.", err)
	}
}

func invalidValue(err *pflag.InvalidValueError) error {
	var own *usageError
	if errors.As(err, &own) {
		return own
	}
	hint := ""
	switch err.GetFlag().Value.Type() {
	case "bool":
		hint = "Write true or false."
	case "int":
		hint = "Write a whole number."
	}
	return usagef(hint, "The flag -%s cannot be %q.", err.GetFlag().Name, err.GetValue())
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// nameUsage makes every usage error say whose help to read.
func nameUsage(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(c *cobra.Command, args []string) error { return named(c, run(c, args)) }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error { return named(c, check(c, args)) }
	}
	for _, sub := range cmd.Commands() {
		nameUsage(sub)
	}
}

func named(cmd *cobra.Command, err error) error {
	var usage *usageError
	if errors.As(err, &usage) && usage.command == "" {
		usage.command = strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "transition"), " ")
	}
	return err
}

// atMost accepts up to n arguments; what names them for the error.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		if n == 0 {
			return usagef("", "%s takes no argument; there is %q.", cmd.CommandPath(), args[0])
		}
		return usagef("", "%s takes one %s; there is also %q.", cmd.CommandPath(), what, args[n])
	}
}

// exactlyOne accepts one argument that is not empty.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || args[0] == "" {
			return usagef("", "%s needs %s.", cmd.CommandPath(), what)
		}
		return atMost(1, strings.TrimPrefix(strings.TrimPrefix(what, "an "), "a "))(cmd, args)
	}
}

// first is the first argument, or a default.
func first(args []string, otherwise string) string {
	if len(args) == 0 {
		return otherwise
	}
	return args[0]
}
