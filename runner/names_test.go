package runner_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
)

const renamable = head + one + `
retry "r" {
  max_attempts     = 3
  initial_interval = "10m"
  jitter           = 0
}

phase "Copy" {
  opens = "T-7d"

  work "content" {
    exec { command = ["copy"] }
    retry = retry.r
  }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

const (
	whenCopied = "2027-03-13 18:00"
	whenAgain  = "2027-03-13 18:30"
)

// renamedPhase is the plan in its next version.
var renamedPhase = strings.Replace(renamable, `phase "Copy" {`, `moved {
  from = phase.Copy
  to   = phase.Prep
}

phase "Prep" {`, 1)

// keys notes the idempotency keys of all effects.
func (f *fake) keys(o action.Outcome) *[]string {
	var all []string
	f.do = func(r action.Request) action.Outcome {
		all = append(all, r.Key)
		return o
	}
	return &all
}

func TestRetryGoesOnUnderItsNewName(t *testing.T) {
	b := newBench(t, renamable, "acme,a@a.example")
	keys := b.fake.keys(retryable)
	b.must(whenCopied)
	b.write("p.transition.hcl", renamedPhase)
	b.must(whenAgain)
	b.want("run acme/Copy/content #1", "run acme/Prep/content #2")
	if k := *keys; len(k) != 2 || k[0] != k[1] {
		t.Errorf("keys %q, want the same twice", k)
	}
	if it := b.item("acme/Prep/content"); it == nil || it.Attempts != 2 || b.item("acme/Copy/content") != nil {
		t.Errorf("recorded %+v", it)
	}
	b.write("p.transition.hcl", strings.Replace(renamable, `"Copy"`, `"Prep"`, 1)) // the block is not needed any more
	if pl := b.must(whenAgain).Plan; len(pl.Changes) > 0 {
		t.Errorf("without the block there are changes: %+v", pl.Changes)
	}
	b.sound()
}

// dies has one effect during which the runner is killed.
func (b *bench) dies(instant string) {
	b.tb.Helper()
	b.fake.do = func(action.Request) action.Outcome {
		b.kill()
		return succeeded
	}
	b.must(instant)
	b.revive()
	b.fake.do = nil
}

func TestRunnerDiedBeforeItsItemWasRenamed(t *testing.T) {
	for name, repeats := range map[string]bool{"at_most_once": false, "at_least_once": true} {
		t.Run(name, func(t *testing.T) {
			declared := strings.NewReplacer(`command = ["copy"] }`, `command = ["copy"] }
    delivery = "`+name+`"`)
			b := newBench(t, declared.Replace(renamable), "acme,a@a.example")
			b.dies(whenCopied)
			b.fake.taken()
			keys := b.fake.keys(succeeded)
			b.write("p.transition.hcl", declared.Replace(renamedPhase))
			b.must(whenAgain)
			if repeats {
				b.want("run acme/Prep/content #2")
			} else {
				b.want()
				b.wantState("acme/Prep/content", ledger.Lost)
				b.resolve(ledger.AnswerRetry, "acme/Prep/content")
				b.must(whenAgain)
				b.want("run acme/Prep/content #1")
			}
			first := ledger.Key(b.lineage(), "acme", "Copy/content", ledger.Run, "", 1, 0)
			if k := *keys; len(k) != 1 || k[0] != first {
				t.Errorf("keys %q, want %s", k, first)
			}
			b.wantState("acme/Prep/content", ledger.Done)
			b.sound()
		})
	}
}

func (b *bench) lineage() string {
	b.tb.Helper()
	p := b.open(runner.NeedState, "")
	defer p.Close()
	m, _ := p.Meta()
	return m.Lineage
}

// Until an apply has said so, the record has the old name, and people may use
// either.
func TestPersonMayUseEitherName(t *testing.T) {
	for _, selector := range []string{"acme/Copy/content", "acme/Prep/content", "*/Copy/*", "*/Prep/*"} {
		t.Run(selector, func(t *testing.T) {
			b := newBench(t, renamable, "acme,a@a.example")
			b.fake.do = always(unknown)
			b.must(whenCopied)
			b.write("p.transition.hcl", renamedPhase)
			b.resolve(ledger.AnswerDone, selector)
			b.wantState("acme/Copy/content", ledger.Done)
			if s := b.status("acme"); s.Status != plans.Complete || s.Phase != "Prep" {
				t.Errorf("status %s in %s", s.Status, s.Phase)
			}
			b.fake.taken()
			b.must(whenAgain)
			b.want()
			b.wantState("acme/Prep/content", ledger.Done)
		})
	}
}

func TestWordIsHeardWhileItsItemIsRenamed(t *testing.T) {
	b := newBench(t, renamable, "acme,a@a.example")
	b.must(whenCopied)
	b.fake.taken()
	b.write("p.transition.hcl", renamedPhase)
	res := b.must(whenMoved, atThePrompt(func(*plans.Plan) { b.hold("acme") }))
	b.want() // neither what is done under the old name, nor what the hold keeps back
	if !res.Confirmed {
		t.Fatal("nothing was applied")
	}
	b.wantState("acme/Prep/content", ledger.Done)
	b.told(runner.Verb{Kind: runner.Resume}, "acme")
	b.must(whenMoved)
	b.want("run acme/Move/upgrade #1")
}

// interrupting is a clock that lets somebody speak when it is asked for the nth
// time.
type interrupting struct {
	clock.Clock
	n     atomic.Int64
	speak func()
}

func (c *interrupting) Now() time.Time {
	if c.n.Add(-1) == 0 {
		c.speak()
	}
	return c.Clock.Now()
}

// A word that comes between the plan and its first commit makes all that was
// decided of the tenant wrong; nothing may be done by the old names then, and the
// word is kept.
func TestWordBetweenPlanAndRename(t *testing.T) {
	for n := range 9 {
		for _, resumes := range []bool{false, true} {
			t.Run(fmt.Sprint(n, resumes), func(t *testing.T) { wordBeforeRename(t, n, resumes) })
		}
	}
}

func wordBeforeRename(t *testing.T, n int, resumes bool) {
	b := newBench(t, renamable, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 18:00")
	b.now()
	c.Set(b.instant(whenCopied))
	b.now()
	b.fake.taken()
	b.write("tenants.csv", "id,email\nacme,a@a.example\ncontoso,b@b.example\n")
	b.write("p.transition.hcl", renamedPhase+"moved {\n  from = tenant.beta\n  to   = tenant.contoso\n}\n")
	c.Set(b.instant(whenMoved))
	paced := &interrupting{Clock: c}
	paced.speak = func() {
		b.clock = c
		b.hold("*")
		if resumes {
			b.told(runner.Verb{Kind: runner.Resume}, "*")
		}
	}
	b.clock = paced
	p := b.open(runner.NeedWrite, "")
	paced.n.Store(int64(n))
	b.carryOut(p, nil)
	b.clock = c
	b.now()
	for _, effect := range b.fake.taken() {
		if !strings.Contains(effect, "/Move/") { // for that the word may have come too late
			t.Errorf("%s happens again", effect)
		}
	}
	for _, id := range []string{"acme", "contoso"} {
		b.wantState(id+"/Prep/content", ledger.Done)
		if held := b.record(id).Hold != nil; held != (n > 0 && !resumes) {
			t.Errorf("%s is held: %t", id, held)
		}
	}
	b.sound()
}

// renamedTenant gives acme another id.
func (b *bench) renamedTenant(plan string) {
	b.tb.Helper()
	b.write("tenants.csv", "id,email\ncontoso,a@a.example\n")
	b.write("p.transition.hcl", plan+`
