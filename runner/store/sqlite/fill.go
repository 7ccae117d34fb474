package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"transition/plans/ledger"
)

// filling is what a migration does beside its SQL, in the same transaction.
type filling struct {
	conn *sql.Conn
	path string
	made []migration // up to this one
}

// sums gives all rows their checksums. What is damaged must not get one that says
// that it is right: a state with which Verify finds anything wrong is refused.
func (f *filling) sums(ctx context.Context) error {
	if err := f.refuse(func(v *verifier) error { return v.engine(ctx) }); err != nil {
		return err
	}
	if err := f.without(ctx, "lease_update", f.lease); err != nil {
		return err
	}
	var d description
	kept, err := d.read(f.path, f.conn.QueryRowContext(ctx, selectMeta))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil // the file is being made
	case err != nil:
		return err
	case kept != sha256.Sum256(d.before()):
		return changedDescription(f.path)
	}
	if d.names, err = sumNames(ctx, f.conn, f.path, new(ledger.Codec)); err != nil {
		return err
	}
	if err := f.records(ctx, &d); err != nil {
		return err
	}
	if err := f.without(ctx, "attempts_update", func(ctx context.Context) error { return f.attempts(ctx, &d) }); err != nil {
		return err
	}
	if err := f.without(ctx, "meta_update", func(ctx context.Context) error { return f.exec(ctx, updateMeta, d.values()...) }); err != nil {
		return err
	}
	return f.refuse(func(v *verifier) error { return v.all(ctx) })
}

func (f *filling) exec(ctx context.Context, statement string, args ...any) error {
	_, err := f.conn.ExecContext(ctx, statement, args...)
	return err
}

// without does something while a rule of the schema does not hold.
func (f *filling) without(ctx context.Context, trigger string, do func(context.Context) error) error {
	var rule string
	err := f.conn.QueryRowContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?", trigger).Scan(&rule)
	if errors.Is(err, sql.ErrNoRows) {
		return damaged(f.path, "has lost its rule %s", trigger)
	}
	if err != nil {
		return err
	}
	if err := f.exec(ctx, "DROP TRIGGER "+trigger); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	return f.exec(ctx, rule)
}

func (f *filling) lease(ctx context.Context) error {
	var h holder
	var sum int64
	if err := scan(f.conn.QueryRowContext(ctx, selectLease), append(h.fields(), &sum)...); err != nil {
		return err
	}
	return f.exec(ctx, "UPDATE lease SET sum = ?", rowSum(h.values()))
}

// portion is how many rows are changed at a time: whoever reads a table while he
// changes it may not come to its end.
const portion = 1000

// portions changes what is read, until there is no more.
func portions[T any](read func() ([]T, error), change func(*T) error) error {
	for {
		rows, err := read()
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			if err := change(&rows[i]); err != nil {
				return err
			}
		}
	}
}

func (f *filling) records(ctx context.Context, d *description) error {
	put, err := f.conn.PrepareContext(ctx, "UPDATE tenants SET record = ? WHERE id = ?")
	if err != nil {
		return err
	}
	defer put.Close()
	type record struct {
		id    string
		bytes []byte
	}
	var last string
	return portions(func() (list []record, err error) {
		rows, err := f.conn.QueryContext(ctx, "SELECT id, record FROM tenants WHERE id > ? ORDER BY id LIMIT ?", last, portion)
		err = each(rows, err, func(rows *sql.Rows) error {
			var r record
			err := scan(rows, &r.id, &r.bytes)
			list = append(list, r)
			return err
		})
		return list, err
	}, func(r *record) error {
		sealed, sum := seal(r.id, r.bytes)
		last, d.records = r.id, d.records+sum
		_, err := put.ExecContext(ctx, sealed, r.id)
		return err
	})
}

func (f *filling) attempts(ctx context.Context, d *description) error {
	put, err := f.conn.PrepareContext(ctx, "UPDATE attempts SET sum = ? WHERE id = ?")
	if err != nil {
		return err
	}
	defer put.Close()
	return portions(func() (list []attempt, err error) {
		rows, err := f.conn.QueryContext(ctx, "SELECT "+attemptColumns+" FROM attempts WHERE id > ? ORDER BY id LIMIT ?", d.attempts, portion)
		err = each(rows, err, func(rows *sql.Rows) error {
			var a attempt
			err := scan(rows, a.fields()...)
			list = append(list, a)
			return err
		})
		return list, err
	}, func(a *attempt) error {
		a.sum = rowSum(a.values())
		d.attempts, d.open = a.id, d.open+a.open()
		_, err := put.ExecContext(ctx, a.sum, a.id)
		return err
	})
}

// refuse refuses a file in which a check finds something.
func (f *filling) refuse(check func(*verifier) error) error {
	v := verifier{path: f.path, made: f.made, q: f.conn}
	if err := check(&v); !v.tolerates(err) {
		return err
	}
	if found := v.report.Problems; len(found) > 0 {
		return damaged(f.path, "is not sound, and nothing was changed. %s", found[0])
	}
	return nil
}
