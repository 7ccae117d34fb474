package sqlite

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"hash"
	"io"

	"transition/runner/store"
)

// Adopted is the plan that was adopted last; nil: none is kept.
func (s *Store) Adopted(ctx context.Context) (*store.Adoption, error) { return s.kept(ctx, whole) }

// Part is the plan of which a part was applied last; nil: none is kept.
func (s *Store) Part(ctx context.Context) (*store.Adoption, error) { return s.kept(ctx, part) }

func (s *Store) kept(ctx context.Context, from slot) (*store.Adoption, error) {
	var a *store.Adoption
	err := s.snapshot(ctx, func(q queryer) (err error) {
		a, err = s.adopted(ctx, q, from)
		return err
	})
	if err != nil || a == nil {
		return nil, fault(s.path, "reading", err)
	}
	// Whoever opened the plan reads its files later, as an inventory while its
	// tenants are moved, also when he wants to stop.
	lasting := context.WithoutCancel(ctx)
	for i := range a.Files {
		f := &a.Files[i]
		f.Open = func() (io.ReadCloser, error) { return newContent(lasting, s.read, s.path, f.SHA256), nil }
	}
	return a, nil
}

// adopted reads everything but the contents.
func (s *Store) adopted(ctx context.Context, q queryer, from slot) (*store.Adoption, error) {
	d, err := describe(ctx, q, s.path)
	if err != nil {
		return nil, err
	}
	a, want := &store.Adoption{Digest: d.Adopted, Inventory: d.AdoptedInventory}, d.adoption
	if from == part {
		a, want = &store.Adoption{Digest: d.Part, Inventory: d.PartInventory}, d.part
	}
	if len(want) == 0 {
		return nil, nil
	}
	if err := readVars(ctx, q, from, a); err != nil {
		return nil, err
	}
	if err := readFiles(ctx, q, from, a); err != nil {
		return nil, err
	}
	if sum := a.Sum(); !bytes.Equal(sum[:], want) {
		return nil, damaged(s.path, "has an adopted plan that was changed by something else than transition")
	}
	return a, nil
}

func readVars(ctx context.Context, q queryer, from slot, a *store.Adoption) error {
	rows, err := q.QueryContext(ctx, "SELECT name, value FROM "+string(from)+"_vars ORDER BY name")
	return each(rows, err, func(rows *sql.Rows) error {
		var name string
		var value sql.NullString
		err := scan(rows, &name, &value)
		if value.Valid {
			a.Vars = append(a.Vars, name+"="+value.String)
		} else {
			a.Withheld = append(a.Withheld, name)
		}
		return err
	})
}

func readFiles(ctx context.Context, q queryer, from slot, a *store.Adoption) error {
	rows, err := q.QueryContext(ctx, "SELECT path, hash, (SELECT total(size) FROM contents c WHERE c.hash = f.hash) "+
		"FROM "+string(from)+"_files f ORDER BY path")
	return each(rows, err, func(rows *sql.Rows) error {
		var f store.File
		var sum []byte
		var size float64
		err := scan(rows, &f.Path, &sum, &size)
		f.SHA256, f.Size = asDigest(sum), int64(size)
		a.Files = append(a.Files, f)
		return err
	})
}

// content reads a file that was kept, part by part: a statement that stayed open
// would keep the engine from tidying up for as long.
type content struct {
	ctx  context.Context
	q    queryer
	path string // of the state
	want digest
	part int
	rest []byte // of the part
	sum  hash.Hash
}

func newContent(ctx context.Context, q queryer, path string, want digest) *content {
	return &content{ctx: ctx, q: q, path: path, want: want, sum: sha256.New()}
}

// Read reads on. At the end it makes sure that all of it was right.
func (c *content) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Close does nothing: between two reads nothing is open.
func (c *content) Close() error { return nil }

func (c *content) next() error {
	var size int
	var data []byte
	err := scan(c.q.QueryRowContext(c.ctx, "SELECT size, data FROM contents WHERE hash = ? AND part = ?", c.want[:], c.part),
		&size, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return c.end()
	}
	if err != nil {
		return fault(c.path, "reading", err)
	}
	if size < 0 || size > partSize {
		return c.broken()
	}
	packed := bytes.NewReader(data)
	z := flate.NewReader(packed)
	c.rest = make([]byte, size)
	if _, err := io.ReadFull(z, c.rest); err != nil {
		return c.broken()
	}
	if n, err := z.Read(make([]byte, 1)); n > 0 || err != io.EOF || packed.Len() > 0 {
		return c.broken()
	}
	c.part++
	c.sum.Write(c.rest)
	return nil
}

// end is io.EOF if what was read is the whole file.
func (c *content) end() error {
	if digest(c.sum.Sum(nil)) == c.want {
		return io.EOF
	}
	var kept bool
	err := c.q.QueryRowContext(c.ctx, "SELECT EXISTS (SELECT 1 FROM adopted_files WHERE hash = ?1) OR EXISTS (SELECT 1 FROM part_files WHERE hash = ?1)", c.want[:]).Scan(&kept)
	if err == nil && !kept {
		return store.ErrReplaced
	}
	return c.broken()
}

func (c *content) broken() error {
	c.rest = nil
	return damaged(c.path, "has a file of the adopted plan that is not what was kept")
}

// adopted checks the plans that are kept.
func (v *verifier) adopted(ctx context.Context) error {
	if err := v.kept(ctx, whole); err != nil {
		return err
	}
	return v.kept(ctx, part)
}

// kept checks a plan, and the contents of all its files.
func (v *verifier) kept(ctx context.Context, from slot) error {
	s := Store{path: v.path}
	a, err := s.adopted(ctx, v.q, from)
	if err != nil {
		return err
	}
	if a == nil {
		return v.empty(ctx, from)
	}
	for i := range a.Files {
		f := &a.Files[i]
		_, err := io.Copy(io.Discard, newContent(ctx, v.q, v.path, f.SHA256))
		var e *store.Error
		if errors.As(err, &e) && e.Kind == store.ErrDamaged {
			err = v.problem("The file %q of the adopted plan is not what was kept.", f.Path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// empty makes sure that nothing is left of a plan that is not kept.
func (v *verifier) empty(ctx context.Context, from slot) error {
	var left bool
	err := v.q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+string(from)+"_files) OR EXISTS (SELECT 1 FROM "+string(from)+"_vars)").Scan(&left)
	if err == nil && left {
		err = v.problem("There are files or variables of a plan that is not kept.")
	}
	return err
}
