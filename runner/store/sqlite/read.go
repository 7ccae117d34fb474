package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"

	"transition/plans/ledger"
	"transition/runner/store"
)

// queryer asks the database: *sql.DB, *sql.Tx or *sql.Conn.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// snapshot lets f read the state as it is at one moment.
func (s *Store) snapshot(ctx context.Context, f func(queryer) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing to lose: it only reads
	return f(tx)
}

// each calls f for every row, and closes the rows.
func each(rows *sql.Rows, err error, f func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// errStop ends a loop over rows because nobody wants more of them.
var errStop = errors.New("no more rows are wanted")

// stream makes a loop over rows an iterator, which ends with the loop's error.
func stream[T any](s *Store, loop func(yield func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := loop(func(v T) error {
			if !yield(v, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			var none T
			yield(none, fault(s.path, "reading", err))
		}
	}
}

// Records streams all records by tenant id, as they were when it began.
func (s *Store) Records(ctx context.Context) iter.Seq2[*ledger.Record, error] {
	return stream(s, func(yield func(*ledger.Record) error) error {
		return s.snapshot(ctx, func(q queryer) error { return s.records(ctx, q, yield) })
	})
}

func (s *Store) records(ctx context.Context, q queryer, yield func(*ledger.Record) error) error {
	codec, err := s.codec(ctx, q)
	if err != nil {
		return err
	}
	var r ledger.Record
	var b sql.RawBytes
	rows, err := q.QueryContext(ctx, "SELECT id, record FROM tenants ORDER BY id")
	return each(rows, err, func(rows *sql.Rows) error {
		if err := scan(rows, &r.ID, &b); err != nil {
			return err
		}
		if err := codec.Decode(b, &r); err != nil {
			return damaged(s.path, "has a broken record of tenant %q: %v", r.ID, err)
		}
		return yield(&r)
	})
}

// Record reads one record.
func (s *Store) Record(ctx context.Context, tenant string) (*ledger.Record, error) {
	r, err := s.record(ctx, tenant)
	return r, fault(s.path, "reading", err)
}

// record reads the names after the record: they are never fewer by then.
func (s *Store) record(ctx context.Context, tenant string) (*ledger.Record, error) {
	var b []byte
	err := s.read.QueryRowContext(ctx, "SELECT record FROM tenants WHERE id = ?", tenant).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	codec, err := s.codec(ctx, s.read)
	if err != nil {
		return nil, err
	}
	r := &ledger.Record{ID: tenant}
	if err := codec.Decode(b, r); err != nil {
		return nil, damaged(s.path, "has a broken record of tenant %q: %v", tenant, err)
	}
	return r, nil
}

// codec returns a codec that knows all names that q sees. It must not be
// changed: others use it as well. A state that was restored may have other names
// than before.
func (s *Store) codec(ctx context.Context, q queryer) (*ledger.Codec, error) {
	var n uint64
	var last string
	err := q.QueryRowContext(ctx, "SELECT id, text FROM names ORDER BY id DESC LIMIT 1").Scan(&n, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if known := s.names.Load(); known != nil {
		if text, ok := known.Lookup(n); ok && text == last {
			return known, nil
		}
	}
	codec := new(ledger.Codec)
	if err := readNames(ctx, q, s.path, codec); err != nil {
		return nil, err
	}
	s.names.Store(codec)
	return codec, nil
}

// readNames reads the names that a codec does not know yet.
func readNames(ctx context.Context, q queryer, path string, codec *ledger.Codec) error {
	rows, err := q.QueryContext(ctx, "SELECT id, text FROM names WHERE id > ? ORDER BY id", codec.Len())
	return each(rows, err, func(rows *sql.Rows) error {
		var id uint64
		var text string
		if err := scan(rows, &id, &text); err != nil {
			return err
		}
		if codec.Intern(text) != id {
			return damaged(path, "has lost names: %q is not number %d", text, id)
		}
		return nil
	})
}

// History streams facts, oldest first.
func (s *Store) History(ctx context.Context, tenant string) iter.Seq2[ledger.Fact, error] {
	query, args := "SELECT seq, body FROM facts ORDER BY seq", []any(nil)
	if tenant != "" {
		query, args = "SELECT seq, body FROM facts WHERE tenant = ? ORDER BY seq", []any{tenant}
	}
	return stream(s, func(yield func(ledger.Fact) error) error {
		rows, err := s.read.QueryContext(ctx, query, args...)
		return each(rows, err, func(rows *sql.Rows) error {
			var seq int64
			var body sql.RawBytes
			if err := scan(rows, &seq, &body); err != nil {
				return err
			}
			var f ledger.Fact
			if err := json.Unmarshal(body, &f); err != nil {
				return damaged(s.path, "has a broken fact %d: %v", seq, err)
			}
			return yield(f)
		})
	})
}

const attemptColumns = "id, tenant, item, op, recipient, epoch, generation, no, key, lease, claimed_at, begun_at"

// OpenAttempts lists the attempts without an outcome by id.
func (s *Store) OpenAttempts(ctx context.Context) ([]store.Attempt, error) {
	var open []store.Attempt
	rows, err := s.read.QueryContext(ctx,
		"SELECT "+attemptColumns+" FROM attempts WHERE closed_at IS NULL AND outcome IS NULL ORDER BY id")
	err = each(rows, err, func(rows *sql.Rows) error {
		a, err := scanAttempt(s.path, rows)
		open = append(open, a)
		return err
	})
	if err != nil {
		return nil, fault(s.path, "reading", err)
	}
	return open, nil
}

func scanAttempt(path string, row scanner) (store.Attempt, error) {
	var a store.Attempt
	var claimed string
	var begun sql.NullString
	err := scan(row, &a.ID, &a.Tenant, &a.Item, &a.Op, &a.Recipient, &a.Epoch, &a.Generation, &a.No, &a.Key, &a.Lease,
		&claimed, &begun)
	if err != nil {
		return a, err
	}
	if a.ClaimedAt, err = parseInstant(claimed); err != nil {
		return a, damaged(path, "has attempt %d with %v", a.ID, err)
	}
	if a.BegunAt, err = parseInstant(begun.String); err != nil {
		return a, damaged(path, "has attempt %d with %v", a.ID, err)
	}
	return a, nil
}
