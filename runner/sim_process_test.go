package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/runner/action"
	"transition/runner/action/command"
	"transition/runner/process"
)

// simRun is an effect that goes on, whether or not its runner lives.
type simRun struct {
	key   string
	marks []string // of a command
	boot  int      // run of the machine in which a command was started
}

// local reports whether it is a process of the machine, and ends with that.
func (r *simRun) local() bool { return r.marks != nil }

// starts notes that an effect goes on. w.mu is held.
func (w *simWorld) starts(r action.Request) {
	run := &simRun{key: r.Key, boot: w.boot}
	if r.Command != nil {
		run.marks = command.Marks(r)
	}
	w.running[r.Seq] = run
}

// runs reports whether an effect of a key goes on. w.mu is held.
func (w *simWorld) runs(key string) bool {
	for _, run := range w.running {
		if run.key == key && (!run.local() || run.boot == w.boot) {
			return true
		}
	}
	return false
}

// died reports whether the attempt was a command that has ended with its machine.
func (w *simWorld) died(attempt int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	run := w.running[attempt]
	return run.local() && run.boot != w.boot
}

// reboots ends every command of the machine.
func (w *simWorld) reboots() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.boot++
}

// simProcesses are the processes of the machine. It implements process.Table by the
// rules of process.System.
type simProcesses struct{ *simWorld }

const simHost = "sim"

// firstPID is the number of the process of attempt 0.
const firstPID = 1000

func pidOf(attempt int64) int { return firstPID + int(attempt) }

func (p simProcesses) Identify(pid int, marks []string) (process.Identity, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return process.Identity{PID: pid, Marks: marks, Host: simHost, Boot: strconv.Itoa(p.boot)}, true
}

func (p simProcesses) Look(id process.Identity) (int, process.Life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case id.Host != simHost:
		return 0, process.Unseen
	case id.Boot != strconv.Itoa(p.boot):
		return 0, process.Gone
	}
	for attempt, run := range p.running {
		pid := pidOf(attempt)
		if run.boot == p.boot && (id.PID == pid || id.PID == 0 && run.local() && slices.Equal(run.marks, id.Marks)) {
			return pid, process.Runs
		}
	}
	return 0, process.Gone
}

// outlives lets an effect go on whose runner was killed, to its end.
func (n *node) outlives(f fate, r action.Request, over <-chan time.Time) {
	select {
	case <-over:
	case <-n.s.ended:
		return
	}
	if !n.s.world.died(r.Seq) && f.happens() && !f.early {
		n.happens(f, r)
	}
	n.ends(r)
}

// stateDir is where the state lies, and what is written beside it.
func (s *sim) stateDir() string { return filepath.Join(s.dir, ".transition") }

// outcomes are the files of outcomes that could not be recorded.
func (s *sim) outcomes() []string {
	files, err := filepath.Glob(filepath.Join(s.stateDir(), "errored-*.json"))
	if err != nil {
		s.fail("%v", err)
	}
	return files
}

// filesAreLost leaves of what lies beside the state what a disk may keep of it
// that nobody has waited for: of a note nothing, a part, zeros, or all; a file of
// outcomes whole or not at all, since it gets its name when it is on the disk. What
// has survived once is on the disk for good.
func (s *sim) filesAreLost(d dice) {
	notes, err := filepath.Glob(filepath.Join(s.stateDir(), "*.running", "*"))
	if err != nil {
		s.wrongly("%v", err)
	}
	for _, file := range notes {
		s.loses(file, pick(d, keeps, tears, zeroes, removes), d)
	}
	for _, file := range s.outcomes() {
		s.loses(file, pick(d, keeps, removes), d)
	}
}

type loss int

const (
	keeps loss = iota
	tears
	zeroes
	removes
)

func (s *sim) loses(file string, l loss, d dice) {
	if s.durable[file] {
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return // its process has just removed it
	}
	switch l {
	case keeps:
	case tears:
		content = content[:d.IntN(len(content)+1)]
	case zeroes:
		content = []byte(strings.Repeat("\x00", len(content)))
	case removes:
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			s.wrongly("%v", err)
		}
		return
	}
	s.durable[file] = true
	if l != keeps {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			s.wrongly("%v", err)
		}
	}
}
