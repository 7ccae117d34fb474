package clock

import (
	"context"
	"time"
)

// Alarm closes rang once d has passed on c. stop gives the alarm up, and waits
// for that; it must be called, also after the alarm rang, and may be called
// twice.
func Alarm(c Clock, d time.Duration) (rang <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ringing, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if c.Sleep(ctx, d) == nil {
			close(ringing)
		}
	}()
	return ringing, func() { cancel(); <-done }
}
