package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/schema/diag"
)

// confirm shows the plan and asks whether to do it. Where nobody can be asked it
// says no, and why.
func (a *applying) confirm(ctx context.Context, p *plans.Plan) bool {
	a.keep(a.view.Plan(p))
	switch {
	case a.failed != nil:
		return false
	case a.args.approved != approveNothing, a.saved != nil, len(p.Changes) == 0:
		return true
	case !a.g.input, a.p.env.unattended():
		a.refused.Add(a.nobody(p))
		return false
	}
	return ask(ctx, a.p.env, "Do you want to do this? Only \"yes\" is accepted: ")
}

// nobody says that there is nobody to ask, and what to do instead.
func (a *applying) nobody(p *plans.Plan) diag.Diagnostic {
	if a.wrong {
		return a.p.kept.LocksDue(p)
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "not-confirmed", Summary: "Nobody is here to confirm",
		Detail: "This apply will " + view.Effects(p, a.p.noReturn()) + ". That must be confirmed, and there is no terminal to ask at, or asking was forbidden.",
		Hint:   "Add -auto-approve, or apply a saved plan.",
	}
}

// ask puts a question and waits for a typed yes. An interrupt is a no.
//
// Reading from a terminal cannot be interrupted, so after an interrupt the
// reading goroutine is left behind; the process is about to end then.
func ask(ctx context.Context, env Env, question string) bool {
	fmt.Fprint(env.Stderr, question)
	if w, ok := env.Stderr.(*view.Redactor); ok {
		_ = w.Flush() // the question alone is at stake
	}
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(env.Stdin).ReadString('\n')
		if err != nil && err != io.EOF {
			line = ""
		}
		answer <- line
	}()
	select {
	case line := <-answer:
		return strings.TrimSpace(line) == "yes"
	case <-ctx.Done():
		fmt.Fprintln(env.Stderr)
		return false
	}
}
