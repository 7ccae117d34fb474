//go:build unix

package command

import "syscall"

// OwnGroup makes a command the head of a new process group.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// AskToEnd sends SIGTERM to the whole group of a process. If nobody is left, or may
// be asked, there is nothing that could be done about it.
func AskToEnd(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

// Kill sends SIGKILL to the whole group of a process. The kernel gives the number
// of a group to nobody else while a member of it lives; if none does, there is
// nobody to kill.
func Kill(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
