package runner_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/runner/store"
)

// tides has one tenant whose copy takes long, and others whose time comes
// meanwhile.
const tides = head + `
batch "early" {
  cutover = "2027-03-20 18:00"
  match   = tenant.email == "a@a.example"
}

batch "later" {
  cutover = "2027-03-21 00:00"
  match   = true
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy", tenant.id] }
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "admin" {
    acquire {
      exec { command = ["lock"] }
    }
    release {
      exec { command = ["unlock"] }
    }
    release_in = phase.Move
  }
}

phase "Move" { opens = "T" }
`

func onward(o *runner.ApplyOptions) { o.Onward, o.Parallelism = true, 4 }

// during lets an effect wait until something else has happened.
type during struct {
	*bench
	inside  chan struct{} // the effect has begun
	proceed chan struct{} // it may end
}

// long makes the effect at an address wait for its end.
func long(b *bench, address string) *during {
	d := &during{b, make(chan struct{}), make(chan struct{})}
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Address == address {
			close(d.inside)
			<-d.proceed
		}
		return succeeded
	}
	return d
}

// until waits until an effect has been taken.
func (d *during) until(effect string) {
	d.tb.Helper()
	for deadline := time.Now().Add(patience); ; {
		d.fake.mu.Lock()
		found := slices.Contains(d.fake.journal, effect)
		d.fake.mu.Unlock()
		if found {
			return
		}
		if time.Now().After(deadline) {
			d.tb.Errorf("%s does not happen", effect)
			return
		}
	}
}

func TestWhatFallsDueDoesNotWaitForLongWork(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-13 18:00")
	d := long(b, "acme/Copy/copy")
	go func() {
		<-d.inside
		clock.Set(b.instant("2027-03-14 00:00"))
		d.until("run beta/Copy/copy #1")
		clock.Set(b.instant("2027-03-20 00:00"))
		d.until("acquire beta/Lock/admin #1")
		clock.Set(b.instant("2027-03-21 00:00"))
		d.until("release beta/Lock/admin #1")
		close(d.proceed)
	}()
	b.now(onward)
	b.wantState("acme/Copy/copy", ledger.Done)
}

func TestAWordIsHeardDuringLongWork(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-01 00:00")
	b.now()
	b.hold("beta")
	clock.Set(b.instant("2027-03-14 00:00"))
	d := long(b, "acme/Copy/copy")
	go func() {
		<-d.inside
		b.told(runner.Verb{Kind: runner.Resume}, "beta")
		clock.Advance(time.Minute)
		d.until("run beta/Copy/copy #1")
		close(d.proceed)
	}()
	b.now(onward)
}

// meanwhile is a bench in a bubble, whose time passes when nobody works, so that
// nothing depends on who is faster. One effect of an apply goes on until play is over.
type meanwhile struct {
	*during
	*simClock
	looks int64 // how often everybody was looked at, before play
	*looked
}

// liveOn lives through one: what comes before, the apply, and what happens meanwhile.
func liveOn(t *testing.T, plan, instant, address string, prepare func(*meanwhile), apply func(*meanwhile), play func(*meanwhile)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example")
		m := &meanwhile{simClock: &simClock{Clock: clock.System()}, looked: &looked{}}
		m.jump(b.instant(instant).Sub(m.Now()))
		b.clock = m.simClock
		p := b.load()
		if _, diags := p.Init(t.Context()); diags.HasErrors() {
			t.Fatal(diags)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		m.during = &during{bench: b}
		prepare(m)
		b.fake.taken()
		m.during = long(b, address)
		go func() {
			<-m.inside
			synctest.Wait()
			m.looks = m.times.Load()
			play(m)
			close(m.proceed)
		}()
		apply(m)
	})
}

func nothing(*meanwhile) {}

// goesOn applies, and counts who is looked at.
func goesOn(m *meanwhile) {
	p := m.open(runner.NeedWrite, "")
	p.WrapState(func(s store.Store) store.Store { m.Store = s; return m.looked })
	if _, diags := p.Apply(m.tb.Context(), runner.ApplyOptions{User: "ann", Onward: true, Parallelism: 4}, nil); diags.HasErrors() {
		m.tb.Error(diags)
	}
	if err := p.Close(); err != nil {
		m.tb.Error(err)
	}
}

