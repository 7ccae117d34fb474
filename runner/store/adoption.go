package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Adoption is a plan as it was when it was adopted, whole: with it, what it has
// promised can be kept although the plan directory has changed since.
type Adoption struct {
	Digest    string // of the plan files and the variables, as schema.Config has it, in hex
	Inventory string // of the files of the inventories, in hex
	// Vars are the variables that are no secret, as NAME=VALUE with the value as
	// JSON, by name.
	Vars []string
	// Withheld names the variables that were set from outside and whose values
	// are never kept, by name.
	Withheld []string
	Files    []File // by path, each path once
}

// File is one file of an adoption.
type File struct {
	Path   string // slash-separated, relative to the plan directory
	SHA256 [sha256.Size]byte
	// Size is in bytes. It is not needed of a file that is to be kept.
	Size int64
	// Open reads the file. Of one that is to be kept it is called only if the
	// state does not have that content already.
	Open func() (io.ReadCloser, error)
}

// Sum covers everything but the contents, which the sums of the files cover.
func (a *Adoption) Sum() [sha256.Size]byte {
	h := sha256.New()
	write := func(parts ...string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(parts))))
		for _, part := range parts {
			h.Write(binary.AppendUvarint(nil, uint64(len(part))))
			io.WriteString(h, part)
		}
	}
	write("transition/adoption/v1", a.Digest, a.Inventory)
	write(a.Vars...)
	write(a.Withheld...)
	for i := range a.Files {
		write(a.Files[i].Path, string(a.Files[i].SHA256[:]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// ErrChanged says that a file is not the one that was announced.
var ErrChanged = errors.New("it has changed meanwhile")

// ErrReplaced says that a file of an adopted plan is kept no more.
var ErrReplaced = errors.New("another plan was adopted meanwhile")

// FileError says that a file that was to be kept could not be read, or, with
// ErrChanged, that another one lies in its place.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("reading %s: %v", e.Path, e.Err) }

// Unwrap leads to the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Copy writes the content of a file and makes sure that it is the right one. The
// error is a *FileError unless it is one of to.
func (f *File) Copy(to io.Writer) error {
	r, err := f.Open()
	if err != nil {
		return &FileError{f.Path, err}
	}
	defer r.Close()
	h := sha256.New()
	out := &sink{w: to}
	_, err = io.Copy(out, io.TeeReader(r, h))
	switch {
	case out.err != nil:
		return out.err
	case err != nil:
		return &FileError{f.Path, err}
	case [sha256.Size]byte(h.Sum(nil)) != f.SHA256:
		return &FileError{f.Path, ErrChanged}
	}
	return nil
}

// sink remembers whether it was the writer that failed.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (n int, err error) {
	n, s.err = s.w.Write(b)
	return n, s.err
}
