package view_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema"
	"transition/schema/toffset"
)

// shows runs a view and wants parts of what it prints, and lacks others.
func shows(t *testing.T, show func(*bytes.Buffer) error, wanted []string, unwanted ...string) {
	t.Helper()
	out := string(text(t, show))
	for _, w := range wanted {
		if !strings.Contains(out, w) {
			t.Errorf("it does not say %q:\n%s", w, out)
		}
	}
	for _, u := range unwanted {
		if strings.Contains(out, u) {
			t.Errorf("it says %q:\n%s", u, out)
		}
	}
}

// failures are tenants of two batches, each with an error of its own.
func failures(n int) []plans.Wait {
	var waits []plans.Wait
	for i := range n {
		id := fmt.Sprintf("t%02d", i)
		waits = append(waits, plans.Wait{
			Kind: plans.WaitError, Tenant: id, Batch: fmt.Sprintf("wave%d", i%2+1), Address: id + "/Move/move",
			Reason: "exit code 1: no such tenant " + id,
		})
	}
	return waits
}

func TestWaitsAreNotGroupedByTheirErrors(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Waiting: failures(60)}
	for i := range p.Waiting[:40] {
		p.Waiting[i].Reason = "exit code 2: quota"
	}
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) },
		[]string{
			"! error     30 tenants  Move/move  wave1  exit code 2: quota (20 of 30) and 10 other reasons  t00, t02, t04, ...",
			"-> transition resolve batch.wave1/Move/move -done|-retry|-waive", "-> transition resolve batch.wave2/Move/move",
			"Needs a person (60)",
		}, "t59")
}

// Two recipients of one message are two errors of one tenant.
func TestRecipientsThatFailedAreOneTenant(t *testing.T) {
	two := []plans.Wait{
		{Kind: plans.WaitError, Tenant: "a", Batch: "b", Address: "a/Move/after", Reason: "550 no such user ann"},
		{Kind: plans.WaitError, Tenant: "a", Batch: "b", Address: "a/Move/after", Reason: "550 no such user bo"},
	}
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Waiting: two}
	wide := []string{"2 tenants", "batch.b/Move/after", "(2)", "2 need"}
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) }, []string{
		"Needs a person (1)\n  ! error     a/Move/after  b  550 no such user ann (1 of 2) and 1 other reason\n",
		"-> transition resolve a/Move/after -done|-retry|-waive", "No changes. 1 needs a person.",
	}, wide...)
	shows(t, func(b *bytes.Buffer) error { return view.PlanMarkdown(b, p, view.PlanOptions{}) }, []string{
		"Needs a person (1)", "| error | <code>a/Move/after</code> | <code>550 no such user ann &#40;1 of 2&#41; and 1 other reason</code> |",
	}, wide...)
	p.Waiting = append(p.Waiting, plans.Wait{
		Kind: plans.WaitError, Tenant: "c", Batch: "b", Address: "c/Move/after", Reason: "550 no such user ann",
	})
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) }, []string{
		"! error     2 tenants  Move/after  b  550 no such user ann (2 of 3) and 1 other reason  a, c\n",
		"-> transition resolve batch.b/Move/after", "2 need a person.",
	})
}

// Each has a process of its own, which a person may have to end.
func TestCommandsThatRunOnAreEachNamed(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Waiting: failures(2)}
	for i := range p.Waiting {
		p.Waiting[i].Kind = plans.WaitRunning
		p.Waiting[i].Reason = plans.Orphan{Runs: true, Number: 4711 + i, Host: "here", End: "kill"}.Words()
	}
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) },
		[]string{"process 4711 on here", "process 4712 on here"}, "other reason")
}

func TestWhatCannotBeRetriedIsNotOffered(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Waiting: []plans.Wait{
		{Kind: plans.WaitMissed, Tenant: "a", Batch: "b", Address: "a/Move/move", Reason: "late", Final: true},
	}}
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) },
		[]string{"transition resolve a/Move/move -waive -reason=...  the window has closed"}, "-retry")
	s := &plans.TenantStatus{ID: "a", Status: plans.Error, Items: []plans.ItemStatus{
		{Phase: "Move", Item: "move", State: plans.ItemMissed, Final: true},
	}}
	shows(t, func(b *bytes.Buffer) error {
		return view.Why(b, view.Screen{}, &schema.Config{}, s, p.Now, "rehearsal")
	}, []string{"-waive", "no batch · rehearsal"}, "-retry")
}

func TestAnotherDateIsOfferedWhereThereMayBeOne(t *testing.T) {
	for final, want := range map[bool]string{
		true:  "-> transition resolve a/Move/move -waive -reason=...  the window has closed: -waive goes on without it, a new cutover or batch opens another",
		false: "-> transition resolve a/Move/move -done|-retry|-waive -reason=...  or a new cutover or batch, which opens another window",
	} {
		p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Waiting: []plans.Wait{
			{Kind: plans.WaitMissed, Tenant: "a", Batch: "b", Address: "a/Move/move", Reason: "late", Final: final, Movable: true},
		}}
		shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) }, []string{want})
	}
}

