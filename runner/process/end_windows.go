package process

import "fmt"

// End is the command with which a person ends a process and what it has started.
func End(pid int) string { return fmt.Sprintf("taskkill /T /F /PID %d", pid) }
