package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/runner/store"
)

// TestDamagedWAL flips a byte of every 512 of the -wal file of a process that was
// killed, and cuts the file at each of them: the state is what it was, or it is
// said what is wrong. Commits that are lost with the end of the file are among
// that: the mark misses them.
func TestDamagedWAL(t *testing.T) {
	s, err := Open(t.Context(), closed(t, func(s *Store) { populate(t, s) }), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	lease := take(t, s)
	for i := range 3 {
		commit(t, lease, enrolled("late-"+tenantID(i)))
	}
	want := dump(t, s)
	files := make(map[string][]byte)
	for _, suffix := range []string{"", "-wal", ".mark"} {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files[suffix] = b
	}
	step, lost := 512, 0
	if testing.Short() {
		step = 4099
	}
	wal := files["-wal"]
	for i := 0; i < len(wal); i += step {
		flipped := bytes.Clone(wal)
		flipped[i] ^= 0x40
		for what, content := range map[string][]byte{"flipped": flipped, "cut": wal[:i]} {
			path := filepath.Join(t.TempDir(), "state.db")
			for suffix, b := range map[string][]byte{"": files[""], "-wal": content, ".mark": files[".mark"]} {
				if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if missed(t, what, i, path, want) {
				lost++
			}
		}
	}
	if lost == 0 {
		t.Error("no commit was ever lost")
	}
}

// missed reports whether a state is known to have lost commits. If it is not, it
// must be damaged, or whole.
func missed(t *testing.T, what string, at int, path string, want map[string]any) bool {
	t.Helper()
	s, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		if !isOurs(err) {
			t.Errorf("%s at %d: the error is none of package store: %v", what, at, err)
		}
		return false
	}
	defer s.Close()
	if m, err := s.Meta(t.Context()); err != nil || m.Lost != nil {
		return err == nil
	}
	report, err := s.Verify(t.Context())
	if err != nil || len(report.Problems) > 0 {
		return false
	}
	got, err := tryDump(t.Context(), s)
	if err != nil {
		t.Errorf("%s at %d: verify has found nothing, but reading fails: %v", what, at, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s at %d: nobody has noticed that the state is another one (-before +after):\n%s", what, at, diff)
	}
	return false
}

// TestReplacedByACopyWhileOpen: whoever has the state open writes to neither file.
func TestReplacedByACopyWhileOpen(t *testing.T) {
	s := newStore(t, production())
	populate(t, s)
	lease := take(t, s)
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, _, err := s.Backup(t.Context(), copied, false); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, s.path); err != nil {
		t.Fatal(err)
	}
	_, err := lease.Commit(t.Context(), store.Commit{Now: day})
	if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "was replaced by another file") {
		t.Errorf("a commit: %v", err)
	}
}
