// Package process tells whether a process that somebody has started still runs,
// though nobody waits for it any more.
package process

import "os"

// Identity tells a process from all others, also from a later one that has got
// its number. It is written down, and read by another process.
type Identity struct {
	PID int `json:"pid"`
	// Start is when it started, in a unit of the system.
	Start string `json:"start"`
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
	// Identify is the identity of a process of this machine; false: the system
	// does not tell it.
	Identify(pid int) (Identity, bool)
	// Look says whether a process still runs which was the head of a process
	// group. Where there are such groups, it does for as long as any member does.
	Look(Identity) Life
}

// System is the table of the operating system.
type System struct{}

// Identify implements [Table].
func (System) Identify(pid int) (Identity, bool) {
	start, ok := started(pid)
	return Identity{PID: pid, Start: start, Host: host(), Space: space(), Boot: boot()}, ok
}

// Look implements [Table].
func (System) Look(id Identity) Life {
	switch {
	case id.PID <= 1 || id.Host != host() || id.Space != space():
		return Unseen
	case id.Boot != boot() || !runs(id.PID, id.Start):
		return Gone
	default:
		return Runs
	}
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}
