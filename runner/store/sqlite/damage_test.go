package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
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
	const free = "DROP TRIGGER facts_update; DROP TRIGGER facts_delete; DROP TRIGGER attempts_update; DROP TRIGGER tenants_delete; "
	tests := map[string]struct{ tamper, says string }{
		"a rule removed":            {"DROP TRIGGER facts_update", "The tables, indexes or rules of the file"},
		"an index removed":          {"DROP INDEX attempts_open", "The tables, indexes or rules of the file"},
		"a fact changed":            {free + "UPDATE facts SET body = replace(body, 'pilot', 'wave1') WHERE seq = 6", "Fact 6 was changed"},
		"a fact in another's place": {free + "UPDATE facts SET body = (SELECT body FROM facts WHERE seq = 5) WHERE seq = 6", "Fact 6 stands in the place"},
		"a fact removed":            {free + "DELETE FROM facts WHERE seq = 6", "Facts 6 to 6 are lost"},
		"the first fact removed":    {free + "DELETE FROM facts WHERE seq = 1", "Facts 1 to 1 are lost"},
		"the end removed":           {free + "DELETE FROM facts WHERE seq > 150", "The history ends with fact 150, and fact 160"},
		"a fact added": {"INSERT INTO facts (seq, tenant, body, hash) SELECT 161, tenant, body, hash FROM facts WHERE seq = 1",
			"The history ends with fact 161, and fact 160"},
		"a record changed": {"UPDATE tenants SET record = (SELECT record FROM tenants ORDER BY id DESC) WHERE id = 'tenant-0000003'",
			`The record of tenant "tenant-0000003" is not as it was written`},
		"a record forged":             {forge(new(ledger.Codec).Append(nil, &ledger.Record{Rev: 4})), `The record of tenant "tenant-0000003" is not what its facts add up to`},
		"a record broken":             {"UPDATE tenants SET record = x'018b2f15d5' WHERE id = 'tenant-0000003'", `"tenant-0000003" is not as it was written`},
		"a record removed":            {free + "DELETE FROM tenants WHERE id = 'tenant-0000003'", `Tenant "tenant-0000003" has facts but no record`},
		"a record added":              {"INSERT INTO tenants SELECT 'zz', record FROM tenants LIMIT 1", `Tenant "zz" has a record but no facts`},
		"an outcome forged":           {free + "UPDATE attempts SET outcome = 'failed' WHERE id = 3", "Attempt 3 is not as fact 12 says"},
		"a key changed":               {free + "UPDATE attempts SET key = 'other' WHERE id = 3", "Attempt 3 is not as fact 12 says"},
		"an attempt's time":           {free + "UPDATE attempts SET claimed_at = begun_at || ' ' WHERE id = 3", "Attempt 3 is not as it was written"},
		"a closing changed":           {free + "UPDATE attempts SET closed_at = claimed_at WHERE id = 3", "Attempt 3 is not as it was written"},
		"a closing against the facts": {free + "UPDATE attempts SET closed_at = claimed_at WHERE id = 3", "Attempt 3 is not as fact 12 says"},
		"an attempt removed at the end": {free + "DROP TRIGGER attempts_delete; PRAGMA foreign_keys = 0; DELETE FROM attempts WHERE id = 40",
			"There are 39 attempts up to number 39, and number 40 was the newest"},
		"a lease's time": {"DROP TRIGGER lease_update; UPDATE lease SET since = '2012-01-10T08:00:00.000000001Z'", "has lost who applied last"},
		"a name changed": {"DROP TRIGGER names_update; UPDATE names SET text = 'Pre-Approval/notify' WHERE text = 'Pre-Approval/notice'", "has names that are not as they were written"},
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
			script(t, path, test.tamper)
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

// TestFlippedBytes damages one byte after the other: either it is found, or
// nothing that counts has changed.
func TestFlippedBytes(t *testing.T) {
	var want map[string]any
	whole, err := os.ReadFile(closed(t, func(s *Store) {
		populate(t, s)
		want = dump(t, s)
	}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	step, found, flipped := 997, 0, 0
	if testing.Short() {
		step = 2003
	}
	for i := 0; i < len(whole); i += step {
		b := bytes.Clone(whole)
		b[i] ^= 0xff
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		flipped++
		if isFound(t, path, i, want) {
			found++
		}
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if i < 100 { // the header of the file: more closely
			i += 3 - step
		}
	}
	if found < flipped/3 {
		t.Errorf("of %d flipped bytes %d were found; the files are not that empty", flipped, found)
	}
}

func isFound(t *testing.T, path string, i int, want map[string]any) bool {
	t.Helper()
	s, err := Open(t.Context(), path, ReadOnly)
	if err == nil {
		defer s.Close()
		var report store.Report
		if report, err = s.Verify(t.Context()); len(report.Problems) > 0 {
			if found := strings.Join(report.Problems, "\n"); strings.Contains(found, adviseDamaged) || strings.Contains(found, store.ErrDamaged.Error()) {
				t.Errorf("byte %d: the report repeats what it is: %s", i, found)
			}
			return true
		}
	}
	if err != nil {
		if !isOurs(err) {
			t.Errorf("byte %d: the error is none of package store: %v", i, err)
		}
		return true
	}
	got, err := tryDump(t.Context(), s)
	if err != nil {
		t.Errorf("byte %d: verify has found nothing, but reading fails: %v", i, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("byte %d: verify has found nothing, but the state is another one (-before +after):\n%s", i, diff)
	}
	return false
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
