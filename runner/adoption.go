package runner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/store"
	"transition/schema/diag"
)

// adoption is what the state is to keep of the plan, whole; nil: it keeps just
// that already, or p is that. The files are read when they are kept.
func (p *Project) adoption() (*store.Adoption, error) {
	if p.borrowed {
		return nil, nil
	}
	a, err := p.whole()
	if err != nil || a.Digest == p.meta.Adopted && a.Inventory == p.meta.AdoptedInventory {
		return nil, err
	}
	return a, nil
}

// whole is the plan for the state to keep.
func (p *Project) whole() (*store.Adoption, error) {
	inventories, inventory, err := p.inventoryFiles()
	if err != nil {
		return nil, err
	}
	a := &store.Adoption{Digest: hex.EncodeToString(p.Config.Digest[:]), Inventory: inventory}
	for _, in := range p.Config.Inputs {
		a.Files = append(a.Files, p.keepable(in.Path, in.SHA256))
	}
	a.Files = append(a.Files, inventories...)
	slices.SortStableFunc(a.Files, func(x, y store.File) int { return cmp.Compare(x.Path, y.Path) })
	a.Files = slices.CompactFunc(a.Files, func(x, y store.File) bool { return x.Path == y.Path })
	for _, v := range p.Config.Variables {
		switch secret := v.Sensitive || v.Ephemeral; {
		case !secret:
			a.Vars = append(a.Vars, v.Name+"="+v.Value) // also its default: it must not be set from outside later
		case v.Set:
			a.Withheld = append(a.Withheld, v.Name)
		}
	}
	return a, nil
}

// keepable is a file of the plan directory for the state to keep.
func (p *Project) keepable(name string, sum [sha256.Size]byte) store.File {
	return store.File{Path: name, SHA256: sum, Open: func() (io.ReadCloser, error) { return p.files.Open(name) }}
}

// inventoryFiles lists the files of all inventories, with a digest that covers
// their content.
func (p *Project) inventoryFiles() ([]store.File, string, error) {
	var files []store.File
	all := sha256.New()
	for _, inv := range p.Config.Inventories {
		name, h := path.Clean(inv.Source), sha256.New()
		if err := copyRegular(h, p.files, name); err != nil {
			return nil, "", &store.FileError{Path: name, Err: err}
		}
		sum := [sha256.Size]byte(h.Sum(nil))
		fmt.Fprintf(all, "%q %x\n", inv.Source, sum)
		files = append(files, p.keepable(name, sum))
	}
	return files, hex.EncodeToString(all.Sum(nil)), nil
}

// inventoryDigest covers the content of all inventories.
func (p *Project) inventoryDigest() (string, error) {
	_, digest, err := p.inventoryFiles()
	return digest, err
}

// adopt records under which plan, and at which instant of a rehearsal, things
// happen from now on. A part of a plan is not adopted: what it leaves out is still
// under the one before. It is kept beside that one all the same, for the locks that
// it takes. Those who leave are recorded with what is adopted: only the plan of
// before knows what they were.
func (a *applying) adopt(ctx context.Context) diag.List {
	commit := store.Commit{Now: a.p.Now()}
	if a.inPart() {
		a.apart = a.adoption != nil && !a.p.borrowed
		if m := a.p.meta; a.apart && (a.adoption.Digest != m.Part || a.adoption.Inventory != m.PartInventory) {
			commit.Part = a.adoption
		}
	} else if commit.Adopt = a.adoption; commit.Adopt == nil && !a.p.borrowed && a.p.meta.Part != "" {
		whole, err := a.p.whole() // no part of another plan counts any more
		if err != nil {
			return diag.List{unkept(err)}
		}
		commit.Adopt = whole
	}
	if a.p.meta.Kind == store.Rehearsal && a.p.instant.After(a.p.meta.Clock) {
		commit.Clock = a.p.instant
	}
	if commit.Adopt == nil && commit.Part == nil && commit.Clock.IsZero() {
		return nil
	}
	var leavers []*plans.Task
	if commit.Adopt != nil {
		leavers = a.leavers()
	}
	for _, t := range leavers {
		commit.Decided = append(commit.Decided, a.withdrawal(t, commit.Now))
	}
	crashpoint.Hit("adopt.before_commit")
	done, err := a.lease.Commit(ctx, commit)
	if err != nil {
		return diag.List{unkept(err)}
	}
	crashpoint.Hit("adopt.after_commit")
	for i, t := range leavers {
		if !done.Refused[i] {
			a.left(t, done.Records[t.Record.ID])
			continue
		}
		// It is decided anew, when the adopted plan does not have its row any more.
		for _, s := range t.Steps {
			a.p.part(t.Record.ID, s.Fact.Row)
		}
	}
	if commit.Adopt != nil {
		a.adopted()
	}
	return a.p.refresh(ctx)
}

// part keeps the row of a tenant that is about to leave.
func (p *Project) part(id string, row map[string]string) {
	if p.partings == nil {
		p.partings = make(map[string]map[string]string)
	}
	p.partings[id] = row
}

// leavers are the tenants that the inventory has no more, as far as they may be
// withdrawn.
func (a *applying) leavers() []*plans.Task {
	var out []*plans.Task
	for i := range a.first.Tasks {
		t := &a.first.Tasks[i]
		if len(t.Steps) == 0 || t.Steps[0].Change.Kind != plans.Withdraw {
			continue
		}
		if a.within == nil || a.within.allows(plans.Withdraw, t.Record.ID) {
			out = append(out, t)
		}
	}
	return out
}

func (a *applying) withdrawal(t *plans.Task, now time.Time) store.Decided {
	d := store.Decided{Tenant: t.Record.ID, Rev: t.Record.Rev, Facts: t.Facts(a.p.Config, now)}
	for i := range d.Facts {
		a.p.scrub(&d.Facts[i])
	}
	return d
}

// left notes that a tenant was recorded to leave: what follows from it is left.
func (a *applying) left(t *plans.Task, r *ledger.Record) {
	for _, s := range slices.Concat(t.Edits, t.Steps) {
		a.noted(s.Change)
	}
	t.Record, t.Edits, t.Steps = r, nil, nil
}

// unkept says why a plan could not be adopted.
func unkept(err error) diag.Diagnostic {
	file, ok := errors.AsType[*store.FileError](err)
	if !ok {
		return stateProblem(err)
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "plan-changed", Summary: "The plan changed while it was read",
		Detail: fmt.Sprintf("The file %q of the plan directory could not be kept as it was read: %v. Nothing was begun.", file.Path, plain(file.Err)),
		Hint:   "Run the command again when nobody writes to the plan directory.",
	}
}
