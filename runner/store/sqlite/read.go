package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"

	"transition/plans/ledger"
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
	d, codec, err := s.known(ctx, q)
	if err != nil {
		return err
	}
	var r ledger.Record
	var id, b sql.RawBytes
	var total int64
	rows, err := q.QueryContext(ctx, "SELECT id, record FROM tenants ORDER BY id")
	err = each(rows, err, func(rows *sql.Rows) error {
		if err := scan(rows, &id, &b); err != nil {
			return err
		}
		r.ID = string(id)
		sum, err := decode(s.path, codec, id, b, &r)
		if err != nil {
			return err
		}
		total += sum
		return yield(&r)
	})
	if err == nil && total != d.records {
		err = damaged(s.path, "has lost records of tenants, or has some that it should not have")
	}
	return err
}

// Record reads one record.
func (s *Store) Record(ctx context.Context, tenant string) (*ledger.Record, error) {
	var r *ledger.Record
	err := s.snapshot(ctx, func(q queryer) error {
		_, codec, err := s.known(ctx, q)
		if err != nil {
			return err
		}
		r, err = s.record(ctx, q, codec, tenant)
		return err
	})
	if err != nil {
		return nil, fault(s.path, "reading", err)
	}
	return r, nil
}

func (s *Store) record(ctx context.Context, q queryer, codec *ledger.Codec, tenant string) (*ledger.Record, error) {
	var b []byte
	err := scan(q.QueryRowContext(ctx, "SELECT record FROM tenants WHERE id = ?", tenant), &b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &ledger.Record{ID: tenant}
	_, err = decode(s.path, codec, []byte(tenant), b, r)
	return r, err
}

// lexicon is the names that a state had at some moment.
type lexicon struct {
	codec ledger.Codec // never changed: others use it as well
	sum   digest
}

// known reads the description, and returns a codec that knows all names that q
// sees. It must not be changed.
func (s *Store) known(ctx context.Context, q queryer) (description, *ledger.Codec, error) {
	d, err := describe(ctx, q, s.path)
	if err != nil {
		return d, nil, err
	}
	if known := s.names.Load(); known != nil && known.sum == d.names {
		return d, &known.codec, nil
	}
	n := &lexicon{sum: d.names}
	if err := readNames(ctx, q, s.path, d.names, &n.codec); err != nil {
		return d, nil, err
	}
	s.names.Store(n)
	return d, &n.codec, nil
}

// readNames makes an empty codec know all names, whose sum is given.
func readNames(ctx context.Context, q queryer, path string, want digest, codec *ledger.Codec) error {
	is, err := sumNames(ctx, q, path, codec)
	if err == nil && is != want {
		err = damaged(path, "has names that are not as they were written")
	}
	return err
}

func sumNames(ctx context.Context, q queryer, path string, codec *ledger.Codec) (sum digest, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, text FROM names NOT INDEXED ORDER BY id")
	err = each(rows, err, func(rows *sql.Rows) error {
		var id uint64
		var text string
		if err := scan(rows, &id, &text); err != nil {
			return err
		}
		if codec.Intern(text) != id {
			return damaged(path, "has lost names: %q is not number %d", text, id)
		}
		sum = chain(sum, []byte(text))
		return nil
	})
	return sum, err
}

// History streams facts, oldest first.
func (s *Store) History(ctx context.Context, tenant string) iter.Seq2[ledger.Fact, error] {
	return stream(s, func(yield func(ledger.Fact) error) error {
		return s.snapshot(ctx, func(q queryer) error { return s.history(ctx, q, tenant, yield) })
	})
}

// history makes sure of each fact, and in the end that there were all.
func (s *Store) history(ctx context.Context, q queryer, tenant string, yield func(ledger.Fact) error) error {
	d, codec, err := s.known(ctx, q)
	if err != nil {
		return err
	}
	query, args, want := selectFacts+"ORDER BY f.seq", []any(nil), d.facts
	if tenant != "" {
		r, err := s.record(ctx, q, codec, tenant)
		if err != nil {
			return err
		}
		query, args, want = selectFacts+"WHERE f.tenant = ? ORDER BY f.seq", []any{tenant}, 0
		if r != nil {
			want = r.Rev // which counts them
		}
	}
	var n int64
	rows, err := q.QueryContext(ctx, query, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		f, _, err := scanFact(s.path, d.Lineage, rows)
		if err != nil {
			return err
		}
		n++
		return yield(f)
	})
	if err == nil && n != want {
		err = damaged(s.path, "has lost facts, or has some that it should not have")
	}
	return err
}

// selectFacts reads each fact with the hash of the one before.
const selectFacts = "SELECT f.seq, f.tenant, f.attempt, f.body, f.hash, p.hash FROM facts f LEFT JOIN facts p ON p.seq = f.seq - 1 "

// scanFact reads selectFacts. A fact that its hash does not fit is damaged.
func scanFact(path, lineage string, row scanner) (f ledger.Fact, is digest, err error) {
	var seq int64
	var tenant string
	var attempt sql.NullInt64
	var body, hash, before []byte
	if err := scan(row, &seq, &tenant, &attempt, &body, &hash, &before); err != nil {
		return f, is, err
	}
	prev := asDigest(before)
	if seq == 1 {
		prev = genesis(lineage)
	}
	if is = chain(prev, body); is != asDigest(hash) {
		return f, is, damaged(path, "has a fact %d that was changed after it was recorded, or the one before it was", seq)
	}
	if err := json.Unmarshal(body, &f); err != nil {
		return f, is, damaged(path, "has a broken fact %d: %v", seq, err)
	}
	if f.Seq != seq || f.Tenant != tenant || f.Attempt != attempt.Int64 {
		return f, is, damaged(path, "has a fact %d in the place of another one", seq)
	}
	return f, is, nil
}

// hashOf is the hash of the fact with a number, and of none before the first;
// false: there is no such fact.
func hashOf(ctx context.Context, q queryer, path string, d *description, seq int64) (digest, bool, error) {
	switch seq {
	case 0:
		return genesis(d.Lineage), true, nil
	case d.facts: // also where it was damaged later
		return d.head, true, nil
	}
	_, hash, err := scanFact(path, d.Lineage, q.QueryRowContext(ctx, selectFacts+"WHERE f.seq = ?", seq))
	if errors.Is(err, sql.ErrNoRows) {
		return digest{}, false, nil
	}
	return hash, err == nil, err
}
