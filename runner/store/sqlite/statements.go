package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// statements are the prepared statements of the writer.
type statements struct {
	dataVersion, meta, lease, record, attempt, openOf                      *sql.Stmt
	setMeta, setLease, addName, addFact, putRecord, addAttempt, putAttempt *sql.Stmt
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
		{&s.lease, selectLease},
		{&s.setLease, updateLease},
		{&s.record, "SELECT record FROM tenants WHERE id = ?"},
		{&s.putRecord, "INSERT INTO tenants (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"},
		{&s.addName, "INSERT INTO names (id, text) VALUES (?, ?)"},
		{&s.addFact, "INSERT INTO facts (seq, tenant, attempt, body, hash) VALUES (?, ?, ?, ?, ?)"},
		// The index attempts_open decides whether there may be one more.
		{&s.addAttempt, "INSERT INTO attempts (" + attemptColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, item, recipient) WHERE closed_at IS NULL DO NOTHING`},
		{&s.attempt, "SELECT " + attemptColumns + " FROM attempts WHERE id = ?"},
		{&s.openOf, "SELECT " + attemptColumns + " FROM attempts WHERE tenant = ? AND item = ? AND closed_at IS NULL ORDER BY id"},
		{&s.putAttempt, "UPDATE attempts SET begun_at = ?, outcome = ?, ended_at = ?, closed_at = ?, sum = ? WHERE id = ?"},
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