func TestApprovalsAreNoErrors(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0)}
	for _, id := range []string{"a", "b"} {
		p.Waiting = append(p.Waiting, plans.Wait{Kind: plans.WaitApproval, Tenant: id, Batch: "wave", Address: id + "/Go/go", Reason: "May " + id + " move?"})
	}
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) },
		[]string{"Waits for approval (2)", "? approval  2 tenants  Go/go  wave", "approve|reject batch.wave/Go/go", "No changes. 2 approvals wait."},
		"Needs a person")
}

func TestEffectsAreNeverCutAway(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Zone: time.UTC}
	for i := range 70 {
		id := fmt.Sprintf("t%02d", i)
		p.Changes = append(p.Changes,
			plans.Change{Kind: plans.Place, Tenant: id, Batch: "wave" + id, At: p.Now, Detail: plans.Detail{T: p.Now.AddDate(0, 0, 70-i)}},
			plans.Change{Kind: plans.Run, Tenant: id, Batch: "wave" + id, Phase: "Move", Item: "move", At: p.Now, Reason: "for " + id})
	}
	out := string(text(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) }))
	if n := strings.Count(out, "> run"); n != 70 {
		t.Errorf("%d of 70 commands are listed:\n%s", n, out)
	}
	p.Changes = append(p.Changes[:40], plans.Change{Kind: plans.Run, Tenant: "z", At: p.Now, Phase: "Move", Item: "move"})
	out = string(text(t, func(b *bytes.Buffer) error {
		return view.Plan(b, view.Screen{}, p, view.PlanOptions{Summary: true})
	}))
	if strings.Index(out, "wavet19  T") > strings.Index(out, "wavet18  T") {
		t.Errorf("batches are not in the order of their dates:\n%s", out)
	}
	if strings.Index(out, "> run") > strings.Index(out, "+ place") {
		t.Errorf("effects do not come first:\n%s", out)
	}
}

func TestNobodySaysOfUnknownEffectsThatNothingWasDone(t *testing.T) {
	tests := map[string]struct {
		result runner.ApplyResult
		kinds  []ledger.Kind // how attempts end
		want   string
	}{
		"stopped": {runner.ApplyResult{Interrupted: true, Failed: 2}, []ledger.Kind{ledger.Unknown, ledger.Unknown},
			"Interrupted. 2 were stopped while they ran: nobody knows whether they happened. Look; how to answer is listed by: transition plan."},
		"failed and unknown": {runner.ApplyResult{Failed: 2}, []ledger.Kind{ledger.Failed, ledger.Unknown},
			"1 failed. 1 is unknown: nobody knows whether it happened. Look; how to answer is listed by: transition plan."},
		"not recorded": {runner.ApplyResult{Unknown: []string{"a/b/c"}}, nil,
			"1 is unknown: nobody knows whether it happened. Look; how to answer is listed by: transition plan."},
		"in time": {runner.ApplyResult{Interrupted: true}, nil, "Interrupted. Nothing was done."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			v := view.NewApply(&out, view.Screen{}, view.ApplyOptions{Talk: &bytes.Buffer{}})
			p := weekend(t)
			if err := v.Plan(p); err != nil {
				t.Fatal(err)
			}
			for _, k := range tt.kinds {
				if err := v.Event(runner.Ended{Change: p.Changes[0], Kind: k}, p.Now); err != nil {
					t.Fatal(err)
				}
			}
			tt.result.Confirmed = true
			if err := v.Result(tt.result); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(out.String(), "\n"+tt.want+"\n") {
				t.Errorf("it does not end with %q:\n%s", tt.want, out.String())
			}
		})
	}
}

func TestWaivedIsNotMoved(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	move := func(s plans.ItemState) *plans.TenantStatus {
		return &plans.TenantStatus{ID: string(s), Batch: "wave1", Phase: "Finalize", Items: []plans.ItemStatus{{Phase: "DataUpgrade", Item: "upgrade", State: s}}}
	}
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewStatus(b, view.Screen{}, cfg, now, "")
		for _, s := range []plans.ItemState{plans.ItemDone, plans.ItemWaived, plans.ItemWaived, plans.ItemFailed} {
			v.Add(move(s))
		}
		return v.Close()
	}, []string{"#####---------------  1 of 4 moved, 2 went on without (waived)"})
}

// A lock that is not given back in its time says why, before anybody is alarmed.
func TestLockSaysWhatItsReleaseWaitsFor(t *testing.T) {
	now := march(pacific(t), 24, 3, 7)
	s := &plans.TenantStatus{ID: "a", Locks: []plans.LockStatus{{
		Phase: "Lock", Item: "door", Since: now.Add(-48 * time.Hour), ReleaseAt: now.Add(-time.Hour), Alarm: now.Add(time.Hour),
		Waits: "failed: Move/move: exit code 1",
	}}}
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewStatusList(b, view.Screen{}, now, pacific(t), view.Filter{Locks: true}, "")
		v.Add(s)
		return v.Close()
	}, []string{"release was due", "failed: Move/move: exit code 1"}, "alarm")
}

