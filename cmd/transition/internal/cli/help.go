package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Keys of a command's annotations.
const (
	exitsKey  = "exits"  // its exit codes
	noJSONKey = "nojson" // it has nothing to print as JSON
)

// face is what a command says of itself.
type face struct {
	use     string
	short   string
	long    string
	example string // command lines without the program's name
	exits   []int  // beyond 0, 1, 64 and 130, which all have
	noJSON  bool
}

// command makes the command of a face.
func (f face) command(args cobra.PositionalArgs, run func(*cobra.Command, []string) error) *cobra.Command {
	codes := []string{"0", "1"}
	for _, c := range f.exits {
		codes = append(codes, strconv.Itoa(c))
	}
	notes := map[string]string{exitsKey: strings.Join(append(codes, "64", "130"), " ")}
	if f.noJSON {
		notes[noJSONKey] = "true"
	}
	var examples []string
	for _, line := range strings.Split(f.example, "\n") {
		examples = append(examples, "  $ transition "+line)
	}
	return &cobra.Command{
		Use: f.use, Short: f.short, Long: strings.TrimSpace(f.long), Example: strings.Join(examples, "\n"),
		Annotations: notes, Args: args, RunE: run, DisableFlagsInUseLine: true,
	}
}

// checkJSON refuses -json where it would be ignored.
func checkJSON(cmd *cobra.Command, g *globals) error {
	given := cmd.Flags().Changed("json")
	if g.json && given && cmd.Annotations[noJSONKey] != "" {
		return usagef("", "%s has nothing to print as JSON.", cmd.CommandPath())
	}
	return nil
}

func newHelp() *cobra.Command {
	f := face{use: "help [COMMAND|TOPIC]", short: "explains a command or a topic", example: "help plan\nhelp exit-codes", noJSON: true}
	return f.command(cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
		at, rest, err := cmd.Root().Find(args)
		if err != nil || len(rest) > 0 {
			return noSubcommand(at, rest)
		}
		return at.Help()
	})
}

// showHelp prints a command's help: an example first, the exit codes last.
func showHelp(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	if !cmd.Runnable() && !cmd.HasSubCommands() {
		fmt.Fprintln(w, cmd.Long)
		return
	}
	if cmd.Example != "" {
		fmt.Fprintf(w, "Examples:\n%s\n\n", cmd.Example)
	}
	fmt.Fprintf(w, "%s\n", capitalised(cmd.Short)+".")
	if cmd.Long != "" {
		fmt.Fprintf(w, "\n%s\n", cmd.Long)
	}
	fmt.Fprintf(w, "\nUsage: %s\n", usageLine(cmd))
	helpCommands(w, cmd)
	helpFlags(w, cmd)
	helpExits(w, cmd)
}

func usageLine(cmd *cobra.Command) string {
	if cmd.HasSubCommands() {
		return cmd.CommandPath() + " COMMAND [flags]"
	}
	return cmd.UseLine() + " [flags]"
}

func helpCommands(w io.Writer, cmd *cobra.Command) {
	if !cmd.HasSubCommands() {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	list := func(title string, belongs func(*cobra.Command) bool) {
		fmt.Fprintf(t, "\n%s:\n", title)
		for _, c := range cmd.Commands() {
			if belongs(c) {
				fmt.Fprintf(t, "  %s\t%s\n", c.Name(), c.Short)
			}
		}
	}
	for _, g := range cmd.Groups() {
		list(g.Title, func(c *cobra.Command) bool { return c.GroupID == g.ID })
	}
	if cmd.HasParent() {
		list("Commands", (*cobra.Command).IsAvailableCommand)
	} else {
		list("Topics, with transition help TOPIC", (*cobra.Command).IsAdditionalHelpTopicCommand)
	}
	t.Flush()
}

func helpFlags(w io.Writer, cmd *cobra.Command) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if own := ownFlags(cmd); len(own) > 0 {
		fmt.Fprintln(t, "\nFlags:")
		for _, f := range own {
			helpFlag(t, f)
		}
	}
	fmt.Fprintln(t, "\nFlags of every command:")
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) { helpFlag(t, f) })
	t.Flush()
}

// ownFlags are the flags that not every command has.
func ownFlags(cmd *cobra.Command) []*pflag.Flag {
	var own []*pflag.Flag
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			own = append(own, f)
		}
	})
	return own
}

func helpFlag(w io.Writer, f *pflag.Flag) {
	_, usage := pflag.UnquoteUsage(f)
	name := "-" + f.Name
	if f.NoOptDefVal == "" {
		name += "=" + valueName(f)
	}
	fmt.Fprintf(w, "  %s\t%s\n", name, usage)
}

// valueName is what stands for a flag's value in its help.
func valueName(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	return name
}

func helpExits(w io.Writer, cmd *cobra.Command) {
	codes := strings.Fields(cmd.Annotations[exitsKey])
	if len(codes) == 0 {
		codes = []string{"0", "1", "2", "3", "4", "5", "64", "130"}
	}
	fmt.Fprintln(w, "\nExit codes:")
	writeExits(w, codes)
}

func writeExits(w io.Writer, codes []string) {
	for _, c := range codes {
		if n, err := strconv.Atoi(c); err == nil {
			fmt.Fprintf(w, "  %-3d  %s\n", n, exitMeaning(n))
		}
	}
}

func capitalised(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
