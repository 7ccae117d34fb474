package runner_test

import (
	"math/rand/v2"
	"time"

	"transition/runner/action"
)

// dice are thrown by the goroutine of the test only.
type dice struct{ *rand.Rand }

// one reports whether one of n comes up.
func (d dice) one(n int) bool { return d.IntN(n) == 0 }

// another has dice of its own, so that it may be somebody else's turn.
func another(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// minutes are at most so many.
func (d dice) minutes(most int) time.Duration { return time.Duration(d.IntN(most+1)) * time.Minute }

var jumps = []time.Duration{
	-24 * time.Hour, -time.Hour, -time.Second, time.Second, time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour, 2 * 365 * 24 * time.Hour,
}

// node says how one apply goes.
func (d dice) node() nodeScript {
	sc := nodeScript{parallelism: pick(d, 1, 3), onward: d.one(2), wait: d.one(4)}
	for range pick(d, 0, maxFates, maxFates) {
		sc.fates = append(sc.fates, d.fate())
	}
	if d.one(3) {
		sc.mishap = mishap{at: 1 + d.IntN(60), after: d.one(2), what: pick(d, fault, kill, power), loss: d.Uint64()}
	}
	return sc
}

// fate says what becomes of one effect.
func (d dice) fate() fate {
	f := fate{
		class: pick(d, action.Succeeded, action.Succeeded, action.Succeeded, action.Retryable, action.Permanent, action.Unknown),
		early: d.one(2), real: d.one(2), took: d.minutes(90), outlives: d.one(2), unseen: d.one(4),
		job: d.minutes(pick(d, 90, 1000)), fails: d.one(4),
	}
	f.hangs = f.class == action.Unknown && d.one(3)
	return f
}
