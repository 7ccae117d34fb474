package ledger_test

import (
	"testing"
	"time"

	"transition/plans/ledger"
)

var march = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

func sum(facts ...ledger.Fact) *ledger.Record {
	r := &ledger.Record{ID: "acme"}
	for i, f := range facts {
		f.Tenant = r.ID
		if f.At.IsZero() {
			f.At = march.Add(time.Duration(i) * time.Hour)
		}
		r.Apply(f)
	}
	return r
}

func TestTallyCountsWhatHasEnded(t *testing.T) {
	next := march.Add(time.Hour)
	placed := ledger.Fact{Kind: ledger.Placed, Batch: "one"}
	end := func(kind ledger.Kind, round int) ledger.Fact {
		return ledger.Fact{Kind: kind, Item: "P/work", Op: ledger.Run, Attempt: 1, Round: round}
	}
	again := end(ledger.Failed, 1)
	again.Next = &next
	tests := map[string]struct {
		facts []ledger.Fact
		want  ledger.Tally
	}{
		"nothing is counted without a breaker": {[]ledger.Fact{placed, end(ledger.Failed, 0)}, ledger.Tally{}},
		"what is tried again has not ended":    {[]ledger.Fact{placed, again}, ledger.Tally{}},
		"failed and unknown are errors": {
			[]ledger.Fact{placed, end(ledger.Failed, 1), end(ledger.Unknown, 1), end(ledger.Succeeded, 1)},
			ledger.Tally{Batch: "one", Round: 1, Ended: 3, Errors: 2},
		},
		"a new round begins at nothing": {
			[]ledger.Fact{placed, end(ledger.Failed, 1), end(ledger.Succeeded, 2)},
			ledger.Tally{Batch: "one", Round: 2, Ended: 1},
		},
		"it stays with the batch for which it counts": {
			[]ledger.Fact{placed, end(ledger.Failed, 1), {Kind: ledger.Placed, Batch: "two"}},
			ledger.Tally{Batch: "one", Round: 1, Ended: 1, Errors: 1},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := sum(test.facts...).Tally; got != test.want {
				t.Errorf("tally %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestRenamedItemKeepsWhatIsKnownOfIt(t *testing.T) {
	announced := march.AddDate(0, 1, 0)
	r := sum(
		ledger.Fact{Kind: ledger.Began, Item: "Tell/first", Op: ledger.Send, Recipient: "ann@acme.example", Attempt: 1, No: 1, Notice: true, Announced: &announced},
		ledger.Fact{Kind: ledger.Succeeded, Item: "Tell/first", Op: ledger.Send, Recipient: "ann@acme.example", Attempt: 1},
		ledger.Fact{Kind: ledger.Collapsed, Item: "Tell/late", Into: "Tell/first"},
		ledger.Fact{Kind: ledger.Renamed, Item: "Tell/first", Into: "Announce/first"},
	)
	it := r.Item("Announce/first")
	if it == nil || r.Item("Tell/first") != nil {
		t.Fatalf("items %+v", r.Items)
	}
	if it.State != ledger.Done || it.Alias != "Tell/first" || it.Noticed.IsZero() {
		t.Errorf("renamed item %+v", it)
	}
	if late := r.Item("Tell/late"); late.Into != "Announce/first" {
		t.Errorf("the late message went out with %q", late.Into)
	}
	if told := r.LastWord("ann@acme.example"); told == nil || told.Item != "Announce/first" {
		t.Errorf("last word %+v", told)
	}
}

func TestImportedLockIsHeld(t *testing.T) {
	r := sum(ledger.Fact{Kind: ledger.Imported, Item: "Lock/admin", Op: ledger.Acquire, State: ledger.WasLocked, Source: "facts.csv:2"})
	if it := r.Item("Lock/admin"); it.State != ledger.Done || !it.Obligation || !it.First.Equal(march) {
		t.Errorf("imported lock %+v", it)
	}
}

func TestImportedNoticeIsALastWord(t *testing.T) {
	announced := march.AddDate(0, 1, 0)
	r := sum(ledger.Fact{
		Kind: ledger.Imported, Item: "Tell/first", Op: ledger.Send, State: ledger.WasDone,
		Recipient: "ann@acme.example", Notice: true, Announced: &announced,
	})
	if it := r.Item("Tell/first"); it.State != ledger.Done || !it.Noticed.Equal(march) {
		t.Errorf("imported notice %+v", it)
	}
	if told := r.LastWord("ann@acme.example"); told == nil || told.Holds(announced) {
		t.Errorf("last word %+v", told)
	}
}

func TestReplacedItemIsAnotherEffect(t *testing.T) {
	r := sum(
		ledger.Fact{Kind: ledger.Began, Item: "P/work", Op: ledger.Run, Attempt: 1, No: 1},
		ledger.Fact{Kind: ledger.Succeeded, Item: "P/work", Op: ledger.Run, Attempt: 1},
		ledger.Fact{Kind: ledger.Replaced, Item: "P/work", By: "ann"},
	)
	if it := r.Item("P/work"); it.State != ledger.None || !it.Again || it.Generation != 1 || it.Attempt != 1 {
		t.Errorf("replaced item %+v", it)
	}
}
