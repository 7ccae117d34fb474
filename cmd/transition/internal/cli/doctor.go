package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/schema/diag"
)

func newDoctor(env Env, g *globals) *cobra.Command {
	var connect bool
	cmd := face{
		use: "doctor", short: "looks for what is wrong with the plan, the state, the clock and this machine",
		long: `It reads and changes nothing. With -connect it also greets the mail servers of
the plan, with TLS and login, and sends nothing.

A warning may be left as it is; an error keeps something from happening, and
ends the command with 1.`,
		example: "doctor\ndoctor -connect\ndoctor -json",
	}.command(atMost(0, ""), func(cmd *cobra.Command, _ []string) error {
		return runDoctor(cmd.Context(), env, g, connect)
	})
	cmd.Flags().BoolVar(&connect, "connect", false, "greet the mail servers of the plan, too")
	return cmd
}

func runDoctor(ctx context.Context, env Env, g *globals, connect bool) error {
	return withDirectory(env, g, ".", func(p opened, diags diag.List) error {
		found := p.Examine(ctx, runner.ExamineOptions{Loaded: diags, Connect: connect, Built: env.Build.Made})
		found = append(found, strays(env)...)
		var err error
		if g.json {
			err = view.FindingsJSON(p.env.Stdout, found)
		} else {
			err = view.Findings(p.env.Stdout, p.env.screen(Stdout, g), found)
		}
		if err == nil && slices.ContainsFunc(found, func(f runner.Finding) bool { return f.Trouble.Severity == diag.Error }) {
			return exit(exitError)
		}
		return err
	})
}

// environment are the variables that the tool reads, beside TRANSITION_VAR_*.
var environment = []string{
	"TRANSITION_CHDIR", "TRANSITION_INPUT", "TRANSITION_JSON", "TRANSITION_NO_COLOR", "TRANSITION_STATE", "TRANSITION_VARFILE",
	"TRANSITION_LOG", "TRANSITION_LOG_FILE", "TRANSITION_LOG_FORMAT",
}

// strays are the variables of the environment that look as if they were meant for
// the tool, and are not read by it.
func strays(env Env) []runner.Finding {
	var found []runner.Finding
	for _, kv := range env.Environ {
		name, value, _ := strings.Cut(kv, "=")
		if value == "" || !strings.HasPrefix(name, "TRANSITION_") || strings.HasPrefix(name, "TRANSITION_VAR_") || slices.Contains(environment, name) {
			continue
		}
		hint := "Unset it. What is read is listed by: transition help environment"
		if meant := diag.Suggest(name, environment); meant != "" {
			hint = "Did you mean " + meant + "?"
		}
		found = append(found, runner.Finding{Area: runner.AreaMachine, Trouble: diag.Diagnostic{
			Severity: diag.Warning, Code: "unknown-variable", Summary: "A variable of the environment is not read",
			Detail: "The variable " + name + " means nothing to this program.", Hint: hint,
		}})
	}
	return found
}
