package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"transition/plans/ledger"
	"transition/runner/store"
)

// replay adds the facts of each tenant up again and compares the sum with its
// record, and what facts say of attempts with these.
func (v *verifier) replay(ctx context.Context) error {
	p := replayer{verifier: v}
	if err := readNames(ctx, v.q, v.path, v.meta.names, &p.codec); err != nil {
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
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		if err := scan(rows, &id); err != nil {
			return err
		}
		return p.problem("Tenant %q has a record but no facts.", id)
	})
	if err == nil && p.total != p.meta.records {
		err = p.problem("The records of the tenants are not those that were written last.")
	}
	return err
}

// replayer is on its way through the facts of one tenant after the other.
type replayer struct {
	*verifier
	codec  ledger.Codec
	sum    ledger.Record // what the facts of sum.ID add up to so far
	total  int64         // of the checksums of the records
	record *sql.Stmt
	told   *sql.Stmt
	// unknown are attempts of sum.ID that ended so, by item, and are not closed yet.
	unknown map[string][]int64
}

// selectTold counts the attempts that are as a fact tells: with the instant of
// their beginning, or with their outcome and its instant, and with their key.
const selectTold = `SELECT count(*) FROM attempts WHERE id = ?1 AND tenant = ?2 AND item = ?3 AND op = ?4 AND recipient = ?5
	AND CASE ?6 WHEN 'began' THEN begun_at = ?7 ELSE outcome = ?6 AND ended_at = ?7 AND (?6 = 'unknown' OR closed_at = ?7) END
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
		p.sum, p.unknown = ledger.Record{ID: tenant}, make(map[string][]int64)
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
	switch {
	case store.Closes(&f):
		return p.closed(ctx, f.Item, present(instant(f.At)))
	case !attempt.Valid || !store.OfAttempt(f.Kind):
		return nil
	case f.Kind == ledger.Unknown:
		p.unknown[f.Item] = append(p.unknown[f.Item], f.Attempt)
	}
	return p.attempt(ctx, &f)
}

// closed makes sure that the unknown attempts of an item were closed at an
// instant; NULL: that they are open.
func (p *replayer) closed(ctx context.Context, item string, at sql.NullString) error {
	ids := p.unknown[item]
	delete(p.unknown, item)
	for _, id := range ids {
		var is bool
		err := p.q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM attempts WHERE id = ? AND closed_at IS ?)", id, at).Scan(&is)
		if err == nil && !is {
			err = p.problem("Attempt %d is open or closed, and its facts say another thing.", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// compare compares the record of the tenant whose facts have all been seen.
func (p *replayer) compare(ctx context.Context) error {
	if p.sum.ID == "" {
		return nil
	}
	for _, item := range slices.Sorted(maps.Keys(p.unknown)) {
		if err := p.closed(ctx, item, sql.NullString{}); err != nil {
			return err
		}
	}
	var sealed []byte
	err := p.record.QueryRowContext(ctx, p.sum.ID).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return p.problem("Tenant %q has facts but no record.", p.sum.ID)
	}
	if err != nil {
		return err
	}
	b, sum, ok := unseal([]byte(p.sum.ID), sealed)
	p.total += sum
	if !ok {
		return p.problem("The record of tenant %q is not as it was written.", p.sum.ID)
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

// attempts finds attempts that are not as they were written, and such as say more
// than the facts do.
func (v *verifier) attempts(ctx context.Context) error {
	var began, ended, last, skipped int64
	rows, err := v.q.QueryContext(ctx, "SELECT "+attemptColumns+" FROM attempts NOT INDEXED ORDER BY id")
	err = each(rows, err, func(rows *sql.Rows) error {
		var a attempt
		if err := scan(rows, a.fields()...); err != nil {
			return err
		}
		v.report.Attempts++
		skipped += a.skipped(last)
		last = a.id
		if a.begun.Valid {
			began++
		}
		if a.outcome.Valid && a.outcome.String != dropped {
			ended++
		}
		if a.sum != rowSum(a.values()) {
			return v.problem("Attempt %d is not as it was written.", a.id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if began != v.began || ended != v.ended {
		err = v.problem("%d attempts have begun and %d have ended, but the facts say that %d have begun and %d have ended.",
			began, ended, v.began, v.ended)
	}
	if n := v.meta.attempts; err == nil && (v.report.Attempts+skipped != n || last != n) {
		err = v.problem("There are %d attempts up to number %d, and number %d was the newest.", v.report.Attempts, last, n)
	}
	if err != nil {
		return err
	}
	_, err = openAttempts(ctx, v.q, v.path, &v.meta)
	return err
}
