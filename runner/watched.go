package runner

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"transition/runner/regular"
	"transition/runner/watch"
	"transition/schema/hclconfig"
)

// Watch begins to watch what the plan of a directory is read from: its files,
// its messages and templates, its inventories, and the files of -var-file. It
// works as well for a plan that is wrong, and for a directory that is not there.
// A content must stand for as long as settle; unsettled is told when one does not
// yet, and may be nil. See package watch.
//
// Files that an expression names differently for each tenant are not watched.
func Watch(o Options, settle time.Duration, unsettled func(newest string)) *watch.Watcher {
	return watch.New(watch.Options{
		Look:  func() watch.Content { return look(o) },
		Clock: o.Clock, Log: o.Log, Settle: settle, Unsettled: unsettled,
	})
}

// look reads the plan and everything that it reads, be it right or wrong.
func look(o Options) watch.Content {
	s := sight{hash: sha256.New(), dirs: make(map[string]bool)}
	s.plan(o)
	for _, name := range o.VarFiles {
		s.file(os.DirFS(filepath.Dir(name)), filepath.Dir(name), filepath.Base(name))
	}
	s.Digest, s.Dirs = hex.EncodeToString(s.hash.Sum(nil)), slices.Sorted(maps.Keys(s.dirs))
	for _, dir := range s.Dirs { // where a copy that keeps the times of files is under way
		s.written(dir)
	}
	return s.Content
}

// sight is what a look has found so far.
type sight struct {
	watch.Content
	hash hash.Hash
	dirs map[string]bool
}

// plan adds the plan directory. What is read is what reading it asks for, with
// the files that it misses.
func (s *sight) plan(o Options) {
	if info, err := os.Lstat(o.Dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		s.near(o.Dir)
	}
	s.within(o.Dir)
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		s.write([]byte("no directory"))
		return
	}
	defer root.Close()
	seen := newTracer(regular.FS(root))
	files, _ := readVarFiles(o.VarFiles, o.Interrupt)
	cfg, _ := hclconfig.Load(seen, hclconfig.Options{
		Vars: o.Vars, VarFiles: files, Environ: o.Environ, Version: o.Version,
	})
	for _, inv := range cfg.Inventories {
		seen.note(seen.files, path.Clean(filepath.ToSlash(inv.Source)))
	}
	for _, name := range slices.Sorted(maps.Keys(seen.files)) {
		s.file(seen.fsys, o.Dir, name)
	}
	for name := range seen.dirs {
		s.within(filepath.Join(o.Dir, filepath.FromSlash(name)))
	}
}

// file adds a file and where it lies. What cannot be read is as good a content as
// any.
func (s *sight) file(fsys fs.FS, dir, name string) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	s.near(path)
	s.written(path)
	s.write([]byte(name))
	h := sha256.New()
	switch err := copyRegular(h, fsys, name); {
	case err == nil:
		s.write(h.Sum(nil))
	case errors.Is(err, fs.ErrNotExist):
		s.write([]byte("missing"))
	default:
		s.write([]byte("unreadable"))
	}
}

// written notes when a file or a directory was written to.
func (s *sight) written(name string) {
	if info, err := os.Stat(name); err == nil && info.ModTime().After(s.Modified) {
		s.Modified, s.Newest = info.ModTime(), name
	}
}

// write adds a part with its length, so that no two contents read alike.
func (s *sight) write(part []byte) {
	s.hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
	s.hash.Write(part)
}

// near adds the directories in which a name lies: its own, and that of
// the file to which it leads if it is a link.
func (s *sight) near(name string) {
	s.within(filepath.Dir(name))
	if target, err := filepath.EvalSymlinks(name); err == nil {
		s.within(filepath.Dir(target))
	}
}

func (s *sight) within(dir string) {
	if abs, err := filepath.Abs(dir); err == nil {
		s.dirs[abs] = true
	}
}

var errIrregular = errors.New("not a regular file")

// copyRegular reads a regular file. Anything else is not even opened: a named pipe
// would never answer.
func copyRegular(to io.Writer, fsys fs.FS, name string) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errIrregular
	}
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(to, f)
	return err
}

// tracer is a file system that notes every name that it is asked for.
type tracer struct {
	fsys  fs.FS
	mu    sync.Mutex
	files map[string]bool
	dirs  map[string]bool
}

func newTracer(fsys fs.FS) *tracer {
	return &tracer{fsys: fsys, files: make(map[string]bool), dirs: make(map[string]bool)}
}

// note adds a name, unless it leads out of the file system.
func (t *tracer) note(names map[string]bool, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if fs.ValidPath(name) {
		names[name] = true
	}
}

// Open opens a file.
func (t *tracer) Open(name string) (fs.File, error) {
	t.note(t.files, name)
	return t.fsys.Open(name)
}

// Stat describes a file without opening it.
func (t *tracer) Stat(name string) (fs.FileInfo, error) {
	t.note(t.files, name)
	return fs.Stat(t.fsys, name)
}

// ReadDir lists a directory.
func (t *tracer) ReadDir(name string) ([]fs.DirEntry, error) {
	t.note(t.dirs, name)
	return fs.ReadDir(t.fsys, name)
}
