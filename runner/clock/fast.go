package clock

import (
	"context"
	"math"
	"time"
)

// Fast is a clock that shows an instant now, and then runs speed times as fast
// as c. speed is above 0.
func Fast(c Clock, instant time.Time, speed float64) Clock {
	return fast{base: c, began: c.Now(), instant: instant.UTC(), speed: speed}
}

type fast struct {
	base    Clock
	began   time.Time // on base
	instant time.Time // shown then
	speed   float64
}

func (f fast) Now() time.Time {
	return f.instant.Add(scaled(f.base.Now().Sub(f.began), f.speed))
}

// Sleep waits until this clock has moved by d, or ctx ends.
func (f fast) Sleep(ctx context.Context, d time.Duration) error {
	return f.base.Sleep(ctx, scaled(d, 1/f.speed))
}

// scaled is d times a factor, up to the longest duration that there is. It is
// rounded up, so that who has slept has slept enough.
func scaled(d time.Duration, by float64) time.Duration {
	product := math.Ceil(float64(d) * by)
	if product >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(product)
}
