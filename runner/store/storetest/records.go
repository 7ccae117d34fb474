package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

func testMeta(f *fixture) {
	f.same("meta of a new state", production(), f.meta())
	var reads int
	f.commit(store.Commit{Facts: []ledger.Fact{enrolled("contoso")}, Adopt: f.plan("abc", &reads)})
	want := production()
	want.Serial, want.LastFact = 1, day
	want.Adopted, want.AdoptedInventory, want.AdoptedAt = "abc", "inv-abc", f.now
	f.same("meta after a commit", want, f.meta())
	f.facts(ledger.Fact{At: day.Add(-time.Hour), Tenant: "contoso", Kind: ledger.Held})
	if got := f.meta(); got.LastFact != day || got.Adopted != "abc" {
		f.Errorf("a fact of an hour ago has changed the newest instant or the adopted plan: %+v", got)
	}
}

func testSerial(f *fixture) {
	last := f.meta().Serial
	step := func(what string, reported int64) {
		f.Helper()
		now := f.meta().Serial
		if now <= last {
			f.Errorf("after %s the serial is %d; it was %d", what, now, last)
		}
		if reported != 0 && reported != now {
			f.Errorf("%s reports serial %d, and it is %d", what, reported, now)
		}
		last = now
	}
	step("facts", f.facts(enrolled("contoso")).Serial)
	step("a claim", f.commit(store.Commit{Claims: []store.Claim{claimOf("contoso", 1)}}).Serial)
	step("a refused claim", f.commit(store.Commit{Claims: []store.Claim{claimOf("contoso", 1)}}).Serial)
	step("nothing", f.commit(store.Commit{}).Serial)
	if err := f.Append(f.ctx(), []ledger.Fact{{At: day, Tenant: "contoso", Kind: ledger.Held}}, nil); err != nil {
		f.Fatal(err)
	}
	step("a hold", 0)
}

func testFacts(f *fixture) {
	if r := f.get("contoso"); r != nil {
		f.Errorf("a tenant that nobody has heard of has the record %+v", r)
	}
	facts := []ledger.Fact{
		enrolled("contoso"), enrolled("fabrikam"), placed("contoso"),
		{At: day, Tenant: "contoso", Kind: ledger.Held, By: "ann", Reason: "asked for <more> time & \"peace\""},
		{At: day, Tenant: "contoso", Kind: ledger.Skipped, Item: notice, Epoch: 1, Reason: "no address"},
	}
	done := f.facts(facts...)
	want := map[string]*ledger.Record{"contoso": {ID: "contoso"}, "fabrikam": {ID: "fabrikam"}}
	for i := range facts {
		facts[i].Seq = int64(i + 1)
		want[facts[i].Tenant].Apply(facts[i])
	}
	f.same("what the commit returns", want, done.Records)
	f.same("the record", want["contoso"], f.get("contoso"))
	f.same("the history", facts, f.history(""))
	f.same("the history of one", []ledger.Fact{facts[0], facts[2], facts[3], facts[4]}, f.history("contoso"))
	f.same("the history of nobody", []ledger.Fact(nil), f.history("nobody"))
}

func testOrder(f *fixture) {
	ids := []string{"b", "a", "Z", "ä", "é", "a b", "a-b", "a.b", "10", "9", "日本", "a\u0301", "\U0001F600", "\uFFFD"}
	for chunk := range slices.Chunk(ids, 3) {
		var facts []ledger.Fact
		for _, id := range chunk {
			facts = append(facts, enrolled(id))
		}
		f.facts(facts...)
	}
	slices.Sort(ids)
	f.same("the order of the records", ids, f.ids())
}

func testSnapshot(f *fixture) {
	f.facts(enrolled("a"), enrolled("b"), enrolled("c"))
	var seen []string
	for r, err := range f.Records(f.ctx()) {
		if err != nil {
			f.Fatal(err)
		}
		seen = append(seen, fmt.Sprint(r.ID, " ", r.Rev))
		if r.ID == "a" {
			f.facts(placed("b"), enrolled("bb"))
			f.same("a record read inside of the loop", int64(2), f.rev("b"))
		}
	}
	f.same("what the loop has seen", []string{"a 1", "b 1", "c 1"}, seen)
	f.same("what the next loop sees", []string{"a", "b", "bb", "c"}, f.ids())
}

func testEarlyEnd(f *fixture) {
	f.facts(enrolled("a"), enrolled("b"))
	for range 50 { // more than any pool has connections
		for range f.Records(f.ctx()) {
			break
		}
		for range f.History(f.ctx(), "") {
			break
		}
	}
	f.facts(enrolled("c"))
	f.same("the records", []string{"a", "b", "c"}, f.ids())
}

