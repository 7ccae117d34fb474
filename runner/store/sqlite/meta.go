package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"transition/runner/store"
)

// digest is a SHA-256.
type digest [sha256.Size]byte

// asDigest takes bytes from the file for a hash, however many there are.
func asDigest(b []byte) (d digest) {
	copy(d[:], b)
	return d
}

// genesis is the hash before the first fact. It binds a history to its state.
func genesis(lineage string) digest {
	return sha256.Sum256([]byte("transition/facts/v1\x00" + lineage))
}

// chain is the hash of a fact, given the one before it.
func chain(prev digest, body []byte) digest {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(body)
	var d digest
	h.Sum(d[:0])
	return d
}

// description is the row of table meta.
type description struct {
	store.Meta
	facts    int64  // seq of the newest fact
	head     digest // its hash
	adoption []byte // SHA-256 of the adopted plan; empty: none is kept
	part     []byte // SHA-256 of the plan that was applied in part; empty: none is kept
	names    digest // of all names: that of each covers the ones before
	records  int64  // the checksums of all records, added up
	attempts int64  // id of the newest attempt
	open     int64  // the checksums of the open ones, added up
}

const (
	metaColumns = "lineage, kind, plan, created, serial, clock, last_fact, adopted, adopted_at, adopted_inventory, adoption, " +
		"part, part_at, part_inventory, part_sum, facts, head, names, records, attempts, open, sum"
	insertMeta = "INSERT INTO meta (" + metaColumns + ", id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
	selectMeta = "SELECT " + metaColumns + " FROM meta"
	updateMeta = "UPDATE meta SET (" + metaColumns + ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

// values are those of metaColumns.
func (d *description) values() []any {
	sum := d.sum()
	return []any{
		d.Lineage, string(d.Kind), d.Plan, instant(d.Created), d.Serial, instant(d.Clock), instant(d.LastFact),
		d.Adopted, instant(d.AdoptedAt), d.AdoptedInventory, append([]byte{}, d.adoption...), // never NULL
		d.Part, instant(d.PartAt), d.PartInventory, append([]byte{}, d.part...),
		d.facts, d.head[:], d.names[:], d.records, d.attempts, d.open, sum[:],
	}
}

// sum covers the whole row, since nothing else tells a damaged one.
func (d *description) sum() digest {
	b := append(d.before(), d.names[:]...)
	for _, n := range [...]int64{d.records, d.attempts, d.open} {
		b = binary.AppendVarint(b, n)
	}
	return sha256.Sum256(b)
}

// before is what the sum covered before there were checksums: up to schema version
// 3. Without a kept plan it is as it was before plans were kept.
func (d *description) before() []byte {
	var b []byte
	for _, s := range [...]string{
		d.Lineage, string(d.Kind), d.Plan, instant(d.Created), instant(d.Clock), instant(d.LastFact),
		d.Adopted, instant(d.AdoptedAt), string(d.head[:]),
	} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendVarint(b, d.Serial)
	b = binary.AppendVarint(b, d.facts)
	if d.AdoptedInventory != "" || len(d.adoption) > 0 {
		b = append(binary.AppendUvarint(b, uint64(len(d.AdoptedInventory))), d.AdoptedInventory...)
		b = append(b, d.adoption...)
	}
	if len(d.part) > 0 {
		for _, s := range [...]string{d.Part, instant(d.PartAt), d.PartInventory, string(d.part)} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	return b
}

// scanner is a row that can be read: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// scan reads metaColumns.
func (d *description) scan(path string, row scanner) error {
	sum, err := d.read(path, row)
	if errors.Is(err, sql.ErrNoRows) {
		return damaged(path, "has lost its description")
	}
	if err == nil && sum != d.sum() {
		err = changedDescription(path)
	}
	return err
}

func changedDescription(path string) error {
	return damaged(path, "has a description that was changed by something else than transition")
}

// read reads metaColumns, and returns the sum that is kept.
func (d *description) read(path string, row scanner) (digest, error) {
	var created, clock, last, adopted, part string
	var head, names, sum []byte
	err := scan(row, &d.Lineage, &d.Kind, &d.Plan, &created, &d.Serial, &clock, &last, &d.Adopted, &adopted,
		&d.AdoptedInventory, &d.adoption, &d.Part, &part, &d.PartInventory, &d.part, &d.facts, &head, &names,
		&d.records, &d.attempts, &d.open, &sum)
	if err != nil {
		return digest{}, err
	}
	for _, f := range []struct {
		text string
		at   *time.Time
	}{{created, &d.Created}, {clock, &d.Clock}, {last, &d.LastFact}, {adopted, &d.AdoptedAt}, {part, &d.PartAt}} {
		if *f.at, err = parseInstant(f.text); err != nil {
			return digest{}, damaged(path, "has a description with %v", err)
		}
	}
	d.head, d.names = asDigest(head), asDigest(names)
	return asDigest(sum), nil
}

// describe reads the description.
func describe(ctx context.Context, q queryer, path string) (d description, err error) {
	err = d.scan(path, q.QueryRowContext(ctx, selectMeta))
	return d, err
}

// Meta reads the state's description.
func (s *Store) Meta(ctx context.Context) (store.Meta, error) {
	d, err := describe(ctx, s.read, s.path)
	d.Lost, d.Unmarked, d.Copy = s.lost, s.blind, s.copy
	return d.Meta, fault(s.path, "reading", err)
}

// layout has one width, so that instants sort as texts.
const layout = "2006-01-02T15:04:05.000000000Z"

// instant is a time as it is stored; the zero time is empty.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

func parseInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(layout, s)
	if err != nil || instant(t) != s { // it takes a comma for a point
		return time.Time{}, fmt.Errorf("the instant %q", s)
	}
	return t, nil
}
