package cli

import (
	"context"
	"errors"
	"os"
)

var errInterrupted = errors.New("interrupted")

// interrupts turns signals into ends: the first one ends ctx, the second one
// closes hard. Call stop when the command is done; it waits for the goroutine.
func interrupts(signals <-chan os.Signal) (ctx context.Context, hard <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	closing, quit, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := range 2 {
			select {
			case <-signals:
			case <-quit:
				return
			}
			if n == 0 {
				cancel(errInterrupted)
			} else {
				close(closing)
			}
		}
	}()
	return ctx, closing, func() {
		close(quit)
		<-ended
		cancel(nil)
	}
}

// interrupted reports whether a signal has ended ctx.
func interrupted(ctx context.Context) bool { return context.Cause(ctx) == errInterrupted }
