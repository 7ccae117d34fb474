package plans

import (
	"fmt"
	"strings"

	"transition/schema"
	"transition/schema/diag"
)

// options warns, once for each command, of a tenant's attribute that its program
// may take for an option. It may be meant, so that it is not refused.
func (k *checker) options(it *schema.Item) {
	for _, effect := range effectsOf(it) {
		e, ok := effect.(*schema.Exec)
		if !ok || len(e.Bare) == 0 || k.dashed[e] {
			continue
		}
		argv, err := e.Command.For(&k.c.d.env)
		if err != nil {
			continue
		}
		for _, i := range e.Bare {
			if i >= len(argv) || !strings.HasPrefix(argv[i], "-") || k.dashed[e] {
				continue
			}
			k.dashed[e] = true
			k.dashes.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "argument-like-option", Summary: "A tenant's attribute looks like an option",
				Detail:  fmt.Sprintf("For tenant %q, argument %d of this command is %.60q, and most programs take what begins with a dash for an option.", k.w.t.ID, i, argv[i]),
				Hint:    `Write "--" before it if the program knows that, as in command = ["tool", "--", tenant.name], or pass it by env.`,
				Subject: e.Command.Range, Where: it.Key(),
			})
		}
	}
}
