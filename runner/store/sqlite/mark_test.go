package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"transition/plans/ledger"
	"transition/runner/store"
)

// TestOlderStateIsKnown puts an older state into the place of a newer one in every
// way in which that has happened: nothing can be recorded in it.
func TestOlderStateIsKnown(t *testing.T) {
	tests := map[string]struct {
		after func(t *testing.T, s *Store) // what the newer state has more
		known bool
	}{
		"nothing":    {func(*testing.T, *Store) {}, false},
		"a lease":    {func(t *testing.T, s *Store) { release(t, take(t, s)) }, false}, // under which nothing was done
		"a word":     {func(t *testing.T, s *Store) { say(t, s, "contoso") }, true},
		"an attempt": {func(t *testing.T, s *Store) { commitOnce(t, s) }, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := closed(t, func(s *Store) { populate(t, s) })
			old := filepath.Join(t.TempDir(), "old.db")
			put(t, path, old)
			s, err := Open(t.Context(), path, ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			test.after(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			put(t, old, path)
			s, err = Open(t.Context(), path, ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			closeLater(t, s)
			m, err := s.Meta(t.Context())
			if err != nil || (m.Lost != nil) != test.known {
				t.Fatalf("lost %+v, %v", m.Lost, err)
			}
			if !test.known {
				commit(t, take(t, s), enrolled("fabrikam"))
				return
			}
			_, err = s.Lease(t.Context(), store.Holder{Since: day})
			explains(t, err, store.ErrOlder, path, "serial 121", "state restore")
			explains(t, s.Append(t.Context(), []ledger.Fact{enrolled("x")}, nil), store.ErrOlder, path)
		})
	}
}

// TestOtherHistoryIsKnown: a copy that has gone on elsewhere has as many serials.
func TestOtherHistoryIsKnown(t *testing.T) {
	path := closed(t, func(s *Store) { populate(t, s) })
	elsewhere := filepath.Join(t.TempDir(), "state.db")
	put(t, path, elsewhere)
	for p, tenants := range map[string][]string{path: {"contoso"}, elsewhere: {"fabrikam", "adatum"}} {
		s, err := Open(t.Context(), p, ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range tenants {
			say(t, s, id)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	put(t, elsewhere, path)
	s, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	if m, err := s.Meta(t.Context()); err != nil || m.Lost == nil || !m.Lost.Other {
		t.Errorf("lost %+v, %v", m.Lost, err)
	}
}

// TestOpenLease: an open lease alone says nothing, and
// after a power cut a state from before that lease is known.
func TestOpenLease(t *testing.T) {
	s := newStore(t, production())
	populate(t, s)
	before := filepath.Join(t.TempDir(), "before.db")
	if _, _, err := s.Backup(t.Context(), before, false); err != nil {
		t.Fatal(err)
	}
	script(t, before, fmt.Sprint("PRAGMA application_id = ", applicationID))
	mark, err := os.ReadFile(markPath(s.path))
	if err != nil {
		t.Fatal(err)
	}
	lease := take(t, s)
	synced, err := os.ReadFile(markPath(s.path)) // all that a power cut leaves
	if err != nil || string(synced) == string(mark) {
		t.Fatalf("taking the lease has left no mark: %v", err)
	}
	commit(t, lease, enrolled("contoso"))
	for name, test := range map[string]struct {
		state string
		lost  bool
	}{"the same state": {s.path, false}, "a state from before": {before, true}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			put(t, test.state, path)
			if test.state == s.path {
				put(t, s.path+"-wal", path+"-wal")
			}
			if err := os.WriteFile(markPath(path), synced, 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := Open(t.Context(), path, ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			closeLater(t, c)
			m, err := c.Meta(t.Context())
			if err != nil || (m.Lost != nil) != test.lost {
				t.Fatalf("lost %+v, %v", m.Lost, err)
			}
			if m.Lost != nil && !m.Lost.LastFact.IsZero() {
				t.Errorf("it claims to know how far the lost state had come: %v", m.Lost.LastFact)
			}
		})
	}
}

// TestTornMarks damages the mark at every byte, as a crash could while it was
// written: the other slot tells nearly as much; without any nobody goes on.
func TestTornMarks(t *testing.T) {
	path := closed(t, func(s *Store) { populate(t, s) })
	whole, err := os.ReadFile(markPath(path))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 7 {
		b := []byte(string(whole))
		b[i] ^= 0x01
		if _, _, err := newestMark(b, production().Lineage); err != nil {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	if err := os.WriteFile(markPath(path), []byte(strings.Repeat("x", 2*slotSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), path, ReadWrite)
	explains(t, err, store.ErrUnmarked, path, "holds no mark", "remove that file")
	if s, err := Open(t.Context(), path, ReadOnly); err != nil {
		t.Errorf("who only reads: %v", err)
	} else {
		closeLater(t, s)
	}
}

// Of two processes that have each recorded something, the later mark is the one that
// stays, whoever writes first.
func TestLaterMarkStays(t *testing.T) {
	path := closed(t, func(s *Store) { populate(t, s) })
	lineage := production().Lineage
	var serial atomic.Int64
	serial.Store(1000)
	var all sync.WaitGroup
	for range 4 {
		k, err := openMarker(path) // a file of its own, as another process has
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for range 2000 {
				mine := serial.Add(1)
				if err := k.put(mark{Lineage: lineage, Serial: mine}, false); err != nil {
					t.Error(err)
				}
				if now, err := readMark(path, lineage); err != nil || now.Serial < mine {
					t.Errorf("after serial %d was marked, the mark is %+v, %v", mine, now, err)
					break
				}
			}
			k.close()
		})
	}
	all.Wait()
}
