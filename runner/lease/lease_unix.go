//go:build linux || darwin

package lease

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// first is a write lock on the first byte.
func first() *syscall.Flock_t {
	return &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Len: 1}
}

func take(f *os.File) error {
	err := syscall.FcntlFlock(f.Fd(), setLock, first())
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return ErrHeld
	}
	if err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}

func taken(f *os.File) (bool, error) {
	lock := first()
	if err := syscall.FcntlFlock(f.Fd(), getLock, lock); err != nil {
		return false, err
	}
	return lock.Type != syscall.F_UNLCK, nil
}

// guard waits for the lock of Alone.
func guard(f *os.File) error {
	for {
		err := syscall.FcntlFlock(f.Fd(), waitLock, guardian(syscall.F_WRLCK))
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func unguard(f *os.File) error {
	return syscall.FcntlFlock(f.Fd(), setLock, guardian(syscall.F_UNLCK))
}

func guardian(kind int16) *syscall.Flock_t {
	return &syscall.Flock_t{Type: kind, Whence: io.SeekStart, Start: guards, Len: 1}
}
