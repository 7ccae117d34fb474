// Package actiontest is the suite that every executor passes.
package actiontest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"transition/plans/ledger"
	"transition/runner/action"
)

const (
	// soon is how long an executor may take to end after its context: a grace
	// period and the rest of a process's output are in it.
	soon = 10 * time.Second
	// maxText is more than any text of evidence may have, in bytes.
	maxText = 16 << 10
)

// Subject is an executor with requests that it can act upon.
type Subject struct {
	Executor action.Executor
	// Succeeds makes a request that succeeds, each time.
	Succeeds func(t *testing.T) action.Request
	// Fails makes a request that fails for good after it has begun.
	Fails func(t *testing.T) action.Request
	// Hangs makes a request that begins, says so by closing the channel, and
	// never ends by itself.
	Hangs func(t *testing.T) (action.Request, <-chan struct{})
}

// Run checks the contract of [action.Executor].
func Run(t *testing.T, s Subject) {
	t.Run("success", func(t *testing.T) { success(t, s) })
	t.Run("failure", func(t *testing.T) { failure(t, s) })
	t.Run("asking", func(t *testing.T) { asking(t, s) })
	t.Run("odd requests", func(t *testing.T) { odd(t, s) })
	t.Run("stopped before", func(t *testing.T) { stoppedBefore(t, s) })
	t.Run("stopped under way", func(t *testing.T) { stoppedUnderWay(t, s) })
	t.Run("all at once", func(t *testing.T) { allAtOnce(t, s) })
}

func success(t *testing.T, s Subject) {
	out := do(t.Context(), t, s, s.Succeeds(t))
	if out.Class != action.Succeeded {
		t.Errorf("class %d, want success: %+v", out.Class, out)
	}
}

func failure(t *testing.T, s Subject) {
	out := do(t.Context(), t, s, s.Fails(t))
	if out.Class != action.Permanent || out.NotBegun {
		t.Errorf("got %+v, want a permanent failure of something that had begun", out)
	}
}

// asking wants the answer, whether it is a success or not. Messages ask nothing.
func asking(t *testing.T, s Subject) {
	for what, request := range map[string]func(*testing.T) action.Request{"success": s.Succeeds, "failure": s.Fails} {
		r := request(t)
		asks := r.Mail == nil
		if out := do(t.Context(), t, s, r); out.Result != nil {
			t.Errorf("%s: a result that nobody has asked for: %+v", what, out.Result)
		}
		r = request(t)
		r.Asks = true
		out := do(t.Context(), t, s, r)
		switch {
		case (out.Result != nil) != asks:
			t.Errorf("%s: the result is %+v", what, out.Result)
		case asks && out.Result.Done() != (out.Class == action.Succeeded):
			t.Errorf("%s: the result says done %v, the class is %d", what, out.Result.Done(), out.Class)
		}
	}
}

// odd hands over requests that are not for this executor, or for none.
func odd(t *testing.T, s Subject) {
	own := s.Succeeds(t)
	all := action.Request{Command: &action.Command{}, HTTP: &action.HTTP{}, Mail: &action.Mail{}}
	requests := map[string]action.Request{"empty": {}, "all kinds": all}
	requests["command without content"] = action.Request{Command: all.Command}
	requests["HTTP without content"] = action.Request{HTTP: all.HTTP}
	requests["mail without content"] = action.Request{Mail: all.Mail}
	two := own
	if own.Command == nil {
		two.Command = &action.Command{Argv: []string{"true"}, Dir: t.TempDir()}
	} else {
		two.Mail = &action.Mail{From: "a@example.com", To: "b@example.com", Data: []byte("\r\n")}
	}
	requests["another kind besides"] = two
	for name, r := range requests {
		t.Run(name, func(t *testing.T) {
			out := do(t.Context(), t, s, r)
			if out.Class != action.Permanent || !out.NotBegun {
				t.Errorf("got %+v, want a permanent failure that never began", out)
			}
		})
	}
}

// stoppedBefore has a context that has ended: nothing may begin.
func stoppedBefore(t *testing.T, s Subject) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	out := do(ctx, t, s, s.Succeeds(t))
	if out.Class == action.Succeeded || out.Class == action.Unknown || !out.NotBegun {
		t.Errorf("got %+v, want a failure that never began", out)
	}
}

func stoppedUnderWay(t *testing.T, s Subject) {
	r, began := s.Hangs(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan action.Outcome, 1)
	go func() { done <- s.Executor.Do(ctx, r) }()
	<-began
	stop()
	select {
	case out := <-done:
		check(t, out)
		if out.Class != action.Unknown || out.NotBegun {
			t.Errorf("got %+v, want an unknown outcome", out)
		}
	case <-time.After(soon):
		t.Fatal("it goes on although its context has ended")
	}
}

func allAtOnce(t *testing.T, s Subject) {
	const n = 8
	requests := make([]action.Request, n)
	for i := range requests {
		requests[i] = s.Succeeds(t)
	}
	var wg sync.WaitGroup
	for _, r := range requests {
		wg.Go(func() {
			if out := s.Executor.Do(t.Context(), r); out.Class != action.Succeeded {
				t.Errorf("one of %d failed: %+v", n, out)
			}
		})
	}
	wg.Wait()
}

func do(ctx context.Context, t *testing.T, s Subject, r action.Request) action.Outcome {
	t.Helper()
	out := s.Executor.Do(ctx, r)
	check(t, out)
	return out
}

// check holds an outcome to what is true of all of them.
func check(t *testing.T, out action.Outcome) {
	t.Helper()
	switch out.Class {
	case action.Succeeded:
		if out.Reason != "" || out.NotBegun {
			t.Errorf("a success has a reason or never began: %+v", out)
		}
	case action.Retryable, action.Permanent, action.Unknown:
		if strings.TrimSpace(out.Reason) == "" {
			t.Errorf("no reason in %+v", out)
		}
	default:
		t.Errorf("no class in %+v", out)
	}
	if (out.Class == action.Unknown || out.NotBegun) && out.Result != nil && out.Result.Command {
		t.Errorf("a result of what was not seen to end: %+v", out)
	}
	if out.Class == action.Unknown && out.NotBegun {
		t.Errorf("what never began cannot be unknown: %+v", out)
	}
	if out.RetryAfter < 0 {
		t.Errorf("a retry lies in the past: %+v", out)
	}
	if strings.ContainsAny(out.Reason, "\r\n") {
		t.Errorf("the reason has several lines: %q", out.Reason)
	}
	for _, text := range append(texts(out.Evidence), out.Reason) {
		checkText(t, text)
	}
}

func texts(e ledger.Evidence) []string {
	return []string{e.Reply, e.Output, e.Message, e.Digest}
}

func checkText(t *testing.T, text string) {
	t.Helper()
	if len(text) > maxText {
		t.Errorf("a text of %d bytes", len(text))
	}
	if !utf8.ValidString(text) {
		t.Errorf("a text is not UTF-8: %q", text)
	}
	for _, c := range text {
		if c != '\n' && c != '\t' && unicode.IsControl(c) {
			t.Errorf("a text holds the control character %U: %q", c, text)
			return
		}
	}
}
