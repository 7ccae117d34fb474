package runner

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// Verb is what a person says.
type Verb struct {
	Kind     VerbKind
	Selector addr.Selector
	Answer   ledger.Answer // of Resolve
	Until    time.Time     // of Hold
	To       time.Time     // of Postpone: the T that the tenant asks for
	Reason   string
	By       string

	beside plans.Beside // commands that still run, as Say has found them
}

// VerbKind is a human verb.
type VerbKind string

// The verbs.
const (
	Approve VerbKind = "approve"
	Reject  VerbKind = "reject"
	Resolve VerbKind = "resolve"
	Hold    VerbKind = "hold"
	Resume  VerbKind = "resume"

	Rollback VerbKind = "rollback"
	Withdraw VerbKind = "withdraw"
	Postpone VerbKind = "postpone"

	Import VerbKind = "import" // said by Project.Import
	// ResetBreaker is said with Project.ResetBreaker.
	ResetBreaker VerbKind = "breaker reset"
)

// Plans reports whether something follows from a verb that only a right plan can
// work out. The others only record what somebody says.
func (k VerbKind) Plans() bool {
	switch k {
	case Rollback, Withdraw, Postpone, Import, ResetBreaker:
		return true
	default:
		return false
	}
}

// VerbResult lists what a verb touched and what it left, with the reason.
type VerbResult struct {
	Touched []string
	Left    []Left
}

// Left is something that a selector covered and a verb could not touch.
type Left struct{ Address, Why string }

// Say records what a person says. It touches what the verb is legal for in its
// present state; matching nothing is an error. It needs no lease: a person is
// heard while an apply runs.
func (p *Project) Say(ctx context.Context, v Verb) (VerbResult, diag.List) {
	var res VerbResult
	if diags := p.clockRight(); diags.HasErrors() {
		return res, diags
	}
	if diags := p.settleOrphans(ctx, p.answers(v)); diags.HasErrors() {
		return res, diags
	}
	var err error
	if _, v.beside, err = p.outlived(ctx); err != nil {
		return res, diag.List{stateProblem(err)}
	}
	tenants, placed, err := p.covered(ctx, v.Selector)
	if err != nil {
		return res, diag.List{stateProblem(err)}
	}
	if len(tenants) == 0 {
		return res, diag.List{nobodyCovered(v)}
	}
	if diags := v.forOne(tenants); diags.HasErrors() {
		return res, diags
	}
	gone := p.rows(ctx) // the inventory may lose who is withdrawn
	defer gone.close()
	for _, id := range tenants {
		if diags := p.sayTo(ctx, v, id, gone, placed, &res); diags.HasErrors() {
			return res, diags
		}
	}
	if len(res.Touched) == 0 {
		return res, diag.List{p.doubtHint(ctx, v, p.consentHint(v, nothingTouched(v, res)))}
	}
	return res, gone.unknown()
}

// covered lists the recorded tenants that a selector covers, and when each batch
// got a tenant last.
func (p *Project) covered(ctx context.Context, sel addr.Selector) ([]string, placements, error) {
	renames := plans.NewRenames(p.Config)
	placed := make(placements)
	var ids []string
	for r, err := range p.state.Records(ctx) {
		if err != nil {
			return nil, nil, err
		}
		yes, err := p.covers(ctx, renames, sel, r)
		if err != nil {
			return nil, nil, err
		}
		placed.note(r)
		if yes && !ledger.OfBatch(r.ID) {
			ids = append(ids, r.ID)
		}
	}
	return ids, placed, nil
}

// errMoved says that a record changed between looking and writing.
var errMoved = errors.New("the record has moved on")

// sayTo applies a verb to one tenant. When the record changes under it, it looks
// again.
func (p *Project) sayTo(ctx context.Context, v Verb, id string, gone *rows, placed placements, res *VerbResult) diag.List {
	for range 10 {
		r, err := p.state.Record(ctx, id)
		if err != nil {
			return diag.List{stateProblem(err)}
		}
		facts, left := p.wordsFor(v, r)
		for i := range facts {
			p.scrub(&facts[i])
			switch f := &facts[i]; f.Kind {
			case ledger.Withdrawn:
				f.Row = gone.of(id)
			case ledger.Resumed:
				f.TakesBack = p.takesBack(r, placed)
			default:
			}
		}
		if len(facts) > 0 {
			crashpoint.Hit("word.before_commit")
			err = p.state.Append(ctx, facts, func(now *ledger.Record) error {
				if now.Rev != r.Rev {
					return errMoved
				}
				return nil
			})
			crashpoint.Hit("word.after_commit")
		}
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return diag.List{stateProblem(err)}
		}
		for _, f := range facts {
			res.Touched = append(res.Touched, addressOf(&f))
		}
		res.Left = append(res.Left, left...)
		return nil
	}
	return diag.List{stateProblem(fmt.Errorf("the record of tenant %q keeps changing: try again", id))}
}

