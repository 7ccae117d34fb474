package runner_test

import (
	"slices"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
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

// An edit is for the next apply; until then nothing begins, and locks are given
// back all the same.
func TestAnEditDuringLongWorkKeepsNoLock(t *testing.T) {
	b := newBench(t, tides, "acme,a@a.example", "beta,b@b.example")
	clock := b.real("2027-03-14 00:00")
	b.now()
	clock.Set(b.instant("2027-03-19 20:00"))
	b.now()
	b.fake.taken()
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\ncora,b@b.example\n")
	d := long(b, "cora/Copy/copy")
	go func() {
		<-d.inside
		b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\ncora,b@b.example\ndora,b@b.example\n")
		clock.Set(b.instant("2027-03-20 18:00")) // beta and cora should be locked by now
		d.until("release acme/Lock/admin #1")
		close(d.proceed)
	}()
	res := b.now(onward)
	b.want("release acme/Lock/admin #1", "run cora/Copy/copy #1")
	if res.Done[plans.Enrol] != 1 {
		t.Errorf("done %v, want one tenant to be enrolled", res.Done)
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
