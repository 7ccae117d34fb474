package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
	"transition/runner/store/storetest"
)

// script runs SQL on a file behind the store's back.
func script(t testing.TB, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// unruled runs SQL on a file behind the back of the store and of the rules, which
// are as before then.
func unruled(t testing.TB, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var drop, rules strings.Builder
	rows, err := db.Query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
	err = each(rows, err, func(rows *sql.Rows) error {
		var name, rule string
		err := rows.Scan(&name, &rule)
		fmt.Fprintf(&drop, "DROP TRIGGER %s; ", name)
		fmt.Fprintf(&rules, "; %s", rule)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(drop.String() + text + rules.String()); err != nil {
		t.Fatal(err)
	}
}

// TestSchemaRefuses tries by hand what the schema must not let anybody do.
func TestSchemaRefuses(t *testing.T) {
	path := closed(t, func(s *Store) { populate(t, s) })
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const attempt = `INSERT INTO attempts (tenant, item, op, recipient, epoch, generation, no, key, lease, claimed_at) VALUES `
	if _, err := db.Exec(attempt + `('c', 'L/m', 'run', '', 1, 0, 1, 'k', 1, 'now')`); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"changing a fact":              `UPDATE facts SET body = '{}' WHERE seq = 1`,
		"removing a fact":              `DELETE FROM facts WHERE seq = 1`,
		"removing an attempt":          `DELETE FROM attempts`,
		"a second open attempt":        attempt + `('c', 'L/m', 'run', '', 1, 0, 2, 'k', 1, 'now')`,
		"another outcome":              `UPDATE attempts SET outcome = 'failed' WHERE id = 1`,
		"opening a closed attempt":     `UPDATE attempts SET closed_at = NULL WHERE id = 1`,
		"an outcome there is not":      `UPDATE attempts SET outcome = 'maybe', ended_at = 'now', closed_at = 'now' WHERE begun_at IS NULL`,
		"success without a beginning":  `UPDATE attempts SET outcome = 'succeeded', ended_at = 'now', closed_at = 'now' WHERE begun_at IS NULL`,
		"closing without an outcome":   `UPDATE attempts SET closed_at = 'now' WHERE begun_at IS NULL`,
		"another key":                  `UPDATE attempts SET key = 'other' WHERE begun_at IS NULL`,
		"a serial that falls":          `UPDATE meta SET serial = serial - 1`,
		"another lineage":              `UPDATE meta SET lineage = 'other', serial = serial + 1`,
		"another kind":                 `UPDATE meta SET kind = 'rehearsal', serial = serial + 1`,
		"a second description":         `INSERT INTO meta SELECT 2, lineage, kind, plan, created, serial, clock, last_fact, adopted, adopted_at, facts, head, sum, adopted_inventory, adoption FROM meta`,
		"no description":               `DELETE FROM meta`,
		"an epoch that stays":          `UPDATE lease SET user = 'bob'`,
		"a name that changes":          `UPDATE names SET text = 'other' WHERE id = 1`,
		"a name that goes":             `DELETE FROM names`,
		"a tenant that goes":           `DELETE FROM tenants`,
		"a fact of an unknown attempt": `PRAGMA foreign_keys = 1; INSERT INTO facts (seq, tenant, attempt, body, hash) VALUES (999, 'c', 999, '{}', x'00')`,
	}
	for name, statement := range tests {
		if _, err := db.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s is possible", name)
		}
	}
}

// TestVerifyFindsTampering changes the file as somebody would who knows SQL and
// removes the rules first.
func TestVerifyFindsTampering(t *testing.T) {
	whole, err := os.ReadFile(closed(t, func(s *Store) { populate(t, s) }))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ tamper, says string }{
		"a rule removed":            {"DROP TRIGGER facts_update", "tables, indexes or rules that are not those"},
		"an index removed":          {"DROP INDEX attempts_open", "tables, indexes or rules that are not those"},
		"a fact changed":            {"UPDATE facts SET body = replace(body, 'pilot', 'wave1') WHERE seq = 6", "Fact 6 was changed"},
		"a fact in another's place": {"UPDATE facts SET body = (SELECT body FROM facts WHERE seq = 5) WHERE seq = 6", "Fact 6 stands in the place"},
		"a fact removed":            {"DELETE FROM facts WHERE seq = 6", "Facts 6 to 6 are lost"},
		"the first fact removed":    {"DELETE FROM facts WHERE seq = 1", "Facts 1 to 1 are lost"},
		"the end removed":           {"DELETE FROM facts WHERE seq > 150", "The history ends with fact 150, and fact 160"},
		"a fact added": {"INSERT INTO facts (seq, tenant, body, hash) SELECT 161, tenant, body, hash FROM facts WHERE seq = 1",
			"The history ends with fact 161, and fact 160"},
		"a record changed": {"UPDATE tenants SET record = (SELECT record FROM tenants ORDER BY id DESC) WHERE id = 'tenant-0000003'",
			`The record of tenant "tenant-0000003" is not as it was written`},
		"a record forged":             {forge(new(ledger.Codec).Append(nil, &ledger.Record{Rev: 4})), `The record of tenant "tenant-0000003" is not what its facts add up to`},
		"a record broken":             {"UPDATE tenants SET record = x'018b2f15d5' WHERE id = 'tenant-0000003'", `"tenant-0000003" is not as it was written`},
		"a record removed":            {"DELETE FROM tenants WHERE id = 'tenant-0000003'", `Tenant "tenant-0000003" has facts but no record`},
		"a record added":              {"INSERT INTO tenants SELECT 'zz', record FROM tenants LIMIT 1", `Tenant "zz" has a record but no facts`},
		"an outcome forged":           {"UPDATE attempts SET outcome = 'failed' WHERE id = 3", "Attempt 3 is not as fact 12 says"},
		"a key changed":               {"UPDATE attempts SET key = 'other' WHERE id = 3", "Attempt 3 is not as fact 12 says"},
		"an attempt's time":           {"UPDATE attempts SET claimed_at = begun_at || ' ' WHERE id = 3", "Attempt 3 is not as it was written"},
		"a closing changed":           {"UPDATE attempts SET closed_at = claimed_at WHERE id = 3", "Attempt 3 is not as it was written"},
		"a closing against the facts": {"UPDATE attempts SET closed_at = claimed_at WHERE id = 3", "Attempt 3 is not as fact 12 says"},
		"an attempt removed at the end": {"PRAGMA foreign_keys = 0; DELETE FROM attempts WHERE id = 40",
			"There are 39 attempts up to number 39, and number 40 was the newest"},
		"a lease's time": {"UPDATE lease SET since = '2012-01-10T08:00:00.000000001Z'", "has lost who applied last"},
		"a name changed": {"UPDATE names SET text = 'Pre-Approval/notify' WHERE text = 'Pre-Approval/notice'", "has names that are not as they were written"},
		"an attempt added": {"INSERT INTO attempts SELECT 99, tenant, item, op, recipient, epoch, generation, no, key, lease, claimed_at, begun_at, outcome, ended_at, closed_at, sum FROM attempts WHERE id = 1",
			"41 attempts have begun and 41 have ended, but the facts say that 40 have begun and 40 have ended"},
		"a description forged": {"UPDATE meta SET adopted = 'mine', serial = serial + 1", "description that was changed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(test.tamper, "DROP") {
				script(t, path, test.tamper)
			} else {
				unruled(t, path, test.tamper)
			}
			s, err := Open(t.Context(), path, ReadOnly)
			if err != nil {
				explains(t, err, store.ErrDamaged, path, test.says)
				return
			}
			defer s.Close()
			report, err := s.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if found := strings.Join(report.Problems, "\n"); !strings.Contains(found, test.says) {
				t.Errorf("verify says %q, want %q in it", found, test.says)
			}
		})
	}
}

