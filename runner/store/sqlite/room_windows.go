package sqlite

import (
	"errors"

	"golang.org/x/sys/windows"
)

// full reports whether an error says that a disk or a quota is used up.
func full(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// reach is 0: there is no limit on the size of files, and all that lies before
// it would have to be written.
func reach(string) int64 { return 0 }
