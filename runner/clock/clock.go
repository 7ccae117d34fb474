// Package clock is where the project gets the time from. Nothing else in runner
// reads the machine's clock.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and waits. It is safe for concurrent use.
type Clock interface {
	// Now is the present instant, in UTC.
	Now() time.Time
	// Sleep returns nil once d has passed, or the error of ctx when that ends
	// first. It never returns nil after ctx has ended.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's clock.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now().UTC() }

func (system) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Still is the clock of a rehearsal: its instant is always the same. Sleep waits
// on the machine's clock.
func Still(instant time.Time) Clock { return still{instant: instant.UTC()} }

type still struct {
	system
	instant time.Time
}

func (s still) Now() time.Time { return s.instant }