// forge puts bytes with a right checksum into the place of a record.
func forge(record []byte) string {
	sealed, _ := seal("tenant-0000003", record)
	return fmt.Sprintf("UPDATE tenants SET record = x'%x' WHERE id = 'tenant-0000003'", sealed)
}

// halfway is a state in the middle of everything: attempts of every kind, the plan
// that was adopted and one of which a part was applied.
func halfway(t testing.TB, s *Store) {
	t.Helper()
	lease := take(t, s)
	keep(t, lease, "p.transition.hcl", "transition {}")
	part := &store.Adoption{Digest: "part", Files: []store.File{storetest.Kept("p.transition.hcl", "another {}", new(int))}}
	if _, err := lease.Commit(t.Context(), store.Commit{Now: day, Part: part}); err != nil {
		t.Fatal(err)
	}
	for i, ends := range [][]ledger.Kind{
		{}, {ledger.Began}, {ledger.Began, ledger.Succeeded}, {ledger.Began, ledger.Unknown}, {ledger.Began, ledger.Unknown, ledger.Resolved},
		{ledger.Began},
	} {
		tenant := tenantID(i)
		commit(t, lease, enrolled(tenant))
		claim := store.Claim{Tenant: tenant, Item: "Move/data", Op: ledger.Run, Epoch: 1, No: 1, Key: "key", Rev: 1}
		done, err := lease.Commit(t.Context(), store.Commit{Now: day, Claims: []store.Claim{claim}})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range ends {
			commit(t, lease, ledger.Fact{At: day, Tenant: tenant, Kind: kind, Item: claim.Item, Op: claim.Op, Epoch: 1, No: 1,
				Key: claim.Key, Attempt: done.Claimed[0], Answer: ledger.AnswerRetry})
		}
	}
	if err := lease.Release(); err != nil {
		t.Fatal(err)
	}
}

