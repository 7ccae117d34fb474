package sqlite

import (
	"bytes"
	"compress/flate"
	"context"
	"strings"
	"time"

	"transition/runner/store"
)

// partSize is how much of a file is kept in one row, in bytes: all that is in
// memory of it at a time.
const partSize = 1 << 20

// slot is where a plan is kept: the prefix of its tables.
type slot string

const (
	whole slot = "adopted" // the plan that was adopted last
	part  slot = "part"    // the one of which a part was applied since
)

// adopt puts the plans of a commit in the place of those before. Contents that
// are kept already stay where they are, unread.
func (t *transaction) adopt(ctx context.Context, c store.Commit) error {
	m, at := &t.meta, c.Now.UTC().Round(0)
	if c.Adopt == nil && c.Part == nil {
		return nil
	}
	if a := c.Adopt; a != nil {
		if err := t.fill(ctx, whole, a); err != nil {
			return err
		}
		if err := t.empty(ctx, part); err != nil {
			return err
		}
		sum := a.Sum()
		m.Adopted, m.AdoptedInventory, m.AdoptedAt, m.adoption = a.Digest, a.Inventory, at, sum[:]
		m.Part, m.PartInventory, m.PartAt, m.part = "", "", time.Time{}, nil
	}
	if a := c.Part; a != nil {
		if err := t.fill(ctx, part, a); err != nil {
			return err
		}
		sum := a.Sum()
		m.Part, m.PartInventory, m.PartAt, m.part = a.Digest, a.Inventory, at, sum[:]
	}
	return t.exec(ctx, "DELETE FROM contents WHERE hash NOT IN (SELECT hash FROM adopted_files UNION SELECT hash FROM part_files)")
}

// fill puts a plan into a slot.
func (t *transaction) fill(ctx context.Context, s slot, a *store.Adoption) error {
	if err := t.empty(ctx, s); err != nil {
		return err
	}
	if err := t.adoptVars(ctx, s, a); err != nil {
		return err
	}
	return t.adoptFiles(ctx, s, a.Files)
}

func (t *transaction) empty(ctx context.Context, s slot) error {
	if err := t.exec(ctx, "DELETE FROM "+string(s)+"_vars"); err != nil {
		return err
	}
	return t.exec(ctx, "DELETE FROM "+string(s)+"_files")
}

func (t *transaction) adoptVars(ctx context.Context, s slot, a *store.Adoption) error {
	insert := "INSERT INTO " + string(s) + "_vars (name, value) VALUES (?, ?)"
	for _, v := range a.Vars {
		name, value, _ := strings.Cut(v, "=")
		if err := t.exec(ctx, insert, name, value); err != nil {
			return err
		}
	}
	for _, name := range a.Withheld {
		if err := t.exec(ctx, insert, name, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) adoptFiles(ctx context.Context, s slot, files []store.File) error {
	for i := range files {
		f := &files[i]
		var kept bool
		err := t.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM contents WHERE hash = ?)", f.SHA256[:]).Scan(&kept)
		if err == nil && !kept {
			err = t.keep(ctx, f)
		}
		if err != nil {
			return err
		}
		if err := t.exec(ctx, "INSERT INTO "+string(s)+"_files (path, hash) VALUES (?, ?)", f.Path, f.SHA256[:]); err != nil {
			return err
		}
	}
	return nil
}

// keep writes the content of a file, part by part.
func (t *transaction) keep(ctx context.Context, f *store.File) error {
	p := &packer{put: func(part int, size int, data []byte) error {
		return t.exec(ctx, "INSERT INTO contents (hash, part, size, data) VALUES (?, ?, ?, ?)", f.SHA256[:], part, size, data)
	}}
	if err := f.Copy(p); err != nil {
		return err
	}
	return p.end()
}

func (t *transaction) exec(ctx context.Context, statement string, args ...any) error {
	_, err := t.conn.ExecContext(ctx, statement, args...)
	return err
}

// packer compresses what is written to it, in parts of their own. The speed
// counts, not the size: an inventory may have a hundred megabytes, and nobody
// else can write meanwhile.
type packer struct {
	put     func(part, size int, data []byte) error
	part    int
	raw     []byte
	packed  bytes.Buffer
	deflate *flate.Writer
}

func (p *packer) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		room := min(partSize-len(p.raw), len(b))
		p.raw, b = append(p.raw, b[:room]...), b[room:]
		if len(p.raw) < partSize {
			break
		}
		if err := p.flush(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// end writes the last part. An empty file has one, too.
func (p *packer) end() error {
	if len(p.raw) == 0 && p.part > 0 {
		return nil
	}
	return p.flush()
}

func (p *packer) flush() error {
	p.packed.Reset()
	if p.deflate == nil {
		p.deflate, _ = flate.NewWriter(&p.packed, flate.BestSpeed) // which is a level there is
	} else {
		p.deflate.Reset(&p.packed)
	}
	if _, err := p.deflate.Write(p.raw); err != nil {
		return err
	}
	if err := p.deflate.Close(); err != nil {
		return err
	}
	if err := p.put(p.part, len(p.raw), p.packed.Bytes()); err != nil {
		return err
	}
	p.part, p.raw = p.part+1, p.raw[:0]
	return nil
}
