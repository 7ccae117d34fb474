//go:build !windows

package process

import "fmt"

// End is the command with which a person ends a process and its group.
func End(pid int) string { return fmt.Sprintf("kill -- -%d", pid) }
