// Package retry says when a failed attempt is repeated. It follows the retry
// policies of Temporal, whose words a plan uses.
package retry

import (
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"transition/schema"
)

// Next says when the attempt after one that failed begins; false: there is none.
//
// attempt is the number of the failed attempt within its budget, from 1; first
// is when the first attempt of the budget began, and failed when this one ended.
//
// The interval is initial_interval * backoff_coefficient^(attempt-1), at most
// max_interval, spread by jitter: with a jitter of 0.2 the wait is anything from
// 0.8 to 1.2 of it. How much is drawn from seed and attempt, so that the same
// input always gives the same answer while different items do not come back all
// at once. A max_interval below the initial one counts as the initial one.
//
// retryAfter is the time for which the other side asked to be left alone, or 0.
// The wait is not shorter, but nobody can ask for more than max_interval. An
// attempt that could begin only after max_elapsed, counted from first, is not made.
func Next(r *schema.Retry, attempt int, first, failed time.Time, retryAfter time.Duration, seed string) (time.Time, bool) {
	attempt = max(attempt, 1)
	if attempt >= r.MaxAttempts {
		return time.Time{}, false
	}
	wait := jittered(interval(r, attempt), r.Jitter, draw(seed, attempt))
	wait = max(wait, min(retryAfter, longest(r)))
	at := failed.Add(wait)
	if r.MaxElapsed > 0 && at.Sub(first) > r.MaxElapsed {
		return time.Time{}, false
	}
	return at, true
}

// longest is the bound of all intervals before they are spread.
func longest(r *schema.Retry) time.Duration {
	return max(r.InitialInterval, r.MaxInterval, 0)
}

// interval is the wait after an attempt before it is spread.
func interval(r *schema.Retry, attempt int) time.Duration {
	initial := float64(max(r.InitialInterval, 0))
	if initial == 0 {
		return 0
	}
	most := longest(r)
	// The power may be infinite, but never less than 1 and never not a number.
	grown := initial * math.Pow(max(r.BackoffCoefficient, 1), float64(attempt-1))
	if grown >= float64(most) {
		return most
	}
	return time.Duration(grown)
}

// jittered moves d by up to the share jitter of it, down for a draw of 0 and up
// for a draw of 1.
func jittered(d time.Duration, jitter, draw float64) time.Duration {
	jitter = min(max(jitter, 0), 1)
	spread := float64(d) * (1 + jitter*(2*draw-1))
	if spread >= math.MaxInt64 {
		return d
	}
	return time.Duration(spread)
}

// draw is a number from 0 to 1, without 1, that depends on nothing but its
// arguments and is evenly spread over them.
func draw(seed string, attempt int) float64 {
	h := fnv.New64a()
	h.Write([]byte(seed + "#" + strconv.Itoa(attempt))) // a Hash never returns an error
	// The last bytes of the text hardly reach the upper bits of an FNV hash. This
	// is the finishing step of SplitMix64 (Steele, Lea and Flood, 2014), which
	// mixes all bits.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}
