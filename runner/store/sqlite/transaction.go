package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

// transaction is what one commit does, up to the commit itself.
type transaction struct {
	*writer
	meta     description
	holder   holder                    // of the lease, with its epoch
	epoch    int64                     // of the lease
	opens    bool                      // a lease begins with it
	records  map[string]*ledger.Record // that were looked at; those of encoded have changed
	sums     map[string]int64          // checksums of records, before; 0: there was none
	before   map[string]int64          // revision of those that have changed, before
	encoded  map[string][]byte         // what of them is written
	attempts map[int64]attempt         // that were written
	body     bytes.Buffer              // of a fact
}

func (t *transaction) run(ctx context.Context, f func(context.Context, *transaction) error) error {
	if err := t.meta.scan(t.path, t.stmt.meta.QueryRowContext(ctx)); err != nil {
		return err
	}
	if err := t.holder.scan(t.path, t.stmt.lease.QueryRowContext(ctx)); err != nil {
		return err
	}
	t.epoch = t.holder.Epoch
	if err := t.refresh(ctx, t.meta.names); err != nil {
		return err
	}
	t.records = make(map[string]*ledger.Record)
	t.sums = make(map[string]int64)
	t.before = make(map[string]int64)
	t.encoded = make(map[string][]byte)
	t.attempts = make(map[int64]attempt)
	return f(ctx, t)
}

// finish writes what the steps before have left to the end.
func (t *transaction) finish(ctx context.Context) error {
	for _, tenant := range slices.Sorted(maps.Keys(t.before)) {
		b, sum := seal(tenant, t.codec.Append(nil, t.records[tenant]))
		t.meta.records += sum - t.sums[tenant]
		if _, err := t.stmt.putRecord.ExecContext(ctx, tenant, b); err != nil {
			return err
		}
		t.encoded[tenant] = b
	}
	for id := t.named + 1; id <= t.codec.Len(); id++ {
		text, _ := t.codec.Lookup(uint64(id))
		if _, err := t.stmt.addName.ExecContext(ctx, id, text); err != nil {
			return err
		}
		t.meta.names = chain(t.meta.names, []byte(text))
	}
	t.meta.Serial++
	_, err := t.stmt.setMeta.ExecContext(ctx, t.meta.values()...)
	return err
}

// record returns the record of a tenant as the transaction has made it so far.
// It is the transaction's own.
func (t *transaction) record(ctx context.Context, tenant string) (*ledger.Record, error) {
	if r := t.records[tenant]; r != nil {
		return r, nil
	}
	b, known, err := t.kept(ctx, tenant)
	if err != nil {
		return nil, err
	}
	r := &ledger.Record{ID: tenant}
	if known {
		if t.sums[tenant], err = decode(t.path, &t.codec, []byte(tenant), b, r); err != nil {
			return nil, err
		}
	}
	t.records[tenant] = r
	return r, nil
}

// kept returns the bytes of a record before the transaction; false: none.
func (t *transaction) kept(ctx context.Context, tenant string) (b []byte, known bool, err error) {
	if b, known = t.cache[tenant]; known {
		return b, true, nil
	}
	err = scan(t.stmt.record.QueryRowContext(ctx, tenant), &b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return b, err == nil, err
}

// fact appends a fact, applies it, and does to its attempt what it says.
func (t *transaction) fact(ctx context.Context, f ledger.Fact) error {
	f, err := store.Canonical(f)
	if err != nil {
		return err
	}
	r, err := t.record(ctx, f.Tenant)
	if err != nil {
		return err
	}
	if _, ok := t.before[f.Tenant]; !ok {
		t.before[f.Tenant] = r.Rev
	}
	if err := t.attempt(ctx, &f); err != nil {
		return err
	}
	t.meta.facts++
	f.Seq = t.meta.facts
	body, err := t.encode(f)
	if err != nil {
		return err
	}
	t.meta.head = chain(t.meta.head, body)
	if f.At.After(t.meta.LastFact) {
		t.meta.LastFact = f.At
	}
	r.Apply(f)
	attempt := sql.NullInt64{Int64: f.Attempt, Valid: f.Attempt != 0}
	_, err = t.stmt.addFact.ExecContext(ctx, f.Seq, f.Tenant, attempt, string(body), t.meta.head[:])
	return err
}

// encode returns the canonical bytes of a fact, until the next one.
func (t *transaction) encode(f ledger.Fact) ([]byte, error) {
	t.body.Reset()
	e := json.NewEncoder(&t.body)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(t.body.Bytes(), []byte("\n")), nil
}

// unmoved reports whether a record stands at a revision, leaving out of account
// what this transaction itself has added.
func (t *transaction) unmoved(ctx context.Context, tenant string, rev int64) (bool, error) {
	r, err := t.record(ctx, tenant)
	if err != nil {
		return false, err
	}
	least, ok := t.before[tenant]
	if !ok {
		least = r.Rev
	}
	return least <= rev && rev <= r.Rev, nil
}

// advance moves the clock of the state.
func (t *transaction) advance(clock time.Time) error {
	switch {
	case clock.IsZero():
		return nil
	case clock.Before(t.meta.Clock):
		return fmt.Errorf("the clock of a state only goes forward: it shows %s, which is after %s",
			t.meta.Clock.Format(time.RFC3339), clock.UTC().Format(time.RFC3339))
	}
	t.meta.Clock = clock.UTC().Round(0)
	return nil
}
