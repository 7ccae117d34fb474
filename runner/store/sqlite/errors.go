package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"transition/runner/store"
)

// fault wraps an error of the engine or of the operating system in the error of
// package store that it amounts to, with the path and what to do. Errors that
// are wrapped already, and those of a context, stay as they are.
func fault(path, doing string, err error) error {
	if err == nil || isOurs(err) {
		return err
	}
	advice, kind := classify(err)
	if kind == nil {
		return fmt.Errorf("%s %s: %w", doing, path, err)
	}
	return fmt.Errorf("%w: %s %s failed: %w. %s", kind, doing, path, err, advice)
}

func isOurs(err error) bool {
	for _, target := range [...]error{
		store.ErrNotFound, store.ErrFenced, store.ErrDamaged, store.ErrNewer, store.ErrReadOnly, store.ErrFull,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// What to do, one sentence for each kind of error.
const (
	adviseFull     = "Free some space and run the command again: what was recorded before is safe."
	adviseWritable = "Make the file and its directory writable for you, then run the command again."
	adviseDisk     = "The disk or its file system has failed: see the system's log. What was recorded before is safe."
	adviseDamaged  = "Keep the file, check the disk, and restore the state from a backup; state verify lists what is wrong."
	adviseBusy     = "Another process has kept it locked for too long: find out which, then run the command again."
)

// errMisfit says that a row holds what it cannot hold.
var errMisfit = errors.New("a row does not fit its table")

// scan reads a row.
func scan(row scanner, dest ...any) error {
	err := row.Scan(dest...)
	var e *driver.Error
	if err == nil || isOurs(err) || errors.Is(err, sql.ErrNoRows) || errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%w: %w", errMisfit, err)
}

func classify(err error) (advice string, kind error) {
	var e *driver.Error
	switch {
	case errors.As(err, &e):
		return classifyCode(e.Code())
	case errors.Is(err, errMisfit):
		return adviseDamaged, store.ErrDamaged
	case errors.Is(err, syscall.ENOSPC):
		return adviseFull, store.ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return adviseWritable, store.ErrReadOnly
	default:
		return "", nil
	}
}

func classifyCode(code int) (advice string, kind error) {
	switch code {
	case lib.SQLITE_IOERR_READ, lib.SQLITE_IOERR_SHORT_READ, lib.SQLITE_IOERR_CORRUPTFS, lib.SQLITE_IOERR_DATA:
		return adviseDamaged, store.ErrDamaged
	}
	// The rest tells the primary code in detail.
	switch code & 0xff {
	case lib.SQLITE_FULL:
		return adviseFull, store.ErrFull
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_CANTOPEN:
		return adviseWritable, store.ErrReadOnly
	case lib.SQLITE_IOERR:
		return adviseDisk, store.ErrReadOnly
	// All statements are fixed: if one makes no sense, the schema is not ours.
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_ERROR:
		return adviseDamaged, store.ErrDamaged
	default:
		return "", nil
	}
}

func busy(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}

func notFound(path string) error {
	return fmt.Errorf("%w: there is no file %s. transition init makes one, once; if there should be one already, "+
		"restore it from a backup: a fresh one would greet every tenant anew", store.ErrNotFound, path)
}

func damaged(path, format string, a ...any) error {
	return fmt.Errorf("%w: %s %s. %s", store.ErrDamaged, path, fmt.Sprintf(format, a...), adviseDamaged)
}

func readOnly(path, why string) error {
	return fmt.Errorf("%w: %s %s. %s", store.ErrReadOnly, path, why, adviseWritable)
}

func newer(path string, is, known int) error {
	return fmt.Errorf("%w: %s has schema version %d, and this program knows versions up to %d. Use the version of "+
		"transition that wrote it, or a newer one", store.ErrNewer, path, is, known)
}

func fenced(path string, mine, now int64) error {
	return fmt.Errorf("%w: %s is under lease epoch %d, and this process had epoch %d. Nothing was written; "+
		"run the command again once the other one has ended", store.ErrFenced, path, now, mine)
}
