package runner_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
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

// What falls due before the next look does not wait for it.
func TestWhatFallsDueSoonDoesNotWaitForTheMinute(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-13 23:59")
	clock.Advance(30 * time.Second)
	d := long(b, "acme/Copy/copy")
	go func() {
		<-d.inside
		clock.Advance(30 * time.Second)
		d.until("run beta/Copy/copy #1")
		close(d.proceed)
	}()
	b.now(onward)
}

// People are listened to also when nothing more falls due by itself.
func TestAWordIsHeardWhenNothingFallsDue(t *testing.T) {
	b := newBench(t, copies, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-01 00:00")
	b.now()
	b.hold("beta")
	clock.Set(b.instant("2027-03-14 00:00"))
	d := long(b, "acme/Copy/first")
	go func() {
		<-d.inside
		b.told(runner.Verb{Kind: runner.Resume}, "beta")
		clock.Advance(time.Minute)
		d.until("run beta/Copy/first #1")
		close(d.proceed)
	}()
	b.now(onward)
}

// looked counts how often everybody has been looked at.
type looked struct {
	store.Store
	times  atomic.Int64
	opened atomic.Int64 // how often it was asked for attempts that are open
}

func (l *looked) OpenAttempts(ctx context.Context) ([]store.Attempt, error) {
	defer l.opened.Add(1)
	return l.Store.OpenAttempts(ctx)
}

func (l *looked) Records(ctx context.Context) iter.Seq2[*ledger.Record, error] {
	l.times.Add(1)
	return l.Store.Records(ctx)
}

// looking applies a state that counts who looks at it.
func (d *during) looking(l *looked) {
	d.tb.Helper()
	p := d.open(runner.NeedWrite, "")
	p.WrapState(func(s store.Store) store.Store { l.Store = s; return l })
	if _, diags := d.carryOut(p, []func(*runner.ApplyOptions){onward}); diags.HasErrors() {
		d.tb.Error(diags)
	}
}

// again waits until everybody has been looked at more often than that.
func (d *during) again(l *looked, than int64) {
	d.tb.Helper()
	for deadline := time.Now().Add(patience); l.times.Load() <= than; {
		if time.Now().After(deadline) {
			d.tb.Error("nobody looks")
			return
		}
	}
}

// A clock that jumps while effects run makes nothing begin; until a person has
// said so, the next apply asks about it.
func TestAJumpDuringLongWorkIsLeftToAPerson(t *testing.T) {
	b := newBench(t, strings.Replace(tides, "time_zone = \"Europe/Vienna\" }", "\n  time_zone = \"Europe/Vienna\"\n  max_due_burst = 1\n}", 1),
		"acme,a@a.example", "beta,b@b.example", "cora,c@c.example")
	clock := b.real("2027-03-01 00:00")
	b.now()
	clock.Set(b.instant("2027-03-13 18:00"))
	d, l := long(b, "acme/Copy/copy"), &looked{}
	go func() {
		<-d.inside
		before := l.times.Load()
		clock.Set(b.instant("2027-03-17 00:00"))
		d.again(l, before)
		clock.Advance(time.Minute)
		d.again(l, before+1)
		close(d.proceed)
	}()
	d.looking(l)
	b.want("run acme/Copy/copy #1")
	b.bursts()
}

// What began while effects ran has been taken on: a jump after it counts from there.
func TestWhatFellDueDuringLongWorkWasTakenOn(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-13 18:00")
	d := long(b, "acme/Copy/copy")
	go func() {
		<-d.inside
		clock.Set(b.instant("2027-03-14 00:00"))
		d.until("run beta/Copy/copy #1")
		close(d.proceed)
	}()
	b.now(onward)
	var m store.Meta
	p := b.open(runner.NeedState, "")
	p.WrapState(func(s store.Store) store.Store {
		var err error
		if m, err = s.Meta(t.Context()); err != nil {
			t.Error(err)
		}
		return s
	})
	if want := b.instant("2027-03-14 00:00"); !m.Clock.Equal(want) {
		t.Errorf("all was taken on until %s, want %s", m.Clock, want)
	}
}

// By the plan applied last, edits keep nobody waiting.
func TestAnEditKeepsNothingFromFallingDueByTheAdoptedPlan(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-01 00:00")
	b.now()
	b.write("tenants.csv", threeRows)
	clock.Set(b.instant("2027-03-13 18:00"))
	d := long(b, "acme/Copy/copy")
	go func() {
		<-d.inside
		clock.Set(b.instant("2027-03-14 00:00"))
		d.until("run beta/Copy/copy #1")
		close(d.proceed)
	}()
	if _, diags := b.onTime(onward); diags.HasErrors() {
		t.Fatal(diags)
	}
}

const (
	twoRows   = "id,email\nacme,a@a.example\nbeta,b@b.example\n"
	threeRows = twoRows + "cora,b@b.example\n"
)

// An edit is for the next apply; until then nothing begins, and locks are given
// back all the same.
func TestAnEditDuringLongWorkKeepsNoLock(t *testing.T) {
	for name, edit := range map[string][2]string{
		"another row": {"tenants.csv", threeRows + "dora,b@b.example\n"},
		"other words": {"p.transition.hcl", strings.Replace(tides, "T-1d", "T-25h", 1)},
		"no plan":     {"p.transition.hcl", "{"},
		"no rows":     {"tenants.csv", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
			clock := b.real("2027-03-14 00:00")
			b.now()
			clock.Set(b.instant("2027-03-19 20:00"))
			b.now()
			b.fake.taken()
			b.write("tenants.csv", threeRows)
			d := long(b, "cora/Copy/copy")
			go func() {
				<-d.inside
				b.write(edit[0], edit[1])
				clock.Set(b.instant("2027-03-20 18:00")) // beta and cora should be locked by now
				d.until("release acme/Lock/admin #1")
				close(d.proceed)
			}()
			res := b.now(onward)
			b.want("release acme/Lock/admin #1", "run cora/Copy/copy #1")
			if res.Done[plans.Enrol] != 1 {
				t.Errorf("done %v, want one tenant to be enrolled", res.Done)
			}
		})
	}
}

// Once an edit is taken back, it goes on.
func TestAnEditThatIsTakenBackDuringLongWork(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-13 18:00")
	d, l := long(b, "acme/Copy/copy"), &looked{}
	go func() {
		<-d.inside
		before := l.times.Load()
		b.write("tenants.csv", threeRows)
		clock.Set(b.instant("2027-03-14 00:00"))
		d.again(l, before)
		b.write("tenants.csv", twoRows)
		clock.Advance(time.Minute)
		d.until("run beta/Copy/copy #1")
		close(d.proceed)
	}()
	d.looking(l)
}

// Nobody is looked at anew while nothing happens.
func TestNobodyIsLookedAtInVain(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-13 18:00")
	d, l := long(b, "acme/Copy/copy"), &looked{}
	go func() {
		<-d.inside
		before := l.times.Load()
		for range 3 {
			settled := l.opened.Load()
			clock.Advance(time.Minute)
			for deadline := time.Now().Add(patience); l.opened.Load() == settled && time.Now().Before(deadline); {
			}
		}
		if n := l.times.Load() - before; n > 0 {
			t.Errorf("everybody was looked at %d times", n)
		}
		close(d.proceed)
	}()
	d.looking(l)
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
