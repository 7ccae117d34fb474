package watch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"transition/runner/clock"
)

// desk is a directory that is really watched, and in which editors work. Its
// content is what plan.hcl and mail/letter.md say.
type desk struct {
	*testing.T
	dir string
	w   *Watcher
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, dir: filepath.Join(t.TempDir(), "repository", "plan")}
	d.write("plan.hcl", "one")
	d.write("mail/letter.md", "Dear")
	return d
}

// open begins to watch.
func (d *desk) open() {
	d.Helper()
	d.w = New(Options{Look: d.look, Clock: clock.System()})
	d.Cleanup(func() {
		if err := d.w.Close(); err != nil {
			d.Error(err)
		}
	})
	if d.w.notify == nil {
		d.Fatal("the system gives no notifier")
	}
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *desk) look() Content {
	return Content{
		Digest: d.read("plan.hcl") + "|" + d.read("mail/letter.md"),
		Dirs:   []string{d.dir, d.path("mail")},
	}
}

func (d *desk) read(name string) string {
	text, err := os.ReadFile(d.path(name))
	if err != nil {
		return "nothing"
	}
	return string(text)
}

func (d *desk) do(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) write(name, text string) {
	d.Helper()
	d.do(os.MkdirAll(filepath.Dir(d.path(name)), 0o755))
	d.do(os.WriteFile(d.path(name), []byte(text), 0o644))
}

func (d *desk) rename(from, to string) {
	d.Helper()
	d.do(os.Rename(d.path(from), d.path(to)))
}

func (d *desk) remove(name string) {
	d.Helper()
	d.do(os.RemoveAll(d.path(name)))
}

// told expects that the next change to be told is to a content.
func (d *desk) told(want string) {
	d.Helper()
	// Well before the next round: it is the hint that must bring it.
	ctx, cancel := context.WithTimeout(d.Context(), rounds/2)
	defer cancel()
	if err := d.w.Wait(ctx); err != nil {
		d.Fatalf("%v, and no change was told; the content is %q", err, d.look().Digest)
	}
	if d.w.taken != want {
		d.Errorf("a change to %q was told, want %q", d.w.taken, want)
	}
}

// Each of these ways to save a file is told once, as what it comes to. That it
// was told once is seen from what is told next.
func TestSavesOfEditors(t *testing.T) {
	saves := map[string]func(*desk){
		"vim": func(d *desk) {
			d.write("4913", "")
			d.remove("4913")
			d.rename("plan.hcl", "plan.hcl~")
			d.write("plan.hcl", "t")
			d.write("plan.hcl", "two")
			d.remove("plan.hcl~")
		},
		"emacs": func(d *desk) {
			d.do(os.Symlink("user@host.42", d.path(".#plan.hcl")))
			d.write("#plan.hcl#", "two")
			d.rename("#plan.hcl#", "plan.hcl")
			d.remove(".#plan.hcl")
		},
		"code": func(d *desk) {
			d.do(os.Truncate(d.path("plan.hcl"), 0))
			d.write("plan.hcl", "two")
		},
		"sed": func(d *desk) {
			d.write("sedX8f3Qa", "two")
			d.rename("sedX8f3Qa", "plan.hcl")
		},
		"several": func(d *desk) {
			for i := range 200 {
				d.write(fmt.Sprintf("file%03d.md", i), "new")
			}
			d.write("plan.hcl", "two")
		},
	}
	for name, save := range saves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.open()
			save(d)
			d.told("two|Dear")
			d.write("mail/letter.md", "Hello")
			d.told("two|Hello")
		})
	}
}

func TestSavesInPlaceOfNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.remove("mail")
	d.open()
	d.write("mail/letter.md", "Hello")
	d.told("one|Hello")
	d.remove("mail")
	d.told("one|nothing")
	d.write("mail/letter.md", "Dear")
	d.told("one|Dear")
}

func TestPlanDirectoryGoesAndComesBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.open()
	d.do(os.RemoveAll(filepath.Dir(d.dir))) // as a checkout of a branch without it
	d.told("nothing|nothing")
	d.write("plan.hcl", "two")
	d.told("two|nothing")
	d.write("mail/letter.md", "Hello")
	d.told("two|Hello")
}

func TestDirectoryThatIsReplacedIsWatchedAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.open()
	above := filepath.Dir(d.dir)
	d.do(os.Rename(above, above+".old")) // nothing tells of the directories below
	d.write("plan.hcl", "two")
	d.write("mail/letter.md", "Hello")
	d.w.look()
	d.told("two|Hello")
	d.write("plan.hcl", "three")
	d.told("three|Hello")
}

