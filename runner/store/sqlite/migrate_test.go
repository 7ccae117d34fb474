package sqlite

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/runner/store"
)

// next is a schema version that there is not yet.
func next() []migration {
	return append(migrations(), migration{2, "ALTER TABLE tenants ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'"})
}

func TestMigrationKeepsEverythingAndABackup(t *testing.T) {
	var want map[string]any
	path := closed(t, func(s *Store) {
		populate(t, s)
		want = dump(t, s)
	})
	s, err := open(t.Context(), path, ReadWrite, next())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("the state after the migration differs (-want +got):\n%s", diff)
	}
	commit(t, take(t, s), enrolled("contoso"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	_, err = Open(t.Context(), path, ReadWrite)
	explains(t, err, store.ErrNewer, path, "schema version 2, and this program knows versions up to 1")

	backup := path + ".backup-v1"
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	old, err := Open(t.Context(), backup, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, old)
	if diff := cmp.Diff(want, dump(t, old)); diff != "" {
		t.Errorf("the backup differs (-want +got):\n%s", diff)
	}
	sound(t, old)
}

func TestMigrationThatFailsChangesNothing(t *testing.T) {
	path := closed(t, func(s *Store) { populate(t, s) })
	broken := append(migrations(), migration{2, "ALTER TABLE tenants ADD COLUMN colour TEXT; DELETE FROM facts"})
	_, err := open(t.Context(), path, ReadWrite, broken)
	if err == nil || !strings.Contains(err.Error(), "migrating to schema version 2") || !strings.Contains(err.Error(), "facts are never removed") {
		t.Fatalf("got error %v", err)
	}
	for range 2 { // the backup of the first time is in nobody's way
		if _, err := open(t.Context(), path, ReadWrite, broken); err == nil {
			t.Fatal("the second time it went well")
		}
	}
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	sound(t, s)
	for _, name := range names(t, strings.TrimSuffix(path, "state.db")) {
		if strings.Contains(name, ".backup-") && name != "state.db.backup-v1" {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestMigrationWaitsForNobody(t *testing.T) {
	s := newStore(t, production())
	lease := take(t, s)
	_, err := open(t.Context(), s.path, ReadWrite, next())
	var held *store.HeldError
	if !errors.As(err, &held) || held.Holder.User != "ann" {
		t.Fatalf("while somebody applies: %v, want a *HeldError that names ann", err)
	}
	_, err = open(t.Context(), s.path, ReadOnly, next())
	explains(t, err, store.ErrReadOnly, s.path, "older schema version 1", "to get version 2")
	commit(t, lease, enrolled("contoso"))
}

func TestEngineVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"3.51.2": true, "3.51.3": false, "3.53.4": false, "4.0.0": false, "3.7.0": true, "3.9.99": true, "2.99.99": true, "soon": true,
	} {
		if got := olderThan(version, leastEngine); got != want {
			t.Errorf("olderThan(%s, %s) = %t", version, leastEngine, got)
		}
	}
}
