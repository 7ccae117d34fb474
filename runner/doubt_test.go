package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/clock"
)

// lostGreeting restores a copy from before acme was enrolled and written to.
func lostGreeting(t *testing.T, plan string) *bench {
	t.Helper()
	b := newBench(t, plan)
	b.must("2027-03-01 18:00")
	backup := b.backup()
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	b.must("2027-03-13 18:00")
	b.fake.taken()
	b.restore(backup)
	return b
}

// foretold splits the effects of a plan into those that it would have, and those that
// it takes for unknown, each as kind, address and recipients.
func (b *bench) foretold(instant string) (has, unknown []string) {
	b.tb.Helper()
	p, diags := b.planned(instant)
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		if !c.Kind.Outside() {
			continue
		}
		words := strings.TrimSpace(c.Kind.String() + " " + c.Address() + " " + strings.Join(c.Detail.Recipients, " "))
		if !c.Detail.Doubted {
			has = append(has, words)
			continue
		}
		unknown = append(unknown, words)
		if !strings.Contains(c.Reason, "it may have happened before the state was restored on") {
			b.tb.Errorf("the plan says of %s %q", words, c.Reason)
		}
	}
	return has, unknown
}

func (b *bench) foretells(instant string, has, unknown []string) {
	b.tb.Helper()
	h, u := b.foretold(instant)
	if !slices.Equal(h, has) || !slices.Equal(u, unknown) {
		b.tb.Errorf("on %s the plan has %q, and takes for unknown %q; want %q and %q", instant, h, u, has, unknown)
	}
}

// A plan does not say that something will run which the apply takes for unknown, nor
// anything that only follows from it.
func TestPlanSaysWhatIsTakenForUnknown(t *testing.T) {
	b := lostGreeting(t, greeting)
	unknown := []string{
		"send acme/Tell/notice a@a.example boss@a.example",
		"send acme/on/welcome a@a.example",
	}
	b.foretells("2027-03-13 18:00", nil, unknown)
	b.must("2027-03-13 18:00")
	b.want()
	b.wantState("acme/Tell/notice", ledger.Lost)
	b.wantState("acme/on/welcome", ledger.Lost)
	b.foretells("2027-03-13 18:00", nil, nil)
	b.resolve(ledger.AnswerRetry, "acme/Tell/notice")
	b.foretells("2027-03-13 18:00", []string{"send acme/Tell/notice a@a.example boss@a.example"}, nil)
	b.write("tenants.csv", "id,email\nacme,new@a.example\n")
	b.foretells("2027-03-13 18:00", []string{"send acme/Tell/notice boss@a.example"}, []string{"send acme/Tell/notice new@a.example", "send acme/on/welcome new@a.example"})
	b.must("2027-03-13 18:00")
	b.want("send acme/Tell/notice #1")
}

// What is in doubt can be resolved once an apply has recorded that; until then the
// refusal says so.
func TestResolveOfWhatIsInDoubtNamesTheApplyBefore(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	clock := b.real("2027-03-01 18:00")
	b.now()
	backup := b.backup()
	clock.Set(b.instant("2027-03-13 18:00"))
	b.now()
	b.restore(backup)
	done := runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerDone}
	const first = "Run first, with the plan of today, whole: transition apply"
	for _, selector := range []string{copied, "*/Copy/*"} {
		if _, diags := b.say(done, selector); !diags.HasErrors() || !strings.HasSuffix(diags[0].Hint, first) {
			t.Errorf("%s: %v", selector, diags)
		}
	}
	b.now()
	b.told(done, copied)
	if _, diags := b.say(done, copied); !diags.HasErrors() || strings.Contains(diags[0].Hint, first) {
		t.Errorf("once it is recorded: %v", diags)
	}
}

