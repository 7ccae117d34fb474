package cli

import (
	"github.com/spf13/cobra"

	"transition/plans/ledger"
	"transition/runner"
)

type resolveArgs struct {
	word
	done, retry, waive, bounced bool
}

func newResolve(env Env, g *globals) *cobra.Command {
	var a resolveArgs
	cmd := face{
		use: "resolve SELECTOR", short: "says what became of an item",
		long: `
For items that failed, were missed, or whose outcome nobody knows. It touches
those for which the answer is legal, and counts the rest.

Unknown means that the effect may have happened: look first, then say -done if it
has, or -retry if it has not. What was missed may be too late to be retried on its
date; -waive goes on without it, and before the point of no return a new date
opens another window.`,
		example: "resolve northwind/DataUpgrade/upgrade -done -reason=\"seen in the log\"\n" +
			"resolve '*/Pre-Stage/copy_content' -retry -reason=\"quota raised\"",
	}.command(exactlyOne("a selector"), func(cmd *cobra.Command, args []string) error {
		answer, err := a.answer()
		if err != nil {
			return err
		}
		return a.say(cmd, env, g, args, runner.Verb{Kind: runner.Resolve, Answer: answer}, "")
	})
	f := cmd.Flags()
	a.bind(f)
	f.BoolVar(&a.done, "done", false, "it has happened")
	f.BoolVar(&a.retry, "retry", false, "it has not happened: do it, with a new budget of attempts")
	f.BoolVar(&a.waive, "waive", false, "go on without it")
	f.BoolVar(&a.bounced, "bounced", false, "the message did not arrive after all")
	return cmd
}

func (a resolveArgs) answer() (ledger.Answer, error) {
	var given []ledger.Answer
	for _, f := range []struct {
		set    bool
		answer ledger.Answer
	}{
		{a.done, ledger.AnswerDone}, {a.retry, ledger.AnswerRetry},
		{a.waive, ledger.AnswerWaive}, {a.bounced, ledger.AnswerBounced},
	} {
		if f.set {
			given = append(given, f.answer)
		}
	}
	if len(given) != 1 {
		return "", usagef("Add exactly one of -done, -retry, -waive and -bounced.", "transition resolve needs one answer; there are %d.", len(given))
	}
	return given[0], nil
}
