package memory

import (
	"bytes"
	"io"
	"slices"
	"time"

	"transition/runner/store"
)

// adopt keeps a plan, with a copy of every file that is not kept already.
func (t *transaction) adopt(a *store.Adoption, now time.Time) error {
	kept := *a
	kept.Vars, kept.Withheld = slices.Clone(a.Vars), slices.Clone(a.Withheld)
	kept.Files = make([]store.File, len(a.Files))
	for i := range a.Files {
		f, err := t.keep(&a.Files[i])
		if err != nil {
			return err
		}
		kept.Files[i] = f
	}
	t.adopted = &kept
	t.meta.Adopted, t.meta.AdoptedInventory, t.meta.AdoptedAt = a.Digest, a.Inventory, now.UTC().Round(0)
	return nil
}

func (t *transaction) keep(f *store.File) (store.File, error) {
	if t.Store.adopted != nil {
		for _, old := range t.Store.adopted.Files {
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
