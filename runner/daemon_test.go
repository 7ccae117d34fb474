package runner_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"transition/runner"
	"transition/runner/clock"
)

// office is the world of a daemon: a plan that is edited, a state that people
// change, and applies whose ends a test makes up.
type office struct {
	*testing.T
	daemon  runner.Daemon
	ends    func(n int) runner.Round // of the n-th apply, from 0
	applied []time.Duration          // since the beginning
	began   time.Time
	serial  atomic.Int64
	lost    error // of the state
	edits   chan struct{}
}

func (o *office) Apply(ctx context.Context) runner.Round {
	o.applied = append(o.applied, o.daemon.Clock.Now().Sub(o.began))
	return o.ends(len(o.applied) - 1)
}

func (o *office) Serial(context.Context) (int64, error) { return o.serial.Load(), o.lost }

func (o *office) Wait(ctx context.Context) error {
	select {
	case <-o.edits:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// at is an instant as a time from the beginning.
func (o *office) at(d time.Duration) time.Time { return o.began.Add(d) }

// work runs a daemon for a while, in which a test does what it likes.
func work(t *testing.T, during time.Duration, play func(*office)) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{T: t, began: time.Now().UTC(), edits: make(chan struct{})}
		o.daemon = runner.Daemon{Rounds: o, Edits: o, Clock: clock.System()}
		o.ends = func(int) runner.Round { return runner.Round{} }
		play(o)
		ctx, cancel := context.WithTimeout(t.Context(), during)
		defer cancel()
		o.daemon.Run(ctx)
	})
}

// appliedAt expects when there was an apply.
func (o *office) appliedAt(want ...time.Duration) {
	o.Cleanup(func() {
		if !slices.Equal(o.applied, want) {
			o.Errorf("there was an apply after %v, want %v", o.applied, want)
		}
	})
}

func TestDaemonSleepsToTheNextInstant(t *testing.T) {
	work(t, time.Hour, func(o *office) {
		next := []time.Duration{10*time.Minute + 7*time.Second, 11 * time.Minute, 0}
		o.ends = func(n int) runner.Round {
			if next[n] == 0 {
				return runner.Round{}
			}
			return runner.Round{Next: o.at(next[n])}
		}
		o.appliedAt(0, next[0], next[1])
	})
}

func TestDaemonWakesForEdits(t *testing.T) {
	work(t, time.Hour, func(o *office) {
		time.AfterFunc(90*time.Second, func() { o.edits <- struct{}{} })
		o.appliedAt(0, 90*time.Second)
	})
}

func TestDaemonNoticesWhatPeopleHaveSaid(t *testing.T) {
	work(t, time.Hour, func(o *office) {
		o.ends = func(int) runner.Round { return runner.Round{Serial: o.serial.Load()} }
		time.AfterFunc(150*time.Second, func() { o.serial.Add(1) })
		o.appliedAt(0, 3*time.Minute)
	})
}

func TestDaemonTriesAgainAtTheNextTick(t *testing.T) {
	work(t, time.Hour, func(o *office) {
		o.ends = func(n int) runner.Round {
			if n < 2 {
				return runner.Round{Again: true}
			}
			return runner.Round{}
		}
		o.appliedAt(0, time.Minute, 2*time.Minute)
	})
}

// Locks are given back at their time though the plan is wrong.
func TestDaemonMissesNothingWhileItTriesAgain(t *testing.T) {
	work(t, time.Hour, func(o *office) {
		o.ends = func(n int) runner.Round {
			switch n {
			case 0:
				return runner.Round{Again: true, Next: o.at(10 * time.Second)}
			case 1:
				return runner.Round{Again: true, Next: o.at(5 * time.Minute)}
			default:
				return runner.Round{}
			}
		}
		o.appliedAt(0, 10*time.Second, 70*time.Second)
	})
}

func TestDaemonTakesABreath(t *testing.T) {
	work(t, 10*time.Second+time.Millisecond, func(o *office) {
		o.ends = func(int) runner.Round { return runner.Round{Next: o.began} }
		var every []time.Duration
		for n := range 11 {
			every = append(every, time.Duration(n)*time.Second)
		}
		o.appliedAt(every...)
	})
}

func TestDaemonLooksWhenTheStateCannotBeRead(t *testing.T) {
	work(t, 90*time.Second, func(o *office) {
		o.lost = errors.New("the disk is gone")
		o.appliedAt(0, time.Minute)
	})
}

// A machine that was suspended, or whose clock was set: the wall shows another
// time than the sleep has taken.
func TestDaemonNoticesAClockThatJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wall := &jumping{Clock: clock.System()}
		o := &office{T: t, began: wall.Now(), edits: make(chan struct{})}
		o.daemon = runner.Daemon{Rounds: o, Edits: o, Clock: wall}
		o.ends = func(n int) runner.Round {
			if n > 0 {
				return runner.Round{}
			}
			wall.by = 5 * time.Hour
			return runner.Round{Next: o.at(4 * time.Hour)}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 61*time.Second)
		defer cancel()
		o.daemon.Run(ctx)
		if len(o.applied) != 2 {
			t.Errorf("applied after %v", o.applied)
		}
	})
}

// jumping is a clock that has been set forward.
type jumping struct {
	clock.Clock
	by time.Duration
}

func (j *jumping) Now() time.Time { return j.Clock.Now().Add(j.by) }

func TestDaemonEnds(t *testing.T) {
	tests := []struct {
		name   string
		finite bool
		ends   runner.Round
		after  time.Duration
	}{
		{"for what makes no sense to go on with", false, runner.Round{Fatal: true}, 0},
		{"when nothing more falls due, if it is to", true, runner.Round{Person: true}, 0},
		{"but not then by itself", false, runner.Round{}, time.Hour},
		{"nor while something is to be tried again", true, runner.Round{Again: true}, time.Hour},
		{"in the middle of a sleep", false, runner.Round{Person: true}, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &office{T: t, began: time.Now(), edits: make(chan struct{})}
				o.daemon = runner.Daemon{Rounds: o, Edits: o, Clock: clock.System(), Finite: tt.finite}
				o.ends = func(int) runner.Round { return tt.ends }
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if got := o.daemon.Run(ctx); got != tt.ends {
					t.Errorf("Run = %+v, want %+v", got, tt.ends)
				}
				if took := time.Since(o.began); took != tt.after {
					t.Errorf("it ended after %s, want %s", took, tt.after)
				}
			})
		})
	}
}