// pass lets time pass.
func (m *meanwhile) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// rests expects that nobody is looked at while nothing happens.
func (m *meanwhile) rests() {
	m.tb.Helper()
	before := m.times.Load()
	m.pass(3 * time.Minute)
	if n := m.times.Load() - before; n > 0 {
		m.tb.Errorf("everybody was looked at %d times in vain", n)
	}
}

// had expects that there were no other effects so far.
func (m *meanwhile) had(want ...string) {
	m.tb.Helper()
	m.fake.mu.Lock()
	got := slices.Sorted(slices.Values(m.fake.journal))
	m.fake.mu.Unlock()
	if !slices.Equal(got, want) {
		m.tb.Errorf("at %s there were %q, want %q", m.Now().Format(time.DateTime), got, want)
	}
}

// looked counts how often everybody is looked at.
type looked struct {
	store.Store
	times   atomic.Int64
	failing atomic.Bool
}

func (l *looked) Records(ctx context.Context) iter.Seq2[*ledger.Record, error] {
	l.times.Add(1)
	if l.failing.Load() {
		return func(yield func(*ledger.Record, error) bool) { yield(nil, errDisk) }
	}
	return l.Store.Records(ctx)
}

// What falls due before the next look does not wait for it.
func TestWhatFallsDueSoonDoesNotWaitForTheMinute(t *testing.T) {
	liveOn(t, tides, "2027-03-13 23:59", "acme/Copy/copy", func(m *meanwhile) { m.jump(30 * time.Second) }, goesOn, func(m *meanwhile) {
		m.pass(30 * time.Second)
		m.had("run acme/Copy/copy #1", "run beta/Copy/copy #1")
		m.rests()
		m.jump(m.instant("2027-03-20 00:00").Sub(m.Now()))
		m.pass(time.Minute)
		m.had("acquire beta/Lock/admin #1", "run acme/Copy/copy #1", "run beta/Copy/copy #1")
	})
}

// A state that cannot be read for a moment keeps nobody waiting for ever.
func TestALookThatFailsIsRepeated(t *testing.T) {
	liveOn(t, tides, "2027-03-13 18:00", "acme/Copy/copy", nothing, goesOn, func(m *meanwhile) {
		m.failing.Store(true)
		m.pass(6*time.Hour + 3*time.Minute)
		m.had("run acme/Copy/copy #1")
		m.failing.Store(false)
		m.pass(time.Minute)
		m.had("run acme/Copy/copy #1", "run beta/Copy/copy #1")
	})
}

// People are listened to also when nothing more falls due by itself, and nobody is
// looked at when nobody has spoken.
func TestAWordIsHeardWhenNothingFallsDue(t *testing.T) {
	liveOn(t, copies, "2027-03-01 00:00", "acme/Copy/first", func(m *meanwhile) {
		m.now()
		m.hold("beta")
		m.pass(m.instant("2027-03-14 00:00").Sub(m.Now()))
	}, goesOn, func(m *meanwhile) {
		m.rests()
		m.told(runner.Verb{Kind: runner.Resume}, "beta")
		m.pass(time.Minute)
		m.had("run acme/Copy/first #1", "run acme/Copy/second #1", "run beta/Copy/first #1", "run beta/Copy/second #1")
		m.hold("beta") // a word without consequence
		m.pass(time.Minute)
		m.rests()
	})
}

// A clock that jumps while effects run makes nothing begin; until a person has
// said so, the next apply asks about it.
func TestAJumpDuringLongWorkIsLeftToAPerson(t *testing.T) {
	plan := strings.Replace(tides, `time_zone = "Europe/Vienna" }`, `
  time_zone     = "Europe/Vienna"
  max_due_burst = 0
}`, 1)
	liveOn(t, plan, "2027-03-01 00:00", "acme/Copy/copy", func(m *meanwhile) {
		m.now()
		m.pass(m.instant("2027-03-13 18:00").Sub(m.Now()))
	}, func(m *meanwhile) {
		goesOn(m)
		m.want("run acme/Copy/copy #1")
		m.bursts()
	}, func(m *meanwhile) {
		m.jump(72 * time.Hour)
		m.pass(time.Minute)
		m.pass(time.Minute)
		m.had("run acme/Copy/copy #1")
		if m.times.Load() == m.looks {
			m.tb.Error("nobody was looked at")
		}
	})
}

