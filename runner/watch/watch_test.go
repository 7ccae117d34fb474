package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"transition/runner/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hinter is a notifier whose hints come from the test.
type hinter struct {
	told   chan struct{}
	dirs   map[string]bool
	failed error
	closed bool
}

func newHinter() *hinter {
	return &hinter{told: make(chan struct{}, 1), dirs: make(map[string]bool)}
}

func (h *hinter) hints() <-chan struct{} { return h.told }
func (h *hinter) close() error           { h.closed = true; return nil }

func (h *hinter) follow(dirs []string) (began bool, err error) {
	for _, d := range dirs {
		began = began || !h.dirs[d]
		h.dirs[d] = true
	}
	return began, h.failed
}

// scene is a content that a test changes while a Watcher looks at it.
type scene struct {
	*testing.T
	hints  *hinter
	w      *Watcher
	mu     sync.Mutex // of digest: things happen while the watcher looks
	digest string
	dirs   []string
	looks  int
	waits  []string // what Unsettled was told
	log    bytes.Buffer
	began  time.Time
}

// onStage runs a test in a bubble in which time passes only when all sleep. The
// content is "one", and the watcher has come to rest. An error says why there is
// no notifier.
func onStage(t *testing.T, failed error, play func(*scene)) {
	t.Helper()
	settling(t, 0, failed, play)
}

// settling is onStage where a content must stand for a while.
func settling(t *testing.T, settle time.Duration, failed error, play func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, hints: newHinter(), digest: "one", dirs: []string{"/plan"}, began: time.Now()}
		o := Options{
			Look: s.look, Settle: settle, Unsettled: func(newest string) { s.waits = append(s.waits, newest) },
			Clock: clock.System(), Log: hclog.New(&hclog.LoggerOptions{Output: &s.log}),
		}
		if failed != nil {
			s.w = begin(o, nil, failed)
		} else {
			s.w = begin(o, s.hints, nil)
		}
		s.nothing(time.Second)
		s.began = time.Now()
		play(s)
		if err := s.w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (s *scene) look() Content {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	return Content{Digest: s.digest, Dirs: s.dirs, Newest: "tenants.csv"}
}

// becomes changes the content.
func (s *scene) becomes(digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digest = digest
}

// hint tells the watcher that something has happened.
func (s *scene) hint() {
	select {
	case s.hints.told <- struct{}{}:
	default:
	}
}

// at does something at a time from the beginning of the play.
func (s *scene) at(d time.Duration, do func()) {
	time.AfterFunc(d-time.Since(s.began), do)
}

// change expects that Wait tells a change at a time from the beginning.
func (s *scene) change(want time.Duration) {
	s.Helper()
	if err := s.w.Wait(s.Context()); err != nil {
		s.Fatal(err)
	}
	if got := time.Since(s.began); got != want {
		s.Errorf("the change was told after %s, want %s", got, want)
	}
}

// nothing expects that Wait tells nothing for a while.
func (s *scene) nothing(d time.Duration) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), d)
	defer cancel()
	if err := s.w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("Wait = %v after %s, want nothing for %s", err, time.Since(s.began), d)
	}
}

func TestChangeIsToldAfterTwoEqualLooks(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		s.becomes("two")
		s.hint()
		s.change(2 * quiet)
		s.nothing(time.Hour)
	})
}

func TestHalfWrittenFileIsNeverTold(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		s.becomes("half")
		s.hint()
		s.at(quiet+time.Millisecond, func() { s.becomes("whole"); s.hint() })
		s.change(3 * quiet)
		if s.w.taken != "whole" {
			t.Errorf("%q was taken", s.w.taken)
		}
	})
}

func TestContentThatComesBackIsNoChange(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		s.becomes("nothing")
		s.hint()
		s.at(quiet+time.Millisecond, func() { s.becomes("one"); s.hint() })
		s.nothing(time.Hour)
	})
}

func TestRestlessDirectoryIsLookedAt(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		for d := time.Duration(0); d < time.Minute; d += 100 * time.Millisecond {
			s.at(d+time.Millisecond, s.hint)
		}
		s.at(2*time.Millisecond, func() { s.becomes("two") })
		s.change(time.Millisecond + patience + quiet)
	})
}

func TestManyHintsAreOneLook(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		before := s.looks
		for d := time.Duration(0); d < time.Second; d += 10 * time.Millisecond {
			s.at(d+time.Millisecond, s.hint)
		}
		s.nothing(10 * time.Second)
		if n := s.looks - before; n != 1 {
			t.Errorf("%d looks at a directory in which nothing has changed", n)
		}
	})
}