func addressOf(f *ledger.Fact) string {
	if f.Item == "" {
		return f.Tenant
	}
	return f.Tenant + "/" + f.Item
}

// wordsFor are the facts of a verb for one tenant, and what it had to leave. They
// name things as the record does, and are judged by what the plan calls these.
func (p *Project) wordsFor(v Verb, r *ledger.Record) ([]ledger.Fact, []Left) {
	if r.Became != "" {
		return nil, []Left{{r.ID, "is called " + r.Became + " now"}}
	}
	n, named := p.names(r)
	facts, left := p.words(v, n, named)
	return n.recordedAs(facts), left
}

func (p *Project) words(v Verb, n names, r *ledger.Record) ([]ledger.Fact, []Left) {
	fact := ledger.Fact{At: p.Now(), Tenant: r.ID, By: v.By, Reason: v.Reason, Epoch: r.Epoch}
	switch v.Kind {
	case Hold:
		fact.Kind = ledger.Held
		if !v.Until.IsZero() {
			fact.Until = &v.Until
		}
		return []ledger.Fact{fact}, nil
	case Resume:
		if r.Hold == nil && (r.Left == nil || r.Left.By == "") {
			return nil, []Left{{r.ID, "is not held"}}
		}
		fact.Kind = ledger.Resumed
		return []ledger.Fact{fact}, nil
	case Rollback, Withdraw, Postpone:
		return p.courseWord(v, r, fact)
	case Approve, Reject, Resolve, Import:
		if p.asksConsent(v.Selector) {
			return p.consentWord(v, r, fact)
		}
	}
	var facts []ledger.Fact
	var left []Left
	for _, it := range slices.Concat(p.Config.Items, p.Config.Events) {
		if !n.items(v.Selector, it) {
			continue
		}
		f := fact
		f.Item = it.Key()
		why := p.itemWord(v, it, r, n.exact(v.Selector, it) && n.tenant(v.Selector, r.ID), &f)
		switch {
		case why == "":
			facts = append(facts, f)
		case r.Item(it.Key()) != nil || n.exact(v.Selector, it):
			left = append(left, Left{r.ID + "/" + n.recorded(it.Key()), why})
		}
	}
	return facts, left
}

// itemWord completes the fact of a verb about an item, or says why it is not
// legal. exact: just this item of just this tenant is named.
func (p *Project) itemWord(v Verb, it *schema.Item, r *ledger.Record, exact bool, f *ledger.Fact) string {
	rec := r.Item(it.Key())
	state := ledger.None
	if rec != nil {
		state = rec.State
	}
	if v.Kind == Resolve {
		return p.resolveWord(v, it, r, rec, exact, f)
	}
	approval, ok := it.Does.(*schema.Approval)
	switch {
	case !ok:
		return "is no approval"
	case state == ledger.Done:
		return "is approved already"
	case state == ledger.Error:
		return "is answered already (" + rec.Reason + "); resolve it with -done, -waive or -retry"
	case state != ledger.Open:
		return "was not asked for yet"
	case len(approval.By) > 0 && !mayAnswer(approval.By, v.By):
		return fmt.Sprintf("may be answered by %v only, not by %s", approval.By, v.By)
	case v.Kind == Approve:
		f.Kind = ledger.Approved
	case v.Kind == Reject:
		f.Kind = ledger.Rejected
	default:
		return "cannot be touched by " + string(v.Kind)
	}
	return ""
}

func mayAnswer(by []string, who string) bool {
	return slices.ContainsFunc(by, func(pattern string) bool {
		ok, err := path.Match(pattern, who)
		return pattern == who || err == nil && ok
	})
}

