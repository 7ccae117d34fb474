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

// mayWrite asks whether a file, or a directory, may be written. Nothing is opened: to
// close the state would take the locks from the engine, which are the process's.
func mayWrite(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	need := uint32(unix.W_OK)
	if info.IsDir() {
		need |= unix.X_OK
	}
	if err := unix.Access(name, need); err != nil {
		return &os.PathError{Op: "write", Path: name, Err: err}
	}
	return nil
}

// superuser reports whether whoever runs this may do everything.
func superuser() bool { return os.Geteuid() == 0 }
