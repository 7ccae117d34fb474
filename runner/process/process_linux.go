package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return true
	}
	for _, file := range files {
		if s, ok := read(file); ok && s.group == pid && !s.over() {
			return true
		}
	}
	return false
}
