// Package regular opens regular files, and nothing else: a named pipe would never
// answer, and a device may never end. A file may become something else between a
// look at it and the opening, so that what was opened is looked at.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrIrregular says that something is no regular file.
var ErrIrregular = errors.New("not a regular file")

// Open opens a regular file for reading, without ever waiting.
func Open(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	if err := check(f, fs.FileMode.IsRegular); err != nil {
		return nil, err
	}
	return f, nil
}

// ReadFile reads a regular file of at most max bytes.
func ReadFile(name string, max int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > max {
		return nil, tooLarge(name, max)
	}
	return ReadAll(f, name, max)
}

// ReadAll reads at most max bytes to the end.
func ReadAll(r io.Reader, name string, max int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, max+1))
	if err == nil && int64(len(content)) > max {
		err = tooLarge(name, max)
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}

func tooLarge(name string, max int64) error {
	return &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("larger than %d MiB", max>>20)}
}

// FS is the file system of a root, in which only regular files and directories
// can be opened.
func FS(root *os.Root) fs.FS { return rootFS{root} }

type rootFS struct{ root *os.Root }

// Open opens a regular file or a directory.
func (r rootFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := r.root.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	if err := check(f, func(m fs.FileMode) bool { return m.IsRegular() || m.IsDir() }); err != nil {
		return nil, err
	}
	return f, nil
}

// Stat describes a file without opening it.
func (r rootFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(r.root.FS(), name) }

// ReadDir lists a directory.
func (r rootFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(r.root.FS(), name) }

// check closes again what should not have been opened.
func check(f *os.File, good func(fs.FileMode) bool) error {
	info, err := f.Stat()
	if err == nil && !good(info.Mode()) {
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: ErrIrregular}
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return err
	}
	return nil
}
