// Package memory keeps a state in memory, for tests. It keeps to the contract of package store in everything but
// durability.
package memory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"transition/plans/ledger"
	"transition/runner/store"
)

// Store is a state in memory.
type Store struct {
	mu       sync.Mutex
	meta     store.Meta
	ids      []string                  // of records, sorted
	records  map[string]*ledger.Record // never changed, only replaced
	facts    []ledger.Fact
	attempts []attempt        // that of id 1 is the first
	open     map[item][]int64 // ids of the attempts that are not closed
	adopted  *store.Adoption  // nil: none is kept
	part     *store.Adoption  // nil: none is kept
	lease    *held            // nil: nobody applies
	epoch    int64
}

// item is an item of a tenant.
type item struct{ tenant, key string }

// attempt is a store.Attempt with what became of it.
type attempt struct {
	store.Attempt
	outcome ledger.Kind // empty: none; dropped: it never began
}

const dropped ledger.Kind = "dropped"

var _ store.Store = (*Store)(nil)

// New returns an empty state. m gives its Lineage, Kind, Plan, Created and, for
// a rehearsal, Clock.
func New(m store.Meta) *Store {
	return &Store{meta: m, records: make(map[string]*ledger.Record), open: make(map[item][]int64)}
}

// Clone is the state as it is now, as a machine would find it that starts anew:
// nobody applies.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Store{
		meta: s.meta, ids: slices.Clone(s.ids), records: maps.Clone(s.records), facts: slices.Clip(s.facts),
		attempts: slices.Clone(s.attempts), open: maps.Clone(s.open), adopted: s.adopted, part: s.part, epoch: s.epoch,
	}
}

// Unlock takes the right to apply from whoever has it. He is not told.
func (s *Store) Unlock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = nil
}

// Meta reads the state's description.
func (s *Store) Meta(ctx context.Context) (store.Meta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meta, ctx.Err()
}

// Records streams all records by tenant id, as they were when it began.
func (s *Store) Records(ctx context.Context) iter.Seq2[*ledger.Record, error] {
	return func(yield func(*ledger.Record, error) bool) {
		for _, r := range s.snapshot() {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(r.Clone(), nil) {
				return
			}
		}
	}
}

func (s *Store) snapshot() []*ledger.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*ledger.Record, len(s.ids))
	for i, id := range s.ids {
		all[i] = s.records[id]
	}
	return all
}

// Record reads one record.
func (s *Store) Record(ctx context.Context, tenant string) (*ledger.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[tenant]
	if r == nil || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return r.Clone(), nil
}

// History streams facts, oldest first.
func (s *Store) History(ctx context.Context, tenant string) iter.Seq2[ledger.Fact, error] {
	return func(yield func(ledger.Fact, error) bool) {
		s.mu.Lock()
		facts := s.facts[:len(s.facts):len(s.facts)]
		s.mu.Unlock()
		for _, f := range facts {
			if err := ctx.Err(); err != nil {
				yield(ledger.Fact{}, err)
				return
			}
			if (tenant == "" || f.Tenant == tenant) && !yield(f, nil) {
				return
			}
		}
	}
}

// Adopted is the plan that was adopted last; nil: none is kept.
func (s *Store) Adopted(ctx context.Context) (*store.Adoption, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copied(s.adopted), ctx.Err()
}

// Part is the plan of which a part was applied last; nil: none is kept.
func (s *Store) Part(ctx context.Context) (*store.Adoption, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copied(s.part), ctx.Err()
}

func copied(a *store.Adoption) *store.Adoption {
	if a == nil {
		return nil
	}
	out := *a
	return &out
}

// Attempt reads one attempt.
func (s *Store) Attempt(ctx context.Context, id int64) (store.Attempt, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil || id < 1 || id > int64(len(s.attempts)) {
		return store.Attempt{}, false, err
	}
	return s.attempts[id-1].Attempt, true, nil
}

// OpenAttempts lists the attempts without an outcome by id.
func (s *Store) OpenAttempts(ctx context.Context) ([]store.Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []store.Attempt
	for i := range s.attempts {
		if s.attempts[i].outcome == "" {
			open = append(open, s.attempts[i].Attempt)
		}
	}
	return open, ctx.Err()
}

// Append records facts of which no attempt is the cause.
func (s *Store) Append(ctx context.Context, facts []ledger.Fact, check func(*ledger.Record) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.begin()
	if err := t.check(facts, check); err != nil {
		return err
	}
	for _, f := range facts {
		if store.OfAttempt(f.Kind) {
			return fmt.Errorf("fact %q of tenant %q needs a lease", f.Kind, f.Tenant)
		}
		if err := t.fact(f); err != nil {
			return err
		}
	}
	t.commit()
	return nil
}

// Lease takes the exclusive right to apply.
func (s *Store) Lease(ctx context.Context, h store.Holder) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.lease != nil {
		return nil, &store.HeldError{Holder: s.lease.holder}
	}
	s.epoch++
	h.Epoch, h.Since = s.epoch, h.Since.UTC().Round(0)
	s.lease = &held{store: s, holder: h}
	return s.lease, nil
}

// Holder tells who applies at present.
func (s *Store) Holder(ctx context.Context) (store.Holder, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil || ctx.Err() != nil {
		return store.Holder{}, false, ctx.Err()
	}
	return s.lease.holder, true, nil
}

// Verify checks that the records are what the facts add up to.
func (s *Store) Verify(ctx context.Context) (store.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := store.Report{Facts: int64(len(s.facts)), Attempts: int64(len(s.attempts))}
	sums := make(map[string]*ledger.Record)
	for _, f := range s.facts {
		if sums[f.Tenant] == nil {
			sums[f.Tenant] = &ledger.Record{ID: f.Tenant}
		}
		sums[f.Tenant].Apply(f)
	}
	var codec ledger.Codec
	for _, id := range s.ids {
		if !ledger.OfBatch(id) {
			report.Tenants++
		}
		sum := sums[id]
		if sum == nil || !slices.Equal(codec.Append(nil, sum), codec.Append(nil, s.records[id])) {
			report.Problems = append(report.Problems,
				fmt.Sprintf("The record of tenant %q is not what its facts add up to.", id))
		}
	}
	return report, ctx.Err()
}

// Close does nothing.
func (s *Store) Close() error { return nil }

// held is a lease.
type held struct {
	store  *Store
	holder store.Holder
}

func (l *held) Holder() store.Holder { return l.holder }

func (l *held) Release() error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if l.store.lease == l {
		l.store.lease = nil
	}
	return nil
}

// Commit makes one transaction.
func (l *held) Commit(ctx context.Context, c store.Commit) (store.Committed, error) {
	s := l.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease != l {
		return store.Committed{}, fmt.Errorf("%w: nothing was written", store.ErrFenced)
	}
	if err := ctx.Err(); err != nil {
		return store.Committed{}, err
	}
	t := s.begin()
	done, err := t.steps(c, s.epoch)
	if err != nil {
		return store.Committed{}, err
	}
	done.Serial = t.commit()
	return done, nil
}

var (
	errBackwards = errors.New("the clock of a state only goes forward")
)
