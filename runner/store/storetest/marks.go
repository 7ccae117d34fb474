package storetest

import (
	"transition/plans/ledger"
	"transition/runner/store"
)

func (f *fixture) mark() store.Mark {
	f.Helper()
	m, err := f.Mark(f.ctx())
	if err != nil {
		f.Fatalf("marking: %v", err)
	}
	return m
}

// follows expects whether the history goes on from a mark.
func (f *fixture) follows(what string, m store.Mark, want bool) {
	f.Helper()
	if got, err := f.Follows(f.ctx(), m); err != nil || got != want {
		f.Errorf("%s: Follows = %t, %v", what, got, err)
	}
}

func testMarks(f *fixture) {
	none := f.mark()
	f.follows("a new state", none, true)
	f.facts(enrolled("contoso"))
	first := f.mark()
	f.claim(claimOf("contoso", 1))
	claimed := f.mark()
	f.facts(enrolled("fabrikam"))
	for _, m := range []store.Mark{none, first, claimed, f.mark()} {
		f.follows("later", m, true)
	}

	other := newFixture(f.T, f.new)
	other.follows("an empty state", first, false)
	other.facts(enrolled("fabrikam"))
	other.facts(enrolled("adatum"))
	other.facts(enrolled("contoso"))
	other.follows("another history of the same lineage", first, false)
	other.follows("what they share", none, true)
}

// An older copy of a state lacks what only the state has, also once it has gone
// on by itself.
func testOlderCopy(f *fixture, reopen Reopen) {
	f.facts(enrolled("contoso"))
	shared := f.mark()
	old := &fixture{T: f.T, Store: reopen(f.T, f.Store), new: f.new, now: f.now}
	f.claim(claimOf("contoso", 1))
	claimed := f.mark()
	f.facts(enrolled("fabrikam"))
	ahead := f.mark()
	old.follows("what they share", shared, true)
	old.follows("a claim that it lacks", claimed, false)
	old.follows("a fact that it lacks", ahead, false)
	for range 3 {
		old.facts(ledger.Fact{At: day, Tenant: "contoso", Kind: ledger.Held})
	}
	old.follows("a fact that it lacks, when it has others", ahead, false)
}
