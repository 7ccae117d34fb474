package storetest

import (
	"transition/plans/ledger"
	"transition/runner/store"
)

// lost leaves an attempt of a tenant with an unknown outcome, and returns its
// claim.
func (f *fixture) lost(tenant string) store.Claim {
	f.Helper()
	f.facts(enrolled(tenant))
	c := claimOf(tenant, f.rev(tenant))
	id := f.claim(c)
	f.facts(of(c, id, ledger.Began))
	f.facts(of(c, id, ledger.Unknown))
	c.Rev = f.rev(tenant)
	return c
}

// claimable says whether an attempt may be claimed now.
func (f *fixture) claimable(what string, c store.Claim, want bool) {
	f.Helper()
	c.Rev = f.rev(c.Tenant)
	if done := f.commit(store.Commit{Claims: []store.Claim{c}}); done.Claimed[0] != 0 != want {
		f.Errorf("%s: the claim was granted: %t, want %t", what, !want, want)
	}
}

// testRenamedItem: what is unknown waits under its new name, and keeps nothing
// that is called so later from being done.
func testRenamedItem(f *fixture) {
	c := f.lost("contoso")
	renamed := ledger.Fact{At: day, Tenant: "contoso", Kind: ledger.Renamed, Item: c.Item, Into: "Prep/notice"}
	other := renamed
	other.Item = "Lock/mail"
	f.facts(other)
	f.claimable("another item was renamed", c, false)
	f.facts(renamed)
	if it := f.get("contoso").Item("Prep/notice"); it == nil || it.State != ledger.Lost || it.Alias != c.Item {
		f.Errorf("the renamed item is %+v, want it unknown still", it)
	}
	f.claimable("the item was renamed", c, true)
	f.sound()
}

// testGivenUp: what the plan does not have any more does not wait any more.
func testGivenUp(f *fixture) {
	c := f.lost("contoso")
	skipped := ledger.Fact{At: day, Tenant: "contoso", Kind: ledger.Skipped, Item: c.Item, Epoch: 1, Recipients: []string{"b@example.com"}}
	f.facts(skipped)
	f.claimable("a recipient was given up", c, false)
	skipped.Recipients = nil
	f.facts(skipped)
	f.claimable("the item was given up", c, true)
	f.sound()
}

// testRenamedTenant: both ids say so in one transaction, or neither does.
func testRenamedTenant(f *fixture) {
	f.facts(enrolled("contoso"), placed("contoso"))
	was := f.get("contoso")
	d := store.Decided{Tenant: "fabrikam", Other: "contoso", OtherRev: was.Rev, Facts: []ledger.Fact{
		{At: day, Tenant: "fabrikam", Kind: ledger.Renamed, Source: "contoso", Known: ledger.Know(was)},
		{At: day, Tenant: "contoso", Kind: ledger.Renamed, Into: "fabrikam"},
	}}
	if err := f.Append(f.ctx(), []ledger.Fact{{At: day, Tenant: "contoso", Kind: ledger.Held, By: "ann"}}, nil); err != nil {
		f.Fatal(err)
	}
	before := len(f.history(""))
	if done := f.commit(store.Commit{Decided: []store.Decided{d}}); !done.Refused[0] {
		f.Error("a tenant was renamed though a person has spoken of it since")
	}
	f.same("the number of facts", before, len(f.history("")))

	was = f.get("contoso")
	d.OtherRev, d.Facts[0].Known = was.Rev, ledger.Know(was)
	done := f.commit(store.Commit{Decided: []store.Decided{d}})
	if done.Refused[0] {
		f.Fatal("the tenant was not renamed")
	}
	now := f.get("fabrikam")
	f.same("the record with the commit", now, done.Records["fabrikam"])
	f.same("who contoso is", &ledger.Record{ID: "contoso", Rev: was.Rev + 1, Epoch: was.Epoch, Became: "fabrikam"}, f.get("contoso"))
	was.ID, was.Rev = "fabrikam", 1
	f.same("what is known of fabrikam", was, now)
	f.sound()
}