// Only who is held by a person is let go on by one.
func TestResumeIsOfferedToWhoIsHeld(t *testing.T) {
	now := march(pacific(t), 24, 3, 7)
	for _, resumable := range []bool{true, false} {
		s := &plans.TenantStatus{ID: "a", Held: &plans.Held{Reason: "too dear", By: "ann", Resumable: resumable}}
		says, not := []string{"held: too dear"}, []string{"transition resume"}
		if resumable {
			says, not = append(says, not...), nil
		}
		shows(t, func(b *bytes.Buffer) error { return view.Why(b, view.Screen{}, &schema.Config{}, s, now, "") }, says, not...)
	}
}

// Who only has to be cleaned up after has been moved, in a plan without a point of no
// return as well.
func TestCleanUpIsNoPartOfTheMove(t *testing.T) {
	phase := func(name, opens string) *schema.Phase {
		at, err := toffset.Parse(opens)
		if err != nil {
			t.Fatal(err)
		}
		return &schema.Phase{Name: name, Opens: &at}
	}
	cfg := &schema.Config{Phases: []*schema.Phase{phase("Copy", "T-7d"), phase("Move", "T"), phase("Clean", "T+2d")}}
	s := &plans.TenantStatus{ID: "a", Batch: "one", Phase: "Clean"}
	for i, p := range cfg.Phases {
		p.Index = i
		cfg.Items = append(cfg.Items, &schema.Item{Name: "work", Index: i, Phase: p, Does: &schema.Work{}})
		state := plans.ItemDone
		if p.Name == "Clean" {
			state = plans.ItemWaiting
		}
		s.Items = append(s.Items, plans.ItemStatus{Phase: p.Name, Item: "work", State: state})
	}
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewStatus(b, view.Screen{}, cfg, march(pacific(t), 24, 3, 7), "")
		v.Add(s)
		return v.Close()
	}, []string{"1 of 1 moved"})
}

func TestBeforeTheFirstApply(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	s := &plans.TenantStatus{ID: "a", New: true, Becomes: "wave3"}
	const words = "not enrolled yet: the next apply enrols it and places it in wave3"
	shows(t, func(b *bytes.Buffer) error { return view.Why(b, view.Screen{}, cfg, s, now, "") }, []string{words})
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewStatusList(b, view.Screen{}, now, pacific(t), view.Filter{}, "rehearsal")
		v.Add(s)
		return v.Close()
	}, []string{words, "1 tenant · Sat 24 Mar 2012 03:07 PDT (10:07 UTC) · rehearsal"})
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewStatus(b, view.Screen{}, cfg, now, "")
		v.Add(s)
		return v.Close()
	}, []string{"1 not enrolled yet"})
}

func TestWhatPeopleHaveSaid(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	s := &plans.TenantStatus{ID: "a", Held: &plans.Held{Reason: "never", By: "root"}, Items: []plans.ItemStatus{
		{Phase: "Pre-Stage", Item: "go", State: plans.ItemDone, Reason: "approved by ann: signed"},
		{Phase: "DataUpgrade", Item: "upgrade", State: plans.ItemWaiting, Reason: "never"},
	}}
	shows(t, func(b *bytes.Buffer) error { return view.Why(b, view.Screen{}, cfg, s, now, "") },
		[]string{"approved by ann: signed", `held by root: "never"`})
}

func TestVerbCountsWhatItLeaves(t *testing.T) {
	r := runner.VerbResult{Touched: []string{"a/Move/move"}}
	for i := range 299 {
		r.Left = append(r.Left, runner.Left{Address: fmt.Sprintf("t%03d/Move/move", i), Why: "has not begun"})
	}
	shows(t, func(b *bytes.Buffer) error { return view.Verb(b, view.Screen{}, runner.Resolve, r) },
		[]string{"Resolved 1 address.", "299  has not begun  t000/Move/move, t001/Move/move, t002/Move/move, ..."}, "t003")
}

func TestNextCountsByTheMinute(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Zone: time.UTC, Next: march(time.UTC, 24, 10, 5)}
	for i := range 3 {
		p.Upcoming = append(p.Upcoming, plans.Upcoming{At: p.Next.Add(time.Duration(i) * 17 * time.Second), Kind: plans.Run, Count: 1})
	}
	shows(t, func(b *bytes.Buffer) error { return view.Next(b, view.Screen{}, p, "rehearsal") },
		[]string{"· rehearsal", "Sat 24 Mar 10:05 UTC  run 3\n"})
}

func TestHistorySaysACodeOnce(t *testing.T) {
	exit := 1
	f := ledger.Fact{Kind: ledger.Failed, At: march(time.UTC, 1, 0, 0), Reason: "exit code 1: no", Evidence: ledger.Evidence{ExitCode: &exit}}
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewHistory(b, view.Screen{}, "a", march(time.UTC, 2, 0, 0), time.UTC)
		v.Add(f)
		return v.Close()
	}, []string{"a · 2012 · UTC\n", `"exit code 1: no"`}, "exit 1")
}