// resolveWord completes the fact of a resolve, or says why it is not legal.
func (p *Project) resolveWord(v Verb, it *schema.Item, r *ledger.Record, rec *ledger.Item, exact bool, f *ledger.Fact) string {
	f.Kind, f.Answer = ledger.Resolved, v.Answer
	if rec == nil {
		return "has not begun"
	}
	if x, runs := v.beside[r.ID+"/"+it.Key()]; runs && (v.Answer == ledger.AnswerRetry || !exact || underWay(rec)) {
		return x.Words()
	}
	if v.Answer == ledger.AnswerDone {
		if plans.SayDone(it, r, f); f.Op == ledger.Undo {
			return ""
		}
	}
	if v.Answer == ledger.AnswerBounced {
		if _, isMessage := it.Does.(*schema.Communication); !isMessage || rec.State != ledger.Done {
			return "is no message that was sent"
		}
		return ""
	}
	approval, asks := it.Does.(*schema.Approval)
	needs := rec.State.NeedsPerson() || rec.Release != nil && rec.Release.State.NeedsPerson() ||
		slices.ContainsFunc(rec.Parts, func(p ledger.Part) bool { return p.State.NeedsPerson() })
	switch {
	case v.Answer == ledger.AnswerWaive && (rec.State == ledger.Retrying || rec.Release != nil && rec.Release.State == ledger.Retrying):
		return ""
	case rec.State == ledger.Returned && v.Answer == ledger.AnswerWaive,
		rec.State == ledger.Returned && v.Answer == ledger.AnswerRetry && !p.closed(it, r) && !p.missedAfter(it, r):
		return ""
	case rec.State == ledger.Returned && v.Answer == ledger.AnswerRetry && p.missedAfter(it, r):
		return "leads nowhere while what was missed after it waits: resolve that first"
	case v.Answer == ledger.AnswerDone && triedAgain(it, rec):
		if !exact {
			return "is tried again by itself; name it exactly to say that it is done all the same"
		}
		return ""
	case !needs && plans.GoesOn(rec):
		return "goes on by itself: its poll says when it has ended; a shorter timeout in the plan gives it up"
	case !needs:
		return "does not wait for a person"
	case v.Answer == ledger.AnswerRetry && rec.Release != nil && rec.Release.State == ledger.Running:
		return "is being given back at this moment: wait for the end of that"
	case v.Answer == ledger.AnswerDone && asks && len(approval.By) > 0 && !mayAnswer(approval.By, v.By):
		return fmt.Sprintf("may be answered by %v only, not by %s", approval.By, v.By)
	case v.Answer == ledger.AnswerRetry && asks && p.expired(it, r):
		return "has expired: asked again, it would expire at once"
	case v.Answer == ledger.AnswerDone && rec.State == ledger.Error && !asks && !exact:
		return "has certainly failed; name it exactly to say that it is done all the same"
	case v.Answer == ledger.AnswerRetry && (rec.State == ledger.Late || rec.State == ledger.Returned) && p.closed(it, r):
		return "cannot begin any more on this date: its latest_start has passed"
	}
	return ""
}

// triedAgain reports whether work, or a lock that may be held, waits to be tried
// again: a probe may have said that it has not happened, and a person knows better.
func triedAgain(it *schema.Item, rec *ledger.Item) bool {
	_, isWork := it.Does.(*schema.Work)
	return (isWork || rec.Obligation) &&
		(rec.State == ledger.Retrying || rec.Release != nil && rec.Release.State == ledger.Retrying)
}

// closed reports whether the latest start of an item's phase, or of a later one
// that the tenant has not begun, has passed: running it would lead nowhere.
func (p *Project) closed(it *schema.Item, r *ledger.Record) bool {
	return plans.NewDecider(p.Config, p.Now(), true).Closed(it, r)
}

func (p *Project) missedAfter(it *schema.Item, r *ledger.Record) bool {
	return plans.NewDecider(p.Config, p.Now(), true).MissedAfter(it, r)
}

// expired reports whether an approval can no longer be given in time.
func (p *Project) expired(it *schema.Item, r *ledger.Record) bool {
	return plans.NewDecider(p.Config, p.Now(), true).Expired(it, r)
}

func nobodyCovered(v Verb) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "nothing-matches", Summary: "Nothing to " + string(v.Kind),
		Detail: fmt.Sprintf("The recorded state knows no tenant that %s covers.", v.Selector),
		Hint:   "List the recorded tenants with: transition state list. Whoever is only in the inventory is recorded by the next apply.",
	}
}

func nothingTouched(v Verb, res VerbResult) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "nothing-matches", Summary: "Nothing to " + string(v.Kind),
		Detail: "The selector covers nothing that is recorded.",
	}
	switch v.Kind {
	case Resolve:
		d.Hint = "List what waits for a person with: transition status -status=Error"
	case Approve, Reject:
		d.Hint = "List what waits for an approval with: transition plan"
	case Hold, Resume, Rollback, Withdraw, Postpone, Import:
		d.Hint = "Ask why a tenant does not move with: transition why TENANT"
	}
	if len(res.Left) > 0 {
		d.Detail = "What the selector covers cannot be touched:"
		for i, l := range res.Left {
			if i == 10 {
				d.Detail += fmt.Sprintf(" and %d more;", len(res.Left)-i)
				break
			}
			d.Detail += fmt.Sprintf(" %s %s;", l.Address, l.Why)
		}
		d.Detail = d.Detail[:len(d.Detail)-1] + "."
	}
	return d
}
