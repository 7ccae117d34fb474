//go:build !windows

package maildir

import (
	"errors"
	"os"
	"syscall"
)

// syncDir makes the names in a directory durable, on file systems that can.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // as some network file systems answer, which sync names by themselves or never
	}
	return errors.Join(err, f.Close())
}
