package lease

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// The first byte decides who has the lock. The holder also locks the second
// one, and whoever asks tries that one only: asking means locking here, and must
// not get in the way of a taker.
const (
	decides = 0
	shows   = 1
)

func take(f *os.File) error {
	err := lockByte(f, decides, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	if err == nil {
		// This one waits for those who ask just now, which takes no time.
		err = lockByte(f, shows, windows.LOCKFILE_EXCLUSIVE_LOCK)
	}
	if err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}

// taken locks the second byte for a moment; closing the file unlocks it.
func taken(f *os.File) (bool, error) {
	err := lockByte(f, shows, windows.LOCKFILE_FAIL_IMMEDIATELY)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}

func lockByte(f *os.File, offset, flags uint32) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: offset})
}

// guard waits for the lock of Alone.
func guard(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, guardian())
}

func unguard(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, guardian())
}

func guardian() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: guards >> 32} }
