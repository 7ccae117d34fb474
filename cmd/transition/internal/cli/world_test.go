package cli

import (
	"context"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"transition/cmd/transition/internal/view"
)

func TestInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		ctx, hard, stop := interrupts(signals)
		defer stop()
		if ctx.Err() != nil || interrupted(ctx) {
			t.Fatal("it is interrupted before anybody has")
		}
		signals <- syscall.SIGTERM
		synctest.Wait()
		if !interrupted(ctx) {
			t.Error("the first signal does not end the context")
		}
		select {
		case <-hard:
			t.Error("the first signal already stops hard")
		default:
		}
		signals <- os.Interrupt
		synctest.Wait()
		select {
		case <-hard:
		default:
			t.Error("the second signal does not stop hard")
		}
	})
}

func TestStoppingIsNoInterrupt(t *testing.T) {
	ctx, _, stop := interrupts(nil)
	stop()
	if interrupted(ctx) {
		t.Error("a command that has ended counts as interrupted")
	}
}

func TestAsk(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   bool
	}{
		"yes":           {"yes\n", true},
		"with blanks":   {" yes \r\n", true},
		"without end":   {"yes", true},
		"y":             {"y\n", false},
		"another case":  {"Yes\n", false},
		"nothing":       {"\n", false},
		"end of input":  {"", false},
		"yes and more":  {"yes please\n", false},
		"second answer": {"no\nyes\n", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.Stdin = strings.NewReader(tt.answer)
			if got := ask(t.Context(), w.Env, "Really? "); got != tt.want {
				t.Errorf("%q counts as %v", tt.answer, got)
			}
			if w.talk.String() != "Really? " {
				t.Errorf("the question is %q", w.talk.String())
			}
		})
	}
}

func TestAskIsEndedByAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe()
	defer w.Close()
	env := newWorld().Env
	env.Stdin = r
	if ask(ctx, env, "Really? ") {
		t.Error("an interrupt counts as yes")
	}
}

func TestUnattended(t *testing.T) {
	terminal := func(Stream) bool { return true }
	tests := map[string]struct {
		environ  []string
		terminal func(Stream) bool
		want     bool
	}{
		"at a terminal":      {nil, terminal, false},
		"no terminal":        {nil, func(Stream) bool { return false }, true},
		"no input":           {nil, func(s Stream) bool { return s != Stdin }, true},
		"no way to ask":      {nil, func(s Stream) bool { return s != Stderr }, true},
		"in CI":              {[]string{"CI=true"}, terminal, true},
		"CI is switched off": {[]string{"CI=1", "CI=false"}, terminal, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(tt.environ...)
			w.IsTerminal = tt.terminal
			if got := w.unattended(); got != tt.want {
				t.Errorf("unattended = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestColourOnlyOnATerminal(t *testing.T) {
	tests := map[string]struct {
		environ  []string
		terminal bool
		noColor  bool
		want     view.Screen
	}{
		"a terminal":        {nil, true, false, view.Screen{Color: true, Width: 100}},
		"a pipe":            {nil, false, false, view.Screen{}},
		"NO_COLOR":          {[]string{"NO_COLOR=1"}, true, false, view.Screen{Width: 100}},
		"an empty NO_COLOR": {[]string{"NO_COLOR="}, true, false, view.Screen{Color: true, Width: 100}},
		"a dumb terminal":   {[]string{"TERM=dumb"}, true, false, view.Screen{Width: 100}},
		"-no-color":         {nil, true, true, view.Screen{Width: 100}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(tt.environ...)
			w.IsTerminal = func(Stream) bool { return tt.terminal }
			w.Width = func() int { return 100 }
			if got := w.screen(Stdout, &globals{noColor: tt.noColor}); got != tt.want {
				t.Errorf("screen = %+v, want %+v", got, tt.want)
			}
		})
	}
}