func testOwnCopies(f *fixture) {
	done := f.facts(enrolled("contoso"), placed("contoso"))
	done.Records["contoso"].Apply(ledger.Fact{Kind: ledger.Skipped, Item: notice, At: day})
	done.Records["contoso"].Batch = "mine"
	f.get("contoso").Batch = "mine"
	for r, err := range f.Records(f.ctx()) {
		if err != nil {
			f.Fatal(err)
		}
		r.Batch = "mine"
	}
	if err := f.Append(f.ctx(), []ledger.Fact{{At: day, Tenant: "contoso", Kind: ledger.Held}}, func(r *ledger.Record) error {
		r.Batch = "mine"
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	if r := f.get("contoso"); r.Batch != "pilot" || r.Rev != 3 || len(r.Items) != 0 {
		f.Errorf("what callers did to their copies shows in the state: %+v", r)
	}
	f.sound()
}

func testCanonical(f *fixture) {
	berlin := time.FixedZone("CET", 3600)
	next := time.Date(2012, 3, 1, 9, 30, 0, 123456789, berlin)
	f.facts(ledger.Fact{At: day.In(berlin), Tenant: "contoso", Kind: ledger.Held, Until: &next, Reason: "half a \xffcharacter"})
	got := f.history("contoso")[0]
	if got.At.Location() != time.UTC || !got.Until.Equal(next) || got.Reason != "half a \uFFFDcharacter" {
		f.Errorf("the fact came back as %+v", got)
	}
	f.same("the record", got.Reason, f.get("contoso").Hold.Reason)
	f.sound()
	bad := map[string]ledger.Fact{
		"no tenant":     {At: day, Kind: ledger.Enrolled},
		"no instant":    {Tenant: "contoso", Kind: ledger.Enrolled},
		"broken tenant": enrolled("con\xfftoso"),
		"far away":      {At: day.AddDate(20_000, 0, 0), Tenant: "contoso", Kind: ledger.Enrolled},
		"no attempt":    {At: day, Tenant: "contoso", Kind: ledger.Began, Item: notice},
	}
	for name, fact := range bad {
		if _, err := f.try(store.Commit{Facts: []ledger.Fact{fact}}); err == nil {
			f.Errorf("%s: the fact was taken", name)
		}
	}
}

func testAtomic(f *fixture) {
	f.facts(enrolled("contoso"))
	c := claimOf("contoso", 1)
	before := f.meta()
	var reads int
	_, err := f.try(store.Commit{
		Facts:  []ledger.Fact{placed("contoso"), enrolled("fabrikam"), of(c, 99, ledger.Began)},
		Claims: []store.Claim{c},
		Adopt:  f.plan("abc", &reads),
	})
	if err == nil || !strings.Contains(err.Error(), "attempt 99") {
		f.Fatalf("beginning an attempt that nobody has claimed: %v", err)
	}
	f.same("meta", before, f.meta())
	f.same("the records", []string{"contoso"}, f.ids())
	f.same("the revision", int64(1), f.rev("contoso"))
	f.same("the number of facts", 1, len(f.history("")))
	f.same("open attempts", 0, len(f.open()))
	// What was undone must not come back: its batch and zone are new names.
	f.facts(placed("contoso"), enrolled("fabrikam"))
	f.same("the batch", "pilot", f.get("contoso").Batch)
	f.sound()
}

func testCanceled(f *fixture) {
	f.facts(enrolled("contoso"))
	ctx, cancel := context.WithCancel(f.ctx())
	cancel()
	_, err := f.take().Commit(ctx, store.Commit{Now: day, Facts: []ledger.Fact{enrolled("fabrikam")}})
	f.fails("commit", err, context.Canceled)
	f.fails("append", f.Append(ctx, []ledger.Fact{enrolled("fabrikam")}, nil), context.Canceled)
	_, err = f.Record(ctx, "contoso")
	f.fails("record", err, context.Canceled)
	last := errors.New("no row at all")
	for _, last = range f.Records(ctx) {
	}
	f.fails("records", last, context.Canceled)
	for _, last = range f.History(ctx, "") {
	}
	f.fails("history", last, context.Canceled)
	f.same("the records", []string{"contoso"}, f.ids())
}

// testConcurrent lets people, a planner and an applier use the state at once.
func testConcurrent(f *fixture) {
	const rounds = 20
	lease := f.take()
	var wg sync.WaitGroup
	run := func(what string, step func(i int) error) {
		wg.Go(func() {
			for i := range rounds {
				if err := step(i); err != nil {
					f.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	run("commit", func(i int) error {
		_, err := lease.Commit(f.ctx(), store.Commit{Now: day, Facts: []ledger.Fact{enrolled(fmt.Sprint("t", i))}})
		return err
	})
	for _, who := range []string{"ann", "bob"} {
		run("append", func(int) error {
			return f.Append(f.ctx(), []ledger.Fact{{At: day, Tenant: "t0", Kind: ledger.Held, By: who}}, nil)
		})
	}
	run("read", func(int) error {
		n := 0
		for _, err := range f.Records(f.ctx()) {
			if err != nil {
				return err
			}
			n++
		}
		_, err := f.OpenAttempts(f.ctx())
		return err
	})
	wg.Wait()
	if got := f.sound(); got.Facts != 3*rounds || got.Tenants != rounds {
		f.Errorf("%d facts of %d tenants are left, want %d of %d", got.Facts, got.Tenants, 3*rounds, rounds)
	}
}