// Behind work of which nobody knows whether it was done, nothing is shown to follow.
func TestPlanShowsNothingBehindTheUnknown(t *testing.T) {
	const chain = head + `
retry "again" {
  max_attempts = 5
}

batch "one" {
  cutover = "2027-03-14 18:00"
  match   = true
}

phase "Often" {
  opens = "T-2d"

  work "often" {
    exec { command = ["often"] }
    delivery = "at_least_once"
    retry    = retry.again
  }
}

phase "Move" {
  opens = "T-1d"

  work "first" {
    exec { command = ["first"] }
  }
}

phase "After" {
  opens = "T-1d"
  after = phase.Move

  work "second" {
    exec { command = ["second"] }
  }
}
`
	b := newBench(t, chain, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	backup := b.backup()
	b.must("2027-03-13 18:00")
	b.fake.taken()
	b.restore(backup)
	b.foretells("2027-03-13 18:00", nil, []string{"run acme/Often/often"}) // which is tried again some time
	if p, _ := b.planned("2027-03-13 18:00"); !p.Next.After(b.instant("2027-03-13 18:00")) || p.Next.After(b.instant("2027-03-13 19:00")) {
		t.Errorf("it is tried again on %s", p.Next)
	}
	p := b.open(runner.NeedState, "2027-03-13 18:00")
	status, diags := p.Why(t.Context(), "acme")
	if p.Close(); diags.HasErrors() {
		t.Fatal(diags)
	}
	if it := &status.Items[0]; it.State != plans.ItemDue || !strings.Contains(it.Reason, "the next apply takes it for unknown") {
		t.Errorf("why says of it %s, %q", it.State, it.Reason)
	}
	b.must("2027-03-13 18:00")
	b.want()
	b.wantState("acme/Often/often", ledger.Retrying)
}

// Whoever was first seen after all was enrolled that the lost state can have had is
// greeted: that has certainly not happened. Whoever comes back may have been.
func TestNewcomerAfterARestorationIsGreeted(t *testing.T) {
	b := lostGreeting(t, greeting)
	b.must("2027-03-13 18:00")
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\n")
	b.foretells("2027-03-13 19:00", []string{"send beta/Tell/notice b@b.example boss@a.example", "send beta/on/welcome b@b.example"}, nil)
	b.must("2027-03-13 19:00")
	b.want("send beta/Tell/notice #1", "send beta/Tell/notice #1", "send beta/on/welcome #1")
}

// A tenant that has left after the restoration may have been written to before it.
func TestTenantThatComesBackAfterARestorationIsInDoubt(t *testing.T) {
	b := newBench(t, greeting, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	backup := b.backup()
	b.must("2027-03-13 18:00")
	b.fake.taken()
	b.restore(backup)
	b.write("tenants.csv", "id,email\n")
	b.must("2027-03-13 19:00")
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	b.must("2027-03-13 20:00")
	b.wantState("acme/Tell/notice", ledger.Lost)
}

// A clock that was far ahead leaves facts of which the right one is behind for years.
// A backup from before them is the way on: what may have been done is asked about.
func TestWayOnAfterAClockThatWasFarAhead(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	clock := b.real("2027-03-01 18:00")
	b.now()
	backup := b.backup()
	clock.Set(b.instant("2035-01-01 12:00"))
	b.now()
	b.fake.taken()
	clock.Set(b.instant("2027-03-13 18:00"))
	_, diags := b.carryOut(b.open(runner.NeedWrite, ""), nil)
	if len(diags) != 1 || diags[0].Code != "clock-went-back" || !strings.Contains(diags[0].Hint, "state restore FILE -accept-rollback") {
		t.Fatalf("under the right clock it says %v", diags)
	}
	if res := b.restore(backup); res.Lost == nil || res.Until.Year() != 2035 {
		t.Errorf("restored %+v", res)
	}
	b.now()
	b.want()
	b.wantState("acme/Copy/copy", ledger.Lost)
}

// windows is a plan in which whatever does not begin in time is missed.
const windows = head + one + `
phase "Tell" {
  opens = "T-7d"

  communication "notice" {
    late    = "skip"
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "Soon"
    body    = "Soon."
  }
}

phase "Lock" {
  opens        = "T-1d"
  latest_start = "T-12h"

  lock "admin" {
    acquire {
      exec { command = ["lock"] }
    }
    release {
      exec { command = ["unlock"] }
    }
    release_in = phase.Finish
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+1h"
  must_end           = "T+4h"
  point_of_no_return = true

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}

phase "Finish" { opens = "T+6h" }
`

// That its window has passed is no reason to say of anything that it did not begin: it
// may have, in what the state has lost. A lock among it is given
// back in its time.
func TestNothingInDoubtIsMissed(t *testing.T) {
	b := newBench(t, windows, "acme,a@a.example")
	c := b.real("2027-03-01 18:00")
	b.now()
	backup := b.backup()
	for _, at := range []string{"2027-03-13 18:00", "2027-03-19 18:00", "2027-03-20 18:00"} {
		c.Set(b.instant(at))
		b.now()
	}
	b.want("acquire acme/Lock/admin #1", "run acme/Move/upgrade #1", "send acme/Tell/notice #1")
	c.Set(b.instant("2027-03-20 20:00"))
	b.restore(backup)
	items := []string{"acme/Tell/notice", "acme/Lock/admin", "acme/Move/upgrade"}
	for _, item := range items {
		b.now()
		b.wantState(item, ledger.Lost)
		b.resolve(ledger.AnswerDone, item)
	}
	b.want()
	c.Set(b.instant("2027-03-21 06:00"))
	b.now()
	b.want("release acme/Lock/admin #1")
}

// lapsed is a bench of the plan with acme, restored from a copy of the first instant two
// hours after T. What it did at the others is lost.
func lapsed(t *testing.T, plan string, copied string, others ...string) (*bench, *clock.Fake) {
	t.Helper()
	b := newBench(t, plan, "acme,a@a.example")
	c := b.real("2027-03-01 18:00")
	b.now()
	var backup string
	for _, at := range append([]string{"2027-03-01 18:00"}, others...) {
		c.Set(b.instant(at))
		b.now()
		if at == copied {
			backup = b.backup()
		}
	}
	b.fake.taken()
	c.Set(b.instant("2027-03-20 20:00"))
	b.restore(backup)
	return b, c
}

// Once a person has answered, its window holds as for everything else.
func TestRetryOfWhatWasInDoubtKeepsItsWindow(t *testing.T) {
	b, c := lapsed(t, windows, "2027-03-19 18:00", "2027-03-13 18:00", "2027-03-19 18:00", "2027-03-20 18:00")
	b.now()
	b.wantState("acme/Move/upgrade", ledger.Lost)
	c.Set(b.instant("2027-03-21 00:00"))
	b.resolve(ledger.AnswerRetry, "acme/Move/upgrade")
	b.now()
	b.wantState("acme/Move/upgrade", ledger.Late)
	if slices.Contains(b.fake.taken(), "run acme/Move/upgrade #1") {
		t.Error("it runs after its must_end")
	}
}

// A lock is not opened over what may have been done behind it, though something else
// there certainly was not begun in time.
func TestLockStaysOverWhatIsInDoubt(t *testing.T) {
	plan := strings.Replace(windows, "  work \"upgrade\"", "  work \"verify\" {\n    at = \"T+30m\"\n    exec { command = [\"verify\"] }\n  }\n\n  work \"upgrade\"", 1)
	b, _ := lapsed(t, plan, "2027-03-19 18:00", "2027-03-13 18:00", "2027-03-19 18:00", "2027-03-20 18:00")
	for range 2 {
		b.now()
	}
	b.wantState("acme/Move/upgrade", ledger.Lost)
	if done := b.fake.taken(); slices.Contains(done, "release acme/Lock/admin #1") {
		t.Errorf("it does %q", done)
	}
}

// Who had won the last place of a batch is not worked out anew.
func TestPlaceInDoubtIsNotWonAnew(t *testing.T) {
	plan := strings.Replace(windows, "match   = true\n}", "match   = true\n  capacity = 1\n}\n\nbatch \"two\" {\n  cutover = \"2027-04-20 18:00\"\n  match   = true\n}", 1)
	b := newBench(t, plan)
	c := b.real("2027-03-01 18:00")
	b.now()
	backup := b.backup()
	b.write("tenants.csv", "id,email\nzeta,z@z.example\n")
	c.Set(b.instant("2027-03-02 18:00"))
	b.now()
	b.write("tenants.csv", "id,email\nzeta,z@z.example\nacme,a@a.example\n")
	c.Set(b.instant("2027-03-03 18:00"))
	b.now()
	c.Set(b.instant("2027-03-04 18:00"))
	b.restore(backup)
	b.now()
	for _, id := range []string{"acme", "zeta"} {
		if s := b.status(id); s.Batch != "" || s.Held == nil || !strings.Contains(s.Held.Reason, "it may have been placed in batch one") {
			t.Errorf("%s is in %q, held by %+v", id, s.Batch, s.Held)
		}
	}
}

// Who got a place in what the state has lost gets no other by itself, nor another
// date: all would be done once more. A person says where it was; whoever came later is
// placed as ever.
func TestPlaceInDoubtIsLeftToAPerson(t *testing.T) {
	two := strings.Replace(windows, "phase \"Tell\"", "batch \"two\" {\n  cutover = \"2027-04-20 18:00\"\n  match   = true\n}\n\nphase \"Tell\"", 1)
	b := newBench(t, two)
	c := b.real("2027-03-01 18:00")
	b.now()
	backup := b.backup()
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	for _, at := range []string{"2027-03-02 18:00", "2027-03-13 18:00", "2027-03-19 18:00", "2027-03-20 18:00"} {
		c.Set(b.instant(at))
		b.now()
	}
	b.want("acquire acme/Lock/admin #1", "run acme/Move/upgrade #1", "send acme/Tell/notice #1")
	c.Set(b.instant("2027-03-20 20:00"))
	b.restore(backup)
	b.now()
	if s := b.status("acme"); s.Batch != "" || s.Held == nil || !strings.Contains(s.Held.Reason, "it may have been placed in batch one before the state was restored on Sat 20 Mar 2027 20:00 CET") {
		t.Fatalf("it is in %q, held by %+v", s.Batch, s.Held)
	}
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\n")
	b.now()
	if s := b.status("beta"); s.Batch != "two" {
		t.Errorf("who came later is in %q, held by %+v", s.Batch, s.Held)
	}
	facts := filepath.Join(t.TempDir(), "facts.csv")
	if err := os.WriteFile(facts, []byte("tenant,batch\nacme,one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := b.open(runner.NeedWrite, "")
	if _, diags := p.Import(t.Context(), runner.ImportOptions{File: facts, By: "ann", Reason: "seen"}); diags.HasErrors() {
		t.Fatal(diags)
	}
	b.now()
	b.want()
	b.wantState("acme/Tell/notice", ledger.Lost)
}
