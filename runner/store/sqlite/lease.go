package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"transition/plans/ledger"

	"transition/runner/lease"
	"transition/runner/store"
)

// lockPath is the file whose lock decides who applies; the row of table lease
// tells others who that is, and fences off whoever had it before.
func (s *Store) lockPath() string { return s.path + ".lock" }

// Holder tells who applies at present.
func (s *Store) Holder(ctx context.Context) (store.Holder, bool, error) {
	held, err := lease.Taken(s.lockPath())
	if err != nil || !held {
		return store.Holder{}, false, fault(s.path, "looking at the lock of", err)
	}
	h, _, err := s.holderRow(ctx)
	return h, err == nil, err
}

// holderRow is the newest lease there has been; false: there has been none.
func (s *Store) holderRow(ctx context.Context) (store.Holder, bool, error) {
	var h holder
	err := h.scan(s.path, s.read.QueryRowContext(ctx, selectLease))
	return h.Holder, h.Epoch > 0, fault(s.path, "reading", err)
}

// holder is the row of table lease.
type holder struct {
	store.Holder
	since string // as it stands there
}

const (
	selectLease = "SELECT epoch, host, pid, user, command, since, sum FROM lease"
	updateLease = "UPDATE lease SET (epoch, host, pid, user, command, since, sum) = (?, ?, ?, ?, ?, ?, ?)"
)

// values are those of the row, without the sum.
func (h *holder) values() []any {
	return []any{h.Epoch, h.Host, int64(h.PID), h.User, h.Command, h.since}
}

// fields are where they are read to.
func (h *holder) fields() []any {
	return []any{&h.Epoch, &h.Host, &h.PID, &h.User, &h.Command, &h.since}
}

// scan reads selectLease.
func (h *holder) scan(path string, row scanner) error {
	var sum int64
	err := scan(row, append(h.fields(), &sum)...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || sum != rowSum(h.values()) {
		return damaged(path, "has lost who applied last: that is not as it was written")
	}
	h.Since, err = parseInstant(h.since)
	return err
}

// lease writes who has the lease now.
func (t *transaction) lease(ctx context.Context, h store.Holder) error {
	t.holder, t.epoch = holder{h, instant(h.Since)}, h.Epoch
	values := t.holder.values()
	_, err := t.stmt.setLease.ExecContext(ctx, append(values, rowSum(values))...)
	return err
}

// Lease takes the exclusive right to apply.
func (s *Store) Lease(ctx context.Context, h store.Holder) (store.Lease, error) {
	if s.write == nil {
		return nil, s.openedReadOnly()
	}
	if s.lost != nil {
		return nil, s.older()
	}
	lock, err := lease.Take(s.lockPath())
	if errors.Is(err, lease.ErrHeld) {
		by, _, err := s.holderRow(ctx)
		if err != nil {
			return nil, err
		}
		return nil, &store.HeldError{Holder: by}
	}
	if err != nil {
		return nil, fault(s.path, "locking", err)
	}
	h.Since = h.Since.UTC().Round(0)
	if h.Epoch, err = s.write.newEpoch(ctx, h); err != nil {
		return nil, errors.Join(fault(s.path, "taking the lease of", err), lock.Release())
	}
	return &held{store: s, lock: lock, holder: h}, nil
}

// held is a lease. Its end needs no word in the database: the lock is free then.
type held struct {
	store    *Store
	lock     *lease.Lock
	holder   store.Holder
	released atomic.Bool
}

func (l *held) Holder() store.Holder { return l.holder }

func (l *held) Release() error {
	if l.released.Swap(true) {
		return nil
	}
	// An end that cannot be marked is one of which nobody knows, as the mark says
	// then; why that is so the commits have told.
	_ = l.store.write.endEpoch(context.Background(), l.holder.Epoch)
	return l.lock.Release()
}

// Commit makes one durable transaction.
func (l *held) Commit(ctx context.Context, c store.Commit) (store.Committed, error) {
	if l.released.Load() {
		return store.Committed{}, fenced(l.store.path, l.holder.Epoch, l.holder.Epoch)
	}
	done, err := l.store.write.commit(ctx, l.holder.Epoch, c)
	return done, fault(l.store.path, "writing", err)
}

// Append records facts of which no attempt is the cause.
func (s *Store) Append(ctx context.Context, facts []ledger.Fact, check func(*ledger.Record) error) error {
	if s.write == nil {
		return s.openedReadOnly()
	}
	if s.lost != nil {
		return s.older()
	}
	return s.write.append(ctx, facts, check)
}

func (s *Store) openedReadOnly() error {
	return readOnly(s.path, "was opened for reading only")
}

func (s *Store) older() error {
	if s.lost.Restoring {
		return &store.Error{
			Kind: store.ErrOlder, What: "the restoration of " + s.path + " was cut off before its copy was in this place",
			Advice: adviseRestoring,
		}
	}
	return &store.Error{
		Kind: store.ErrOlder, What: fmt.Sprintf("%s is older than serial %d, which was recorded here before", s.path, s.lost.Serial),
		Advice: adviseOlder,
	}
}
