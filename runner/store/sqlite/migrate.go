package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"transition/runner/crashpoint"
	"transition/runner/lease"
	"transition/runner/store"
)

// checkSchema sees to it that the file is a state of the newest schema.
func (s *Store) checkSchema(ctx context.Context, mode Mode, schema []migration) error {
	var app, is int
	err := s.read.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version").
		Scan(&app, &is)
	newest := schema[len(schema)-1].version
	s.copy = app == copyID
	switch {
	case err != nil:
		return err
	case app == copyID && mode == ReadWrite:
		return &store.Error{Kind: store.ErrCopy, What: s.path + " was written by state backup, and nothing is recorded in it", Advice: adviseCopy}
	case app != applicationID && app != copyID:
		return foreign(s.path, "is a SQLite file, but of another program")
	case is < 1:
		return damaged(s.path, "has no schema version")
	case is > newest:
		return newer(s.path, is, newest)
	case is == newest, mode == restored:
		return nil
	case mode == ReadOnly:
		return readOnly(s.path, fmt.Sprintf("has the older schema version %d and must be opened for writing once, "+
			"by any command that changes the state, to get version %d", is, newest))
	}
	return s.upgrade(ctx, schema)
}

// checkRules refuses a file whose rules are others: with one of them flipped, what
// has happened could not be recorded, or what must not be could.
func (s *Store) checkRules(ctx context.Context, want string) error {
	is, err := schemaSum(ctx, s.read)
	if err == nil && want != "" && hex.EncodeToString(is[:]) != want {
		err = damaged(s.path, "has %s", otherSchema)
	}
	return err
}

// upgrade backs the state up and migrates it, while nobody applies to it.
func (s *Store) upgrade(ctx context.Context, schema []migration) error {
	lock, err := lease.Take(s.lockPath())
	if errors.Is(err, lease.ErrHeld) {
		h, _, err := s.holderRow(ctx)
		return errors.Join(&store.HeldError{Holder: h}, err)
	}
	if err != nil {
		return err
	}
	err = s.upgradeLocked(ctx, schema)
	return errors.Join(err, lock.Release())
}

func (s *Store) upgradeLocked(ctx context.Context, schema []migration) error {
	db, err := sql.Open("sqlite", writeDSN(s.path))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var is int // again, now that nobody else upgrades
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&is); err != nil {
		return err
	}
	for i, m := range schema {
		if m.version <= is {
			continue
		}
		if err := backUp(ctx, db, s.path, m.version-1); err != nil {
			return fmt.Errorf("backing up before the migration to schema version %d: %w", m.version, err)
		}
		crashpoint.Hit("migrate.before_commit")
		if err := migrate(ctx, db, s.path, m.version-1, schema[:i+1]); err != nil {
			return err
		}
		crashpoint.Hit("migrate.after_commit")
	}
	return db.Close()
}

// migrate brings a database from a version to the newest one, each in one
// transaction. After an error the connection must be closed, which undoes it.
func migrate(ctx context.Context, db *sql.DB, path string, from int, schema []migration) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	for i, m := range schema {
		if m.version <= from {
			continue
		}
		if err := step(ctx, conn, path, schema[:i+1]); err != nil {
			err = fmt.Errorf("migrating to schema version %d: %w", m.version, err)
			return errors.Join(err, conn.Close())
		}
	}
	return conn.Close()
}

// step makes the last of the migrations, after all others.
func step(ctx context.Context, conn *sql.Conn, path string, schema []migration) error {
	m := schema[len(schema)-1]
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE; "+m.sql); err != nil {
		return err
	}
	if m.fill != nil {
		f := &filling{conn: conn, path: path, made: schema}
		if err := m.fill(f, ctx); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, m.version))
	return err
}

// backUp copies the database to a file beside it, whole and on the disk, named
// after the schema version that it has.
func backUp(ctx context.Context, db *sql.DB, path string, version int) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".backup-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := vacuumInto(ctx, db, tmp.Name()); err != nil {
		return err
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	crashpoint.Hit("backup.before_rename")
	if err := os.Rename(tmp.Name(), fmt.Sprintf("%s.backup-v%d", path, version)); err != nil {
		return err
	}
	crashpoint.Hit("backup.after_rename")
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable. Windows does so by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
