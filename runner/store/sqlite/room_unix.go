//go:build unix

package sqlite

import (
	"errors"
	"syscall"
)

// full reports whether an error says that a disk, a quota, or what a file may
// hold is used up.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// reach is how far into a file a write must be possible: as far as the engine's
// goes. What lies before takes up no room.
func reach(path string) int64 { return max(size(path), size(path+"-wal")) }
