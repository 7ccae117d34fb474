package storetest

import (
	"errors"
	"testing"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

func testAppend(f *fixture) {
	f.facts(enrolled("contoso")) // somebody applies meanwhile
	hold := ledger.Fact{At: day, Tenant: "contoso", Kind: ledger.Held, By: "ann", Reason: "audit"}
	var seen []ledger.Record
	err := f.Append(f.ctx(), []ledger.Fact{hold, {At: day, Tenant: "fabrikam", Kind: ledger.Held, By: "ann"}, hold},
		func(r *ledger.Record) error {
			seen = append(seen, *r)
			return nil
		})
	if err != nil {
		f.Fatal(err)
	}
	f.same("what check has seen", []ledger.Record{{ID: "contoso", Rev: 1, EnrolledAt: day}, {ID: "fabrikam"}}, seen)
	if r := f.get("contoso"); r.Hold == nil || r.Hold.Reason != "audit" || r.Rev != 3 {
		f.Errorf("the record is %+v, want it held", r)
	}
	if done := f.commit(store.Commit{Claims: []store.Claim{claimOf("contoso", 1)}}); done.Claimed[0] != 0 {
		f.Error("a decision from before the hold was not refused")
	}
	f.sound()
}

func testAppendRefused(f *fixture) {
	f.facts(enrolled("contoso"))
	before := f.meta()
	no := errors.New("it is not that far yet")
	err := f.Append(f.ctx(), []ledger.Fact{
		{At: day, Tenant: "fabrikam", Kind: ledger.Held}, {At: day, Tenant: "contoso", Kind: ledger.Held},
	}, func(r *ledger.Record) error {
		if r.ID == "contoso" {
			return no
		}
		return nil
	})
	if err != no {
		f.Errorf("got error %v, want the one of check as it is", err)
	}
	for _, kind := range []ledger.Kind{ledger.Began, ledger.Succeeded, ledger.Failed, ledger.Unknown} {
		if err := f.Append(f.ctx(), []ledger.Fact{of(claimOf("contoso", 1), 1, kind)}, nil); err == nil {
			f.Errorf("%s was appended without a lease", kind)
		}
	}
	f.same("meta", before, f.meta())
	f.same("the number of facts", 1, len(f.history("")))
}

func testClock(f *fixture) {
	f.same("the clock of a new production state", time.Time{}, f.meta().Clock)
	f.commit(store.Commit{Clock: day})
	f.same("and when everything up to an instant was taken on", day, f.meta().Clock)
	m := production()
	m.Kind, m.Clock = store.Rehearsal, day
	r := newFixture(f.T, func(*testing.T, store.Meta) store.Store { return f.new(f.T, m) })
	r.same("the clock of a new rehearsal", day, r.meta().Clock)
	r.commit(store.Commit{Clock: day})
	r.commit(store.Commit{Clock: day.Add(500 * time.Millisecond)})
	if _, err := r.try(store.Commit{Clock: day, Facts: []ledger.Fact{enrolled("contoso")}}); err == nil {
		r.Error("the clock of a rehearsal went backwards")
	}
	r.commit(store.Commit{})
	r.same("the clock", day.Add(500*time.Millisecond), r.meta().Clock)
	r.same("the records", []string(nil), r.ids())
}

func testVerify(f *fixture) {
	if got := f.sound(); got.Facts != 0 || got.Tenants != 0 || got.Attempts != 0 {
		f.Errorf("the report on an empty state is %+v", got)
	}
	for _, tenant := range []string{"contoso", "fabrikam", "tailspin"} {
		f.facts(enrolled(tenant), placed(tenant))
		c := claimOf(tenant, 2)
		id := f.claim(c)
		f.facts(of(c, id, ledger.Began))
		f.facts(of(c, id, ledger.Unknown))
	}
	f.facts(resolved(claimOf("tailspin", 0), ledger.AnswerDone))
	if got := f.sound(); got.Facts != 13 || got.Tenants != 3 || got.Attempts != 3 {
		f.Errorf("the report is %+v, want 13 facts, 3 tenants, 3 attempts", got)
	}
}

// testCrash cuts the power in the middle of a wave.
func testCrash(f *fixture, reopen Reopen) {
	f.facts(enrolled("contoso"), placed("contoso"), enrolled("fabrikam"))
	c, d := claimOf("contoso", 2), claimOf("fabrikam", 1)
	begun, claimed := f.claim(c), f.claim(d)
	f.facts(of(c, begun, ledger.Began))
	meta, record, history, open := f.meta(), f.get("contoso"), f.history(""), f.open()

	after := &fixture{T: f.T, Store: reopen(f.T, f.Store), new: f.new, now: f.now}
	after.same("meta", meta, after.meta())
	after.same("the record", record, after.get("contoso"))
	after.same("the history", history, after.history(""))
	after.same("open attempts", open, after.open())
	if _, held, err := after.Holder(after.ctx()); err != nil || held {
		after.Errorf("nobody lives to apply, but Holder = %t, %v", held, err)
	}
	if old, now := f.take().Holder().Epoch, after.take().Holder().Epoch; now <= old {
		after.Errorf("the lease after the crash has epoch %d, the one before had %d", now, old)
	}
	after.commit(store.Commit{Facts: []ledger.Fact{of(c, begun, ledger.Unknown)}, Dropped: []int64{claimed}})
	after.sound()
}