// readers are how plan, apply, status, why and history look into a state.
var readers = map[string]func(context.Context, *Store) (any, error){
	"the description": func(ctx context.Context, s *Store) (any, error) {
		m, err := s.Meta(ctx)
		m.Unmarked = nil // not every copy that is tried has its mark
		return m, err
	},
	"the holder": func(ctx context.Context, s *Store) (any, error) {
		h, _, err := s.holderRow(ctx)
		return h, err
	},
	"the records": func(ctx context.Context, s *Store) (any, error) {
		var all []*ledger.Record
		for r, err := range s.Records(ctx) {
			if err != nil {
				return nil, err
			}
			all = append(all, r.Clone())
		}
		return all, nil
	},
	"the open attempts": func(ctx context.Context, s *Store) (any, error) { return s.OpenAttempts(ctx) },
	"an attempt": func(ctx context.Context, s *Store) (any, error) {
		a, _, err := s.Attempt(ctx, 3)
		return a, err
	},
	"the history": func(ctx context.Context, s *Store) (any, error) { return facts(ctx, s, "") },
	"the history of one": func(ctx context.Context, s *Store) (any, error) {
		return facts(ctx, s, tenantID(1))
	},
	"the adopted plan": func(ctx context.Context, s *Store) (any, error) { return plan(ctx, s.Adopted) },
	"the part":         func(ctx context.Context, s *Store) (any, error) { return plan(ctx, s.Part) },
}

