package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

// attempt is a row of table attempts, as it stands there.
type attempt struct {
	id                            int64
	tenant, item, op, recipient   string
	epoch, generation, no         int64
	key                           string
	lease                         int64
	claimed                       string
	begun, outcome, ended, closed sql.NullString
	sum                           int64
}

const attemptColumns = "id, tenant, item, op, recipient, epoch, generation, no, key, lease, claimed_at, begun_at, " +
	"outcome, ended_at, closed_at, sum"

// values are those of attemptColumns, without the sum.
func (a *attempt) values() []any {
	return []any{
		a.id, a.tenant, a.item, a.op, a.recipient, a.epoch, a.generation, a.no, a.key, a.lease, a.claimed,
		a.begun, a.outcome, a.ended, a.closed,
	}
}

// fields are where attemptColumns are read to.
func (a *attempt) fields() []any {
	return []any{
		&a.id, &a.tenant, &a.item, &a.op, &a.recipient, &a.epoch, &a.generation, &a.no, &a.key, &a.lease, &a.claimed,
		&a.begun, &a.outcome, &a.ended, &a.closed, &a.sum,
	}
}

// scan reads attemptColumns. What is not as it was written is damaged.
func (a *attempt) scan(path string, row scanner) error {
	if err := scan(row, a.fields()...); err != nil {
		return err
	}
	if a.sum != rowSum(a.values()) {
		return damaged(path, "has an attempt %d that is not as it was written", a.id)
	}
	return nil
}

// open is what the attempt adds to the sum of the open ones.
func (a *attempt) open() int64 {
	if a.closed.Valid {
		return 0
	}
	return a.sum
}

// told is the attempt as others know it. Instants that are none are left out.
func (a *attempt) told() store.Attempt {
	claimed, _ := parseInstant(a.claimed)
	begun, _ := parseInstant(a.begun.String)
	return store.Attempt{
		ID: a.id, Tenant: a.tenant, Item: a.item, Op: ledger.Op(a.op), Recipient: a.recipient, Epoch: int(a.epoch),
		Generation: int(a.generation), No: int(a.no), Key: a.key, Lease: a.lease, ClaimedAt: claimed, BegunAt: begun,
	}
}

// isOf reports whether a fact is about the attempt.
func (a *attempt) isOf(f *ledger.Fact) bool {
	return a != nil && a.tenant == f.Tenant && a.item == f.Item && a.op == string(f.Op) && a.recipient == f.Recipient
}

