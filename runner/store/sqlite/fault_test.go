package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
)

func enrolled(tenant string) ledger.Fact {
	return ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Enrolled}
}

func take(t testing.TB, s *Store) store.Lease {
	t.Helper()
	lease, err := s.Lease(t.Context(), store.Holder{User: "ann", Since: day})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lease.Release(); err != nil {
			t.Error(err)
		}
	})
	return lease
}

func commit(t testing.TB, lease store.Lease, facts ...ledger.Fact) {
	t.Helper()
	if _, err := lease.Commit(t.Context(), store.Commit{Now: day, Facts: facts}); err != nil {
		t.Fatal(err)
	}
}

// populate lets a few tenants go a part of their way.
func populate(t testing.TB, s *Store) {
	t.Helper()
	lease := take(t, s)
	for i := range 40 {
		tenant := tenantID(i)
		cutover := day.AddDate(0, 2, 0)
		commit(t, lease, enrolled(tenant), ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Placed, Epoch: 1,
			Batch: "pilot", Zone: "Europe/Berlin", T: &cutover})
		claim := store.Claim{Tenant: tenant, Item: "Pre-Approval/notice", Op: ledger.Send, Recipient: "a@example.com", Epoch: 1, No: 1, Key: "key", Rev: 2}
		done, err := lease.Commit(t.Context(), store.Commit{Now: day, Claims: []store.Claim{claim}})
		if err != nil {
			t.Fatal(err)
		}
		fact := ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Began, Item: claim.Item, Op: claim.Op, Recipient: claim.Recipient,
			Epoch: 1, No: 1, Key: claim.Key, Attempt: done.Claimed[0]}
		end := fact
		end.Kind, end.At = ledger.Succeeded, day.Add(time.Second)
		commit(t, lease, fact, end)
	}
	if err := lease.Release(); err != nil {
		t.Fatal(err)
	}
}

func sound(t testing.TB, s *Store) {
	t.Helper()
	report, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		t.Errorf("verify: %s", p)
	}
}

// explains wants an error of a kind that names the file and says what to do.
func explains(t testing.TB, err, kind error, path string, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want %v", err, kind)
	}
	for _, w := range append(words, path) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
	if strings.Count(err.Error(), kind.Error()) > 1 {
		t.Errorf("the error says twice what it is: %v", err)
	}
}

func TestOpenExplainsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(dir, "foreign.db")
	script(t, foreign, "CREATE TABLE t (a)")
	script(t, foreign, "PRAGMA application_id = 42; PRAGMA user_version = 1")
	unversioned := closed(t, nil)
	script(t, unversioned, "PRAGMA user_version = 0")
	later := closed(t, nil)
	script(t, later, "PRAGMA user_version = 7")
	tests := map[string]struct {
		path string
		kind error
		says string
	}{
		"nothing there":        {filepath.Join(dir, "none.db"), store.ErrNotFound, "transition init"},
		"a directory":          {dir, store.ErrForeign, "is not a regular file"},
		"an empty file":        {put("empty.db", ""), store.ErrDamaged, "is empty"},
		"a text":               {put("text.db", strings.Repeat("no database at all\n", 500)), store.ErrDamaged, "backup"},
		"a short text":         {put("short.db", "no"), store.ErrDamaged, "backup"},
		"another's database":   {foreign, store.ErrForeign, "of another program"},
		"no schema version":    {unversioned, store.ErrDamaged, "has no schema version"},
		"a newer state":        {later, store.ErrNewer, "schema version 7, and this program knows versions up to 4"},
		"a path with ? and %":  {filepath.Join(dir, "a?mode=memory&b=100%25.db"), store.ErrNotFound, "100%25"},
		"a link that leads on": {link(t, foreign, filepath.Join(dir, "link.db")), store.ErrForeign, "of another program"},
	}
	for name, test := range tests {
		for _, mode := range []Mode{ReadWrite, ReadOnly} {
			t.Run(fmt.Sprint(name, " ", mode), func(t *testing.T) {
				s, err := Open(t.Context(), test.path, mode)
				if err == nil {
					t.Fatal(errors.Join(errors.New("no error"), s.Close()))
				}
				path := test.path
				if name == "a link that leads on" {
					path = foreign
				}
				explains(t, err, test.kind, path, test.says)
			})
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening has made the file: %v", err)
	}
}

