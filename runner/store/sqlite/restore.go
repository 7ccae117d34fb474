package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"transition/plans/ledger"
	"transition/runner/lease"
	"transition/runner/store"
)

// Restoration puts a copy of a state into the place of a state, in two steps: what
// it would come to is known before anything changes. Close it when done.
type Restoration struct {
	// Copy describes the copy, which is sound.
	Copy store.Meta
	// Present describes the state in whose place it comes; nil: there is none, or
	// Unreadable says why nothing is known of it.
	Present    *store.Meta
	Unreadable error
	// Lost is what the copy lacks of what was recorded in this place; nil: nothing.
	Lost *store.Lost
	// Missing are the attempts that the present state knows to have begun, and the
	// copy does not; by id.
	Missing []store.Attempt

	path   string
	lock   *lease.Lock
	staged *Store // the copy of the copy, beside the state
	old    *Store // nil: the present state cannot be opened
	serial int64  // the highest that is known of
	epoch  int64  // likewise, or far above all if none is known
	before *mark  // how far the state in this place had come; nil: nobody knows
	blind  bool   // there is no mark: nobody knows how far any state here had come
}

// far is more leases, and more attempts, than a state lives to see.
const far = 1 << 32

// Restore prepares to put the copy in a file into the place of a state; both may
// be the same file. The copy is checked wholly: a damaged one, one of another
// program or of a newer version is refused as by Open, and one that Verify finds
// something wrong with as damaged. Nobody may apply meanwhile: the error is a
// *store.HeldError then.
func Restore(ctx context.Context, path, from string) (*Restoration, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if from, err = filepath.Abs(from); err != nil {
		return nil, err
	}
	if is, err := filepath.EvalSymlinks(path); err == nil {
		path = is
	}
	r := &Restoration{path: path}
	if err := r.prepare(ctx, from); err != nil {
		return nil, errors.Join(fault(from, "restoring", err), r.Close())
	}
	return r, nil
}

func (r *Restoration) prepare(ctx context.Context, from string) error {
	if err := checkFile(from); err != nil {
		return err
	}
	if err := makeDir(filepath.Dir(r.path)); err != nil {
		return err
	}
	var err error
	if r.lock, err = lease.Take(r.path + ".lock"); err != nil {
		return r.held(ctx, err)
	}
	if err := r.stage(ctx, from); err != nil {
		return err
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	return r.measure(ctx)
}

// held says who has the lock.
func (r *Restoration) held(ctx context.Context, err error) error {
	if !errors.Is(err, lease.ErrHeld) {
		return err
	}
	var h store.Holder
	if s, err := Open(ctx, r.path, ReadOnly); err == nil {
		h, _, _ = s.holderRow(ctx) // somebody holds it, whoever that is
		err = s.Close()
		if err != nil {
			return err
		}
	}
	return &store.HeldError{Holder: h}
}

// stage copies the copy beside the state and checks it there, brought up to the
// schema of today.
func (r *Restoration) stage(ctx context.Context, from string) error {
	before, err := openPool(ctx, dsn(from, common("rw")))
	if err != nil && mayNotWrite(err) && !hasWAL(from) {
		before, err = openPool(ctx, lyingDSN(from))
	}
	if err != nil {
		return err
	}
	probe := &Store{path: from, read: before}
	err = probe.checkSchema(ctx, restored, migrations())
	if err = errors.Join(err, before.Close()); err != nil {
		return err
	}
	tmp, err := vacate(r.path)
	if err != nil {
		return err
	}
	r.staged = &Store{path: tmp}
	if err := copyOut(ctx, from, tmp, applicationID); err != nil {
		return err
	}
	s, err := Open(ctx, tmp, ReadWrite)
	if err != nil {
		return ofCopy(err, tmp, from)
	}
	r.staged = s
	report, err := s.Verify(ctx)
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return damaged(from, "is not sound, and nothing was changed. %s", report.Problems[0])
	}
	r.Copy, err = s.Meta(ctx)
	return err
}

// ofCopy makes an error about the copy of the copy one about the copy.
func ofCopy(err error, tmp, from string) error {
	var e *store.Error
	if !errors.As(err, &e) {
		return err
	}
	is := *e
	is.What = strings.ReplaceAll(is.What, tmp, from)
	return &is
}

// look finds out what is in the place of the state.
func (r *Restoration) look(ctx context.Context) error {
	s, err := Open(ctx, r.path, ReadWrite)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case errors.Is(err, store.ErrCopy):
		r.Unreadable = err // a backup that was put there: it is no state
		return nil
	case err != nil:
		r.Unreadable = err
		return nil
	}
	m, err := s.Meta(ctx)
	if err != nil {
		r.Unreadable = err
		return s.Close()
	}
	r.old, r.Present = s, &m
	return nil
}

