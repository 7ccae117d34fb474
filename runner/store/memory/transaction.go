package memory

import (
	"fmt"
	"slices"

	"transition/plans/ledger"
	"transition/runner/store"
)

// transaction is what one commit changes, until it takes place.
type transaction struct {
	*Store
	meta     store.Meta
	adopted  *store.Adoption
	part     *store.Adoption
	changed  map[string]*ledger.Record
	facts    []ledger.Fact
	attempts map[int64]*attempt // new and changed ones
	added    int64              // of these, how many are new
	open     map[item][]int64   // of items where it changes
}

func (s *Store) begin() *transaction {
	return &transaction{
		Store: s, meta: s.meta, adopted: s.adopted, part: s.part, changed: make(map[string]*ledger.Record),
		attempts: make(map[int64]*attempt), open: make(map[item][]int64),
	}
}

// commit makes it so and returns the serial.
func (t *transaction) commit() int64 {
	s := t.Store
	for id, r := range t.changed {
		if i, known := slices.BinarySearch(s.ids, id); !known {
			s.ids = slices.Insert(s.ids, i, id)
		}
		s.records[id] = r
	}
	s.attempts = append(s.attempts, make([]attempt, t.added)...)
	for id, a := range t.attempts {
		s.attempts[id-1] = *a
	}
	for it, ids := range t.open {
		s.open[it] = ids
		if len(ids) == 0 {
			delete(s.open, it)
		}
	}
	t.meta.Serial++
	s.meta, s.adopted, s.part = t.meta, t.adopted, t.part
	s.facts = append(s.facts, t.facts...)
	return s.meta.Serial
}

// record returns what is known of a tenant so far; it must not be changed.
func (t *transaction) record(tenant string) *ledger.Record {
	if r := t.changed[tenant]; r != nil {
		return r
	}
	if r := t.records[tenant]; r != nil {
		return r
	}
	return &ledger.Record{ID: tenant}
}

func (t *transaction) check(facts []ledger.Fact, check func(*ledger.Record) error) error {
	if check == nil {
		return nil
	}
	seen := make(map[string]bool)
	for _, f := range facts {
		if seen[f.Tenant] {
			continue
		}
		seen[f.Tenant] = true
		if err := check(t.record(f.Tenant).Clone()); err != nil {
			return err
		}
	}
	return nil
}

// steps does what a commit says, in the order in which all stores do it.
func (t *transaction) steps(c store.Commit, lease int64) (store.Committed, error) {
	if err := t.advance(c); err != nil {
		return store.Committed{}, err
	}
	if err := t.adopt(c); err != nil {
		return store.Committed{}, err
	}
	for _, id := range c.Dropped {
		if err := t.drop(id); err != nil {
			return store.Committed{}, err
		}
	}
	for _, f := range c.Facts {
		if f.Kind == ledger.Began && !t.claimedUnder(f.Attempt, lease) {
			return store.Committed{}, notSo(f)
		}
		if err := t.fact(f); err != nil {
			return store.Committed{}, err
		}
	}
	done := store.Committed{
		Records: make(map[string]*ledger.Record), Claimed: make([]int64, len(c.Claims)), Refused: make([]bool, len(c.Decided)),
	}
	for i, d := range c.Decided {
		if !t.unmoved(d.Tenant, d.Rev) || d.Other != "" && !t.unmoved(d.Other, d.OtherRev) {
			done.Refused[i], done.Records[d.Tenant] = true, t.record(d.Tenant).Clone()
			continue
		}
		for _, f := range d.Facts {
			if f.Kind == ledger.Began && !t.claimedUnder(f.Attempt, lease) {
				return store.Committed{}, notSo(f)
			}
			if err := t.fact(f); err != nil {
				return store.Committed{}, err
			}
		}
	}
	for tenant, r := range t.changed {
		done.Records[tenant] = r.Clone()
	}
	for i, claim := range c.Claims {
		if done.Claimed[i] = t.claim(claim, c, lease); done.Claimed[i] == 0 {
			done.Records[claim.Tenant] = t.record(claim.Tenant).Clone()
		}
	}
	return done, nil
}

func (t *transaction) advance(c store.Commit) error {
	switch {
	case c.Clock.IsZero():
		return nil
	case c.Clock.Before(t.meta.Clock):
		return errBackwards
	}
	t.meta.Clock = c.Clock.UTC().Round(0)
	return nil
}