func facts(ctx context.Context, s *Store, tenant string) (any, error) {
	var all []ledger.Fact
	for f, err := range s.History(ctx, tenant) {
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// plan is a plan with its files.
func plan(ctx context.Context, kept func(context.Context) (*store.Adoption, error)) (any, error) {
	a, err := kept(ctx)
	if err != nil || a == nil {
		return nil, err
	}
	var b strings.Builder
	for i := range a.Files {
		fmt.Fprint(&b, a.Files[i].Path, a.Files[i].SHA256, a.Files[i].Size)
		if err := a.Files[i].Copy(&b); err != nil {
			return nil, err
		}
		a.Files[i].Open = nil
	}
	return []any{*a, b.String()}, nil
}

// rows are all values of a file but the contents, whose last bits may be anything.
func rows(ctx context.Context, s *Store) (map[string]any, error) {
	all := make(map[string]any)
	for _, table := range []string{
		"meta", "lease", "names", "tenants", "attempts", "facts", "adopted_vars", "adopted_files", "part_vars", "part_files",
	} {
		rows, err := s.read.QueryContext(ctx, "SELECT * FROM "+table+" NOT INDEXED")
		err = each(rows, err, func(rows *sql.Rows) error {
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				to[i] = &values[i]
			}
			err = rows.Scan(to...)
			list, _ := all[table].([]any)
			all[table] = append(list, values)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// original is a sound state, and what it says.
type original struct {
	file []byte
	mark []byte // of the file beside it; nil: there is none
	says map[string]any
	rows map[string]any
}

func originalOf(t *testing.T, f func(testing.TB, *Store)) original {
	t.Helper()
	o := original{says: make(map[string]any)}
	path := closed(t, func(s *Store) {
		f(t, s)
		for name, read := range readers {
			var err error
			if o.says[name], err = read(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if o.rows, err = rows(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	})
	var err error
	if o.file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return o
}

// found reports whether Verify, or opening, finds what was done to a file. Whoever
// reads the state must find it, or see what there was before. What Verify does not
// find has changed nothing.
func (o *original) found(t *testing.T, path, what string, file []byte) bool {
	t.Helper()
	for suffix, b := range map[string][]byte{"": file, "-wal": nil, "-shm": nil, ".mark": o.mark} {
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		if !isOurs(err) {
			t.Errorf("%s: the error is none of package store: %v", what, err)
		}
		return true
	}
	defer s.Close()
	if m, err := s.Meta(t.Context()); err == nil && m.Lost != nil {
		return true
	}
	read := false
	for name, look := range readers {
		is, err := look(t.Context(), s)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: of %s it is said: %v", what, name, err)
		}
		if err == nil && !reflect.DeepEqual(o.says[name], is) {
			t.Errorf("%s: %s was taken for another one (-before +after):\n%s", what, name, cmp.Diff(o.says[name], is))
		}
		read = read || err != nil
	}
	report, err := s.Verify(t.Context())
	if found := strings.Join(report.Problems, "\n"); strings.Contains(found, adviseDamaged) || strings.Contains(found, store.ErrDamaged.Error()) {
		t.Errorf("%s: the report repeats what it is: %s", what, found)
	}
	if err != nil || len(report.Problems) > 0 {
		return true
	}
	is, err := rows(t.Context(), s)
	if err != nil || read || !reflect.DeepEqual(o.rows, is) {
		t.Errorf("%s: verify has found nothing: %v\n%s", what, err, cmp.Diff(o.rows, is))
	}
	return false
}

// TestFlippedBytes damages one byte after the other of a state that is half-way,
// more of them in its tables than in its facts and its schema, and some of a larger
// one. Whoever reads finds it, or nothing that counts has changed. With
// TRANSITION_FLIP_ALL it is every byte that is not empty.
func TestFlippedBytes(t *testing.T) {
	t.Run("half-way", func(t *testing.T) {
		t.Parallel()
		o := originalOf(t, halfway)
		tables, all := o.tables(t), os.Getenv("TRANSITION_FLIP_ALL") != ""
		testFlips(t, &o, func(i int, was byte) bool {
			return i%151 == 0 || was != 0 && (all || i%31 == 0 || i%7 == 0 && tables[i/pageSize] && !testing.Short())
		})
	})
	t.Run("large", func(t *testing.T) {
		t.Parallel()
		o := originalOf(t, populate)
		testFlips(t, &o, func(i int, _ byte) bool { return i%997 == 0 || i < 100 && i%3 == 0 })
	})
}

func testFlips(t *testing.T, o *original, flips func(i int, was byte) bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	found, flipped := 0, 0
	for i, was := range o.file {
		if !flips(i, was) {
			continue
		}
		b := bytes.Clone(o.file)
		b[i] ^= 1 << (i % 8)
		flipped++
		if o.found(t, path, fmt.Sprint("byte ", i), b) {
			found++
		}
	}
	if found < flipped/3 {
		t.Errorf("of %d flipped bytes %d were found; the files are not that empty", flipped, found)
	}
}

const pageSize = 4096 // of SQLite, unless it is told another one

// tables are the pages of all tables and indexes that have one page each, by
// number from 0: all but the facts, if the state is small.
func (o *original) tables(t *testing.T) map[int]bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, o.file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pages := make(map[int]bool)
	rows, err := db.Query("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 AND name <> 'facts'")
	err = each(rows, err, func(rows *sql.Rows) error {
		var page int
		err := rows.Scan(&page)
		pages[page-1] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// TestOldPages puts each page of an earlier state into a later one, as a disk does
// that has lost a write, and makes it empty. What stands in an old page is as it was
// written, but not the newest.
func TestOldPages(t *testing.T) {
	var early, mark []byte
	o := originalOf(t, func(tb testing.TB, s *Store) {
		halfway(tb, s)
		early = checkpointed(tb, s)
		lease := take(tb, s)
		keep(tb, lease, "p.transition.hcl", "transition { }")
		for i := range 3 {
			commit(tb, lease, ledger.Fact{At: day, Tenant: tenantID(i), Kind: ledger.Placed, Epoch: 1, Batch: fmt.Sprint("batch", i)})
		}
		commit(tb, lease, ledger.Fact{At: day, Tenant: tenantID(1), Kind: ledger.Succeeded, Item: "Move/data", Op: ledger.Run,
			Epoch: 1, No: 1, Key: "key", Attempt: 2})
		if err := lease.Release(); err != nil {
			tb.Fatal(err)
		}
		var err error
		if mark, err = os.ReadFile(markPath(s.path)); err != nil {
			tb.Fatal(err)
		}
	})
	o.mark = mark
	path := filepath.Join(t.TempDir(), "state.db")
	found := 0
	for i := pageSize; i < len(o.file); i += pageSize {
		was := early[min(i, len(early)):min(i+pageSize, len(early))]
		now := o.file[i : i+pageSize]
		for what, page := range map[string][]byte{"old": was, "empty": make([]byte, pageSize), "a row short": rowShort(now)} {
			// Who applied before may stand for who applied last: where that
			// matters, the mark beside the state tells.
			if bytes.Equal(page, now) || len(page) == 0 || bytes.Contains(page, []byte("ann")) {
				continue
			}
			b := bytes.Clone(o.file)
			copy(b[i:], page)
			if o.found(t, path, fmt.Sprint("page ", i/pageSize+1, " is ", what), b) && what == "old" {
				found++
			}
		}
	}
	if found < 6 {
		t.Errorf("%d old pages were found", found)
	}
}

// rowShort is a page without its last row, or entry.
func rowShort(page []byte) []byte {
	b := bytes.Clone(page)
	if n := binary.BigEndian.Uint16(b[3:]); n > 0 {
		binary.BigEndian.PutUint16(b[3:], n-1)
	}
	return b
}

// checkpointed is the file of a state, with all that was committed.
func checkpointed(t testing.TB, s *Store) []byte {
	t.Helper()
	if _, err := s.write.conn.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCutFiles cuts the file at many lengths: opening or verifying says so.
func TestCutFiles(t *testing.T) {
	whole, err := os.ReadFile(closed(t, func(s *Store) { populate(t, s) }))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	for n := len(whole) - 1; n >= 0; n -= 3001 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), path, ReadOnly)
		if err != nil {
			explains(t, err, store.ErrDamaged, path)
			continue
		}
		report, err := s.Verify(t.Context())
		if err != nil || len(report.Problems) == 0 {
			t.Errorf("cut to %d of %d bytes: verify says %q, %v", n, len(whole), report.Problems, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
