package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"transition/plans/ledger"
	"transition/runner/store"
)

// replay adds the facts of each tenant up again and compares the sum with its
// record, and what facts say of attempts with these.
func (v *verifier) replay(ctx context.Context) error {
	p := replayer{verifier: v}
	if err := readNames(ctx, v.q, v.path, &p.codec); err != nil {
		return err
	}
	var err error
	if p.record, err = v.q.PrepareContext(ctx, "SELECT record FROM tenants WHERE id = ?"); err != nil {
		return err
	}
	defer p.record.Close()
	if p.told, err = v.q.PrepareContext(ctx, selectTold); err != nil {
		return err
	}
	defer p.told.Close()
	return p.all(ctx)
}

func (p *replayer) all(ctx context.Context) error {
	rows, err := p.q.QueryContext(ctx, "SELECT seq, tenant, attempt, body FROM facts INDEXED BY facts_tenant ORDER BY tenant, seq")
	err = each(rows, err, func(rows *sql.Rows) error { return p.row(ctx, rows) })
	if err != nil {
		return err
	}
	if err := p.compare(ctx); err != nil {
		return err
	}
	rows, err = p.q.QueryContext(ctx, "SELECT id FROM tenants EXCEPT SELECT tenant FROM facts")
	return each(rows, err, func(rows *sql.Rows) error {
		var id string
		if err := scan(rows, &id); err != nil {
			return err
		}
		return p.problem("Tenant %q has a record but no facts.", id)
	})
}

// replayer is on its way through the facts of one tenant after the other.
type replayer struct {
	*verifier
	codec  ledger.Codec
	sum    ledger.Record // what the facts of sum.ID add up to so far
	record *sql.Stmt
	told   *sql.Stmt
}

// selectTold counts the attempts that are as a fact tells: with the instant of
// their beginning, or with their outcome and its instant, and with their key.
const selectTold = `SELECT count(*) FROM attempts WHERE id = ?1 AND tenant = ?2 AND item = ?3 AND op = ?4 AND recipient = ?5
	AND CASE ?6 WHEN 'began' THEN begun_at = ?7 ELSE outcome = ?6 AND ended_at = ?7 END
	AND (?8 = '' OR key = ?8)`

func (p *replayer) row(ctx context.Context, rows *sql.Rows) error {
	var seq int64
	var tenant string
	var attempt sql.NullInt64
	var body sql.RawBytes
	if err := scan(rows, &seq, &tenant, &attempt, &body); err != nil {
		return err
	}
	if tenant != p.sum.ID {
		if err := p.compare(ctx); err != nil {
			return err
		}
		p.sum = ledger.Record{ID: tenant}
		if !ledger.OfBatch(tenant) {
			p.report.Tenants++
		}
	}
	var f ledger.Fact
	if err := json.Unmarshal(body, &f); err != nil {
		return p.problem("Fact %d cannot be read: %v.", seq, err)
	}
	if f.Seq != seq || f.Tenant != tenant || f.Attempt != attempt.Int64 {
		return p.problem("Fact %d stands in the place of another one.", seq)
	}
	p.sum.Apply(f)
	if !attempt.Valid || !store.OfAttempt(f.Kind) {
		return nil
	}
	return p.attempt(ctx, &f)
}

// compare compares the record of the tenant whose facts have all been seen.
func (p *replayer) compare(ctx context.Context) error {
	if p.sum.ID == "" {
		return nil
	}
	var b []byte
	err := p.record.QueryRowContext(ctx, p.sum.ID).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return p.problem("Tenant %q has facts but no record.", p.sum.ID)
	}
	if err != nil {
		return err
	}
	var kept ledger.Record
	if err := p.codec.Decode(b, &kept); err != nil {
		return p.problem("The record of tenant %q cannot be read: %v.", p.sum.ID, err)
	}
	// Equal records have equal bytes, of whatever version the kept ones are.
	if !bytes.Equal(p.codec.Append(nil, &kept), p.codec.Append(nil, &p.sum)) {
		return p.problem("The record of tenant %q is not what its facts add up to.", p.sum.ID)
	}
	return nil
}

// attempt compares an attempt with a fact that tells of it.
func (p *replayer) attempt(ctx context.Context, f *ledger.Fact) error {
	if f.Kind == ledger.Began {
		p.began++
	} else {
		p.ended++
	}
	var n int
	err := p.told.QueryRowContext(ctx, f.Attempt, f.Tenant, f.Item, string(f.Op), f.Recipient, string(f.Kind), instant(f.At), f.Key).
		Scan(&n)
	if err != nil || n == 1 {
		return err
	}
	return p.problem("Attempt %d is not as fact %d says.", f.Attempt, f.Seq)
}

// attempts finds attempts that say more than the facts do.
func (v *verifier) attempts(ctx context.Context) error {
	var began, ended int64
	err := v.q.QueryRowContext(ctx, `SELECT count(*), count(begun_at), count(nullif(outcome, 'dropped')) FROM attempts`).
		Scan(&v.report.Attempts, &began, &ended)
	if err != nil {
		return err
	}
	if began != v.began || ended != v.ended {
		return v.problem("%d attempts have begun and %d have ended, but the facts say that %d have begun and %d have ended.",
			began, ended, v.began, v.ended)
	}
	return nil
}