// fact appends a fact, applies it, and does to its attempt what it says.
func (t *transaction) fact(f ledger.Fact) error {
	f, err := store.Canonical(f)
	if err != nil {
		return err
	}
	if err := t.attempt(f); err != nil {
		return err
	}
	f.Seq = int64(len(t.Store.facts) + len(t.facts) + 1)
	t.facts = append(t.facts, f)
	if f.At.After(t.meta.LastFact) {
		t.meta.LastFact = f.At
	}
	if t.changed[f.Tenant] == nil {
		t.changed[f.Tenant] = t.record(f.Tenant).Clone()
	}
	t.changed[f.Tenant].Apply(f)
	return nil
}

// attempt does to the attempts what a fact says of them.
func (t *transaction) attempt(f ledger.Fact) error {
	if store.Closes(&f) {
		for _, id := range t.opened(item{f.Tenant, f.Item}) {
			if a := t.at(id); a.outcome == ledger.Unknown {
				t.close(a)
			}
		}
		return nil
	}
	if f.Attempt == 0 || !store.OfAttempt(f.Kind) {
		return nil
	}
	a := t.at(f.Attempt)
	if a == nil || a.outcome != "" || a.Tenant != f.Tenant || a.Item != f.Item || a.Op != f.Op || a.Recipient != f.Recipient {
		return notSo(f)
	}
	begun := !a.BegunAt.IsZero()
	switch {
	case f.Kind == ledger.Began && !begun:
		a.BegunAt = f.At
	case f.Kind == ledger.Began || (!begun && f.Kind != ledger.Failed):
		return notSo(f)
	default:
		a.outcome = f.Kind
	}
	if a.outcome != "" && a.outcome != ledger.Unknown {
		t.close(a)
	}
	return nil
}

// opened lists the attempts of an item that are not closed.
func (t *transaction) opened(it item) []int64 {
	if ids, ok := t.open[it]; ok {
		return ids
	}
	return t.Store.open[it]
}

func (t *transaction) close(a *attempt) {
	it := item{a.Tenant, a.Item}
	t.open[it] = slices.DeleteFunc(slices.Clone(t.opened(it)), func(id int64) bool { return id == a.ID })
}

func notSo(f ledger.Fact) error {
	return fmt.Errorf("attempt %d of %s/%s cannot be %s: it was not claimed so, has not begun, or has ended already",
		f.Attempt, f.Tenant, f.Item, f.Kind)
}

// at returns an attempt, to be changed; nil: there is none.
func (t *transaction) at(id int64) *attempt {
	if a := t.attempts[id]; a != nil {
		return a
	}
	if id < 1 || id > int64(len(t.Store.attempts)) {
		return nil
	}
	a := t.Store.attempts[id-1]
	t.attempts[id] = &a
	return &a
}

func (t *transaction) claimedUnder(id, lease int64) bool {
	a := t.at(id)
	return a != nil && a.Lease == lease
}

func (t *transaction) drop(id int64) error {
	a := t.at(id)
	if a == nil || a.outcome != "" || !a.BegunAt.IsZero() {
		return fmt.Errorf("attempt %d cannot be dropped: it is not claimed, or has begun or ended already", id)
	}
	a.outcome = dropped
	t.close(a)
	return nil
}

// unmoved reports whether a record stands at a revision, leaving out of account
// what this transaction itself has added.
func (t *transaction) unmoved(tenant string, rev int64) bool {
	before := (&transaction{Store: t.Store}).record(tenant).Rev
	return before <= rev && rev <= t.record(tenant).Rev
}

// claim asks for one attempt; 0: it is refused.
func (t *transaction) claim(c store.Claim, in store.Commit, lease int64) int64 {
	if !t.unmoved(c.Tenant, c.Rev) {
		return 0
	}
	it := item{c.Tenant, c.Item}
	opened := t.opened(it)
	if slices.ContainsFunc(opened, func(id int64) bool { return t.at(id).Recipient == c.Recipient }) {
		return 0
	}
	t.added++
	id := int64(len(t.Store.attempts)) + t.added
	t.attempts[id] = &attempt{Attempt: store.Attempt{
		ID: id, Tenant: c.Tenant, Item: c.Item, Op: c.Op, Recipient: c.Recipient,
		Epoch: c.Epoch, Generation: c.Generation, No: c.No, Key: c.Key, Lease: lease, ClaimedAt: in.Now.UTC().Round(0),
	}}
	t.open[it] = append(slices.Clip(opened), id)
	return id
}
