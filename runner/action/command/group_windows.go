package command

import (
	"os"
	"syscall"
)

// ownGroup keeps a Ctrl-C at the console away from the command.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// askToEnd ends the command: Windows has no way to ask.
func askToEnd(p *os.Process) { kill(p) }

// kill ends the command, but not what it has started. An error means that it
// has ended.
func kill(p *os.Process) { _ = p.Kill() }
