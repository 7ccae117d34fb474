package runner_test

import (
	"context"
	"errors"
	"iter"
	"sync"

	"transition/plans/ledger"
	"transition/runner/store"
	"transition/runner/store/memory"
)

// disk is a state that outlives those who use it. What was committed and is not
// synced is lost when the power fails.
type disk struct {
	mu      sync.Mutex
	store   *memory.Store
	durable *memory.Store // as the power would leave it
	claimed int64         // the newest lease under which anything was claimed
}

func newDisk() *disk {
	s := memory.New(store.Meta{Lineage: "l", Kind: store.Production, Plan: "t"})
	return &disk{store: s, durable: s.Clone()}
}

func (d *disk) now() *memory.Store {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.store
}

// sync makes durable what was committed, as the store of production does with
// every commit.
func (d *disk) sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = d.store.Clone()
}

// powerFails leaves what was synced.
func (d *disk) powerFails() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.store = d.durable.Clone()
}

// claims notes that something was claimed under a lease.
func (d *disk) claims(epoch int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claimed = max(d.claimed, epoch)
}

// takenOver reports whether somebody has claimed anything under a newer lease.
func (d *disk) takenOver(epoch int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return epoch < d.claimed
}

// mishap is what happens at one operation on the disk.
type mishap struct {
	at    int  // number of the operation, from 1; 0: nothing happens
	after bool // once it is done, rather than before
	what  moment
	loss  uint64 // seed of what is lost when the power fails
}

var (
	errDisk = errors.New("the disk does not answer")
	errDead = errors.New("this process has ended")
)

// handle is a state as one process has it open. It implements store.Store.
type handle struct {
	*disk
	n *node // nil: a process that nothing happens to
}

var _ store.Store = handle{}

// do performs an operation, unless something happens.
func (h handle) do(op func() error) error {
	if h.n == nil {
		return op()
	}
	m, err := h.n.operates()
	switch {
	case err != nil:
		return err
	case m == nil:
		return op()
	case m.after:
		err = op()
	}
	if h.n.suffers(m) {
		return h.n.rests()
	}
	return errors.Join(err, errDisk)
}

func (h handle) Meta(ctx context.Context) (m store.Meta, err error) {
	err = h.do(func() error { m, err = h.now().Meta(ctx); return err })
	return m, err
}

func (h handle) Records(ctx context.Context) iter.Seq2[*ledger.Record, error] {
	return func(yield func(*ledger.Record, error) bool) {
		if err := h.do(func() error { return nil }); err != nil {
			yield(nil, err)
			return
		}
		h.now().Records(ctx)(yield)
	}
}

func (h handle) Record(ctx context.Context, tenant string) (r *ledger.Record, err error) {
	err = h.do(func() error { r, err = h.now().Record(ctx, tenant); return err })
	return r, err
}

func (h handle) History(ctx context.Context, tenant string) iter.Seq2[ledger.Fact, error] {
	return h.now().History(ctx, tenant)
}

func (h handle) Adopted(ctx context.Context) (a *store.Adoption, err error) {
	err = h.do(func() error { a, err = h.now().Adopted(ctx); return err })
	return a, err
}

func (h handle) Part(ctx context.Context) (a *store.Adoption, err error) {
	err = h.do(func() error { a, err = h.now().Part(ctx); return err })
	return a, err
}

func (h handle) Attempt(ctx context.Context, id int64) (a store.Attempt, ok bool, err error) {
	err = h.do(func() error { a, ok, err = h.now().Attempt(ctx, id); return err })
	return a, ok, err
}

func (h handle) OpenAttempts(ctx context.Context) (a []store.Attempt, err error) {
	err = h.do(func() error { a, err = h.now().OpenAttempts(ctx); return err })
	return a, err
}

func (h handle) Append(ctx context.Context, facts []ledger.Fact, check func(*ledger.Record) error) error {
	return h.do(func() error {
		defer h.sync()
		return h.now().Append(ctx, facts, check)
	})
}

func (h handle) Lease(ctx context.Context, who store.Holder) (l store.Lease, err error) {
	err = h.do(func() error {
		inner, err := h.now().Lease(ctx, who)
		if err != nil {
			return err
		}
		h.sync()
		if l = (grip{inner, h}); h.n != nil {
			h.n.takes(l)
		}
		return nil
	})
	if err != nil && l != nil {
		err = errors.Join(err, l.Release())
	}
	return l, err
}

func (h handle) Holder(ctx context.Context) (who store.Holder, held bool, err error) {
	err = h.do(func() error { who, held, err = h.now().Holder(ctx); return err })
	return who, held, err
}

func (h handle) Verify(ctx context.Context) (store.Report, error) { return h.now().Verify(ctx) }

func (h handle) Close() error { return nil }

// grip is a lease as one process has it.
type grip struct {
	store.Lease
	h handle
}

func (g grip) Commit(ctx context.Context, c store.Commit) (done store.Committed, err error) {
	err = g.h.do(func() error {
		if done, err = g.Lease.Commit(ctx, c); err != nil {
			return err
		}
		g.h.sync()
		if len(c.Claims) > 0 {
			g.h.claims(g.Holder().Epoch)
		}
		return nil
	})
	return done, err
}
