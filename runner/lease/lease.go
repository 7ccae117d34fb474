// Package lease is the exclusive right to apply, as a lock of the operating
// system on a file. The system takes it back when its process ends, however it
// ends: nobody waits for a dead one.
//
// The lock belongs to the open file, not to the process: opening and closing
// the same file elsewhere in the process leaves it alone, and two takers in one
// process exclude each other like two processes. The file is closed on exec, so
// that no child process keeps it.
package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// ErrHeld says that somebody else has the lock.
var ErrHeld = errors.New("the lock is held")

// Lock is a lock that was taken.
type Lock struct {
	mu   sync.Mutex
	file *os.File // nil: released
}

// Take takes the lock on a file, which it makes if there is none. The file stays
// empty and everybody may read it, so that everybody may ask. It never waits: if
// somebody has the lock it fails with ErrHeld. The file stays when the lock is
// released.
func Take(path string) (*Lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := take(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if stillAt(f, path) {
			return &Lock{file: f}, nil
		}
		// The file was deleted between opening and locking it: a lock on it
		// would exclude nobody.
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

func stillAt(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(mine, now)
}

// Release gives the lock back. It is safe to call twice.
func (l *Lock) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// Taken reports whether somebody has the lock on a file. It takes nothing, and
// never makes another's Take fail.
func Taken(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	held, err := taken(f)
	if err != nil {
		err = fmt.Errorf("asking for the lock on %s: %w", path, err)
	}
	return held, errors.Join(err, f.Close())
}

// guards is the byte whose lock Alone takes: far behind whatever may be in a file.
const guards = 1 << 62

// Alone calls f while nobody else does so for the same file. It waits for whoever
// is at it, so that f should take no time. What is in the file does not matter, and
// who only reads it is never in the way. The lock is not the one that Take takes.
func Alone(file *os.File, f func() error) error {
	if err := guard(file); err != nil {
		return &os.PathError{Op: "lock", Path: file.Name(), Err: err}
	}
	return errors.Join(f(), unguard(file))
}
