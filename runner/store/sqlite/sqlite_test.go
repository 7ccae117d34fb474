package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"transition/runner/store"
	"transition/runner/store/storetest"
)

var day = time.Date(2012, 1, 10, 8, 0, 0, 0, time.UTC)

func production() store.Meta {
	return store.Meta{Lineage: "0d3c6d1e", Kind: store.Production, Plan: "bpos-s", Created: day}
}

// newStore makes a state in a directory of its own, for as long as the test runs.
func newStore(t testing.TB, m store.Meta) *Store {
	t.Helper()
	s, err := Create(t.Context(), filepath.Join(t.TempDir(), "of team", "state.db"), m)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	return s
}

func closeLater(t testing.TB, s *Store) {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the state: %v", err)
		}
	})
}

// powerCut opens a copy of what is on the disk, while the state is still open.
// The -shm file is not copied: it does not outlive its processes either.
func powerCut(t *testing.T, s *Store) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	for _, suffix := range []string{"", "-wal", ".mark"} {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil && !(suffix == "-wal" && errors.Is(err, os.ErrNotExist)) {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, again)
	return again
}

func TestStore(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T, m store.Meta) store.Store { return newStore(t, m) },
		func(t *testing.T, s store.Store) store.Store { return powerCut(t, s.(*Store)) })
}
