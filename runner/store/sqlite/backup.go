package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"transition/runner/crashpoint"
	"transition/runner/store"
)

// copyID marks the file as a backup, in its header: "TRNC". It is read like a
// state, and nothing can be recorded in it.
const copyID = 0x54524e43

// Backup writes a copy of the state as it is at one moment, whoever writes to it,
// and checks it wholly. The copy appears whole or not at all, and is on the disk
// then. Where there is a file already the error wraps fs.ErrExist, unless it is to
// be replaced. The description is that of the copy.
func (s *Store) Backup(ctx context.Context, to string, replace bool) (store.Meta, store.Report, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return store.Meta{}, store.Report{}, err
	}
	if _, err := os.Lstat(to); err == nil && !replace {
		return store.Meta{}, store.Report{}, fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	tmp, err := vacate(to)
	if err != nil {
		return store.Meta{}, store.Report{}, fault(to, "writing the backup", err)
	}
	defer discard(tmp)
	m, report, err := s.copyTo(ctx, tmp)
	if err != nil || len(report.Problems) > 0 {
		return m, report, fault(to, "writing the backup", err)
	}
	crashpoint.Hit("copy.before_publish")
	if replace {
		err = os.Rename(tmp, to)
	} else {
		err = publish(tmp, to)
	}
	if err != nil {
		return m, report, fault(to, "writing the backup", err)
	}
	crashpoint.Hit("copy.after_publish")
	return m, report, fault(to, "writing the backup", syncDir(filepath.Dir(to)))
}

// vacate makes an empty file for its owner only, beside another.
func vacate(path string) (string, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return "", err
	}
	return tmp.Name(), tmp.Close()
}

// copyTo makes an empty file a backup of the state, and checks it.
func (s *Store) copyTo(ctx context.Context, tmp string) (m store.Meta, report store.Report, err error) {
	if err := copyOut(ctx, s.path, tmp, copyID); err != nil {
		return m, report, err
	}
	c, err := Open(ctx, tmp, ReadOnly)
	if err != nil {
		return m, report, err
	}
	report, err = c.Verify(ctx)
	if err == nil {
		m, err = c.Meta(ctx)
	}
	return m, report, errors.Join(err, c.Close())
}

// copyOut copies a database to an empty file, gives it an application id, and
// waits for the disk.
func copyOut(ctx context.Context, from, to string, id int) error {
	err := vacuum(ctx, dsn(from, common("rw")), to)
	if err != nil && mayNotWrite(err) && !hasWAL(from) {
		err = vacuum(ctx, lyingDSN(from), to)
	}
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(to, common("rw")))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, fmt.Sprint("PRAGMA application_id = ", id)); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func vacuum(ctx context.Context, from, to string) error {
	db, err := sql.Open("sqlite", from)
	if err != nil {
		return err
	}
	defer db.Close()
	return vacuumInto(ctx, db, to)
}

// vacuumInto copies a database to an empty file.
func vacuumInto(ctx context.Context, db *sql.DB, to string) error {
	_, err := db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}
