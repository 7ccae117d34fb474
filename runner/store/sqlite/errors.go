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

// fault wraps an error of the engine or of the operating system in the
// *store.Error that it amounts to. Errors that are wrapped already, those of a
// context, and those of files that were to be kept stay as they are.
func fault(path, doing string, err error) error {
	if err == nil || isOurs(err) {
		return err
	}
	advice, kind := classify(path, err)
	if kind == nil {
		return fmt.Errorf("%s %s: %w", doing, path, err)
	}
	return &store.Error{Kind: kind, What: fmt.Sprintf("%s %s failed: %v", doing, path, err), Advice: advice, Cause: err}
}

func isOurs(err error) bool {
	var ours *store.Error
	var file *store.FileError
	return errors.As(err, &ours) || errors.As(err, &file) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// What to do, for each kind of error.
const (
	adviseFull      = "Make room on the disk, or raise the limit on the size of files, and run the command again: what was recorded before is safe."
	adviseWritable  = "Make the file and its directory writable for you, then run the command again."
	adviseReadable  = "Make the file and its directory readable for you, or run the command as the user whose they are."
	adviseDisk      = "See the system's log for what is wrong with the disk or its file system. What was recorded before is safe if the disk is."
	adviseDamaged   = "Keep the file, check the disk, and restore the newest backup: transition state restore FILE."
	adviseForeign   = "Name the right file with -state=FILE. If this was the recorded state once, restore it from a backup."
	adviseNewer     = "Use the version of transition that wrote it, or a newer one."
	adviseAbsent    = "If there should be one, restore it from a backup: a fresh one would greet every tenant anew. Else create it, once, with: transition init"
	adviseFenced    = "Nothing was written; run the command again once the other one has ended."
	adviseOlder     = "Put the newest state back, or restore this one, which asks about what is missing: transition state restore"
	adviseRestoring = "Restore the copy again. To keep what is here instead, which lacks nothing: transition state restore"
	adviseCopy      = "Restore it, which asks about what happened since it was made: transition state restore FILE"
	adviseBusy      = "Another process has kept it locked for too long: find out which, then run the command again."
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

func classify(path string, err error) (advice string, kind error) {
	var e *driver.Error
	switch {
	case errors.As(err, &e):
		return classifyCode(path, e.Code())
	case errors.Is(err, errMisfit):
		return adviseDamaged, store.ErrDamaged
	case full(err):
		return adviseFull, store.ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return adviseWritable, store.ErrReadOnly
	default:
		return "", nil
	}
}

func classifyCode(path string, code int) (advice string, kind error) {
	switch code {
	case lib.SQLITE_IOERR_READ, lib.SQLITE_IOERR_SHORT_READ, lib.SQLITE_IOERR_CORRUPTFS, lib.SQLITE_IOERR_DATA:
		return adviseDamaged, store.ErrDamaged
	}
	// The rest tells the primary code in detail.
	switch primary := code & 0xff; primary {
	case lib.SQLITE_FULL:
		return adviseFull, store.ErrFull
	// The engine tells a full disk only where it writes data, not where it makes
	// or extends the files beside them.
	case lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN:
		switch {
		case full(tryRoom(path)):
			return adviseFull, store.ErrFull
		case primary == lib.SQLITE_IOERR:
			return adviseDisk, store.ErrDisk
		default:
			return adviseWritable, store.ErrReadOnly
		}
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return adviseWritable, store.ErrReadOnly
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
	return &store.Error{Kind: store.ErrNotFound, What: "there is no file " + path, Advice: adviseAbsent}
}

func damaged(path, format string, a ...any) error {
	return &store.Error{Kind: store.ErrDamaged, What: path + " " + fmt.Sprintf(format, a...), Advice: adviseDamaged}
}

func foreign(path, why string) error {
	return &store.Error{Kind: store.ErrForeign, What: path + " " + why, Advice: adviseForeign}
}

func unreadable(path string, cause error) error {
	return &store.Error{
		Kind: store.ErrUnreadable, What: path + " cannot be opened for reading", Advice: adviseReadable, Cause: cause,
	}
}

func readOnly(path, why string) error {
	return &store.Error{Kind: store.ErrReadOnly, What: path + " " + why, Advice: adviseWritable}
}

func newer(path string, is, known int) error {
	return &store.Error{
		Kind: store.ErrNewer, Advice: adviseNewer,
		What: fmt.Sprintf("%s has schema version %d, and this program knows versions up to %d", path, is, known),
	}
}

func fenced(path string, mine, now int64) error {
	return &store.Error{
		Kind: store.ErrFenced, Advice: adviseFenced,
		What: fmt.Sprintf("%s is under lease epoch %d, and this process had epoch %d", path, now, mine),
	}
}
