package sqlite

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/runner/store"
)

// next is a schema version that there is not yet.
func next() []migration {
	return append(migrations(), migration{version: 5, sql: "ALTER TABLE tenants ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'"})
}

// shipped is a state as an older version has left it, with what populate does
// and the digest of an adopted plan.
func shipped(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStatesThatWereShippedAreUpgraded opens a state of every schema that there
// has been: nothing of it is lost, and it goes on.
func TestStatesThatWereShippedAreUpgraded(t *testing.T) {
	path := shipped(t, "state-v1.db.gz")
	_, err := Open(t.Context(), path, ReadOnly)
	explains(t, err, store.ErrReadOnly, path, "older schema version 1", "to get version 4")
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	sound(t, s)
	got := dump(t, s)
	if n := len(got); n != 1+40+160 { // the description, the records, the facts
		t.Errorf("%d things are left", n)
	}
	m := got[""].(store.Meta)
	if m.Serial != 121 || m.Adopted[:4] != "a41f" || m.AdoptedInventory != "" {
		t.Errorf("the description is %+v", m)
	}
	if a, err := s.Adopted(t.Context()); a != nil || err != nil {
		t.Errorf("the plan that was not kept is %+v, %v", a, err)
	}
	keep(t, take(t, s), "p.transition.hcl", "transition {}")
	sound(t, s)
	if _, err := os.Stat(path + ".backup-v1"); err != nil {
		t.Errorf("the backup: %v", err)
	}
}

// TestAdoptedPlansThatWereShippedAreUpgraded opens a state from before parts of
// plans were kept.
func TestAdoptedPlansThatWereShippedAreUpgraded(t *testing.T) {
	path := shipped(t, "state-v2.db.gz")
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	sound(t, s)
	if a, err := s.Adopted(t.Context()); err != nil || a == nil || a.Digest != "d" || a.Files[0].Path != "p.transition.hcl" {
		t.Errorf("the adopted plan is %+v, %v", a, err)
	}
	if a, err := s.Part(t.Context()); a != nil || err != nil {
		t.Errorf("the part that was not kept is %+v, %v", a, err)
	}
}

// TestSumOfTheSchema: the sum of the newest schema is told with it.
func TestSumOfTheSchema(t *testing.T) {
	is, err := schemaSum(t.Context(), newStore(t, production()).read)
	all := migrations()
	if want := all[len(all)-1].sum; err != nil || hex.EncodeToString(is[:]) != want {
		t.Errorf("the sum is %x, %v, and not %s", is, err, want)
	}
}

// TestUpgradeBlessesNoDamage flips bytes of a state from before there were checksums,
// as halfway makes one: what is upgraded all the same says what it said before, and
// what is refused is as it was.
func TestUpgradeBlessesNoDamage(t *testing.T) {
	path := shipped(t, "state-v3.db.gz")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	says := func(content []byte) (map[string]any, error) {
		for suffix, b := range map[string][]byte{"": content, "-wal": nil, "-shm": nil, ".mark": nil} {
			if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(t.Context(), path, ReadWrite)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		sound(t, s)
		is := make(map[string]any)
		for name, read := range readers {
			if is[name], err = read(t.Context(), s); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		// When it was claimed, by whom, and as which try, no fact tells.
		open, _ := is["the open attempts"].([]store.Attempt)
		for i := range open {
			a := &open[i]
			a.ClaimedAt, a.Lease, a.Epoch, a.Generation, a.No = time.Time{}, 0, 0, 0, 0
		}
		delete(is, "the holder")
		return is, nil
	}
	want, err := says(whole)
	if err != nil {
		t.Fatal(err)
	}
	if open := want["the open attempts"].([]store.Attempt); len(open) != 2 || open[0].ID != 1 || open[1].BegunAt.IsZero() {
		t.Errorf("the open attempts are %+v", open)
	}
	step, refused := 97, 0
	if testing.Short() {
		step = 997
	}
	for i := 0; i < len(whole); i += step {
		if whole[i] == 0 {
			continue
		}
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		is, err := says(b)
		if err == nil && !reflect.DeepEqual(want, is) {
			t.Errorf("byte %d: damage was taken for what is right (-before +after):\n%s", i, cmp.Diff(want, is))
		}
		if err == nil {
			continue
		}
		refused++
		if !isOurs(err) {
			t.Errorf("byte %d: the error is none of package store: %v", i, err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now[100:], b[100:]) {
			t.Errorf("byte %d: it was refused, and is another one than before: %v", i, err)
		}
	}
	if refused < 10 {
		t.Errorf("only %d were refused", refused)
	}
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
	explains(t, err, store.ErrNewer, path, "schema version 5, and this program knows versions up to 4")

	backup := path + ".backup-v4"
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
	broken := append(migrations(), migration{version: 5, sql: "ALTER TABLE tenants ADD COLUMN colour TEXT; DELETE FROM facts"})
	_, err := open(t.Context(), path, ReadWrite, broken)
	if err == nil || !strings.Contains(err.Error(), "migrating to schema version 5") || !strings.Contains(err.Error(), "facts are never removed") {
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
		if strings.Contains(name, ".backup-") && name != "state.db.backup-v4" {
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
	explains(t, err, store.ErrReadOnly, s.path, "older schema version 4", "to get version 5")
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