func link(t *testing.T, to, path string) string {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// closed makes a state, lets f work with it, and returns its path.
func closed(t testing.TB, f func(*Store)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Create(t.Context(), path, production())
	if err != nil {
		t.Fatal(err)
	}
	if f != nil {
		f(s)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCreateIsWholeAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for it")
	path := filepath.Join(dir, "a?b=100%25 ü.db")
	s, err := Create(t.Context(), path, production())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{dir: 0o700, path: 0o600, path + "-wal": 0o600, path + ".mark": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
	populate(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".gitignore", filepath.Base(path), filepath.Base(path) + ".lock", filepath.Base(path) + ".mark"}, names(t, dir)); diff != "" {
		t.Errorf("files after closing (-want +got):\n%s", diff)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), path, production()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second Create: %v, want fs.ErrExist", err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) || len(names(t, dir)) != 4 {
		t.Errorf("the second Create has left its marks: %v", names(t, dir))
	}
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestDiskFull lets the disk be full at every page that a commit needs.
func TestDiskFull(t *testing.T) {
	s := newStore(t, production())
	populate(t, s)
	lease := take(t, s)
	before := dump(t, s)
	var facts []ledger.Fact
	for i := range 60 {
		facts = append(facts, ledger.Fact{At: day, Tenant: fmt.Sprint("new", i), Kind: ledger.Held, Reason: strings.Repeat("why ", 50)})
	}
	failures := 0
	for free := 0; ; free++ {
		leave(t, s, free)
		_, err := lease.Commit(t.Context(), store.Commit{Now: day, Facts: facts})
		if err == nil {
			break
		}
		failures++
		explains(t, err, store.ErrFull, s.path, "Make room")
		if diff := cmp.Diff(before, dump(t, s)); diff != "" {
			t.Fatalf("with %d pages free, a part was written (-before +after):\n%s", free, diff)
		}
	}
	if failures < 3 {
		t.Errorf("only %d commits have failed", failures)
	}
	if r, err := s.Record(t.Context(), "new59"); err != nil || r == nil {
		t.Errorf("after there was space again: %v, %v", r, err)
	}
	sound(t, s)
}

// leave lets the file grow by so many pages only.
func leave(t *testing.T, s *Store, free int) {
	t.Helper()
	var pages int
	if err := s.write.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.conn.ExecContext(t.Context(), fmt.Sprint("PRAGMA max_page_count = ", pages+free)); err != nil {
		t.Fatal(err)
	}
}

// TestNamesOfFailedCommit: the numbers of names that came to nothing are taken
// by the names of another process.
func TestNamesOfFailedCommit(t *testing.T) {
	a := newStore(t, production())
	b, err := Open(t.Context(), a.path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, b)
	placed := func(tenant, batch string) ledger.Fact {
		return ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Placed, Batch: batch, Reason: strings.Repeat("why ", 50)}
	}
	for free := 0; ; free++ {
		leave(t, a, free)
		var facts []ledger.Fact
		for i := range 300 {
			facts = append(facts, placed(tenantID(i), "pilot"))
		}
		if a.Append(t.Context(), facts, nil) == nil {
			break
		}
		if err := b.Append(t.Context(), []ledger.Fact{placed("contoso", fmt.Sprint("wave", free))}, nil); err != nil {
			t.Fatal(err)
		}
	}
	sound(t, b)
}

// dump is all that can be read of a state.
func dump(t testing.TB, s *Store) map[string]any {
	t.Helper()
	all, err := tryDump(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func tryDump(ctx context.Context, s *Store) (map[string]any, error) {
	meta, err := s.Meta(ctx)
	if err != nil {
		return nil, err
	}
	meta.Unmarked, meta.Copy = nil, false // of where it lies, not of what it holds
	all := map[string]any{"": meta}
	for r, err := range s.Records(ctx) {
		if err != nil {
			return nil, err
		}
		all[r.ID] = r.Clone()
	}
	for f, err := range s.History(ctx, "") {
		if err != nil {
			return nil, err
		}
		all[fmt.Sprint("fact ", f.Seq)] = f
	}
	return all, nil
}

func TestFileLostWhileOpen(t *testing.T) {
	tests := map[string]struct {
		lose func(path string) error
		says string
	}{
		"deleted": {os.Remove, "was deleted while it was open"},
		"replaced": {func(path string) error {
			if err := os.Rename(path, path+".old"); err != nil {
				return err
			}
			return os.WriteFile(path, make([]byte, 1<<20), 0o600)
		}, "was replaced by another file while it was open"},
		"emptied": {func(path string) error { return os.Truncate(path, 0) }, "was cut short while it was open"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, production())
			lease := take(t, s)
			commit(t, lease, enrolled("contoso"))
			if err := test.lose(s.path); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := lease.Commit(t.Context(), store.Commit{Now: day, Facts: []ledger.Fact{enrolled("fabrikam")}})
				explains(t, err, store.ErrDamaged, s.path, test.says)
			}
			err := s.Append(t.Context(), []ledger.Fact{enrolled("fabrikam")}, nil)
			explains(t, err, store.ErrDamaged, s.path, test.says)
		})
	}
}
