//go:build crashpoint && linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"transition/plans/ledger"
	"transition/runner/store"
	"transition/runner/store/sqlite"
)

// canary is the value of a secret variable.
const canary = "c4n4ry-in-the-mine"

// repeats is the end of what the stories allow to happen more than once.
const repeats = "/Copy/sync sync"

// crashed is a story in which the program is killed once, or twice.
type crashed struct {
	story
	scene  *scene
	serial int64
	from   string // lineage
}

// suffer lets an accident happen, and the rest of the story after it.
func (s *scene) suffer(t *testing.T, a accident) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: TRANSITION_CRASH_ALL=1 go test -tags crashpoint ./cmd/transition -run '^TestCrash$/^%s$/^%s$'",
				s.name, strings.ReplaceAll(a.String(), "/", "$/^"))
		}
	})
	c := s.from(t, a.step)
	c.history()
	st := &s.steps[a.step]
	if code := c.do(st, fmt.Sprintf("TRANSITION_CRASH=%s:%d:kill", a.point, a.count)); code >= 0 {
		// With several attempts at once, what shares a commit differs.
		if a.count == 1 {
			t.Errorf("it is not killed, and ends with %d", code)
		}
	} else {
		s.all.killed(a.point)
	}
	c.look()
	if a.again != "" {
		if code := c.do(st, "TRANSITION_CRASH="+a.again+":1:kill"); code >= 0 {
			t.Errorf("the second time it is not killed, and ends with %d", code)
		}
		s.all.killed(a.again)
		c.look()
	}
	for i := a.step; i < len(s.steps); i++ {
		next := s.steps[i]
		if i == a.step {
			next.pause = "" // who was to speak then has spoken
		}
		c.goOn(&next)
		c.compare(i)
	}
	c.finally()
}

func (c *crashed) state() string { return filepath.Join(c.dir, ".transition", "state.db") }

func (c *crashed) recorded() bool {
	_, err := os.Stat(c.state())
	return err == nil
}

// readable opens the state to read; nil: there is none of the present schema.
// Reading alone brings none up to date.
func (c *crashed) readable() *sqlite.Store {
	c.Helper()
	s, err := sqlite.Open(c.Context(), c.state(), sqlite.ReadOnly)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrReadOnly) {
		return nil
	}
	c.must(err)
	return s
}

// do does a step once, and waits until nothing of it goes on. It returns the
// exit code; below 0: it was killed.
func (c *crashed) do(s *step, env ...string) int {
	c.Helper()
	c.now = s.at
	if s.verb != "transition" {
		if err := c.arrange(s); err != nil {
			c.Fatal(err)
		}
		return 0
	}
	cmd := c.command(s.args...)
	if s.dies != "" {
		cmd.Env = append(cmd.Env, "TRANSITION_CRASH="+s.dies+":kill") // an accident comes before it
	}
	cmd.Env = append(cmd.Env, env...)
	if s.pause != "" {
		cmd.Env = paused(cmd.Env, s.pause)
	}
	out, err := os.Create(filepath.Join(c.TempDir(), "out"))
	if err != nil {
		c.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out // a file: nobody but this waits for the process
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	status := c.await(cmd.Process.Pid)
	if s.pause != "" {
		c.try(s.meanwhile...) // whether it stands in the way of the accident or not
		if status.Stopped() {
			c.must(syscall.Kill(cmd.Process.Pid, syscall.SIGCONT))
			status = c.await(cmd.Process.Pid)
		}
	}
	c.must(cmd.Process.Release())
	c.quiet()
	said, err := os.ReadFile(out.Name())
	c.must(err)
	if strings.Contains(string(said), canary) {
		c.Errorf("%v tells a secret", s.args)
	}
	if status.Signaled() {
		c.powerCut()
		return -1
	}
	if code := status.ExitStatus(); code != s.want && code != 3 {
		c.Logf("transition %v: exit code %d\n%s", s.args, code, said)
	}
	return status.ExitStatus()
}

// powerCut takes from the state what was not on the disk, in a build that notes
// how much of it was: see powerCuts.
func (c *crashed) powerCut() {
	c.Helper()
	content, err := os.ReadFile(c.state() + ".synced")
	if os.IsNotExist(err) {
		return
	}
	c.must(err)
	n, err := strconv.ParseInt(string(content), 10, 64)
	c.must(err)
	c.must(os.Remove(c.state() + ".synced"))
	if info, err := os.Stat(c.state() + "-wal"); err == nil && info.Size() > n {
		c.must(os.Truncate(c.state()+"-wal", n))
	}
	if err := os.Remove(c.state() + "-shm"); !os.IsNotExist(err) {
		c.must(err)
	}
}

func (c *crashed) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// paused adds a stop to the accidents that the environment orders.
func paused(env []string, at string) []string {
	all := "TRANSITION_CRASH=" + at + ":stop"
	for _, v := range env {
		if also, ok := strings.CutPrefix(v, "TRANSITION_CRASH="); ok {
			all += "," + also
		}
	}
	return append(env, all)
}

// await waits until a process has ended, or is stopped.
func (c *crashed) await(pid int) syscall.WaitStatus {
	c.Helper()
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil)
		if err == syscall.EINTR {
			continue
		}
		c.must(err)
		return status
	}
}

