//go:build unix

package runner

import (
	"os"

	"golang.org/x/sys/unix"
)

// room is how much may still be written to the disk of a directory, in bytes.
func room(dir string) (uint64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}

// superuser reports whether whoever runs this may do everything.
func superuser() bool { return os.Geteuid() == 0 }