moved {
  from = tenant.acme
  to   = tenant.contoso
}
`)
}

func TestTenantIsRenamedWithItsLock(t *testing.T) {
	b := locked(t, guarded)
	before := b.record("acme")
	b.renamedTenant(guarded)
	if s := b.status("contoso"); len(s.Locks) != 1 {
		t.Errorf("before the apply contoso has the locks %+v", s.Locks)
	}
	b.must(whenLocked)
	b.want()
	after := b.record("contoso")
	if it := after.Item("Lock/door"); it == nil || !it.Obligation || after.Epoch != before.Epoch || !after.T.Equal(before.T) || !after.PlacedAt.Equal(before.PlacedAt) {
		t.Errorf("recorded %+v, before %+v", after, before)
	}
	if was := b.record("acme"); was.Became != "contoso" {
		t.Errorf("acme is %+v", was)
	}
	b.write("p.transition.hcl", guarded)
	b.must(whenMoved)
	var then string
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Op == ledger.Release {
			then = r.Tenant + " " + strings.Join(r.Command.Argv, " ")
		}
		return succeeded
	}
	b.must(whenFreed)
	if then != "acme release acme" {
		t.Errorf("the lock that acme had is given back as that of %q", then)
	}
	b.want("release contoso/Lock/door #1", "run contoso/Finish/cleanup #1", "run contoso/Move/upgrade #1")
	b.sound()
	_, diags := b.say(runner.Verb{Kind: runner.Hold}, "acme")
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "is called contoso now") {
		t.Errorf("a word for the old id: %v", diags)
	}
	p := b.open(runner.NeedState, "")
	defer p.Close()
	if _, diags := p.Why(t.Context(), "acme"); len(diags) != 1 || diags[0].Code != "tenant-renamed" {
		t.Errorf("why acme: %v", diags)
	}
}

// What a person says of the old id until the very moment of the rename is known
// of the new one.
func TestWordForTheOldIDIsNotLost(t *testing.T) {
	b := locked(t, guarded)
	b.renamedTenant(guarded)
	b.must(whenMoved, func(o *runner.ApplyOptions) {
		o.Events = func(ev runner.Event) {
			if _, ok := ev.(runner.Planned); ok {
				b.hold("contoso") // either name is understood
			}
		}
	})
	b.want()
	if r := b.record("contoso"); r.Hold == nil || r.Item("Lock/door") == nil {
		t.Errorf("recorded %+v", r)
	}
	b.sound()
}

// An apply may end after it has adopted the plan and before it has recorded the
// new names. If the plan is broken then, its locks are given back all the same.
func TestLocksAreReleasedThoughTheRenameWasCutShort(t *testing.T) {
	for _, what := range []string{"phase", "tenant"} {
		t.Run(what, func(t *testing.T) {
			b := newBench(t, guarded, "acme,a@a.example")
			c := b.real(whenLocked)
			b.now()
			b.fake.taken()
			want := "release contoso/Lock/door #1"
			if what == "tenant" {
				b.renamedTenant(guarded)
			} else {
				want = "release acme/Closing/door #1"
				b.write("p.transition.hcl", strings.Replace(guarded, "phase \"Lock\" {", "moved {\n  from = phase.Lock\n  to   = phase.Closing\n}\n\nphase \"Closing\" {", 1))
			}
			b.cutShort(c)
			b.wantState("acme/Lock/door", ledger.Done)
			b.write("p.transition.hcl", guarded+"\nphase \"Move\" {}\n")
			c.Set(b.instant(whenMissed))
			b.releaseNow()
			b.want(want)
			b.write("p.transition.hcl", guarded)
			b.sound()
		})
	}
}

// cutShort applies until the plan is adopted, and no further.
func (b *bench) cutShort(c *clock.Fake) {
	b.tb.Helper()
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(b.tb.Context())
		paced := &interrupting{Clock: c, speak: cancel}
		b.clock = paced
		p := b.open(runner.NeedWrite, "")
		before, _ := p.Meta()
		paced.n.Store(int64(n))
		p.Apply(ctx, runner.ApplyOptions{}, nil) // it fails if it is cut too short
		after, _ := p.Meta()
		b.clock = c
		if err := p.Close(); err != nil {
			b.tb.Fatal(err)
		}
		if after.Adopted != before.Adopted {
			return
		}
	}
}

// releaseNow gives back what is due under the adopted plan, while that on disk is
// wrong.
func (b *bench) releaseNow() {
	b.tb.Helper()
	p, diags := runner.Open(runner.Options{Dir: b.dir, Clock: b.clock, Actions: b.fake.actions()})
	defer p.Close()
	if !diags.HasErrors() {
		b.tb.Fatal("the plan on disk is right")
	}
	if diags := p.OpenState(b.tb.Context(), runner.NeedWrite, time.Time{}); diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	adopted, diags := p.Adopted(b.tb.Context())
	if adopted == nil || diags.HasErrors() {
		b.tb.Fatalf("no adopted plan: %v", diags)
	}
	if _, diags := adopted.Release(b.tb.Context(), runner.ApplyOptions{}, nil); diags.HasErrors() {
		b.tb.Error(diags)
	}
}
