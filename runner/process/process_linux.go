package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func boot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// space names the namespace of this process: a container has its own numbers.
func space() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return name
}

// stat is what /proc/PID/stat says; see proc_pid_stat(5).
type stat struct {
	state, start string
	group        int
}

func read(path string) (stat, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return stat{}, false
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // a name may hold anything
	if len(f) < 20 {
		return stat{}, false
	}
	group, err := strconv.Atoi(f[2])
	return stat{state: f[0], group: group, start: f[19]}, err == nil
}

// over reports whether a process has ended, and only its parent has not asked yet
// how: a container without an init keeps such for ever.
func (s stat) over() bool { return s.state == "Z" || s.state == "X" }

func started(pid int) (string, bool) {
	s, ok := read(fmt.Sprintf("/proc/%d/stat", pid))
	return s.start, ok
}

// runs reports whether the head of a group runs, or another member of it. The
// kernel gives the number of a group to no process while it has a member.
func runs(pid int, start string) bool {
	s, ok := read(fmt.Sprintf("/proc/%d/stat", pid))
	switch {
	case ok && s.start != start:
		return false
	case ok && !s.over():
		return true
	}
	if err := syscall.Kill(-pid, 0); err != nil {
		return err == syscall.EPERM //nolint:errorlint // a system call returns it bare
	}
	for _, dir := range all() {
		if s, ok := read(dir + "/stat"); ok && s.group == pid && !s.over() {
			return true
		}
	}
	return false
}

// marked is the group of a process whose environment has all the marks; 0: there
// is none.
func marked(marks []string) int {
	for _, dir := range all() {
		text, err := os.ReadFile(dir + "/environ")
		if err != nil {
			continue // it is somebody else's, or has ended
		}
		environ := strings.Split(string(text), "\x00")
		if slices.ContainsFunc(marks, func(m string) bool { return !slices.Contains(environ, m) }) {
			continue
		}
		if s, ok := read(dir + "/stat"); ok && !s.over() {
			return s.group
		}
	}
	return 0
}

// all lists the directories of all processes.
func all() []string {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil // the pattern is right
	}
	return dirs
}
