package runner

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"transition/runner/store"
)

// keptFS is the files of an adopted plan, as they were then. It changes no more
// once it is in use, so that it may be used from many goroutines.
type keptFS struct {
	entries map[string]*keptEntry
	// beyond is asked for what was not kept, as for files that an expression
	// names differently for each tenant; nil: there is nothing else.
	beyond fs.FS
}

// keptEntry is a file, or a directory: then file is nil.
type keptEntry struct {
	name   string
	at     time.Time
	file   *store.File
	within []fs.DirEntry // by name
}

// newKeptFS makes a file system of files that were kept at an instant.
func newKeptFS(files []store.File, at time.Time) *keptFS {
	k := &keptFS{entries: map[string]*keptEntry{".": {name: ".", at: at}}}
	for i := range files {
		k.add(&keptEntry{name: path.Base(files[i].Path), at: at, file: &files[i]}, files[i].Path)
	}
	for _, e := range k.entries {
		slices.SortFunc(e.within, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	}
	return k
}

// add adds an entry, and the directories in which it lies.
func (k *keptFS) add(e *keptEntry, name string) {
	k.entries[name] = e
	dir := path.Dir(name)
	if k.entries[dir] == nil {
		k.add(&keptEntry{name: path.Base(dir), at: e.at}, dir)
	}
	k.entries[dir].within = append(k.entries[dir].within, fs.FileInfoToDirEntry(e))
}

// find returns an entry; nil: it was not kept.
func (k *keptFS) find(op, name string) (*keptEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	e := k.entries[name]
	if e == nil && k.beyond == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return e, nil
}

// Open opens a file or directory.
func (k *keptFS) Open(name string) (fs.File, error) {
	e, err := k.find("open", name)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return k.beyond.Open(name)
	case e.file == nil:
		return &keptDir{keptEntry: e}, nil
	}
	r, err := e.file.Open()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &keptFile{r, e}, nil
}

// Stat describes a file without opening it.
func (k *keptFS) Stat(name string) (fs.FileInfo, error) {
	e, err := k.find("stat", name)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return fs.Stat(k.beyond, name)
	}
	return e, nil
}

// A keptEntry describes itself.

// Name is the last part of the path.
func (e *keptEntry) Name() string { return e.name }

// IsDir tells a directory from a file.
func (e *keptEntry) IsDir() bool { return e.file == nil }

// ModTime is when the plan was adopted.
func (e *keptEntry) ModTime() time.Time { return e.at }

// Sys is nothing.
func (e *keptEntry) Sys() any { return nil }

// Size is that of a file, in bytes.
func (e *keptEntry) Size() int64 {
	if e.file == nil {
		return 0
	}
	return e.file.Size
}

// Mode says that it may be read by anyone.
func (e *keptEntry) Mode() fs.FileMode {
	if e.file == nil {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// keptFile is an open file.
type keptFile struct {
	io.ReadCloser
	entry *keptEntry
}

func (f *keptFile) Stat() (fs.FileInfo, error) { return f.entry, nil }

// keptDir is an open directory.
type keptDir struct {
	*keptEntry
	read int // entries that were read
}

func (d *keptDir) Stat() (fs.FileInfo, error) { return d.keptEntry, nil }
func (d *keptDir) Close() error               { return nil }

func (d *keptDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("it is a directory")}
}

// ReadDir reads the next n entries, or all that are left when n is not positive.
func (d *keptDir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.within[d.read:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 {
		rest = rest[:min(n, len(rest))]
	}
	d.read += len(rest)
	return slices.Clone(rest), nil
}
