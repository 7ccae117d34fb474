package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ignored keeps all of a directory out of version control.
const ignored = "# The recorded state holds addresses: it is never committed.\n*\n"

// makeDir makes the directory of a state where there is none. One that was there is
// its owner's, and stays as it is.
func makeDir(dir string) error {
	_, err := os.Lstat(dir)
	if made := os.MkdirAll(dir, 0o700); made != nil || !errors.Is(err, fs.ErrNotExist) {
		return made
	}
	return os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(ignored), 0o600)
}