// A ConfigMap shows its files through links to a directory that is replaced as a
// whole.
func TestConfigMap(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.remove("plan.hcl")
	d.remove("mail")
	d.write("..2026_01/plan.hcl", "one")
	d.write("..2026_01/letter.md", "Dear")
	d.do(os.Symlink("..2026_01", d.path("..data")))
	d.do(os.Symlink("..data/plan.hcl", d.path("plan.hcl")))
	d.do(os.Mkdir(d.path("mail"), 0o755))
	d.do(os.Symlink("../..data/letter.md", d.path("mail/letter.md")))
	d.open()
	for month, want := range []string{"two|Hello", "three|Bonjour"} {
		next := fmt.Sprintf("..2026_%02d", month+2)
		d.write(next+"/plan.hcl", []string{"two", "three"}[month])
		d.write(next+"/letter.md", []string{"Hello", "Bonjour"}[month])
		d.do(os.Symlink(next, d.path("..data_tmp")))
		d.rename("..data_tmp", "..data")
		d.remove(fmt.Sprintf("..2026_%02d", month+1))
		d.told(want)
	}
}

func TestGitCheckout(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	d := newDesk(t)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		cmd.Dir = filepath.Dir(d.dir)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-qm", "one")
	git("checkout", "-qb", "other")
	d.write("plan.hcl", "two")
	for i := range 200 {
		d.write(fmt.Sprintf("mail/text%03d.md", i), "new")
	}
	git("add", ".")
	git("commit", "-qm", "two")
	d.open()
	git("checkout", "-q", "main")
	d.told("one|Dear")
	git("checkout", "-q", "other")
	d.told("two|Dear")
}

func TestDroppingsAreNoHints(t *testing.T) {
	matter := map[string]bool{
		"plan.transition.hcl": true, "tenants.csv": true, "..data": true, "letter.md": true, "sedX8f3Qa": true, "#1.md": true,
		"4913": false, ".plan.transition.hcl.swp": false, "plan.transition.hcl~": false, ".git": false,
		"#plan.transition.hcl#": false, ".#plan.transition.hcl": false, ".transition.lineage": false, ".transition": false,
	}
	for name, want := range matter {
		if got := matters(fsnotify.Event{Name: "/plan/" + name, Op: fsnotify.Create}); got != want {
			t.Errorf("matters(%q) = %t", name, got)
		}
	}
	if matters(fsnotify.Event{Name: "/plan/plan.transition.hcl", Op: fsnotify.Chmod}) {
		t.Error("new permissions alone are a hint")
	}
}

func TestOverflowIsAHint(t *testing.T) {
	events, errs := make(chan fsnotify.Event), make(chan error)
	n := &systemNotifier{
		w:    &fsnotify.Watcher{Events: events, Errors: errs},
		told: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go n.listen()
	errs <- fsnotify.ErrEventOverflow
	select {
	case <-n.hints():
	case <-time.After(10 * time.Second):
		t.Error("the queue has overflowed, and nobody looks")
	}
	close(events)
	close(errs)
	<-n.done
}

func TestMissingDirectoryIsWatchedFromAbove(t *testing.T) {
	n, err := newSystemNotifier()
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	dir := t.TempDir()
	began, err := n.follow([]string{filepath.Join(dir, "not", "there")})
	if !began || err != nil {
		t.Errorf("follow = %t, %v", began, err)
	}
	if began, err := n.follow([]string{dir}); began || err != nil {
		t.Errorf("following the one above, which is watched already: %t, %v", began, err)
	}
}

// Real files are written with pauses, in the ways that leave something half that
// looks right. Time passes as fast as it can.
func TestSlowWritersAreWaitedFor(t *testing.T) {
	const whole = "id,email\na,a@a.example\nb,b@b.example\nc,c@c.example\n"
	pieces := func(sizes ...int) (out []string) {
		for _, n := range sizes {
			out = append(out, whole[:n])
		}
		return append(out, whole)
	}
	writers := map[string][]string{
		"rows one by one":             pieces(0, 9, 23, 37),
		"a copy, torn in a row":       pieces(0, 12, 30, len(whole)-4),
		"longer than it was, by rows": {whole + "d,d@d.example\n", whole + "d,d@d.example\ne,e@e.example\n", whole},
	}
	for name, versions := range writers {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tenants.csv")
			write := func(text string) {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Error(err)
				}
			}
			write("id,email\na,a@a.example\n")
			settling(t, rounds, nil, func(s *scene) {
				s.w.o.Look = func() Content {
					text, err := os.ReadFile(path)
					if err != nil {
						t.Error(err)
					}
					return Content{Digest: string(text)}
				}
				for i, text := range versions {
					s.at(time.Duration(i)*20*time.Second, func() { write(text); s.hint() })
				}
				if err := s.w.Wait(s.Context()); err != nil {
					s.Fatal(err)
				}
				if s.w.taken != whole {
					s.Errorf("it was acted upon\n%s", s.w.taken)
				}
			})
		})
	}
}
