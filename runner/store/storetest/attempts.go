package storetest

import (
	"errors"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

func testAttemptLife(f *fixture) {
	f.facts(enrolled("contoso"), placed("contoso"))
	c := claimOf("contoso", 2)
	id := f.claim(c)
	want := store.Attempt{ID: id, Tenant: c.Tenant, Item: c.Item, Op: c.Op, Recipient: c.Recipient, Epoch: c.Epoch,
		No: c.No, Key: c.Key, Lease: f.take().Holder().Epoch, ClaimedAt: f.now}
	f.same("a claimed attempt", []store.Attempt{want}, f.open())
	f.same("the revision after a claim", int64(2), f.rev("contoso"))

	began := of(c, id, ledger.Began)
	f.facts(began)
	want.BegunAt = began.At
	f.same("a begun attempt", []store.Attempt{want}, f.open())

	next := day.Add(time.Hour)
	failed := of(c, id, ledger.Failed)
	failed.Next = &next
	f.facts(failed)
	f.same("open attempts after a failure", []store.Attempt(nil), f.open())

	c.No, c.Rev = 2, f.rev("contoso")
	again := f.claim(c)
	if again <= id {
		f.Errorf("the second attempt has id %d, the first had %d", again, id)
	}
	f.facts(of(c, again, ledger.Began), of(c, again, ledger.Succeeded))
	f.same("open attempts after a success", []store.Attempt(nil), f.open())
	if it := f.get("contoso").Item(notice); it == nil || it.State != ledger.Done {
		f.Errorf("the item is %+v, want it done", it)
	}
	for id, want := range map[int64]store.Attempt{id: want, again + 1: {}, 0: {}, -1: {}} {
		got, ok, err := f.Attempt(f.ctx(), id)
		if err != nil || ok != (want.ID != 0) {
			f.Errorf("attempt %d: %v, %v", id, ok, err)
		}
		f.same("an attempt", want, got)
	}
	if got := f.sound(); got.Attempts != 2 {
		f.Errorf("verify counts %d attempts, want 2", got.Attempts)
	}
}

func testClaimsRefused(f *fixture) {
	f.facts(enrolled("contoso"), placed("contoso"), enrolled("fabrikam"))
	c := claimOf("contoso", 2)
	refused := func(what string, c store.Claim) {
		f.Helper()
		done := f.commit(store.Commit{Claims: []store.Claim{c}})
		if done.Claimed[0] != 0 {
			f.Errorf("%s: the claim was granted", what)
		}
		want := f.get(c.Tenant)
		if want == nil {
			want = &ledger.Record{ID: c.Tenant}
		}
		f.same(what+": the record with the refusal", map[string]*ledger.Record{c.Tenant: want}, done.Records)
	}
	refused("record moved on", claimOf("contoso", 1))
	refused("record of the future", claimOf("contoso", 3))
	refused("unknown tenant", claimOf("nobody", 1))

	done := f.commit(store.Commit{Claims: []store.Claim{c, c, claimOf("fabrikam", 1)}})
	if done.Claimed[0] == 0 || done.Claimed[1] != 0 || done.Claimed[2] == 0 {
		f.Errorf("two equal claims and one other gave %v", done.Claimed)
	}
	refused("claimed", c)
	f.facts(of(c, done.Claimed[0], ledger.Began))
	c.Rev = f.rev("contoso")
	refused("begun", c)
	f.facts(of(c, done.Claimed[0], ledger.Unknown))
	c.Rev = f.rev("contoso")
	refused("unknown", c)
	f.same("the number of open attempts", 1, len(f.open()))
}

// testClaimBesideFacts: facts of one commit do not put its claims out of date,
// and an attempt may follow the one that ends in the same commit.
func testClaimBesideFacts(f *fixture) {
	first := f.commit(store.Commit{
		Facts:  []ledger.Fact{enrolled("contoso"), placed("contoso")},
		Claims: []store.Claim{claimOf("contoso", 2)},
	}).Claimed[0]
	if first == 0 {
		f.Fatal("a claim on the facts of its own commit was refused")
	}
	c := claimOf("contoso", 3)
	f.facts(of(c, first, ledger.Began))
	second := f.commit(store.Commit{
		Facts:  []ledger.Fact{of(c, first, ledger.Failed)},
		Claims: []store.Claim{c},
	}).Claimed[0]
	if second <= first {
		f.Errorf("after attempt %d had failed, the claim beside it gave %d", first, second)
	}
	if err := f.Append(f.ctx(), []ledger.Fact{{At: day, Tenant: "contoso", Kind: ledger.Held}}, nil); err != nil {
		f.Fatal(err)
	}
	other := claimOf("contoso", 4)
	other.Item = "Lock/mail"
	done := f.commit(store.Commit{Facts: []ledger.Fact{placed("contoso")}, Claims: []store.Claim{other}})
	if done.Claimed[0] != 0 {
		f.Error("a claim was granted though a person has put a hold on the tenant since")
	}
}

func testRecipients(f *fixture) {
	f.facts(enrolled("contoso"))
	a, b := claimOf("contoso", 1), claimOf("contoso", 1)
	b.Recipient = "b@example.com"
	done := f.commit(store.Commit{Claims: []store.Claim{a, b}})
	if done.Claimed[0] == 0 || done.Claimed[1] == 0 {
		f.Fatalf("two recipients of one item gave %v", done.Claimed)
	}
	if _, err := f.try(store.Commit{Facts: []ledger.Fact{of(a, done.Claimed[1], ledger.Began)}}); err == nil {
		f.Error("the attempt for one recipient was begun for another one")
	}
	f.facts(of(b, done.Claimed[1], ledger.Began), of(b, done.Claimed[1], ledger.Succeeded))
	if open := f.open(); len(open) != 1 || open[0].Recipient != a.Recipient {
		f.Errorf("open attempts: %+v, want the one for %s", open, a.Recipient)
	}
}

func testUnknownResolved(f *fixture) {
	f.facts(enrolled("contoso"))
	c := claimOf("contoso", 1)
	id := f.claim(c)
	f.facts(of(c, id, ledger.Began))
	f.facts(of(c, id, ledger.Unknown))
	f.same("attempts without an outcome", []store.Attempt(nil), f.open())
	other := resolved(c, ledger.AnswerRetry)
	other.Item = "Lock/mail"
	if err := f.Append(f.ctx(), []ledger.Fact{other}, nil); err != nil {
		f.Fatal(err)
	}
	c.Rev = f.rev("contoso")
	if done := f.commit(store.Commit{Claims: []store.Claim{c}}); done.Claimed[0] != 0 {
		f.Fatal("the answer about another item has closed the unknown attempt")
	}
	if err := f.Append(f.ctx(), []ledger.Fact{resolved(c, ledger.AnswerRetry)}, nil); err != nil {
		f.Fatal(err)
	}
	c.Rev = f.rev("contoso")
	f.claim(c)
	f.sound()
}

// testProbed: the answer of a probe closes an unknown attempt as a person's does,
// and no answer does not.
func testProbed(f *fixture) {
	f.facts(enrolled("contoso"))
	c := claimOf("contoso", 1)
	id := f.claim(c)
	f.facts(of(c, id, ledger.Began), of(c, id, ledger.Unknown))
	next := day.Add(time.Hour)
	silent := of(c, id, ledger.Probed)
	silent.Next = &next
	f.facts(silent)
	c.Rev = f.rev("contoso")
	if done := f.commit(store.Commit{Claims: []store.Claim{c}}); done.Claimed[0] != 0 {
		f.Fatal("a probe without an answer has closed the unknown attempt")
	}
	not := silent
	not.Answer = ledger.AnswerNotDone
	f.facts(not)
	c.Rev = f.rev("contoso")
	f.claim(c)
	f.sound()
}

// testPolled: work that goes on by itself keeps its attempt open until it has
// ended.
func testPolled(f *fixture) {
	f.facts(enrolled("contoso"))
	c := claimOf("contoso", 1)
	id := f.claim(c)
	next := day.Add(time.Hour)
	polled := of(c, id, ledger.Polled)
	polled.Next = &next
	f.facts(of(c, id, ledger.Began), polled, polled)
	f.same("the number of open attempts", 1, len(f.open()))
	c.Rev = f.rev("contoso")
	if done := f.commit(store.Commit{Claims: []store.Claim{c}}); done.Claimed[0] != 0 {
		f.Fatal("a second attempt was granted while the first one goes on")
	}
	f.facts(of(c, id, ledger.Succeeded))
	f.same("open attempts", []store.Attempt(nil), f.open())
	f.sound()
}

func testDropped(f *fixture) {
	f.facts(enrolled("contoso"))
	c := claimOf("contoso", 1)
	first := f.claim(c)
	done := f.commit(store.Commit{Dropped: []int64{first}, Claims: []store.Claim{c}})
	second := done.Claimed[0]
	if second <= first {
		f.Fatalf("after attempt %d was dropped, the claim beside it gave %d", first, second)
	}
	for name, id := range map[string]int64{"dropped": first, "unheard of": 99} {
		if _, err := f.try(store.Commit{Dropped: []int64{id}}); err == nil {
			f.Errorf("an attempt that is %s was dropped", name)
		}
	}
	if _, err := f.try(store.Commit{Facts: []ledger.Fact{of(c, first, ledger.Began)}}); err == nil {
		f.Error("a dropped attempt was begun")
	}
	f.facts(of(c, second, ledger.Began))
	if _, err := f.try(store.Commit{Dropped: []int64{second}}); err == nil {
		f.Error("an attempt that has begun was dropped")
	}
	f.sound()
}

func testWrittenOnce(f *fixture) {
	f.facts(enrolled("contoso"), enrolled("fabrikam"))
	c := claimOf("contoso", 1)
	id := f.claim(c)
	refused := func(what string, facts ...ledger.Fact) {
		f.Helper()
		if _, err := f.try(store.Commit{Facts: facts}); err == nil {
			f.Errorf("%s: no error", what)
		}
	}
	refused("a success that has not begun", of(c, id, ledger.Succeeded))
	refused("an unknown end of what has not begun", of(c, id, ledger.Unknown))
	refused("another tenant's attempt", of(claimOf("fabrikam", 1), id, ledger.Began))
	other := c
	other.Item = "Lock/mail"
	refused("another item's attempt", of(other, id, ledger.Began))
	other = c
	other.Op = ledger.Run
	refused("another operation's attempt", of(other, id, ledger.Began))

	f.facts(of(c, id, ledger.Began))
	refused("a second beginning", of(c, id, ledger.Began))
	f.facts(of(c, id, ledger.Succeeded))
	for _, kind := range []ledger.Kind{ledger.Began, ledger.Succeeded, ledger.Failed, ledger.Unknown} {
		refused(string(kind)+" after the end", of(c, id, kind))
	}
	f.same("the number of facts", 4, len(f.history("")))

	// What could not even begin has failed.
	c = claimOf("fabrikam", 1)
	f.facts(of(c, f.claim(c), ledger.Failed))
	f.sound()
}

func testOneLease(f *fixture) {
	if h, held, err := f.Holder(f.ctx()); err != nil || held {
		f.Fatalf("before anybody applies: Holder = %+v, %t, %v", h, held, err)
	}
	first := f.take()
	want := ann()
	want.Epoch = first.Holder().Epoch
	f.same("the holder of the lease", want, first.Holder())
	h, held, err := f.Holder(f.ctx())
	if err != nil || !held {
		f.Fatalf("while one applies: Holder = %t, %v", held, err)
	}
	f.same("who applies", want, h)

	_, err = f.Lease(f.ctx(), store.Holder{User: "bob"})
	var heldBy *store.HeldError
	if !errors.As(err, &heldBy) {
		f.Fatalf("a second lease: %v, want a *HeldError", err)
	}
	f.same("who has it", want, heldBy.Holder)

	for range 2 {
		if err := first.Release(); err != nil {
			f.Fatal(err)
		}
	}
	if _, held, err := f.Holder(f.ctx()); err != nil || held {
		f.Errorf("after the release: Holder = %t, %v", held, err)
	}
	f.lease = nil
	if now := f.take().Holder().Epoch; now <= want.Epoch {
		f.Errorf("the next lease has epoch %d, the one before had %d", now, want.Epoch)
	}
}

func testFenced(f *fixture) {
	old := f.take()
	f.facts(enrolled("contoso"))
	if err := old.Release(); err != nil {
		f.Fatal(err)
	}
	commit := store.Commit{Now: day, Facts: []ledger.Fact{enrolled("fabrikam")}}
	_, err := old.Commit(f.ctx(), commit)
	f.fails("a commit after the release", err, store.ErrFenced)
	f.lease = nil
	f.take()
	_, err = old.Commit(f.ctx(), commit)
	f.fails("a commit under somebody else's lease", err, store.ErrFenced)
	if err := old.Release(); err != nil {
		f.Fatal(err)
	}
	if _, held, err := f.Holder(f.ctx()); err != nil || !held {
		f.Errorf("the second release of the old lease has ended the new one: Holder = %t, %v", held, err)
	}
	f.same("the records", []string{"contoso"}, f.ids())
}

// testNextLease: whoever comes after a crash ends what he finds, and begins
// nothing that was claimed before him.
func testNextLease(f *fixture) {
	f.facts(enrolled("contoso"), enrolled("fabrikam"))
	c, d := claimOf("contoso", 1), claimOf("fabrikam", 1)
	begun, claimed := f.claim(c), f.claim(d)
	f.facts(of(c, begun, ledger.Began))
	if err := f.take().Release(); err != nil {
		f.Fatal(err)
	}
	f.lease = nil
	if _, err := f.try(store.Commit{Facts: []ledger.Fact{of(d, claimed, ledger.Began)}}); err == nil {
		f.Error("an attempt that was claimed under the lease before was begun")
	}
	f.commit(store.Commit{Facts: []ledger.Fact{of(c, begun, ledger.Unknown)}, Dropped: []int64{claimed}})
	f.same("open attempts", []store.Attempt(nil), f.open())
	f.claim(d)
	f.sound()
}
