package runner_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema/diag"
)

// release gives back what is due under the adopted plan.
func (b *bench) release(instant string, change ...func(*runner.ApplyOptions)) (runner.ApplyResult, diag.List) {
	b.tb.Helper()
	o := runner.ApplyOptions{User: "ann"}
	for _, c := range change {
		c(&o)
	}
	return b.mustAdopted(instant).Release(b.tb.Context(), o, nil)
}

// due does what is due under the adopted plan.
func (b *bench) due(instant string) (runner.ApplyResult, diag.List) {
	b.tb.Helper()
	return b.mustAdopted(instant).ApplyDue(b.tb.Context(), runner.ApplyOptions{User: "ann"}, nil)
}

func (b *bench) mustDue(instant string) runner.ApplyResult {
	b.tb.Helper()
	res, diags := b.due(instant)
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return res
}

// codes are those of diagnostics.
func codes(l diag.List) (all []string) {
	for i := range l {
		all = append(all, l[i].Code)
	}
	return all
}

// While the plan is wrong, locks are given back at their time, and nothing else is
// begun, or recorded.
func TestOnlyLocksAreGivenBackUnderAWrongPlan(t *testing.T) {
	b := locked(t, guarded)
	b.must(whenMoved)
	b.want("run acme/Move/upgrade #1")
	b.write("p.transition.hcl", "{")
	res, diags := b.release("2027-03-22 17:59")
	if len(diags) > 0 || !res.Invalid || res.Confirmed || len(res.Plan.Changes) > 0 || !res.Plan.Next.Equal(b.instant(whenFreed)) {
		t.Errorf("before its time: %+v, %v", res, diags)
	}
	res, diags = b.release(whenFreed)
	if len(diags) > 0 || !maps.Equal(res.Done, map[plans.Kind]int{plans.Unlock: 1}) {
		t.Errorf("at its time %v is done, %v", res.Done, diags)
	}
	b.want("release acme/Lock/door #1") // and not the cleanup beside it
	b.write("p.transition.hcl", guarded)
	b.must(whenFreed)
	b.want("run acme/Finish/cleanup #1")
}

func TestALockIsGivenBackUnderAWrongPlanWhenItsWindowIsMissed(t *testing.T) {
	b := locked(t, guarded)
	b.write("p.transition.hcl", "{")
	if _, diags := b.release(whenMissed); len(diags) > 0 {
		t.Fatal(diags)
	}
	b.want("release acme/Lock/door #1")
	b.write("p.transition.hcl", guarded)
	b.wantState("acme/Move/upgrade", ledger.None) // that is recorded once the plan is right
	b.must(whenMissed)
	b.want()
	b.wantState("acme/Move/upgrade", ledger.Late)
}

// What a person has said, and what has begun behind a lock, counts as ever.
func TestALockStaysUnderAWrongPlanWhileSomethingBehindItStands(t *testing.T) {
	b := locked(t, guarded)
	b.fake.do = on(ledger.Run, unknown)
	b.must(whenMoved)
	b.fake.taken()
	b.write("p.transition.hcl", "{")
	for _, at := range []string{whenMissed, whenFreed, "2027-04-01 18:00"} {
		if _, diags := b.release(at); len(diags) > 0 {
			t.Fatal(diags)
		}
	}
	b.want()
}

func TestAFailedReleaseIsTriedAgainUnderAWrongPlan(t *testing.T) {
	b := locked(t, guarded)
	b.write("p.transition.hcl", "{")
	b.fake.do = always(retryable)
	res, _ := b.release(whenMissed, func(o *runner.ApplyOptions) { o.Wait = true }) // it does not stay
	if res.Retrying != 1 || !res.After.Next.Equal(b.instant("2027-03-20 23:10")) {
		t.Errorf("retrying %d, next at %s", res.Retrying, res.After.Next)
	}
	b.fake.do = nil
	b.release("2027-03-20 23:10")
	b.want("release acme/Lock/door #1", "release acme/Lock/door #2")
}

func TestLocksAreNotGivenBackAgainstTheWill(t *testing.T) {
	b := locked(t, guarded)
	b.write("p.transition.hcl", "{")
	var asked *plans.Plan
	a := b.mustAdopted(whenMissed)
	res, diags := a.Release(t.Context(), runner.ApplyOptions{Confirm: func(p *plans.Plan) bool { asked = p; return false }}, nil)
	if len(diags) > 0 || res.Confirmed || asked == nil || len(asked.Changes) != 1 {
		t.Errorf("asked for %+v, result %+v, %v", asked, res, diags)
	}
	b.want()
	if got := a.LocksDue(asked).Detail; !strings.Contains(got, "1 lock is due for release under the plan adopted on Fri 19 Mar 2027") {
		t.Errorf("it says: %s", got)
	}
}

