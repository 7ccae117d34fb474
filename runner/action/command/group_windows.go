package command

import (
	"os"
	"syscall"
)

// OwnGroup keeps a Ctrl-C at the console away from the command.
func OwnGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// AskToEnd ends a process: Windows has no way to ask.
func AskToEnd(pid int) { Kill(pid) }

// Kill ends a process, but not what it has started. If it cannot be ended, there is
// nothing that could be done about it.
func Kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
		_ = p.Release()
	}
}
