// Package sqlite keeps the recorded state in one SQLite file.
//
// The file is in WAL mode and every commit is on the disk (synchronous=FULL)
// before it is reported. One connection writes; any number read, each from the
// snapshot that it began with. The rules that must never be broken stand in the
// schema itself: see schemaV1.
//
// Nothing here opens the file other than through the engine: the engine's locks
// belong to the process, which would lose them when it closes the file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"transition/runner/crashpoint"
	"transition/runner/store"
)

// Mode says what a state is opened for.
type Mode uint8

// The modes.
const (
	ReadWrite Mode = iota
	// ReadOnly changes nothing of what is recorded. It works while somebody
	// else writes. The engine needs to make two files beside the state for as
	// long as it reads; where it may not, the state is read as it lies there if
	// there is no -wal file, that is if nobody writes and the last one who did
	// has ended well.
	ReadOnly
	restored // a copy that is about to be restored: one of an older schema will do
)

// Store is a recorded state in a file.
type Store struct {
	path  string // absolute
	read  *sql.DB
	names atomic.Pointer[lexicon] // what is known of the names to read records; never changed
	write *writer                 // nil: read-only
	lost  *store.Lost             // nil: it is the newest that was ever here
	blind error                   // why that is not known; nil: it is
	copy  bool                    // it is a backup
}

var _ store.Store = (*Store)(nil)

// unpublished stands behind the name of a state that is being made.
const unpublished = ".new-"

// Create makes a new state and opens it. m gives its Lineage, Kind, Plan,
// Created and, for a rehearsal, Clock. The file appears whole or not at all;
// where there is one already, the error wraps fs.ErrExist.
func Create(ctx context.Context, path string, m store.Meta) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if m.Lineage == "" || (m.Kind != store.Production && m.Kind != store.Rehearsal) {
		return nil, fmt.Errorf("creating %s: a state needs a lineage and a kind", path)
	}
	if err := create(ctx, path, m); err != nil {
		return nil, fault(path, "creating", err)
	}
	s, err := Open(ctx, path, ReadWrite)
	if err != nil {
		return nil, err
	}
	if err := s.markFirst(ctx); err != nil {
		return nil, errors.Join(fault(path, "creating", err), s.Close())
	}
	return s, nil
}

// markFirst marks a new state, so that whatever has no mark may be an old copy.
func (s *Store) markFirst(ctx context.Context) error {
	return s.snapshot(ctx, func(q queryer) error {
		d, err := describe(ctx, q, s.path)
		if err != nil {
			return err
		}
		s.blind = nil
		return s.write.mark.put(marked(&d, 0, false), true)
	})
}

func create(ctx context.Context, path string, m store.Meta) error {
	dir := filepath.Dir(path)
	if err := makeDir(dir); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+unpublished+"*") // 0600
	if err != nil {
		return err
	}
	defer discard(tmp.Name()) // the name only: the file has another one by then
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := fill(ctx, tmp.Name(), m); err != nil {
		// Before discard makes room, to see whether there is any.
		return fault(path, "creating", err)
	}
	crashpoint.Hit("create.before_publish")
	if err := publish(tmp.Name(), path); err != nil {
		return err
	}
	crashpoint.Hit("create.after_publish")
	return syncDir(dir)
}

// discard removes a file, and what the engine may have left beside it when it
// failed.
func discard(path string) {
	for _, suffix := range [...]string{"", "-journal", "-wal", "-shm"} {
		os.Remove(path + suffix)
	}
}

// Tidy removes what a Create that was killed has left beside a path. One that is
// at it fails.
func Tidy(path string) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+unpublished) {
			os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
}

