package runner

import (
	"context"
	"time"

	"transition/runner/clock"
)

// Daemon applies a plan whenever something falls due, whenever the plan is
// edited, and whenever somebody has changed the recorded state. It keeps nothing
// from one apply to the next but the instant of the next one: killed at any
// moment and started again, it goes on where it was.
type Daemon struct {
	Rounds Rounds
	// Edits tells of edits of the plan; see package watch.
	Edits interface{ Wait(context.Context) error }
	// Clock is the one by which things fall due.
	Clock clock.Clock
	// Tick is the longest sleep on Clock, after which there is a look at the
	// clock and at the state: a suspended machine and a clock that was set are
	// noticed that late. 0: a minute.
	Tick time.Duration
	// Finite ends the daemon when nothing more falls due by itself.
	Finite bool
}

// Rounds are the applies of a daemon. Its methods are called from one goroutine.
type Rounds interface {
	// Apply reads the plan and the state, and does what is due. The first end of
	// ctx stops new effects and lets running ones finish.
	Apply(ctx context.Context) Round
	// Serial is that of the state at present; it costs little.
	Serial(ctx context.Context) (int64, error)
}

// Round says what an apply has come to.
type Round struct {
	Serial int64     // of the state after it
	Next   time.Time // when something falls due again; zero: nothing does by itself
	// Again: not all was done that could be, as when somebody else has the lease
	// or the plan is wrong; it is tried again at the next tick, if not before.
	Again bool
	// Wrong: there was no right plan to go by.
	Wrong bool
	// Failed: an error kept it from doing all that it should.
	Failed bool
	// Fatal: it makes no sense to go on.
	Fatal bool
	// Person: somebody is needed.
	Person bool
}

const (
	// tick is the longest sleep unless a Daemon says otherwise.
	tick = time.Minute
	// breath is the shortest sleep between two applies: what falls due at nearly
	// the same time is applied together, and a mistake never becomes a busy loop.
	breath = time.Second
)

// Run applies until ctx ends, or an apply is fatal. It returns the last round.
func (d *Daemon) Run(ctx context.Context) Round {
	for {
		r := d.Rounds.Apply(ctx)
		if r.Fatal || ctx.Err() != nil || d.finished(r) {
			return r
		}
		d.sleep(ctx, r)
		if ctx.Err() != nil {
			return r
		}
	}
}

func (d *Daemon) finished(r Round) bool { return d.Finite && r.Next.IsZero() && !r.Again }

// sleep returns when there may be something to apply, or ctx ends.
func (d *Daemon) sleep(ctx context.Context, r Round) {
	for ctx.Err() == nil {
		if d.edited(ctx, d.nap(r)) || d.due(ctx, r) {
			return
		}
	}
}

// nap is how long to sleep at most.
func (d *Daemon) nap(r Round) time.Duration {
	longest := d.Tick
	if longest <= 0 {
		longest = tick
	}
	if r.Next.IsZero() {
		return longest
	}
	return max(breath, min(longest, r.Next.Sub(d.Clock.Now())))
}

// due reports whether anything is to be applied although the plan is the same.
func (d *Daemon) due(ctx context.Context, r Round) bool {
	if r.Again || !r.Next.IsZero() && !r.Next.After(d.Clock.Now()) {
		return true
	}
	serial, err := d.Rounds.Serial(ctx)
	return err != nil || serial != r.Serial // the apply will tell what is wrong
}

// edited sleeps for a while, and reports whether the plan was edited meanwhile.
func (d *Daemon) edited(ctx context.Context, longest time.Duration) bool {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		_ = d.Clock.Sleep(ctx, longest) // it ends early when the plan was edited
	}()
	err := d.Edits.Wait(ctx)
	cancel()
	<-done
	return err == nil
}
