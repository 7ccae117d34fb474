package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// statements are the prepared statements of the writer.
type statements struct {
	dataVersion, meta, epoch, record        *sql.Stmt
	addName, addFact, addAttempt, putRecord *sql.Stmt
	begin, end, resolve, drop, setMeta      *sql.Stmt
}

func (s *statements) list() []struct {
	to  **sql.Stmt
	sql string
} {
	return []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.dataVersion, "PRAGMA data_version"},
		{&s.meta, selectMeta},
		{&s.setMeta, updateMeta},
		{&s.epoch, "SELECT epoch FROM lease"},
		{&s.record, "SELECT record FROM tenants WHERE id = ?"},
		{&s.putRecord, "INSERT INTO tenants (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"},
		{&s.addName, "INSERT INTO names (id, text) VALUES (?, ?)"},
		{&s.addFact, "INSERT INTO facts (seq, tenant, attempt, body, hash) VALUES (?, ?, ?, ?, ?)"},
		// The index attempts_open decides whether there may be one more.
		{&s.addAttempt, `INSERT INTO attempts (tenant, item, op, recipient, epoch, generation, no, key, lease, claimed_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.begin, `UPDATE attempts SET begun_at = ? WHERE id = ? AND tenant = ? AND item = ? AND op = ? AND recipient = ?
			AND lease = ? AND begun_at IS NULL AND outcome IS NULL`},
		{&s.end, `UPDATE attempts SET outcome = ?, ended_at = ?, closed_at = ? WHERE id = ? AND tenant = ? AND item = ?
			AND op = ? AND recipient = ? AND outcome IS NULL AND (begun_at IS NOT NULL OR ?)`},
		{&s.resolve, `UPDATE attempts SET closed_at = ? WHERE tenant = ? AND item = ? AND closed_at IS NULL AND outcome = 'unknown'`},
		{&s.drop, `UPDATE attempts SET outcome = 'dropped', ended_at = ?, closed_at = ?
			WHERE id = ? AND begun_at IS NULL AND outcome IS NULL`},
	}
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	for _, p := range s.list() {
		stmt, err := conn.PrepareContext(ctx, p.sql)
		if err != nil {
			return err
		}
		*p.to = stmt
	}
	return nil
}

func (s *statements) close() error {
	var err error
	for _, p := range s.list() {
		if *p.to != nil {
			err = errors.Join(err, (*p.to).Close())
		}
	}
	return err
}
