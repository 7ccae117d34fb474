package clock

import (
	"context"
	"sync"
	"time"
)

// Fake is a clock for tests: its time passes only when it is told so.
type Fake struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{} // closed when now changes
}

// NewFake returns a clock that shows an instant.
func NewFake(now time.Time) *Fake {
	return &Fake{now: now.UTC(), changed: make(chan struct{})}
}

// Now is the instant that the clock was set to.
func (f *Fake) Now() time.Time {
	now, _ := f.read()
	return now
}

func (f *Fake) read() (time.Time, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.changed
}

// Set moves the clock to an instant, also backwards, and wakes who has slept
// long enough.
func (f *Fake) Set(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.move(now.UTC())
}

// Advance moves the clock by d.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.move(f.now.Add(d))
}

func (f *Fake) move(now time.Time) {
	f.now = now
	close(f.changed)
	f.changed = make(chan struct{})
}

// Sleep waits until the clock was moved by d, or ctx ends.
func (f *Fake) Sleep(ctx context.Context, d time.Duration) error {
	now, changed := f.read()
	for until := now.Add(d); now.Before(until) && ctx.Err() == nil; now, changed = f.read() {
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
