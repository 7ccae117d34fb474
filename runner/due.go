package runner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"transition/plans"
	"transition/schema/diag"
)

// releases is the scope of an apply that only gives back the locks that may be
// given back now, by what is recorded and nothing else.
type releases struct {
	others map[string]bool // tenants that another plan sees to
}

func (*releases) allows(kind plans.Kind, _ string) bool { return kind == plans.Unlock }

func (s *releases) narrow(res *plans.Result) {
	var out plans.Decision
	var due []plans.Change
	res.Tasks = tasksOf(res.Tasks, s.others, false)
	for i := range res.Tasks {
		t := &res.Tasks[i]
		res.Decider.Decide(t.Tenant, t.Record, &out)
		res.Decider.Narrow(t, t.Record, &out)
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

// releases is what an apply may do that only gives back locks. The plan that was
// applied in part sees to the tenants of which it has something open that the
// adopted one does not know, and to no others.
func (a *Adopted) releases(ctx context.Context) (*releases, diag.List) {
	s := &releases{others: make(map[string]bool)}
	if !a.partial {
		return s, nil
	}
	whole, diags := a.disk.Adopted(ctx)
	if whole == nil {
		return s, diags
	}
	d := plans.NewDecider(whole.Config, a.Now(), true)
	for r, err := range a.state.Records(ctx) {
		if err != nil {
			return nil, diag.List{stateProblem(err)}
		}
		if _, named := whole.names(r); d.Knows(named) {
			s.others[r.ID] = true
		}
	}
	return s, nil
}

// Release gives back the locks that are due under the plan that is kept, and does
// nothing else: for a plan directory, or an adopted plan, that is wrong. Confirm
// is asked only if there are such locks. The result's Plan has nothing but them,
// also when none are due; its Next is when to look again. Retries are not waited
// for: whoever applies under errors does not stay.
func (a *Adopted) Release(ctx context.Context, o ApplyOptions, hard <-chan struct{}) (ApplyResult, diag.List) {
	confirm := o.Confirm
	o.Wait = false
	o.Confirm = func(p *plans.Plan) bool {
		return len(p.Changes) > 0 && (confirm == nil || confirm(p))
	}
	scope, diags := a.releases(ctx)
	if diags.HasErrors() {
		return ApplyResult{Invalid: true}, diags
	}
	res, diags := a.apply(ctx, o, scope, hard)
	res.Invalid = true
	return res, diags
}

// DueLocks says which locks are due under the plans that are kept while the plan
// directory is wrong, or else how many are held; nothing if none are, or no plan is
// kept. That nobody can tell is no error beside those of the plan directory.
func (p *Project) DueLocks(ctx context.Context) diag.List {
	kept, diags := p.Kept(ctx)
	due := len(diags)
	for _, a := range kept {
		diags = append(diags, a.dueLocks(ctx)...)
	}
	if len(diags) == due {
		diags = append(diags, p.HeldLocks(ctx)...)
	}
	return warnings(diags)
}

func (a *Adopted) dueLocks(ctx context.Context) diag.List {
	scope, diags := a.releases(ctx)
	if diags.HasErrors() {
		return diags
	}
	res, diags := a.compute(ctx, a.Now())
	if res == nil {
		return diags.Errors()
	}
	scope.narrow(res)
	if len(res.Plan.Changes) == 0 {
		return nil
	}
	return diag.List{a.LocksDue(res.Plan)}
}

// warnings are diagnostics that keep nobody from anything.
func warnings(l diag.List) diag.List {
	out := slices.Clone(l)
	for i := range out {
		out[i].Severity = diag.Warning
	}
	return out
}

// ReadBy says that the state is read by the adopted plan.
func (a *Adopted) ReadBy() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "adopted-plan", Summary: "Shown by the plan that was applied last",
		Detail: fmt.Sprintf("The plan is invalid; this is where everybody stands by the one %s on %s.", a.how(), a.show(a.keptAt())),
		Hint:   "Correct the plan: until then apply gives back the locks that are due, and does nothing else.",
	}
}

// HeardBy says that what somebody says is held against the adopted plan.
func (a *Adopted) HeardBy() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning, Code: "adopted-plan", Summary: "Heard by the plan that was applied last",
		Detail: fmt.Sprintf("The plan is invalid; what is said is held against the one %s on %s.", a.how(), a.show(a.keptAt())),
		Hint:   "See what is wrong with: transition validate. Until that is corrected apply gives back the locks that are due, and does nothing else.",
	}
}

