package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
)

// backedUp is a state with a backup, after which more was recorded.
func backedUp(t *testing.T) (path, backup string) {
	t.Helper()
	backup = filepath.Join(t.TempDir(), "state.backup")
	path = closed(t, func(s *Store) {
		populate(t, s)
		m, report, err := s.Backup(t.Context(), backup, false)
		if err != nil || len(report.Problems) > 0 || report.Facts != 160 || m.Serial != 120 {
			t.Fatalf("backup: %+v %+v %v", m, report, err)
		}
		commitOnce(t, s)
	})
	return path, backup
}

// put puts a copy of a file into the place of another, as cp does.
func put(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func restoredFact() ledger.Fact {
	return ledger.Fact{At: day, Tenant: ledger.StateID, Kind: ledger.Restored, Until: &day, By: "ann"}
}

func TestBackupIsWholeAndPrivate(t *testing.T) {
	s := newStore(t, production())
	lease := take(t, s)
	commit(t, lease, enrolled("contoso")) // somebody applies
	to := filepath.Join(t.TempDir(), "a?b.backup")
	if _, _, err := s.Backup(t.Context(), to, false); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	if _, _, err := s.Backup(t.Context(), to, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup: %v, want fs.ErrExist", err)
	}
	commit(t, lease, enrolled("fabrikam"))
	if _, _, err := s.Backup(t.Context(), to, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a?b.backup"}, names(t, filepath.Dir(to))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	_, err = Open(t.Context(), to, ReadWrite)
	explains(t, err, store.ErrCopy, to, "state restore")
	c, err := Open(t.Context(), to, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, c)
	if diff := cmp.Diff(dump(t, s), dump(t, c)); diff != "" {
		t.Errorf("the copy differs (-state +copy):\n%s", diff)
	}
}

func commitOnce(t *testing.T, s *Store) {
	t.Helper()
	lease := take(t, s)
	commit(t, lease, enrolled("contoso"))
	release(t, lease)
}

func release(t *testing.T, l store.Lease) {
	t.Helper()
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

func say(t *testing.T, s *Store, tenant string) {
	t.Helper()
	if err := s.Append(t.Context(), []ledger.Fact{{At: day, Tenant: tenant, Kind: ledger.Held, By: "ann", Reason: "x"}}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestRestoreKnowsWhatIsMissing(t *testing.T) {
	path, backup := backedUp(t)
	reader, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, reader)
	r, err := Restore(t.Context(), path, backup)
	if err != nil {
		t.Fatal(err)
	}
	if r.Lost == nil || r.Lost.Serial != 121 || r.Present.Serial != 121 || r.Copy.Serial != 120 || len(r.Missing) != 0 {
		t.Errorf("restoration %+v, lost %+v", r, r.Lost)
	}
	aside, err := r.Finish(t.Context(), restoredFact())
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	m, err := reader.Meta(t.Context()) // it reads on
	if err != nil || m.Serial != 122 {
		t.Errorf("a reader sees serial %d, %v; want 122", m.Serial, err)
	}
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	sound(t, s)
	if l := take(t, s); l.Holder().Epoch != 4 { // 1 in the copy, 2 after it, 3 for the restoration
		t.Errorf("epoch %d", l.Holder().Epoch)
	}
	if r, err := s.Record(t.Context(), "contoso"); err != nil || r != nil {
		t.Errorf("what came after the backup is still there: %v, %v", r, err)
	}
	kept, err := Open(t.Context(), aside, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, kept)
	if r, err := kept.Record(t.Context(), "contoso"); err != nil || r == nil {
		t.Errorf("the state that was replaced is not kept: %v, %v", r, err)
	}
	want := []string{"state.db", "state.db-shm", "state.db-wal", "state.db.lock", "state.db.mark", "state.db.replaced-1"}
	if diff := cmp.Diff(want, names(t, filepath.Dir(path))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestRestoreInThePlaceOf puts a backup where a state cannot be used, or is not.
func TestRestoreInThePlaceOf(t *testing.T) {
	tests := map[string]struct {
		harm  func(t *testing.T, path string)
		aside bool
	}{
		"nothing":        {func(t *testing.T, path string) { remove(t, path) }, false},
		"an empty file":  {func(t *testing.T, path string) { put(t, os.DevNull, path) }, true},
		"a damaged file": {func(t *testing.T, path string) { scribble(t, path, 0) }, true},
		"a file with a damaged table": {func(t *testing.T, path string) {
			for at := int64(4096); at < 200_000; at += 4096 {
				scribble(t, path, at)
			}
		}, true},
		"no mark either": {func(t *testing.T, path string) { remove(t, path); remove(t, markPath(path)) }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path, backup := backedUp(t)
			test.harm(t, path)
			r, err := Restore(t.Context(), path, backup)
			if err != nil {
				t.Fatal(err)
			}
			if r.Lost == nil {
				t.Error("nothing is said to be lost")
			}
			aside, err := r.Finish(t.Context(), restoredFact())
			if err = errors.Join(err, r.Close()); err != nil {
				t.Fatal(err)
			}
			if (aside != "") != test.aside {
				t.Errorf("kept in %q", aside)
			}
			s, err := Open(t.Context(), path, ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			closeLater(t, s)
			sound(t, s)
			commitOnce(t, s)
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// scribble writes over a part of a file.
func scribble(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("scribble", 64)), at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRestoreRefuses leaves everything as it was.
func TestRestoreRefuses(t *testing.T) {
	tests := map[string]struct {
		harm func(t *testing.T, backup string)
		kind error
		says string
	}{
		"nothing there": {func(t *testing.T, b string) { remove(t, b) }, store.ErrNotFound, "there is no file"},
		"a text":        {func(t *testing.T, b string) { put(t, "restore.go", b) }, store.ErrDamaged, "not a database"},
		"a newer one":   {func(t *testing.T, b string) { script(t, b, "PRAGMA user_version = 9") }, store.ErrNewer, "schema version 9"},
		"another's":     {func(t *testing.T, b string) { script(t, b, "PRAGMA application_id = 9") }, store.ErrForeign, "of another program"},
		"a changed one": {func(t *testing.T, b string) {
			unruled(t, b, "UPDATE facts SET body = replace(body, 'pilot', 'wave1') WHERE seq = 6")
		}, store.ErrDamaged, "not sound"},
		"one without a rule": {func(t *testing.T, b string) { script(t, b, "DROP TRIGGER facts_update") }, store.ErrDamaged, "indexes or rules"},
		"a cut one": {func(t *testing.T, b string) {
			if err := os.Truncate(b, 40_000); err != nil {
				t.Fatal(err)
			}
		}, store.ErrDamaged, "malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path, backup := backedUp(t)
			test.harm(t, backup)
			before := names(t, filepath.Dir(path))
			_, err := Restore(t.Context(), path, backup)
			explains(t, err, test.kind, backup, test.says)
			if diff := cmp.Diff(before, names(t, filepath.Dir(path))); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("while somebody applies", func(t *testing.T) {
		path, backup := backedUp(t)
		s, err := Open(t.Context(), path, ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		closeLater(t, s)
		take(t, s)
		_, err = Restore(t.Context(), path, backup)
		var held *store.HeldError
		if !errors.As(err, &held) || held.Holder.User != "ann" {
			t.Errorf("restoring under a lease: %v", err)
		}
	})
}

// A state that stays open while another process restores it goes on in what was
// restored: with the names that are there, and with marks that count.
func TestStateThatIsOpenWhileItIsRestored(t *testing.T) {
	backup := filepath.Join(t.TempDir(), "copy")
	path := closed(t, func(s *Store) {
		populate(t, s)
		if _, _, err := s.Backup(t.Context(), backup, false); err != nil {
			t.Fatal(err)
		}
	})
	open, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	begin := func(tenant, item string) {
		t.Helper()
		lease := take(t, open)
		commit(t, lease, enrolled(tenant))
		r, err := open.Record(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		claim := store.Claim{Tenant: tenant, Item: item, Op: ledger.Run, Epoch: 1, No: 1, Rev: r.Rev}
		done, err := lease.Commit(t.Context(), store.Commit{Now: day, Claims: []store.Claim{claim}})
		if err != nil {
			t.Fatal(err)
		}
		commit(t, lease, ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Began, Item: item, Op: ledger.Run, Epoch: 1, No: 1, Attempt: done.Claimed[0]})
		release(t, lease)
	}
	begin("contoso", "Brand/new") // a name that the copy lacks
	r, err := Restore(t.Context(), path, backup)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Finish(t.Context(), restoredFact()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	begin("fabrikam", "Other/name")
	begin("adatum", "Brand/new")
	m, err := open.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}
	if mark, err := readMark(path, m.Lineage); err != nil || mark.Serial != m.Serial {
		t.Errorf("the mark is %+v, %v; the state has come to serial %d", mark, err, m.Serial)
	}
	again, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, again)
	sound(t, again)
}

// prepared is a restoration that is about to put the copy into its place, and the
// mark of what comes.
func prepared(t *testing.T, path, from string) (*Restoration, mark) {
	t.Helper()
	r, err := Restore(t.Context(), path, from)
	if err != nil {
		t.Fatal(err)
	}
	return r, mark{Lineage: r.Copy.Lineage, Serial: r.serial + 1, Facts: 1 << 20, Head: "of the restoration", Epoch: r.epoch + 1}
}

// What a person says between the last look at the old state and the restoration is
// not recorded in what is about to go: it waits, and counts in what comes.
func TestWordDuringRestorationIsNotLost(t *testing.T) {
	path, backup := backedUp(t)
	person, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, person)
	if _, err := person.write.conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	word := []ledger.Fact{{At: day, Tenant: "contoso", Kind: ledger.Held, By: "ann", Reason: "x"}}
	r, is := prepared(t, path, backup)
	err = r.overwrite(t.Context(), func(place func() error) error {
		err := person.Append(t.Context(), word, nil)
		if err == nil || !strings.Contains(err.Error(), "Another process has kept it locked for too long") {
			t.Errorf("a word in the middle of it: %v", err)
		}
		return r.announce(is, place)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := person.Append(t.Context(), word, nil); err != nil {
		t.Fatal(err)
	}
	if r, err := person.Record(t.Context(), "contoso"); err != nil || r == nil || r.Hold == nil || !r.EnrolledAt.IsZero() {
		t.Errorf("the word after it: %+v, %v", r, err)
	}
}

// A word that was said before the last look keeps the restoration from its end, and
// nothing of that stays.
func TestRestoreRefusesAfterAWord(t *testing.T) {
	path, backup := backedUp(t)
	r, err := Restore(t.Context(), path, backup)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	say(t, s, "contoso")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = r.Finish(t.Context(), restoredFact())
	if err == nil || !strings.Contains(err.Error(), "run the command again") {
		t.Errorf("it ends with %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path + ".replaced-1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy is left: %v", err)
	}
	if s, err = Open(t.Context(), path, ReadWrite); err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	if m, err := s.Meta(t.Context()); err != nil || m.Lost != nil || m.Serial != 122 {
		t.Errorf("the state is %+v, %v", m, err)
	}
}

// cutOff leaves the mark of a restoration that was killed before its copy had its
// place.
func cutOff(t *testing.T, path, from string) {
	t.Helper()
	r, is := prepared(t, path, from)
	var left []byte
	stop := errors.New("stop")
	err := r.overwrite(t.Context(), func(func() error) error {
		return r.announce(is, func() (err error) {
			left, err = os.ReadFile(markPath(path))
			return errors.Join(stop, err)
		})
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if err := os.WriteFile(markPath(path), left, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// A restoration that was cut off is simply done again: what lacks nothing is not
// taken for an older copy by what it has left. Only what lacks something does.
func TestRestorationThatWasCutOffGoesOn(t *testing.T) {
	for name, times := range map[string]int{"once": 1, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			path, old := backedUp(t)
			s, err := Open(t.Context(), path, ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			newest := filepath.Join(t.TempDir(), "newest")
			if _, _, err := s.Backup(t.Context(), newest, false); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for range times {
				cutOff(t, path, newest)
			}
			s, err = Open(t.Context(), path, ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			if m, err := s.Meta(t.Context()); err != nil || m.Lost == nil || !m.Lost.Restoring {
				t.Errorf("what is in the place: lost %+v, %v", m.Lost, err)
			}
			explains(t, s.Append(t.Context(), []ledger.Fact{enrolled("x")}, nil), store.ErrOlder, path, "was cut off", "state restore")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for from, complete := range map[string]bool{newest: true, path: true, old: false} {
				r, err := Restore(t.Context(), path, from)
				if err != nil {
					t.Fatal(err)
				}
				if complete != (r.Lost == nil) {
					t.Errorf("%s lacks %+v", from, r.Lost)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			remove(t, path) // nobody can compare with it
			r, err := Restore(t.Context(), path, newest)
			if err != nil {
				t.Fatal(err)
			}
			if r.Lost != nil {
				t.Errorf("without the state, the newest copy lacks %+v", r.Lost)
			}
			if _, err := r.Finish(t.Context(), restoredFact()); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(t.Context(), path, ReadWrite); err != nil {
				t.Fatal(err)
			}
			commitOnce(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			put(t, newest, path)
			script(t, path, fmt.Sprint("PRAGMA application_id = ", applicationID))
			if s, err = Open(t.Context(), path, ReadOnly); err != nil {
				t.Fatal(err)
			}
			closeLater(t, s)
			if m, err := s.Meta(t.Context()); err != nil || m.Lost == nil || m.Lost.Restoring {
				t.Errorf("once something is recorded, the state before the restoration has lost %+v, %v", m.Lost, err)
			}
		})
	}
}

// What a restoration that was cut off remembers of the state before it is how far
// that had come, even if its mark had stayed behind, as after a power cut.
func TestRestorationThatWasCutOffKnowsTheStateBefore(t *testing.T) {
	var behind []byte
	backup := filepath.Join(t.TempDir(), "backup")
	path := closed(t, func(s *Store) {
		populate(t, s)
		if _, _, err := s.Backup(t.Context(), backup, false); err != nil {
			t.Fatal(err)
		}
		var err error
		if behind, err = os.ReadFile(markPath(s.path)); err != nil {
			t.Fatal(err)
		}
		say(t, s, "contoso")
	})
	if err := os.WriteFile(markPath(path), behind, 0o600); err != nil {
		t.Fatal(err)
	}
	cutOff(t, path, path)
	remove(t, path)
	r, err := Restore(t.Context(), path, backup)
	if err != nil {
		t.Fatal(err)
	}
	if r.Lost == nil {
		t.Error("what lacks the last word passes for the newest")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// Numbers under which something was done are not given out again, even if nothing
// tells how many there were.
func TestRestoreRepeatsNoNumbers(t *testing.T) {
	for name, blind := range map[string]bool{"the state can be read": false, "nothing can be read": true} {
		t.Run(name, func(t *testing.T) {
			path, backup := backedUp(t)
			attempt := func() (lease, id int64) {
				t.Helper()
				s, err := Open(t.Context(), path, ReadWrite)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				l := take(t, s)
				commit(t, l, enrolled("northwind"))
				r, err := s.Record(t.Context(), "northwind")
				if err != nil {
					t.Fatal(err)
				}
				done, err := l.Commit(t.Context(), store.Commit{Now: day, Claims: []store.Claim{
					{Tenant: "northwind", Item: "Prep/notice", Op: ledger.Run, Epoch: 1, No: 1, Rev: r.Rev},
				}})
				if err != nil || done.Claimed[0] == 0 {
					t.Fatalf("claimed %+v, %v", done, err)
				}
				release(t, l)
				return l.Holder().Epoch, done.Claimed[0]
			}
			wasLease, wasID := attempt()
			if blind {
				remove(t, path)
				remove(t, markPath(path))
			}
			r, err := Restore(t.Context(), path, backup)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Finish(t.Context(), restoredFact()); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if lease, id := attempt(); lease <= wasLease || id <= wasID || blind && lease < far {
				t.Errorf("lease %d and attempt %d, after %d and %d were lost", lease, id, wasLease, wasID)
			}
			s, err := Open(t.Context(), path, ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			closeLater(t, s)
			sound(t, s)
		})
	}
}
