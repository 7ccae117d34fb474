// Package storetest is the suite that every store passes: what package store
// promises, as tests.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transition/plans/ledger"
	"transition/runner/store"
)

// New makes a new state for a test, which closes it when it ends.
type New func(t *testing.T, m store.Meta) store.Store

// Reopen opens a state again as it would be found if the power were cut now:
// nothing was closed, and nobody has a lease.
type Reopen func(t *testing.T, s store.Store) store.Store

// Run tests a store. reopen is nil if a state ends with its process.
func Run(t *testing.T, newStore New, reopen Reopen) {
	tests := map[string]func(*fixture){
		"meta":                 testMeta,
		"serial rises":         testSerial,
		"facts make records":   testFacts,
		"byte order":           testOrder,
		"snapshot":             testSnapshot,
		"early end":            testEarlyEnd,
		"own copies":           testOwnCopies,
		"canonical facts":      testCanonical,
		"atomic":               testAtomic,
		"canceled":             testCanceled,
		"concurrent":           testConcurrent,
		"attempt life":         testAttemptLife,
		"claims refused":       testClaimsRefused,
		"claim beside facts":   testClaimBesideFacts,
		"recipients":           testRecipients,
		"unknown and resolved": testUnknownResolved,
		"renamed item":         testRenamedItem,
		"given up":             testGivenUp,
		"renamed tenant":       testRenamedTenant,
		"unknown and probed":   testProbed,
		"polled":               testPolled,
		"dropped":              testDropped,
		"written once":         testWrittenOnce,
		"one lease":            testOneLease,
		"fenced":               testFenced,
		"next lease":           testNextLease,
		"append":               testAppend,
		"append refused":       testAppendRefused,
		"clock":                testClock,
		"verify":               testVerify,
		"adopt":                testAdopt,
		"adopt again":          testAdoptAgain,
		"adopt fails":          testAdoptFails,
		"keep a part":          testPart,
	}
	if reopen != nil {
		tests["crash"] = func(f *fixture) { testCrash(f, reopen) }
		tests["adopt survives"] = func(f *fixture) { testAdoptSurvives(f, reopen) }
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(newFixture(t, newStore)) })
	}
}

// day is when everything begins.
var day = time.Date(2012, 1, 10, 8, 0, 0, 0, time.UTC)

// fixture is a state with a few words for what tests do to it.
type fixture struct {
	*testing.T
	store.Store
	new   New
	lease store.Lease // nil until it is needed
	now   time.Time
}

func newFixture(t *testing.T, newStore New) *fixture {
	return &fixture{T: t, Store: newStore(t, production()), new: newStore, now: day}
}

func production() store.Meta {
	return store.Meta{Lineage: "0d3c6d1e", Kind: store.Production, Plan: "bpos-s", Created: day.Add(-time.Hour)}
}

func ann() store.Holder {
	return store.Holder{Host: "ops1", PID: 4711, User: "ann", Command: "transition apply", Since: day}
}

func (f *fixture) ctx() context.Context { return f.T.Context() }

// take takes the lease unless this fixture has it.
func (f *fixture) take() store.Lease {
	f.Helper()
	if f.lease != nil {
		return f.lease
	}
	l, err := f.Lease(f.ctx(), ann())
	if err != nil {
		f.Fatalf("taking the lease: %v", err)
	}
	f.lease = l
	f.Cleanup(func() {
		if err := l.Release(); err != nil {
			f.Errorf("releasing the lease: %v", err)
		}
	})
	return l
}

// try commits, a second later than the time before.
func (f *fixture) try(c store.Commit) (store.Committed, error) {
	f.Helper()
	f.now = f.now.Add(time.Second)
	c.Now = f.now
	return f.take().Commit(f.ctx(), c)
}

func (f *fixture) commit(c store.Commit) store.Committed {
	f.Helper()
	done, err := f.try(c)
	if err != nil {
		f.Fatalf("commit: %v", err)
	}
	return done
}

func (f *fixture) facts(facts ...ledger.Fact) store.Committed {
	f.Helper()
	return f.commit(store.Commit{Facts: facts})
}

// claim claims one attempt, which must be granted.
func (f *fixture) claim(c store.Claim) int64 {
	f.Helper()
	id := f.commit(store.Commit{Claims: []store.Claim{c}}).Claimed[0]
	if id == 0 {
		f.Fatalf("the claim %+v was refused", c)
	}
	return id
}

// rev is the revision of a tenant's record.
func (f *fixture) rev(tenant string) int64 {
	f.Helper()
	r := f.get(tenant)
	if r == nil {
		return 0
	}
	return r.Rev
}

func (f *fixture) get(tenant string) *ledger.Record {
	f.Helper()
	r, err := f.Record(f.ctx(), tenant)
	if err != nil {
		f.Fatalf("record of %s: %v", tenant, err)
	}
	return r
}

func (f *fixture) meta() store.Meta {
	f.Helper()
	m, err := f.Meta(f.ctx())
	if err != nil {
		f.Fatalf("meta: %v", err)
	}
	return m
}

func (f *fixture) history(tenant string) []ledger.Fact {
	f.Helper()
	var all []ledger.Fact
	for fact, err := range f.History(f.ctx(), tenant) {
		if err != nil {
			f.Fatalf("history: %v", err)
		}
		all = append(all, fact)
	}
	return all
}

func (f *fixture) ids() []string {
	f.Helper()
	var ids []string
	for r, err := range f.Records(f.ctx()) {
		if err != nil {
			f.Fatalf("records: %v", err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

func (f *fixture) open() []store.Attempt {
	f.Helper()
	open, err := f.OpenAttempts(f.ctx())
	if err != nil {
		f.Fatalf("open attempts: %v", err)
	}
	return open
}

// sound fails the test unless Verify finds nothing.
func (f *fixture) sound() store.Report {
	f.Helper()
	report, err := f.Verify(f.ctx())
	if err != nil {
		f.Fatalf("verify: %v", err)
	}
	for _, p := range report.Problems {
		f.Errorf("verify: %s", p)
	}
	return report
}

// same compares, taking empty lists for absent ones.
func (f *fixture) same(what string, want, got any) {
	f.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		f.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func (f *fixture) fails(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

const notice = "Pre-Approval/notice"

func enrolled(tenant string) ledger.Fact {
	return ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Enrolled}
}

func placed(tenant string) ledger.Fact {
	t := day.AddDate(0, 0, 60)
	return ledger.Fact{At: day, Tenant: tenant, Kind: ledger.Placed, Epoch: 1, Batch: "pilot", Zone: "Europe/Berlin", T: &t}
}

// claimOf is the claim of the first attempt to send a notice.
func claimOf(tenant string, rev int64) store.Claim {
	return store.Claim{Tenant: tenant, Item: notice, Op: ledger.Send, Recipient: "a@example.com", Epoch: 1, No: 1,
		Key: "key-" + tenant, Rev: rev}
}

// of is a fact about an attempt that was claimed with c.
func of(c store.Claim, id int64, kind ledger.Kind) ledger.Fact {
	return ledger.Fact{At: day.Add(time.Minute), Tenant: c.Tenant, Kind: kind, Item: c.Item, Op: c.Op,
		Recipient: c.Recipient, Epoch: c.Epoch, Attempt: id, No: c.No, Key: c.Key}
}

func resolved(c store.Claim, answer ledger.Answer) ledger.Fact {
	return ledger.Fact{At: day.Add(time.Hour), Tenant: c.Tenant, Kind: ledger.Resolved, Item: c.Item, Epoch: c.Epoch,
		Answer: answer, By: "ann", Reason: "the log says so"}
}