// publish gives a file its name without taking it from another one. Where files
// cannot have two names it is renamed, and the check is a moment older.
func publish(tmp, path string) error {
	err := os.Link(tmp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	return os.Rename(tmp, path)
}

// fill makes an empty file a state. Once the connection is closed everything is
// in the file itself, and on the disk.
func fill(ctx context.Context, path string, m store.Meta) error {
	db, err := sql.Open("sqlite", writeDSN(path))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, path, 0, migrations()); err != nil {
		return err
	}
	row := description{Meta: m, head: genesis(m.Lineage)}
	if _, err := db.ExecContext(ctx, insertMeta, row.values()...); err != nil {
		return err
	}
	return db.Close()
}

// Open opens a state that is there; it never makes one. The error is a
// *store.Error where it is of one of the kinds of package store. A state of an
// older schema is brought up to date if it is opened for writing, after a backup
// was made beside it; while somebody applies to it the error is a
// *store.HeldError.
func Open(ctx context.Context, path string, mode Mode) (*Store, error) {
	return open(ctx, path, mode, migrations())
}

func open(ctx context.Context, path string, mode Mode, schema []migration) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	// All names of the file must lead to the same lock.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fault(path, "opening", err)
	}
	if mode == ReadWrite {
		if err := oneName(path); err != nil {
			return nil, err
		}
	}
	s := &Store{path: path}
	if err := s.connect(ctx, mode, schema); err != nil {
		return nil, errors.Join(fault(path, "opening", err), s.Close())
	}
	return s, nil
}

func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return notFound(path)
	case errors.Is(err, fs.ErrPermission):
		return unreadable(path, err)
	case err != nil:
		return fault(path, "opening", err)
	case !info.Mode().IsRegular():
		return foreign(path, "is not a regular file")
	case info.Size() == 0:
		return damaged(path, "is empty")
	}
	return nil
}

// oneName refuses a state to which another name leads, too: each has a lock and a mark
// of its own. A Create that was killed may have left one.
func oneName(path string) error {
	for range 2 {
		info, err := os.Stat(path)
		if err != nil || namesOf(info) <= 1 {
			return err
		}
		Tidy(path)
	}
	return &store.Error{
		Kind: store.ErrForeign, What: path + " has another name: a hard link leads to the same file",
		Advice: "Each name has a lock of its own, so that two could apply at once. Remove the other name; a copy is made by: transition state backup FILE",
	}
}

func (s *Store) connect(ctx context.Context, mode Mode, schema []migration) error {
	if err := s.openRead(ctx, mode); err != nil {
		return err
	}
	if err := checkEngine(ctx, s.read); err != nil {
		return err
	}
	if err := s.checkSchema(ctx, mode, schema); err != nil {
		return err
	}
	if err := s.checkRules(ctx, schema[len(schema)-1].sum); err != nil {
		return err
	}
	m, err := s.Meta(ctx)
	if err != nil {
		return err
	}
	if _, _, err := s.holderRow(ctx); err != nil {
		return err
	}
	if err := s.compare(ctx, m, mode); err != nil {
		return err
	}
	if mode == ReadOnly {
		return nil
	}
	w, err := openWriter(ctx, s.path)
	if err != nil {
		return err
	}
	s.write = w
	return nil
}

// compare holds the state against its mark. The mark is read first: it is never
// ahead of what is read after it. Whoever only reads does without a mark that
// cannot be read; a backup has none.
func (s *Store) compare(ctx context.Context, is store.Meta, mode Mode) error {
	m, err := readMark(s.path, is.Lineage)
	if err != nil && mode == ReadWrite {
		return err
	}
	if s.blind = err; m == nil && err == nil && !s.copy {
		s.blind = store.ErrUnmarked
	}
	return s.snapshot(ctx, func(q queryer) error {
		s.lost, err = m.lost(ctx, q, s.path)
		return err
	})
}

// Close closes the state. It waits for nobody; leases are released first.
func (s *Store) Close() error {
	var err error
	if s.read != nil {
		err = s.read.Close()
	}
	if s.write != nil {
		err = errors.Join(err, s.write.close())
	}
	return fault(s.path, "closing", err)
}
