package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"transition/plans"
	"transition/schema/diag"
)

// releases is the scope of an apply that only gives back the locks that may be
// given back now, by what is recorded and nothing else.
type releases struct{}

func (releases) allows(kind plans.Kind, _ string) bool { return kind == plans.Unlock }

func (releases) narrow(res *plans.Result) {
	var out plans.Decision
	var due []plans.Change
	for _, t := range res.Tasks {
		res.Decider.Decide(t.Tenant, t.Record, &out)
		for i := range out.Actions {
			if a := &out.Actions[i]; a.Kind == plans.Unlock {
				due = append(due, a.Change(t.Record, a.At))
			}
		}
	}
	slices.SortStableFunc(due, func(a, b plans.Change) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Tenant, b.Tenant))
	})
	res.Plan.Changes = due
}

// Release gives back the locks that are due under the adopted plan, and does
// nothing else: for a plan directory that is wrong. Without such locks it returns
// a result without a plan; Confirm is not asked then. The last diagnostic says
// what was done, or could be.
func (a *Adopted) Release(ctx context.Context, o ApplyOptions, hard <-chan struct{}) (ApplyResult, diag.List) {
	due := 0
	confirm := o.Confirm
	o.Confirm = func(p *plans.Plan) bool {
		due = len(p.Changes)
		return due > 0 && (confirm == nil || confirm(p))
	}
	res, diags := a.apply(ctx, o, releases{}, hard)
	switch {
	case due == 0:
		res.Plan = nil
	case res.Confirmed:
		diags.Add(a.released(res.Done[plans.Unlock], due))
	default:
		diags.Add(a.locksDue(res.Plan))
	}
	return res, diags
}

// DueLocks says how many locks are due under the adopted plan while the plan
// directory is wrong; nothing if there are none.
func (a *Adopted) DueLocks(ctx context.Context) diag.List {
	res, diags := a.compute(ctx, a.Now())
	if res == nil {
		return diags.Errors()
	}
	releases{}.narrow(res)
	if len(res.Plan.Changes) == 0 {
		return nil
	}
	return diag.List{a.locksDue(res.Plan)}
}

func (a *Adopted) released(n, of int) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "locks-released", Summary: "Only locks were released",
		Detail: fmt.Sprintf("The plan on disk is invalid; released %s under the plan adopted on %s.", locks(n), a.show(a.meta.AdoptedAt)),
		Hint:   "Correct the plan directory: nothing else is done before.",
	}
	if of > n {
		d.Detail += fmt.Sprintf(" Of those that are due, %s could not be released.", locks(of-n))
	}
	return d
}

func (a *Adopted) locksDue(p *plans.Plan) diag.Diagnostic {
	const most = 5
	var some []string
	for i := range p.Changes[:min(len(p.Changes), most)] {
		some = append(some, p.Changes[i].Address())
	}
	if n := len(p.Changes) - len(some); n > 0 {
		some = append(some, fmt.Sprintf("and %d more", n))
	}
	verb := "are"
	if len(p.Changes) == 1 {
		verb = "is"
	}
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "locks-due", Summary: "Locks are due for release under the adopted plan",
		Detail: fmt.Sprintf("The plan on disk is invalid, and %s %s due for release under the plan adopted on %s: %s.",
			locks(len(p.Changes)), verb, a.show(a.meta.AdoptedAt), strings.Join(some, ", ")),
		Hint: "Correct the plan directory, or release them now: transition apply -auto-approve",
	}
}

func locks(n int) string {
	if n == 1 {
		return "1 lock"
	}
	return fmt.Sprintf("%d locks", n)
}

// NeverAdopted says that there is no plan under which anything could be due.
func NeverAdopted() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "nothing-adopted", Summary: "No plan was adopted yet",
		Detail: "What time makes due is done under the plan that was applied last, and the recorded state keeps none.",
		Hint:   "Look at the plan and apply it once: transition apply",
	}
}

// ApplyDue does what time made due under the adopted plan. What the plan
// directory would change beyond that is counted in the result's Beyond, and told
// as a warning. If the plan directory is wrong, it does nothing: the result is
// Invalid.
func (a *Adopted) ApplyDue(ctx context.Context, o ApplyOptions, hard <-chan struct{}) (ApplyResult, diag.List) {
	if o.Choice.made() {
		return ApplyResult{}, diag.List{chosenDue()}
	}
	beyond, invalid, diags := a.beyond(ctx)
	if diags.HasErrors() {
		return ApplyResult{Invalid: invalid}, diags
	}
	res, diags := a.Apply(ctx, o, hard)
	res.Beyond, res.Invalid = beyond, false
	if len(beyond) > 0 {
		diags.Add(left(beyond))
	}
	return res, diags
}

// beyond counts the changes of the plan directory that are none of the adopted
// plan.
func (a *Adopted) beyond(ctx context.Context) (n map[plans.Kind]int, invalid bool, diags diag.List) {
	if edited, err := a.disk.adoption(); err == nil && edited == nil {
		return nil, false, nil
	}
	disk, diags := a.disk.compute(ctx, a.Now())
	if diags.HasErrors() {
		return nil, a.disk.invalid(disk), diags
	}
	own, diags := a.compute(ctx, a.Now())
	if diags.HasErrors() {
		return nil, false, diags
	}
	ours := make(map[string]bool, len(own.Plan.Changes))
	for i := range own.Plan.Changes {
		ours[whole(&own.Plan.Changes[i])] = true
	}
	n = make(map[plans.Kind]int)
	for i := range disk.Plan.Changes {
		if c := &disk.Plan.Changes[i]; !ours[whole(c)] {
			n[c.Kind]++
		}
	}
	return n, false, nil
}

// whole tells changes apart by all that they change.
func whole(c *plans.Change) string {
	d := &c.Detail
	return fmt.Sprint(changeKey(c), "\x00", c.Batch, "\x00", d.T.UnixNano(), d.Recipients, d.Into)
}

// left says what the plan directory would change beyond what was due.
func left(n map[plans.Kind]int) diag.Diagnostic {
	var parts []string
	for _, k := range plans.Kinds() {
		if n[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n[k], k))
		}
	}
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "edits-left", Summary: "The plan on disk would change more",
		Detail: "Only what was due under the adopted plan was done. The plan directory has been edited since, or its inventories have, and would also have: " + strings.Join(parts, ", ") + ".",
		Hint:   "Look at it with: transition plan. To do that too: transition apply",
	}
}