// quiet waits until no command of the plan runs any more, and the servers have
// heard all that was said to them.
func (c *crashed) quiet() {
	c.Helper()
	cwds, err := filepath.Glob("/proc/[0-9]*/cwd")
	c.must(err)
	for _, link := range cwds {
		if dir, err := os.Readlink(link); err != nil || dir != c.dir {
			continue
		}
		var pid int
		_, err := fmt.Sscanf(link, "/proc/%d/cwd", &pid)
		c.must(err)
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue // it has ended
		}
		for {
			if _, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != unix.EINTR {
				break
			}
		}
		c.must(err)
		c.must(unix.Close(fd))
	}
	c.scene.mails.door.empty(c.T)
	c.scene.web.door.empty(c.T)
}

// goOn does a step as a person would after an accident: once more, and with an
// answer for what is unknown.
func (c *crashed) goOn(s *step) {
	c.Helper()
	code := c.do(s)
	s.pause = ""
	switch {
	case s.verb != "transition", code < 0: // killed as it should be
	case s.args[0] == "apply":
		if s.dies != "" { // it has come by that point before
			s.want = 0
		}
		c.finish(s, code)
	case code != s.want && code != 1: // 1: it was said already
		c.Errorf("%v ends with %d", s.args, code)
	}
}

// finish answers what is unknown until nothing is left to do now.
func (c *crashed) finish(s *step, code int) {
	c.Helper()
	if code == 5 { // the saved plan was begun
		s.args = []string{"apply", "-auto-approve"}
		code = c.do(s)
	}
	for range 20 {
		var open []string
		if code == 3 {
			open = c.unknown()
		}
		if (code == s.want || code == 0 && s.want == 3) && len(open) == 0 { // it was answered already
			return
		}
		if len(open) == 0 {
			c.Fatalf("%v after the accident: exit code %d", s.args, code)
		}
		for _, address := range open {
			c.answer(address)
		}
		if code = c.do(s); code < 0 && s.dies != "" {
			return // it has come by that point now
		}
	}
	c.Fatal("it comes to no end")
}

// unknown lists the items whose outcome nobody knows.
func (c *crashed) unknown() []string {
	c.Helper()
	var list []string
	for _, t := range c.status().Tenants {
		for _, it := range t.Items {
			if it.State == "unknown" {
				list = append(list, it.Address)
			}
		}
	}
	return list
}

// standing is where everybody is, by address.
func (c *crashed) standing() map[string]string {
	c.Helper()
	all := make(map[string]string)
	for _, t := range c.status().Tenants {
		all[t.ID] = t.Phase + " " + t.Status
		for _, it := range t.Items {
			all[it.Address] = it.State
		}
	}
	return all
}

// history is all that is recorded. The state must be the one that it was, and
// not be older.
func (c *crashed) history() []ledger.Fact {
	c.Helper()
	s := c.readable()
	if s == nil {
		return nil
	}
	defer s.Close()
	m, err := s.Meta(c.Context())
	c.must(err)
	if c.from != "" && (m.Lineage != c.from || m.Serial < c.serial) {
		c.Errorf("the state was %s with serial %d, and is %s with serial %d", c.from, c.serial, m.Lineage, m.Serial)
	}
	c.from, c.serial = m.Lineage, m.Serial
	return c.facts(s)
}

// answer says what is true: whether it has happened.
func (c *crashed) answer(address string) {
	c.Helper()
	open := make(map[string]bool) // keys of what is unknown
	for _, f := range c.history() {
		switch {
		case f.Tenant+"/"+f.Item != address || f.Kind == ledger.Began:
		case f.Kind == ledger.Unknown:
			open[f.Key] = true
		default:
			delete(open, f.Key)
		}
	}
	happened := 0
	for _, e := range c.happened() {
		if open[e.key] {
			delete(open, e.key)
			happened++
		}
	}
	word := "-retry"
	if happened > 0 {
		word = "-done"
	}
	if happened > 0 && len(open) > 0 {
		c.Errorf("of %s a part has happened, and a person has one answer for all", address)
	}
	c.run(0, "resolve", address, word, "-reason=looked")
}

// counts counts effects by what they are.
func counts(all []effect) map[string]int {
	n := make(map[string]int)
	for _, e := range all {
		n[e.what]++
		if strings.HasSuffix(e.what, repeats) {
			n[e.what] = 1
		}
	}
	return n
}

// compare holds what has happened by the end of a step against what happens
// without an accident.
func (c *crashed) compare(step int) {
	c.Helper()
	got, want := counts(c.happened()), counts(c.scene.moments[step+1].happened)
	for _, what := range slices.Sorted(maps.Keys(want)) {
		if got[what] < want[what] {
			c.scene.all.never()
			c.Errorf("after step %d, %s has happened %d times, not %d", step, what, got[what], want[what])
		}
	}
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if got[what] > want[what] {
			c.scene.all.twice()
			c.Errorf("after step %d, %s has happened %d times, not %d", step, what, got[what], want[what])
		}
	}
}
