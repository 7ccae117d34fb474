//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// namesOf counts the names of a file.
func namesOf(info os.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}