func TestDueTakesNoEdits(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-01 18:00")
	b.write("p.transition.hcl", strings.ReplaceAll(guarded, "2027-03-20", "2027-04-20"))
	b.write("tenants.csv", "id,email\nacme,a@a.example\ncara,c@c.example\n")
	res, diags := b.due(whenLocked)
	want := map[plans.Kind]int{plans.Enrol: 1, plans.Place: 1, plans.Reschedule: 1, plans.Withdraw: 1}
	if !maps.Equal(res.Beyond, want) || !slices.Equal(codes(diags), []string{"edits-left"}) {
		t.Errorf("beyond that are %v, want %v; %v", res.Beyond, want, diags)
	}
	b.want("acquire acme/Lock/door #1", "acquire beta/Lock/door #1")
	b.write("p.transition.hcl", strings.Replace(guarded, `["cleanup"]`, `["tidy"]`, 1))
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\n")
	if res, _ := b.due(whenMoved); !maps.Equal(res.Beyond, map[plans.Kind]int{plans.Adopt: 2}) {
		t.Errorf("beyond that is %v, want that the plan has changed for two", res.Beyond)
	}
	b.want("run acme/Move/upgrade #1", "run beta/Move/upgrade #1")
	b.must(whenMoved)
	if res := b.mustDue(whenMoved); len(res.Beyond) > 0 {
		t.Errorf("an edit that was applied is told as %v", res.Beyond)
	}
}

func TestDueDoesNothingUnderAWrongPlan(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-01 18:00")
	b.write("tenants.csv", "id,email\n") // which is a mistake, if not one of the plan files
	res, diags := b.due(whenLocked)
	if !res.Invalid || !slices.Contains(codes(diags), "inventory-shrank") {
		t.Errorf("invalid %v, %v", res.Invalid, diags)
	}
	b.want()
}

// wantsPhone has a message that is due at last, to a number that nobody has.
var wantsPhone = strings.Replace(guarded, `key    = "id"`, "key    = \"id\"\n\n  column \"phone\" { type = number }", 1) + `
phase "Tell" {
  opens = "T+72h"

  communication "welcome" {
    channel = channel.maildir.post
    to      = ["${tenant.phone}@sms.example"]
    subject = "s"
    body    = "b"
  }
}
`

// Time alone can show that the adopted plan was wrong all along.
func TestAnAdoptedPlanThatTurnsOutWrong(t *testing.T) {
	const late = "2027-03-23 18:00"
	b := locked(t, wantsPhone)
	b.must(whenMoved)
	b.fake.do = on(ledger.Release, retryable)
	b.must(whenFreed)
	b.fake.do = nil
	b.fake.taken()
	res, diags := b.due(late)
	if !res.Invalid || !slices.Equal(codes(diags), []string{"no-value-for-tenant"}) {
		t.Errorf("invalid %v, %v", res.Invalid, diags)
	}
	b.write("p.transition.hcl", strings.Replace(wantsPhone, "${tenant.phone}@sms.example", "a@a.example", 1))
	res, diags = b.due(late)
	if !res.Invalid || !slices.Equal(codes(diags), []string{"no-value-for-tenant", "adopted-outdated"}) {
		t.Errorf("after an edit: invalid %v, %v", res.Invalid, diags)
	}
	b.want()
	b.release(late)
	b.want("release acme/Lock/door #2")
	b.must(late)
	b.want("send acme/Tell/welcome #1")
}

// The plan says which locks are due, or else that some are held, while its directory
// is wrong, and only then.
func TestThePlanSaysWhichLocksAreDue(t *testing.T) {
	b := locked(t, guarded)
	b.must(whenMoved)
	b.write("tenants.csv", "id,email\nother,o@o.example\nmore,m@m.example\n")
	b.write("p.transition.hcl", strings.Replace(guarded, `key    = "id"`, "key    = \"id\"\n  max_removals = 0", 1))
	for at, want := range map[string][]string{
		"2027-03-22 17:00": {"inventory-shrank", "locks-held"},
		whenFreed:          {"inventory-shrank", "locks-due"},
	} {
		p := b.open(runner.NeedState, at)
		if _, diags := p.Plan(t.Context()); !slices.Equal(codes(diags), want) {
			t.Errorf("at %s it says %v, want %v", at, codes(diags), want)
		}
	}
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	if _, diags := b.open(runner.NeedState, whenFreed).Plan(t.Context()); len(diags) > 0 {
		t.Errorf("a plan that is right says %v", diags)
	}
}