func TestWithoutHintsChangesAreFoundInRounds(t *testing.T) {
	none := fmt.Errorf("%w: %w", errNoWatch, syscall.EMFILE)
	onStage(t, none, func(s *scene) {
		s.becomes("two")
		s.change(rounds - time.Second + quiet)
		if n := strings.Count(s.log.String(), "not everything can be watched"); n != 1 {
			t.Errorf("it was said %d times that it is so:\n%s", n, s.log.String())
		}
		if !strings.Contains(s.log.String(), "max_user_instances") {
			t.Errorf("nobody is told what to do:\n%s", s.log.String())
		}
	})
}

func TestRoundsGoOnWhileNobodyWaits(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		s.becomes("two")
		for range 4 {
			s.nothing(7 * time.Second)
		}
		s.change(rounds - time.Second + 2*quiet) // one quiet moment went to New's second look
	})
}

func TestNewDirectoryIsLookedAtOnceItIsWatched(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		s.dirs = append(s.dirs, "/plan/mail")
		s.becomes("two")
		s.hint()
		// The first look finds the directory; what is written there before the
		// watch has begun makes no hint.
		s.at(quiet+time.Millisecond, func() { s.becomes("three") })
		s.change(3 * quiet)
		if s.w.taken != "three" {
			t.Errorf("%q was taken", s.w.taken)
		}
	})
}

func TestFailedWatchIsSaidOnce(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		s.hints.failed = fmt.Errorf("%w: %w", errNoWatch, syscall.ENOSPC)
		s.nothing(10 * rounds)
		if n := strings.Count(s.log.String(), "max_user_watches"); n != 1 {
			t.Errorf("it was said %d times:\n%s", n, s.log.String())
		}
		s.becomes("two")
		s.hint()
		s.change(10*rounds + 2*quiet)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	onStage(t, nil, func(s *scene) {
		ctx, cancel := context.WithCancel(s.Context())
		s.at(time.Second, cancel)
		if err := s.w.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait = %v", err)
		}
	})
}

// Somebody writes rows with pauses that are longer than a quiet moment.
func TestWhatIsWrittenSlowlyIsToldWhenItStands(t *testing.T) {
	for name, failed := range map[string]error{"with hints": nil, "without": errNoWatch} {
		t.Run(name, func(t *testing.T) {
			settling(t, 30*time.Second, failed, func(s *scene) {
				const last = 34 * 600 * time.Millisecond
				for d := time.Duration(0); d <= last; d += 600 * time.Millisecond {
					s.at(d+time.Millisecond, func() { s.becomes(d.String()); s.hint() })
				}
				if err := s.w.Wait(s.Context()); err != nil {
					s.Fatal(err)
				}
				if s.w.taken != last.String() || time.Since(s.began) < last+30*time.Second {
					s.Errorf("what there was after %s was told after %s", s.w.taken, time.Since(s.began))
				}
				if len(s.waits) != 1 || s.waits[0] != "tenants.csv" {
					s.Errorf("it was said %q what is waited for", s.waits)
				}
				s.becomes("another")
				s.hint()
				if s.w.Settled() || len(s.waits) != 2 {
					s.Error("another change need not settle, or nobody is told")
				}
				s.nothing(29 * time.Second)
				if err := s.w.Wait(s.Context()); err != nil || !s.w.Settled() {
					s.Errorf("%v, or what was told is not settled", err)
				}
			})
		})
	}
}

// What New finds may be half as well.
func TestYoungContentSettlesFirst(t *testing.T) {
	tests := map[string]struct {
		age    time.Duration
		settle time.Duration
		told   time.Duration // 0: never
	}{
		"young":                {time.Second, 30 * time.Second, 30 * time.Second},
		"from the future":      {-time.Hour, 30 * time.Second, 30 * time.Second},
		"old":                  {30 * time.Second, 30 * time.Second, 0},
		"young, and no matter": {time.Second, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scene{T: t, began: time.Now()}
				written := time.Now().Add(-tt.age)
				s.w = begin(Options{
					Look:  func() Content { return Content{Digest: "one", Modified: written} },
					Clock: clock.System(), Settle: tt.settle,
				}, nil, nil)
				if s.w.Settled() != (tt.told == 0) {
					t.Errorf("settled from the beginning: %t", tt.told != 0)
				}
				if tt.told > 0 {
					s.change(tt.told)
				}
				s.nothing(time.Hour)
				if err := s.w.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
