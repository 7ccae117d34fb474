package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"transition/plans"
	"transition/schema/addr"
	"transition/schema/diag"
)

// HeldLocks says how many locks are held under the plans that are kept while the
// plan directory is wrong, and when the next release is planned; nothing if there
// are none, or no plan is kept.
func (p *Project) HeldLocks(ctx context.Context) diag.List {
	var diags diag.List
	var by *Adopted
	var next time.Time
	held := make(map[string]bool) // addresses: both plans may know one
	kept, _ := p.Kept(ctx)        // what is wrong with these is told where they are followed
	for _, a := range kept {
		diags = append(diags, a.Status(ctx, addr.Selector{Tenant: "*"}, func(t *plans.TenantStatus) {
			for _, l := range t.Locks {
				held[strings.Join([]string{t.ID, l.Phase, l.Item}, "/")] = true
				if at := l.ReleaseAt; at.After(a.Now()) && (by == nil || at.Before(next)) {
					by, next = a, at
				}
			}
		}).Errors()...)
	}
	if len(held) > 0 {
		diags.Add(locksHeld(len(held), by, next))
	}
	return warnings(diags)
}

// locksHeld says that n locks are held; by is the plan that gives one back next, nil
// if none has a date that lies ahead.
func locksHeld(n int, by *Adopted, next time.Time) diag.Diagnostic {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "locks-held", Summary: "Locks are held",
		Detail: fmt.Sprintf("The plan is invalid, and %s %s held. None is due for release.", locks(n), verb),
		Hint:   "Correct the plan: until then nothing but locks is seen to, and windows pass. List the locks with: transition status -locks",
	}
	if by != nil {
		d.Detail = fmt.Sprintf("The plan is invalid, and %s %s held. Under the %s the next release is planned for %s.",
			locks(n), verb, by.dated(), by.show(next))
	}
	return d
}
