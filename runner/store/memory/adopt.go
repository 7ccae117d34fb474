package memory

import (
	"bytes"
	"io"
	"slices"
	"time"

	"transition/runner/store"
)

// adopt keeps the plans of a commit.
func (t *transaction) adopt(c store.Commit) (err error) {
	m, at := &t.meta, c.Now.UTC().Round(0)
	if c.Adopt != nil {
		if t.adopted, err = t.copy(c.Adopt); err != nil {
			return err
		}
		t.part, m.Part, m.PartInventory, m.PartAt = nil, "", "", time.Time{}
		m.Adopted, m.AdoptedInventory, m.AdoptedAt = c.Adopt.Digest, c.Adopt.Inventory, at
	}
	if c.Part != nil {
		if t.part, err = t.copy(c.Part); err != nil {
			return err
		}
		m.Part, m.PartInventory, m.PartAt = c.Part.Digest, c.Part.Inventory, at
	}
	return nil
}

// copy copies a plan, with every file that is not kept already.
func (t *transaction) copy(a *store.Adoption) (*store.Adoption, error) {
	kept := *a
	kept.Vars, kept.Withheld = slices.Clone(a.Vars), slices.Clone(a.Withheld)
	kept.Files = make([]store.File, len(a.Files))
	for i := range a.Files {
		f, err := t.keep(&a.Files[i])
		if err != nil {
			return nil, err
		}
		kept.Files[i] = f
	}
	return &kept, nil
}

func (t *transaction) keep(f *store.File) (store.File, error) {
	for _, a := range [...]*store.Adoption{t.Store.adopted, t.Store.part} {
		if a == nil {
			continue
		}
		for _, old := range a.Files {
			if old.SHA256 == f.SHA256 {
				old.Path = f.Path
				return old, nil
			}
		}
	}
	var content bytes.Buffer
	if err := f.Copy(&content); err != nil {
		return store.File{}, err
	}
	return store.File{
		Path: f.Path, SHA256: f.SHA256, Size: int64(content.Len()),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil },
	}, nil
}
