//go:build crashpoint && linux

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// scene is a story of testdata/crash, with the world that its effects reach.
type scene struct {
	*testing.T
	all     *tally
	name    string
	steps   []step
	mails   *mailServer
	web     *webServer
	moments []moment // before each step, and after the last
	end     map[string]string
}

// step is a line of a story.
type step struct {
	at   time.Time
	verb string // transition, or a change of the directory
	args []string
	want int // exit code
	// pause is a crash point, with a count, at which the program is stopped while
	// another one runs with these arguments; "": it is not.
	pause     string
	dies      string // a crash point, with a count, at which the program is killed in any case
	meanwhile []string
}

// moment is what there is between two steps.
type moment struct {
	dir      string // a copy of the plan directory
	mails    [][]byte
	calls    []effect
	happened []effect
	reached  map[string]int // how often the step after it comes by each point
}

// effect is one thing that has happened outside.
type effect struct{ key, what string }

func newScene(t *testing.T, file string, all *tally) *scene {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{
		T: t, all: all, name: strings.TrimSuffix(filepath.Base(file), ".txtar"),
		mails: newMailServer(t), web: newWebServer(t), moments: []moment{{dir: t.TempDir()}},
	}
	for _, f := range a.Files {
		if err := os.WriteFile(filepath.Join(s.moments[0].dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.read(string(a.Comment))
	return s
}

// read reads the steps.
func (s *scene) read(script string) {
	s.Helper()
	next := step{}
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		var err error
		switch words[0] {
		case "at":
			next.at, err = time.Parse(time.RFC3339, words[1])
		case "while":
			next.pause, next.meanwhile = words[1], words[2:]
		case "dies":
			next.dies, next.want = words[1], -1
			next.verb, next.args = words[2], words[3:]
			s.steps = append(s.steps, next)
			next = step{at: next.at}
		default:
			if words[0] == "exits" {
				next.want, err = strconv.Atoi(words[1])
				words = words[2:]
			}
			next.verb, next.args = words[0], words[1:]
			s.steps = append(s.steps, next)
			next = step{at: next.at}
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// tell tells the story without an accident, and keeps what there is at each
// moment.
func (s *scene) tell() {
	s.Helper()
	for i := range s.steps {
		c := s.from(s.T, i)
		reached := filepath.Join(s.TempDir(), "reached")
		if code := c.do(&s.steps[i], "TRANSITION_REACHED="+reached); code != s.steps[i].want {
			s.Fatalf("step %d, %v: exit code %d", i, s.steps[i].args, code)
		}
		s.moments[i].reached = passages(s.T, reached)
		s.moments = append(s.moments, moment{
			dir: c.dir, mails: s.mails.all(), calls: s.web.all(), happened: c.happened(),
		})
		if i == len(s.steps)-1 {
			s.end = c.standing()
		}
	}
}

func passages(t *testing.T, file string) map[string]int {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	n := make(map[string]int)
	for name := range strings.Lines(string(content)) {
		n[strings.TrimSpace(name)]++
	}
	return n
}

// from is the world as it was before a step.
func (s *scene) from(t *testing.T, step int) *crashed {
	t.Helper()
	m := s.moments[step]
	c := &crashed{story: story{T: t, dir: filepath.Join(t.TempDir(), "plan"), secret: canary}, scene: s}
	c.env = []string{
		fmt.Sprint("TRANSITION_VAR_mail=", s.mails.port), fmt.Sprint("TRANSITION_VAR_web=", s.web.door.port()),
		"TRANSITION_VAR_token=" + canary,
	}
	if err := os.CopyFS(c.dir, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	s.mails.mu.Lock()
	s.mails.got = slices.Clone(m.mails)
	s.mails.mu.Unlock()
	s.web.mu.Lock()
	s.web.calls = slices.Clone(m.calls)
	s.web.mu.Unlock()
	return c
}

// arrange does a step that is no command of the program.
func (c *crashed) arrange(s *step) error {
	path := func(i int) string { return filepath.Join(c.dir, s.args[i]) }
	switch s.verb {
	case "touch":
		return os.WriteFile(path(0), nil, 0o600)
	case "rm":
		return os.Remove(path(0))
	case "cp":
		content, err := os.ReadFile(path(0))
		if err != nil {
			return err
		}
		return os.WriteFile(path(1), content, 0o600)
	case "outcomes":
		return c.outcomes(path(0))
	case "shipped":
		return c.shipped(s.args[0])
	default:
		return fmt.Errorf("there is no step %q", s.verb)
	}
}

// shipped puts a state in place that an older version has left.
func (c *crashed) shipped(name string) error {
	packed, err := os.Open(filepath.Join("..", "..", "runner", "store", "sqlite", "testdata", name))
	if err != nil {
		return err
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Dir(c.state()), 0o700); err != nil {
		return err
	}
	return os.WriteFile(c.state(), content, 0o600)
}

// webServer says yes to every request.
type webServer struct {
	door *door

	mu    sync.Mutex
	calls []effect
}

func newWebServer(t *testing.T) *webServer {
	t.Helper()
	w := &webServer{door: newDoor(t)}
	srv := &http.Server{Handler: w}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(w.door) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		<-served // its error says that it was closed
	})
	return w
}

func (w *webServer) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, effect{r.Header.Get("Idempotency-Key"), strings.TrimPrefix(r.URL.Path, "/") + " call"})
}

func (w *webServer) all() []effect {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// empty waits until everybody who knocked before now has been let in and is gone.
// They come in the order in which they knock.
func (d *door) empty(t *testing.T) {
	t.Helper()
	last, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.seen[last.LocalAddr().String()] {
		d.moved.Wait()
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	for d.inside > 0 {
		d.moved.Wait()
	}
	clear(d.seen)
}
