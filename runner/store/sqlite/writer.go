package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"

	"transition/plans/ledger"
	"transition/runner/store"
)

// writer is the one connection that writes.
type writer struct {
	path string
	db   *sql.DB

	mu   sync.Mutex // guards all below
	conn *sql.Conn
	stmt statements
	file os.FileInfo // the file that is open, as it was when last seen
	mark *marker

	// What follows is right as long as no other connection writes: version is
	// the engine's mark of that.
	version int64
	codec   ledger.Codec
	named   int               // the names of codec up to here are in the database
	cache   map[string][]byte // records that were written last, encoded
	claimed map[int64]attempt // attempts of this writer that have not ended
}

// cacheSize bounds the cached records; a wave in key order fits in it.
const cacheSize = 8192

func openWriter(ctx context.Context, path string) (*writer, error) {
	db, err := sql.Open("sqlite", writeDSN(path))
	if err != nil {
		return nil, err
	}
	w := &writer{path: path, db: db, cache: make(map[string][]byte), claimed: make(map[int64]attempt)}
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) prepare(ctx context.Context) error {
	var err error
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	if w.file, err = os.Stat(w.path); err != nil {
		return err
	}
	if err := w.stmt.prepare(ctx, w.conn); err != nil {
		return err
	}
	if w.mark, err = openMarker(w.path); err != nil {
		return err
	}
	// A file that may not be written to says so now, before any effect. For
	// BEGIN IMMEDIATE the engine would be content to read.
	return w.transact(ctx, func(ctx context.Context, _ *transaction) error {
		_, err := w.conn.ExecContext(ctx, "UPDATE lease SET pid = pid WHERE FALSE")
		if err != nil {
			return err
		}
		return errNothing
	})
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.stmt.close()
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	return errors.Join(err, w.db.Close(), w.mark.close())
}

// errNothing ends a transaction that has nothing to commit.
var errNothing = errors.New("nothing to commit")

// transact runs f in a transaction that no other writer can get into, and
// commits what f did. Once it has begun it is not to be stopped: a commit that
// was cut off would be in doubt.
func (w *writer) transact(ctx context.Context, f func(context.Context, *transaction) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkFile(); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		if busy(err) {
			return fmt.Errorf("%w. %s", err, adviseBusy)
		}
		return err
	}
	ctx = context.WithoutCancel(ctx)
	t := &transaction{writer: w}
	err := t.run(ctx, f)
	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// The engine undoes some failures by itself and then has nothing to
		// roll back. If it failed to, the next BEGIN would say so.
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
		w.codec.Truncate(w.named)
		if errors.Is(err, errNothing) {
			return nil
		}
		return err
	}
	w.remember(t)
	w.mark.note(marked(&t.meta, t.epoch, t.opens))
	return nil
}

// checkFile finds out whether the open file is still the one with the path.
// Whoever writes to a deleted file would lose it all.
func (w *writer) checkFile() error {
	now, err := os.Stat(w.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return damaged(w.path, "was deleted while it was open")
	case err != nil:
		return err
	case !os.SameFile(w.file, now):
		return damaged(w.path, "was replaced by another file while it was open")
	case now.Size() < w.file.Size():
		return damaged(w.path, "was cut short while it was open")
	}
	w.file = now
	return nil
}

// remember keeps what a transaction that was committed has written.
func (w *writer) remember(t *transaction) {
	w.named = w.codec.Len()
	if len(w.cache)+len(t.encoded) > cacheSize {
		clear(w.cache)
	}
	for tenant, b := range t.encoded {
		w.cache[tenant] = b
	}
	for id, a := range t.attempts {
		if w.claimed[id] = a; a.outcome.Valid {
			delete(w.claimed, id)
		}
	}
}

// refresh forgets what the writer knows if somebody else has written since.
func (w *writer) refresh(ctx context.Context, names digest) error {
	var version int64
	if err := w.stmt.dataVersion.QueryRowContext(ctx).Scan(&version); err != nil {
		return err
	}
	if version == w.version {
		return nil
	}
	clear(w.cache)
	clear(w.claimed)
	w.version = 0
	w.codec.Truncate(0) // a state that was restored may have other names
	if err := readNames(ctx, w.conn, w.path, names, &w.codec); err != nil {
		return err
	}
	w.named = w.codec.Len()
	w.version = version
	return nil
}

// newEpoch writes who has the lease now and returns its epoch. The mark of it is
// on the disk before anything can be done under it.
func (w *writer) newEpoch(ctx context.Context, h store.Holder) (int64, error) {
	var now mark
	err := w.transact(ctx, func(ctx context.Context, t *transaction) error {
		h.Epoch = t.epoch + 1
		err := t.lease(ctx, h)
		t.opens = true
		now = marked(&t.meta, t.epoch, true)
		return err
	})
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return now.Epoch, w.mark.put(now, true)
}

// endEpoch marks the end of a lease.
func (w *writer) endEpoch(ctx context.Context, epoch int64) error {
	return w.transact(ctx, func(_ context.Context, t *transaction) error {
		if t.epoch != epoch {
			return errNothing
		}
		if err := w.mark.put(marked(&t.meta, epoch, false), true); err != nil {
			return err
		}
		return errNothing
	})
}
