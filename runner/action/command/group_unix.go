//go:build unix

package command

import (
	"os"
	"syscall"
)

// ownGroup makes the command the head of a new process group.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// askToEnd sends SIGTERM to the whole group. An error means that nobody is left.
func askToEnd(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) }

// kill sends SIGKILL to the whole group. The kernel gives the number of a group
// to nobody else while a member of it lives; if none does, there is nobody to
// kill.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