// What began while effects ran has been taken on: a jump after it counts from there.
func TestWhatFellDueDuringLongWorkWasTakenOn(t *testing.T) {
	liveOn(t, tides, "2027-03-13 18:00", "acme/Copy/copy", nothing, func(m *meanwhile) {
		goesOn(m)
		p := m.open(runner.NeedState, "")
		p.WrapState(func(s store.Store) store.Store {
			at, err := s.Meta(m.tb.Context())
			if want := m.instant("2027-03-14 00:00"); err != nil || !at.Clock.Equal(want) {
				m.tb.Errorf("all was taken on until %s, want %s: %v", at.Clock, want, err)
			}
			return s
		})
	}, func(m *meanwhile) {
		m.pass(6 * time.Hour)
		m.had("run acme/Copy/copy #1", "run beta/Copy/copy #1")
	})
}

const (
	twoRows   = "id,email\nacme,a@a.example\nbeta,b@b.example\n"
	threeRows = twoRows + "cora,b@b.example\n"
)

// By the plan applied last, edits keep nobody waiting.
func TestAnEditKeepsNothingFromFallingDueByTheAdoptedPlan(t *testing.T) {
	liveOn(t, tides, "2027-03-01 00:00", "acme/Copy/copy", func(m *meanwhile) {
		m.now()
		m.write("tenants.csv", threeRows)
		m.pass(m.instant("2027-03-13 18:00").Sub(m.Now()))
	}, func(m *meanwhile) {
		if _, diags := m.onTime(onward); diags.HasErrors() {
			m.tb.Error(diags)
		}
	}, func(m *meanwhile) {
		m.pass(6 * time.Hour)
		m.had("run acme/Copy/copy #1", "run beta/Copy/copy #1")
	})
}

// An edit is for the next apply; until then nothing begins, and locks are given
// back all the same. Once it is taken back, all goes on.
func TestAnEditDuringLongWorkKeepsNoLock(t *testing.T) {
	for name, edit := range map[string][2]string{
		"another row": {"tenants.csv", threeRows + "dora,b@b.example\n"},
		"other words": {"p.transition.hcl", strings.Replace(tides, "T-1d", "T-25h", 1)},
		"no plan":     {"p.transition.hcl", "{"},
		"no rows":     {"tenants.csv", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := map[string]string{"tenants.csv": threeRows, "p.transition.hcl": tides}
			liveOn(t, tides, "2027-03-14 00:00", "cora/Copy/copy", func(m *meanwhile) {
				m.now()
				m.pass(m.instant("2027-03-19 20:00").Sub(m.Now()))
				m.now()
				m.write("tenants.csv", threeRows)
			}, goesOn, func(m *meanwhile) {
				m.write(edit[0], edit[1])
				m.jump(m.instant("2027-03-20 18:00").Sub(m.Now())) // beta and cora should be locked by now
				m.pass(time.Minute)
				m.had("release acme/Lock/admin #1", "run cora/Copy/copy #1")
				m.write(edit[0], before[edit[0]])
				m.pass(time.Minute)
				m.had("acquire beta/Lock/admin #1", "release acme/Lock/admin #1", "run cora/Copy/copy #1")
			})
		})
	}
}

// What somebody says just before the pass records something itself is heard, too.
func TestAWordBetweenCommitsIsHeard(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example", "cora,c@c.example")
	clock := b.real("2027-03-01 00:00")
	b.now()
	b.hold("beta")
	clock.Set(b.instant("2027-03-14 00:00"))
	said, proceed := make(chan struct{}), make(chan struct{})
	inside := make(chan struct{}, 2)
	b.fake.do = func(r action.Request) action.Outcome {
		switch r.Address {
		case "acme/Copy/copy":
			inside <- struct{}{}
			<-proceed
		case "cora/Copy/copy":
			inside <- struct{}{}
			<-said
		}
		return succeeded
	}
	d := &during{b, inside, proceed}
	go func() {
		<-inside
		<-inside
		b.told(runner.Verb{Kind: runner.Resume}, "beta")
		close(said)
		for deadline := time.Now().Add(patience); b.state("cora/Copy/copy") != ledger.Done && time.Now().Before(deadline); {
		}
		clock.Advance(time.Minute)
		d.until("run beta/Copy/copy #1")
		close(proceed)
	}()
	b.now(onward)
}
