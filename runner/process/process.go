// Package process tells whether a process that somebody has started still runs,
// though nobody waits for it any more.
package process

import "os"

// Identity tells a process from all others, also from a later one that has got
// its number. It is written down, and read by another process.
type Identity struct {
	// PID is its number, Start when it started, in a unit of the system. 0: it was
	// about to be started, and only Marks tell it.
	PID   int    `json:"pid,omitempty"`
	Start string `json:"start,omitempty"`
	// Marks are entries of its environment that no other process has together, but
	// what it starts.
	Marks []string `json:"marks"`
	// Host and Space say where its number means it: the machine, and the namespace
	// of numbers, if the system has such. Boot is the run of the machine; empty:
	// the system does not say.
	Host  string `json:"host"`
	Space string `json:"space,omitempty"`
	Boot  string `json:"boot,omitempty"`
}

// Life is what can be said of a process.
type Life uint8

// The lives.
const (
	Gone   Life = iota
	Runs        // it, or a member of its process group
	Unseen      // it was started elsewhere: nothing can be said
)

// Table knows processes. It is safe for concurrent use.
type Table interface {
	// Identify is the identity of a process of this machine, or with 0 of one that
	// is about to be started; false: the system does not tell it.
	Identify(pid int, marks []string) (Identity, bool)
	// Look says whether a process still runs which was the head of a process
	// group, and its number. Where there are such groups, it does for as long as
	// any member does.
	Look(Identity) (pid int, l Life)
}

// System is the table of the operating system.
type System struct{}

// Identify implements [Table].
func (System) Identify(pid int, marks []string) (Identity, bool) {
	id := Identity{PID: pid, Marks: marks, Host: host(), Space: space(), Boot: boot()}
	if pid == 0 {
		return id, len(marks) > 0
	}
	var ok bool
	id.Start, ok = started(pid)
	return id, ok
}

// Look implements [Table].
func (System) Look(id Identity) (int, Life) {
	switch {
	case id.Host != host() || id.Space != space():
		return 0, Unseen
	case id.Boot != boot():
		return 0, Gone
	case id.PID > 1 && runs(id.PID, id.Start):
		return id.PID, Runs
	case id.PID == 0 && len(id.Marks) > 0:
		if pid := marked(id.Marks); pid > 1 {
			return pid, Runs
		}
	}
	return 0, Gone
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}
