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

// replace puts the staged copy into its place. The mark comes first, so that there
// is no moment at which the old state counts.
func (r *Restoration) replace(ctx context.Context, is mark) (aside string, err error) {
	if r.old != nil {
		if err := r.unmoved(ctx); err != nil {
			return "", err
		}
		if aside, err = r.copyAside(ctx); err != nil { // it is too damaged for that
			if err := r.old.Close(); err != nil {
				return "", err
			}
			r.old = nil
		}
	}
	before, err := os.ReadFile(markPath(r.path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	b, err := is.encode()
	if err != nil {
		return "", err
	}
	crashpoint.Hit("restore.before_mark")
	if r.old != nil { // the copy has taken its time; from the mark on nobody is heard
		if err := r.unmoved(ctx); err != nil {
			return "", err
		}
	}
	if err := maybe.WriteFile(markPath(r.path), b, 0o600); err != nil {
		return "", err
	}
	crashpoint.Hit("restore.after_mark")
	if r.old != nil {
		err = r.overwrite(ctx)
	} else {
		aside, err = r.swap()
	}
	crashpoint.Hit("restore.after_place")
	if err != nil {
		return aside, errors.Join(err, maybe.WriteFile(markPath(r.path), before, 0o600))
	}
	return aside, nil
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
// that whoever reads it goes on.
func (r *Restoration) overwrite(ctx context.Context) error {
	return r.old.write.conn.Raw(func(c any) error {
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
		_, err = b.Step(-1)
		return errors.Join(err, b.Finish())
	})
}

// swap gives the new file its name; the -wal file of the old one must not lie
// beside it.
func (r *Restoration) swap() (aside string, err error) {
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
