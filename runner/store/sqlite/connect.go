package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// leastEngine is the oldest SQLite that is fit for use: 3.7.0 to 3.51.2 can
// damage a file in WAL mode when it is reset while somebody checkpoints.
const leastEngine = "3.51.3"

// common are the settings of all connections. A double-quoted text is never
// taken for a string, no statement may damage the file on purpose, and errors
// tell their own story only.
func common(mode string) url.Values {
	return url.Values{
		"mode":          {mode}, // never makes a file
		"_busy_timeout": {"10000"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
		"_pragma":       {"trusted_schema(0)", "cell_size_check(1)"},
	}
}

// writeDSN describes the connection that writes. fullfsync is for macOS, whose
// fsync leaves data in the drive's cache.
func writeDSN(path string) string {
	v := common("rw")
	v.Set("_journal_mode", "WAL")
	v.Set("_synchronous", "FULL")
	v.Set("_foreign_keys", "1")
	v["_pragma"] = append(v["_pragma"], "fullfsync(1)", "checkpoint_fullfsync(1)",
		"cache_size(-32768)", "wal_autocheckpoint(4000)")
	return dsn(path, v)
}

// readDSN describes the connections that read. They may write to the file but
// not to what is recorded: only so can the last one that closes remove the files
// that the engine has made.
func readDSN(path string) string {
	v := common("rw")
	v.Set("_query_only", "1")
	return dsn(path, v)
}

// lyingDSN reads a file as it lies there, without any lock.
func lyingDSN(path string) string {
	v := common("ro")
	v.Set("immutable", "1")
	return dsn(path, v)
}

// dsn is the URI of a file, as SQLite and the driver read it.
func dsn(path string, v url.Values) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/…
	}
	u := url.URL{Scheme: "file", Path: p, RawQuery: v.Encode()}
	return u.String()
}

// openRead opens the connections that read: as they lie only where the engine
// may not make its files and needs none.
func (s *Store) openRead(ctx context.Context, mode Mode) error {
	db, err := openPool(ctx, readDSN(s.path))
	if err == nil || !mayNotWrite(err) {
		s.read = db
		return err
	}
	lying, failed := openPool(ctx, lyingDSN(s.path))
	switch {
	case failed != nil && mayNotWrite(failed): // it may not even read
		return unreadable(s.path, failed)
	case mode == ReadOnly && !hasWAL(s.path):
		s.read = lying
		return failed
	case failed != nil: // as may be where the -wal file has the rest
		return err
	default:
		return errors.Join(err, lying.Close())
	}
}

// openPool opens a pool of connections and reads the header of the file.
func openPool(ctx context.Context, dsn string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// mayNotWrite reports whether the engine was not let at a file.
func mayNotWrite(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return true
	default:
		return false
	}
}

func hasWAL(path string) bool {
	return size(path+"-wal") > 0
}

func checkEngine(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return err
	}
	if olderThan(version, leastEngine) {
		return fmt.Errorf("the SQLite engine in this program is version %s, and older ones than %s can damage a state: "+
			"use a release of transition that was built with a newer one", version, leastEngine)
	}
	return nil
}

// olderThan compares versions of three numbers. What is none is older than all.
func olderThan(version, least string) bool {
	var v, l [3]int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &v[0], &v[1], &v[2]); err != nil {
		return true
	}
	if _, err := fmt.Sscanf(least, "%d.%d.%d", &l[0], &l[1], &l[2]); err != nil {
		return true
	}
	for i := range v {
		if v[i] != l[i] {
			return v[i] < l[i]
		}
	}
	return false
}