// Unplanned says why a verb is not heard while the plan directory is wrong.
func Unplanned(k VerbKind) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "not-heard", Summary: "Nothing was recorded",
		Detail: fmt.Sprintf("What follows from %s is worked out by the plan, which is invalid.", k),
		Hint:   "Correct the plan. To stop tenants meanwhile: transition hold SELECTOR -reason=...",
	}
}

// Released says what Release has done; res is its result.
func (a *Adopted) Released(res ApplyResult) diag.Diagnostic {
	n := res.Done[plans.Unlock]
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "locks-released", Summary: "Only locks were released",
		Detail: fmt.Sprintf("The plan is invalid; released %s under the %s.", locks(n), a.dated()),
		Hint:   "Correct the plan: nothing else is done before.",
	}
	if left := len(res.Plan.Changes) - n; left > 0 {
		d.Detail += fmt.Sprintf(" Of those that are due, %s could not be released.", locks(left))
	}
	return d
}

// LocksDue says which locks the changes of a plan would give back.
func (a *Adopted) LocksDue(p *plans.Plan) diag.Diagnostic {
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
		Severity: diag.Warning, Code: "locks-due", Summary: "Locks are due for release",
		Detail: fmt.Sprintf("The plan is invalid, and %s %s due for release under the %s: %s.",
			locks(len(p.Changes)), verb, a.dated(), strings.Join(some, ", ")),
		Hint: "Correct the plan, or release them now: transition apply -auto-approve",
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
	edits, invalid, diags := a.edits(ctx)
	if diags.HasErrors() {
		return ApplyResult{Invalid: invalid}, diags
	}
	res, diags := a.Apply(ctx, o, hard)
	res.Beyond = edits
	if len(edits) > 0 {
		diags.Add(beyond(edits))
	}
	return res, diags
}

// edits counts the changes of the plan directory that are none of the adopted
// plan. invalid: a plan is to blame for the errors.
func (a *Adopted) edits(ctx context.Context) (n map[plans.Kind]int, invalid bool, diags diag.List) {
	if edited, err := a.disk.adoption(); err == nil && edited == nil {
		return nil, false, nil
	}
	more, invalid, diags := a.disk.changes(ctx)
	if diags.HasErrors() {
		return nil, invalid, diags
	}
	own, invalid, diags := a.changes(ctx)
	if diags.HasErrors() {
		return nil, invalid, append(diags, a.outdated())
	}
	for change := range own {
		delete(more, change)
	}
	n = make(map[plans.Kind]int)
	for _, kind := range more {
		n[kind]++
	}
	return n, false, nil
}

// changes are the kinds of all changes of a plan, by what tells them apart: there
// may be millions, so that nothing else of them is kept.
func (p *Project) changes(ctx context.Context) (all map[[16]byte]plans.Kind, invalid bool, diags diag.List) {
	res, diags := p.compute(ctx, p.Now())
	if diags.HasErrors() {
		return nil, p.invalid(res), diags
	}
	all = make(map[[16]byte]plans.Kind, len(res.Plan.Changes))
	for i := range res.Plan.Changes {
		c := &res.Plan.Changes[i]
		all[whole(c)] = c.Kind
	}
	return all, false, nil
}

// whole tells changes apart by all that they change.
func whole(c *plans.Change) [16]byte {
	d := &c.Detail
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%q\x00%s", changeKey(c), c.Batch, d.T.UnixNano(), d.Recipients, d.Into))
	return [16]byte(sum[:])
}

// outdated says that the mistakes are those of the adopted plan, and that there
// is another one.
func (a *Adopted) outdated() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "adopted-outdated", Summary: "The adopted plan cannot be carried out any more",
		Detail: fmt.Sprintf("What is wrong stands in the plan adopted on %s; the plan directory has been edited since, and is right.", a.show(a.meta.AdoptedAt)),
		Hint:   "Look at the edited plan and apply it: transition apply",
	}
}

// beyond says what the plan directory would change beyond what was due.
func beyond(n map[plans.Kind]int) diag.Diagnostic {
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