// measure finds out what the copy lacks, and which serial and epoch there have been.
func (r *Restoration) measure(ctx context.Context) error {
	h, _, err := r.staged.holderRow(ctx)
	if err != nil {
		return err
	}
	r.serial, r.epoch = r.Copy.Serial, h.Epoch
	m, err := readMark(r.path, r.Copy.Lineage)
	if m != nil {
		r.serial, r.epoch, r.before = max(r.serial, m.Serial), max(r.epoch, m.Epoch), m.was()
		if r.Lost, err = r.before.lost(ctx, r.staged.read, r.staged.path); err != nil {
			return err
		}
	}
	present := r.old != nil && r.Present.Lineage == r.Copy.Lineage
	if m == nil && (err != nil || !present || r.old.blind != nil) { // nobody knows what came after either
		r.Lost, r.epoch, r.blind = &store.Lost{Serial: r.Copy.Serial}, r.epoch+far, true
	}
	if !present {
		return nil
	}
	return r.against(ctx)
}

// against compares the copy with a present state that can be read.
func (r *Restoration) against(ctx context.Context) error {
	h, _, err := r.old.holderRow(ctx)
	if err != nil {
		return err
	}
	r.serial, r.epoch = max(r.serial, r.Present.Serial), max(r.epoch, h.Epoch)
	var d description
	if err := d.scan(r.path, r.old.read.QueryRowContext(ctx, selectMeta)); err != nil {
		return err
	}
	now := marked(&d, h.Epoch, false)
	lost, err := now.lost(ctx, r.staged.read, r.staged.path)
	if err != nil {
		return err
	}
	switch {
	case r.blind: // the present state may be an older one itself
	case r.old.lost == nil: // it knows best
		r.Lost, r.before = lost, &now
	case r.Lost == nil:
		r.Lost = lost
	}
	r.Missing, err = r.missing(ctx)
	return err
}

// missing lists the attempts that have begun in the present state, and have not in
// the copy.
func (r *Restoration) missing(ctx context.Context) ([]store.Attempt, error) {
	known, err := begun(ctx, r.staged)
	if err != nil {
		return nil, err
	}
	all, err := begun(ctx, r.old)
	if err != nil {
		return nil, err
	}
	had := make(map[string]bool, len(known))
	for i := range known {
		had[fmt.Sprint(known[i].ID, known[i].Key, known[i].BegunAt)] = true
	}
	var missing []store.Attempt
	for i := range all {
		if !had[fmt.Sprint(all[i].ID, all[i].Key, all[i].BegunAt)] {
			missing = append(missing, all[i])
		}
	}
	return missing, nil
}

// begun lists attempts also of a damaged state: it is about to be replaced.
func begun(ctx context.Context, s *Store) ([]store.Attempt, error) {
	var list []store.Attempt
	rows, err := s.read.QueryContext(ctx, "SELECT "+attemptColumns+" FROM attempts WHERE begun_at IS NOT NULL ORDER BY id")
	err = each(rows, err, func(rows *sql.Rows) error {
		var a attempt
		err := scan(rows, a.fields()...)
		list = append(list, a.told())
		return err
	})
	return list, err
}

// Finish records the restoration in the copy, and puts it into the place of the
// state. What was there is kept beside it, in the file whose name it returns; empty:
// there was nothing.
//
// The serial comes to lie above all that are known of. The epoch comes to lie above
// all under which anything was done, so that whoever held the right to apply before
// has lost it: each has been in the mark before it was used, and without a mark and
// a state that can be read it is far above that of the copy. So are the numbers of
// attempts, if the copy lacks something, since files that are no part of the state
// go by them. Only a mark that is itself an old one knows too little.
func (r *Restoration) Finish(ctx context.Context, f ledger.Fact) (aside string, err error) {
	var is mark
	err = r.staged.write.transact(ctx, func(ctx context.Context, t *transaction) error {
		h := t.holder.Holder
		h.Epoch = r.epoch + 1
		if err := t.lease(ctx, h); err != nil {
			return err
		}
		if r.Lost != nil {
			if err := t.skip(ctx, far, f.At); err != nil {
				return err
			}
		}
		if t.meta.Kind == store.Rehearsal { // which has come so far, whatever the copy says
			if err := t.advance(f.At); err != nil {
				return err
			}
		}
		if err := t.fact(ctx, f); err != nil {
			return err
		}
		t.meta.Serial = r.serial
		err := t.finish(ctx)
		is = marked(&t.meta, t.epoch, false)
		return err
	})
	if err != nil {
		return "", fault(r.path, "restoring", err)
	}
	tmp := r.staged.path
	err = r.staged.Close()
	r.staged = &Store{path: tmp} // for its files
	if err != nil {
		return "", fault(r.path, "restoring", err)
	}
	aside, err = r.replace(ctx, is)
	return aside, fault(r.path, "restoring", err)
}

// Close gives up what was not finished. It is safe to call after Finish.
func (r *Restoration) Close() error {
	var errs []error
	if r.staged != nil {
		tmp := r.staged.path
		errs = append(errs, r.staged.Close())
		for _, suffix := range [...]string{"", ".mark", ".lock"} {
			discard(tmp + suffix)
		}
		for _, m := range migrations() {
			discard(fmt.Sprintf("%s.backup-v%d", tmp, m.version))
		}
	}
	if r.old != nil {
		errs = append(errs, r.old.Close())
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Release())
	}
	return errors.Join(errs...)
}
