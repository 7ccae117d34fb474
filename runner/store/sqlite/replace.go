package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2/maybe"
	driver "modernc.org/sqlite"

	"transition/runner/crashpoint"
)

// replace puts the staged copy into its place.
func (r *Restoration) replace(ctx context.Context, is mark) (aside string, err error) {
	if r.old == nil {
		return r.swap(is)
	}
	if aside, err = r.copyAside(ctx); err != nil { // it is too damaged for that
		if err := r.old.Close(); err != nil {
			return "", err
		}
		r.old = nil
		return r.swap(is)
	}
	err = r.overwrite(ctx, func(place func() error) error { return r.announce(is, place) })
	if err != nil { // the state is as it was
		return "", errors.Join(err, os.Remove(aside))
	}
	return aside, nil
}

// announce writes the mark of what gets its place then: it comes first, so that
// there is no moment at which the old state counts. Beside it stays the mark of the
// state before, for whoever finds that place unchanged.
func (r *Restoration) announce(is mark, place func() error) error {
	before, err := os.ReadFile(markPath(r.path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return badMark(r.path, err)
	}
	is.Restores = true
	content, err := is.encode()
	if err != nil {
		return err
	}
	if r.before != nil {
		b, err := r.before.encode()
		if err != nil {
			return err
		}
		content = append(content, b...)
	}
	crashpoint.Hit("restore.before_mark")
	if err := maybe.WriteFile(markPath(r.path), content, 0o600); err != nil {
		return err
	}
	crashpoint.Hit("restore.after_mark")
	err = place()
	crashpoint.Hit("restore.after_place")
	switch {
	case err == nil:
		return nil
	case before == nil:
		return errors.Join(err, os.Remove(markPath(r.path)))
	default:
		return errors.Join(err, maybe.WriteFile(markPath(r.path), before, 0o600))
	}
}

// unmoved refuses a present state in which a person has had something recorded
// since it was looked at.
func (r *Restoration) unmoved(ctx context.Context) error {
	m, err := r.old.Meta(ctx)
	if err == nil && m.Serial != r.Present.Serial {
		err = errors.New("something was recorded meanwhile: run the command again")
	}
	return err
}

// copyAside keeps the present state as a backup.
func (r *Restoration) copyAside(ctx context.Context) (string, error) {
	aside, err := vacant(r.path)
	if err != nil {
		return "", err
	}
	tmp, err := vacate(r.path)
	if err != nil {
		return "", err
	}
	defer discard(tmp)
	if err := copyOut(ctx, r.path, tmp, copyID); err != nil {
		return "", err
	}
	return aside, publish(tmp, aside)
}

// overwrite writes the copy over the state in one transaction of the engine, so
// that whoever reads it goes on. The transaction begins before the last look at the
// old state: whoever records something meanwhile waits, and is heard in the new one.
// announce says what comes, and has it put into its place.
func (r *Restoration) overwrite(ctx context.Context, announce func(place func() error) error) error {
	return r.old.write.conn.Raw(func(c any) (err error) {
		to, ok := c.(interface {
			NewRestore(string) (*driver.Backup, error)
		})
		if !ok {
			return errors.New("the engine cannot restore")
		}
		b, err := to.NewRestore(dsn(r.staged.path, common("rw")))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.Finish()) }()
		if _, err := b.Step(0); busy(err) { // no pages, but the lock
			return fmt.Errorf("%w. %s", err, adviseBusy)
		} else if err != nil {
			return err
		}
		if err := r.unmoved(ctx); err != nil {
			return err
		}
		return announce(func() error {
			_, err := b.Step(-1)
			return err
		})
	})
}

// swap gives the new file its name.
func (r *Restoration) swap(is mark) (aside string, err error) {
	err = r.announce(is, func() error {
		aside, err = r.rename()
		return err
	})
	return aside, err
}

// rename moves the old file out of the way; its -wal file must not lie beside the
// new one.
func (r *Restoration) rename() (aside string, err error) {
	if aside, err = vacant(r.path); err != nil {
		return "", err
	}
	if err := move(r.path+"-wal", aside+"-wal"); err != nil {
		return "", err
	}
	if err := os.Remove(r.path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, err := os.Lstat(r.path); errors.Is(err, fs.ErrNotExist) {
		aside = ""
	} else if err := move(r.path, aside); err != nil {
		return "", err
	}
	crashpoint.Hit("restore.before_rename")
	if err := os.Rename(r.staged.path, r.path); err != nil {
		return aside, err
	}
	return aside, syncDir(filepath.Dir(r.path))
}

// vacant is a name beside a state under which it can be kept.
func vacant(path string) (string, error) {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s.replaced-%d", path, n)
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

func move(from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