// attemptOf returns an attempt as the transaction has made it so far; nil: there is
// none.
func (t *transaction) attemptOf(ctx context.Context, id int64) (*attempt, error) {
	for _, known := range [...]map[int64]attempt{t.attempts, t.claimed} {
		if a, ok := known[id]; ok {
			return &a, nil
		}
	}
	a := new(attempt)
	err := a.scan(t.path, t.stmt.attempt.QueryRowContext(ctx, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

// put writes what has become of an attempt. before is what it added to the open
// ones.
func (t *transaction) put(ctx context.Context, a *attempt, before int64) error {
	a.sum = rowSum(a.values())
	t.attempts[a.id] = *a
	t.meta.open += a.open() - before
	_, err := t.stmt.putAttempt.ExecContext(ctx, a.begun, a.outcome, a.ended, a.closed, a.sum, a.id)
	return err
}

// attempt does to the attempts of the database what a fact says of them.
func (t *transaction) attempt(ctx context.Context, f *ledger.Fact) error {
	switch {
	case store.Closes(f):
		return t.resolve(ctx, f)
	case f.Attempt == 0 || !store.OfAttempt(f.Kind):
		return nil
	}
	a, err := t.attemptOf(ctx, f.Attempt)
	if err != nil {
		return err
	}
	if f.Kind == ledger.Began {
		return t.begin(ctx, a, f)
	}
	return t.end(ctx, a, f)
}

func (t *transaction) begin(ctx context.Context, a *attempt, f *ledger.Fact) error {
	if !a.isOf(f) || a.lease != t.epoch || a.begun.Valid || a.outcome.Valid {
		return fmt.Errorf("attempt %d of %s/%s cannot begin: it was not claimed so under this lease, or has begun or "+
			"ended already", f.Attempt, f.Tenant, f.Item)
	}
	before := a.open()
	a.begun = present(instant(f.At))
	return t.put(ctx, a, before)
}

// end ends an attempt. What is unknown stays open; what has not begun can only
// have failed.
func (t *transaction) end(ctx context.Context, a *attempt, f *ledger.Fact) error {
	if !a.isOf(f) || a.outcome.Valid || !a.begun.Valid && f.Kind != ledger.Failed {
		return fmt.Errorf("attempt %d of %s/%s cannot end as %s: it was not claimed so, has not begun, or has ended already",
			f.Attempt, f.Tenant, f.Item, f.Kind)
	}
	before, at := a.open(), present(instant(f.At))
	a.outcome, a.ended = present(string(f.Kind)), at
	if f.Kind != ledger.Unknown {
		a.closed = at
	}
	return t.put(ctx, a, before)
}

// resolve closes the unknown attempts of an item.
func (t *transaction) resolve(ctx context.Context, f *ledger.Fact) error {
	var unknown []attempt
	rows, err := t.stmt.openOf.QueryContext(ctx, f.Tenant, f.Item)
	err = each(rows, err, func(rows *sql.Rows) error {
		var a attempt
		err := a.scan(t.path, rows)
		if a.outcome.String == string(ledger.Unknown) {
			unknown = append(unknown, a)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range unknown {
		a := &unknown[i]
		before := a.open()
		a.closed = present(instant(f.At))
		if err := t.put(ctx, a, before); err != nil {
			return err
		}
	}
	return nil
}

// claim asks for one attempt; 0: it is refused. The record must be as the
// decision saw it: before the facts of this commit, or with some of them.
func (t *transaction) claim(ctx context.Context, c *store.Claim, at string) (int64, error) {
	if ok, err := t.unmoved(ctx, c.Tenant, c.Rev); err != nil || !ok {
		return 0, err
	}
	a := &attempt{
		id: t.meta.attempts + 1, tenant: c.Tenant, item: c.Item, op: string(c.Op), recipient: c.Recipient,
		epoch: int64(c.Epoch), generation: int64(c.Generation), no: int64(c.No), key: c.Key, lease: t.epoch, claimed: at,
	}
	a.sum = rowSum(a.values())
	res, err := t.stmt.addAttempt.ExecContext(ctx, append(a.values(), a.sum)...)
	if err != nil {
		return 0, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	t.attempts[a.id] = *a
	t.meta.attempts, t.meta.open = a.id, t.meta.open+a.sum
	return a.id, nil
}

// skip leaves out so many numbers of attempts: the one behind them is of no tenant,
// and was dropped.
func (t *transaction) skip(ctx context.Context, n int64, at time.Time) error {
	when := present(instant(at))
	a := &attempt{
		id: t.meta.attempts + n, tenant: ledger.StateID, lease: t.epoch, claimed: when.String,
		outcome: present(dropped), ended: when, closed: when,
	}
	a.sum = rowSum(a.values())
	t.meta.attempts = a.id
	_, err := t.stmt.addAttempt.ExecContext(ctx, append(a.values(), a.sum)...)
	return err
}

// skipped is how many numbers are left out before an attempt that skip has made.
func (a *attempt) skipped(before int64) int64 {
	if a.tenant != ledger.StateID {
		return 0
	}
	return a.id - before - 1
}

// drop ends attempts that were claimed and will not begin.
func (t *transaction) drop(ctx context.Context, ids []int64, at string) error {
	for _, id := range ids {
		a, err := t.attemptOf(ctx, id)
		if err != nil {
			return err
		}
		if a == nil || a.begun.Valid || a.outcome.Valid {
			return fmt.Errorf("attempt %d cannot be dropped: it is not claimed, or has begun or ended already", id)
		}
		before := a.open()
		a.outcome, a.ended, a.closed = present(dropped), present(at), present(at)
		if err := t.put(ctx, a, before); err != nil {
			return err
		}
	}
	return nil
}

// dropped is the outcome of an attempt that was claimed and never began.
const dropped = "dropped"

func present(text string) sql.NullString { return sql.NullString{String: text, Valid: true} }

// selectOpen reads the index that keeps a second attempt from an item, and beside
// each entry the attempt that it leads to. They are read apart, so that each is
// held against the other.
const selectOpen = "SELECT i.id, i.tenant, i.item, i.recipient, " +
	"a.id, a.tenant, a.item, a.op, a.recipient, a.epoch, a.generation, a.no, a.key, a.lease, a.claimed_at, a.begun_at, " +
	"a.outcome, a.ended_at, a.closed_at, a.sum " +
	"FROM attempts i INDEXED BY attempts_open CROSS JOIN attempts a NOT INDEXED ON a.id = i.id WHERE i.closed_at IS NULL ORDER BY i.id"

// openAttempts lists all attempts that are not closed by id: the unknown ones, too.
func openAttempts(ctx context.Context, q queryer, path string, d *description) ([]attempt, error) {
	var open []attempt
	var sum int64
	rows, err := q.QueryContext(ctx, selectOpen)
	err = each(rows, err, func(rows *sql.Rows) error {
		var a, entry attempt
		if err := scan(rows, append([]any{&entry.id, &entry.tenant, &entry.item, &entry.recipient}, a.fields()...)...); err != nil {
			return err
		}
		leads := entry.id == a.id && entry.tenant == a.tenant && entry.item == a.item && entry.recipient == a.recipient
		if !leads || a.closed.Valid || a.sum != rowSum(a.values()) {
			return damaged(path, "has an attempt %d that is not as it was written", entry.id)
		}
		sum += a.sum
		open = append(open, a)
		return nil
	})
	if err == nil && sum != d.open {
		err = damaged(path, "has lost attempts that are open, or has some that it should not have")
	}
	return open, err
}

// Attempt reads one attempt, and the one behind it if there is none: only numbers
// that were skipped may be missing.
func (s *Store) Attempt(ctx context.Context, id int64) (store.Attempt, bool, error) {
	var a attempt
	err := s.snapshot(ctx, func(q queryer) error {
		d, err := describe(ctx, q, s.path)
		if err != nil || id < 1 || id > d.attempts {
			return err
		}
		err = a.scan(s.path, q.QueryRowContext(ctx, "SELECT "+attemptColumns+" FROM attempts WHERE id >= ? ORDER BY id LIMIT 1", id))
		if errors.Is(err, sql.ErrNoRows) || err == nil && a.id != id && a.tenant != ledger.StateID {
			err = damaged(s.path, "has lost attempt %d", id)
		}
		return err
	})
	if err != nil {
		return store.Attempt{}, false, fault(s.path, "reading", err)
	}
	if a.id != id || id < 1 {
		return store.Attempt{}, false, nil
	}
	return a.told(), true, nil
}

// OpenAttempts lists the attempts without an outcome by id.
func (s *Store) OpenAttempts(ctx context.Context) ([]store.Attempt, error) {
	var list []store.Attempt
	err := s.snapshot(ctx, func(q queryer) error {
		d, err := describe(ctx, q, s.path)
		if err != nil {
			return err
		}
		open, err := openAttempts(ctx, q, s.path, &d)
		for i := range open {
			if !open[i].outcome.Valid {
				list = append(list, open[i].told())
			}
		}
		return err
	})
	if err != nil {
		return nil, fault(s.path, "reading", err)
	}
	return list, nil
}
