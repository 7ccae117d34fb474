package ledger_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
)

func began(item string) ledger.Fact {
	return ledger.Fact{Kind: ledger.Began, Item: item, Op: ledger.Run, Attempt: 1, No: 1}
}

func TestKeysStayWhenNamesChange(t *testing.T) {
	key := func(r *ledger.Record, item string) string { return r.Idempotency("lineage", item, ledger.Run, "") }
	r := sum(began("Copy/copy"))
	first := key(r, "Copy/copy")
	if want := ledger.Key("lineage", "acme", "Copy/copy", ledger.Run, "", 0, 0); first != want {
		t.Errorf("key %s before anything was renamed, want %s", first, want)
	}
	r.Apply(ledger.Fact{Kind: ledger.Renamed, Item: "Copy/copy", Into: "Prep/copy"})
	r.Apply(ledger.Fact{Kind: ledger.Renamed, Item: "Prep/copy", Into: "Prep/content"})
	if got := key(r, "Prep/content"); got != first {
		t.Errorf("key %s after two renames, want %s", got, first)
	}
	// What is called so later is another item, and its effects are others too.
	second := key(r, "Copy/copy")
	if second == first {
		t.Error("a new item has the keys of the one that was called so before")
	}
	r.Apply(began("Copy/copy"))
	r.Apply(ledger.Fact{Kind: ledger.Renamed, Item: "Copy/copy", Into: "Copy/again"})
	if got := key(r, "Copy/again"); got != second {
		t.Errorf("key %s of the renamed second item, want %s", got, second)
	}
	if third := key(r, "Copy/copy"); third == first || third == second {
		t.Error("a third item has the keys of another one")
	}
}

func TestEventKeepsItsKeyInTheNextEpoch(t *testing.T) {
	news := ledger.Fact{Kind: ledger.Began, Item: "on/news", Op: ledger.Send, Recipient: "ann@acme.example", Attempt: 1, No: 1, Epoch: 1}
	r := sum(news, ledger.Fact{Kind: ledger.Renamed, Item: "on/news", Into: "on/changed"})
	news.Item, news.Epoch, r.Epoch = "on/changed", 2, 2
	r.Apply(news)
	if want := ledger.Key("lineage", "acme", "on/news", ledger.Send, "x", 2, 0); r.Idempotency("lineage", "on/changed", ledger.Send, "x") != want {
		t.Error("the key has changed with the name")
	}
}

func TestEventThatRecursHasAnotherKey(t *testing.T) {
	news := ledger.Fact{Kind: ledger.Began, Item: "on/news", Op: ledger.Send, Recipient: "ann@acme.example", Recipients: []string{"ann@acme.example"}, Attempt: 1, No: 1, Epoch: 1}
	r := sum()
	r.Epoch = 1
	key := func() string { return r.Idempotency("lineage", "on/news", ledger.Send, "ann@acme.example") }
	first := key()
	r.Apply(news)
	if key() != first {
		t.Error("the key changes when the attempt begins")
	}
	news.Kind = ledger.Succeeded
	r.Apply(news)
	second := key()
	if second == first {
		t.Error("the next message has the key of the first")
	}
	news.Kind, news.Attempt = ledger.Began, 2
	r.Apply(news)
	if key() != second {
		t.Error("the key changes when the second attempt begins")
	}
}

// TestTenantKeepsAllThatIsKnown fills every field there is, so that one which is
// added to Record later comes along too.
func TestTenantKeepsAllThatIsKnown(t *testing.T) {
	var want ledger.Record
	fill(reflect.ValueOf(&want).Elem())
	got := ledger.Record{ID: "contoso", Rev: 4}
	got.Apply(ledger.Fact{Kind: ledger.Renamed, Source: "acme", Known: ledger.Know(&want)})
	want.ID, want.Rev = "contoso", 5
	want.Left.Before, want.Back.Before = nil, nil // a rename has come of them
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is known under the new id differs (-want +got):\n%s", diff)
	}
}

func TestTenantThatHasAnotherIDIsNobody(t *testing.T) {
	r := sum(ledger.Fact{Kind: ledger.Enrolled}, ledger.Fact{Kind: ledger.Placed, Batch: "one", Epoch: 3}, began("Copy/copy"),
		ledger.Fact{Kind: ledger.Renamed, Into: "contoso"})
	if want := (ledger.Record{ID: "acme", Rev: 4, Epoch: 3, Became: "contoso"}); !cmp.Equal(want, *r) {
		t.Errorf("record %+v, want %+v", *r, want)
	}
	r.Apply(ledger.Fact{Kind: ledger.Enrolled, At: march})
	if r.Became != "" {
		t.Error("somebody new is still what the id was before")
	}
}

// An id that was somebody else's before never uses its epochs again: keys would
// be the same.
func TestEpochsOfAnIDAreUsedOnce(t *testing.T) {
	was := sum(ledger.Fact{Kind: ledger.Placed, Batch: "one", Epoch: 2}, ledger.Fact{Kind: ledger.Skipped, Item: "Copy/copy", Epoch: 1})
	r := ledger.Record{ID: "contoso", Epoch: 5, Became: "fabrikam"}
	r.Apply(ledger.Fact{Kind: ledger.Renamed, Source: "acme", Known: ledger.Know(was)})
	if it := r.Item("Copy/copy"); r.Epoch != 7 || it.Epoch != 6 || r.Became != "" {
		t.Errorf("epoch %d, that of the item %d, became %q; want 7, 6 and nothing", r.Epoch, it.Epoch, r.Became)
	}
}

func TestWhoLeavesForGoodKeepsWhatWasDone(t *testing.T) {
	r := sum(ledger.Fact{Kind: ledger.Placed, Batch: "one", Epoch: 1}, ledger.Fact{Kind: ledger.Skipped, Item: "Copy/copy"},
		ledger.Fact{Kind: ledger.Withdrawn, Epoch: 2, Stays: true})
	if it := r.Item("Copy/copy"); it.State != ledger.Omitted || r.Left == nil || !r.Left.Stays || r.Batch != "" {
		t.Errorf("record %+v, item %+v", r, it)
	}
}

func TestSkippedGivesUpUndoing(t *testing.T) {
	r := sum(began("Copy/copy"), ledger.Fact{Kind: ledger.Failed, Item: "Copy/copy", Op: ledger.Undo, Attempt: 2},
		ledger.Fact{Kind: ledger.Skipped, Item: "Copy/copy", Reason: "removed from the plan"})
	if it := r.Item("Copy/copy"); it.State != ledger.Omitted || it.Release != nil || it.At != march.Add(2*time.Hour) {
		t.Errorf("item %+v", it)
	}
}
