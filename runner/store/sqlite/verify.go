package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"transition/runner/store"
)

// maxProblems bounds a report: who has lost a disk has seen enough by then.
const maxProblems = 100

// Verify checks the whole history. The error is for what kept it from looking;
// what it found is in the report.
func (s *Store) Verify(ctx context.Context) (store.Report, error) {
	v := verifier{path: s.path, made: migrations()}
	err := s.snapshot(ctx, func(q queryer) error {
		v.q = q
		return v.all(ctx)
	})
	if !v.tolerates(err) {
		return store.Report{}, fault(s.path, "verifying", err)
	}
	return v.report, nil
}

type verifier struct {
	path   string
	made   []migration // what has made the file
	q      queryer
	meta   description
	report store.Report

	began, ended int64 // facts that say so of an attempt
}

func (v *verifier) all(ctx context.Context) error {
	for _, check := range []func(context.Context) error{
		v.engine, v.schema, v.described, v.chain, v.replay, v.attempts, v.adopted,
	} {
		if err := check(ctx); !v.tolerates(err) {
			return err
		}
	}
	return nil
}

// problem adds a sentence to the report.
func (v *verifier) problem(format string, a ...any) error {
	if len(v.report.Problems) >= maxProblems {
		return errStop
	}
	v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, a...))
	return nil
}

// tolerates makes damage that has ended a check a problem of the report, so that
// the next check can go on.
func (v *verifier) tolerates(err error) bool {
	err = fault(v.path, "verifying", err)
	var e *store.Error
	switch {
	case err == nil, errors.Is(err, errStop):
		return true
	case errors.As(err, &e) && e.Kind == store.ErrDamaged:
		v.report.Problems = append(v.report.Problems, "A check could not be finished: "+e.What+".")
		return true
	default:
		return false
	}
}

// engine lets SQLite check its own structures.
func (v *verifier) engine(ctx context.Context) error {
	rows, err := v.q.QueryContext(ctx, "PRAGMA integrity_check")
	err = each(rows, err, func(rows *sql.Rows) error {
		var found string
		if err := scan(rows, &found); err != nil || found == "ok" {
			return err
		}
		return v.problem("SQLite says: %s.", found)
	})
	if err != nil {
		return err
	}
	rows, err = v.q.QueryContext(ctx, "PRAGMA foreign_key_check")
	return each(rows, err, func(rows *sql.Rows) error {
		var table, parent string
		var row, key sql.NullInt64
		if err := scan(rows, &table, &row, &parent, &key); err != nil {
			return err
		}
		return v.problem("Row %d of table %s refers to a row of table %s that is not there.", row.Int64, table, parent)
	})
}

// schema compares the tables and their rules with those that there should be.
func (v *verifier) schema(ctx context.Context) error {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, v.path, 0, v.made); err != nil {
		return err
	}
	want, err := schemaSum(ctx, db)
	if err != nil {
		return err
	}
	is, err := schemaSum(ctx, v.q)
	if err != nil {
		return err
	}
	if want == is {
		return nil
	}
	return v.problem("The file has %s.", otherSchema)
}

// otherSchema is what a damaged schema amounts to.
const otherSchema = "tables, indexes or rules that are not those that transition has made"

// schemaSum covers all tables, indexes and rules.
func schemaSum(ctx context.Context, q queryer) (sum digest, err error) {
	rows, err := q.QueryContext(ctx, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema "+
		"WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name")
	err = each(rows, err, func(rows *sql.Rows) error {
		var kind, name, table, text string
		err := scan(rows, &kind, &name, &table, &text)
		sum = chain(sum, []byte(kind+"\x00"+name+"\x00"+table+"\x00"+text))
		return err
	})
	return sum, err
}

// described reads the description, and who applied last.
func (v *verifier) described(ctx context.Context) (err error) {
	if v.meta, err = describe(ctx, v.q, v.path); err != nil {
		return err
	}
	return new(holder).scan(v.path, v.q.QueryRowContext(ctx, selectLease))
}

// chain follows the hashes from the first fact to the newest.
func (v *verifier) chain(ctx context.Context) error {
	d := &v.meta
	head := genesis(d.Lineage)
	rows, err := v.q.QueryContext(ctx, "SELECT seq, body, hash FROM facts ORDER BY seq")
	err = each(rows, err, func(rows *sql.Rows) error {
		var seq int64
		var body, hash sql.RawBytes
		if err := scan(rows, &seq, &body, &hash); err != nil {
			return err
		}
		v.report.Facts++
		if seq != v.report.Facts {
			err := v.problem("Facts %d to %d are lost.", v.report.Facts, seq-1)
			v.report.Facts, head = seq, asDigest(hash)
			return err
		}
		head = chain(head, body)
		if bytes.Equal(head[:], hash) {
			return nil
		}
		head = asDigest(hash) // so that one change is one problem
		return v.problem("Fact %d was changed after it was recorded, or the one before it was.", seq)
	})
	switch {
	case err != nil:
		return err
	case v.report.Facts != d.facts:
		return v.problem("The history ends with fact %d, and fact %d was the newest.", v.report.Facts, d.facts)
	case head != d.head:
		return v.problem("The newest fact is not the one that was recorded last.")
	}
	return nil
}
