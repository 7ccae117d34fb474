package ledger_test

import (
	"strings"
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
		"it goes with the batch to its new name": {
			[]ledger.Fact{placed, end(ledger.Failed, 1), {Kind: ledger.Moved, Batch: "first", Renames: true}, end(ledger.Failed, 1)},
			ledger.Tally{Batch: "first", Round: 1, Ended: 2, Errors: 2},
		},
		"what ends after the tenant has left counts where it began": {
			[]ledger.Fact{placed, end(ledger.Failed, 1), {Kind: ledger.Withdrawn, By: "ann"}, end(ledger.Unknown, 1)},
			ledger.Tally{Batch: "one", Round: 1, Ended: 2, Errors: 2},
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

func TestResetBeginsARound(t *testing.T) {
	r := sum(
		ledger.Fact{Kind: ledger.Held, Reason: "3 of 4 attempts ended in Error"},
		ledger.Fact{Kind: ledger.Reset, By: "ann", Reason: "looked at", Round: 4}, // three were under another name
	)
	if r.Resets != 3 || r.Hold != nil {
		t.Errorf("%d resets, hold %+v", r.Resets, r.Hold)
	}
	r.Apply(ledger.Fact{Kind: ledger.Reset})
	if r.Resets != 4 {
		t.Errorf("%d resets, want 4", r.Resets)
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

// People answer late for messages of unknown outcome, and in any order: the last
// word is that of the last message that has arrived.
func TestLastWord(t *testing.T) {
	announced := march.AddDate(0, 1, 0)
	send := func(kind ledger.Kind, item string) ledger.Fact {
		f := ledger.Fact{Kind: kind, Item: item, Op: ledger.Send, Recipient: "ann@acme.example", Attempt: 1, No: 1}
		if strings.HasPrefix(item, "on/") {
			f.CalledOff = kind == ledger.Began
		} else {
			f.Announced = &announced
		}
		return f
	}
	began := func(item string, end ledger.Kind) []ledger.Fact {
		return []ledger.Fact{send(ledger.Began, item), send(end, item)}
	}
	answer := func(item string, a ledger.Answer) ledger.Fact {
		return ledger.Fact{Kind: ledger.Resolved, Item: item, Answer: a, Announced: &announced, By: "ann"}
	}
	tests := map[string]struct {
		facts []ledger.Fact
		off   bool // it may believe in nothing but that it is off
		on    bool // it may believe in nothing but the date
	}{
		"an old message does not outlast a later one": {
			append(append(began("Tell/first", ledger.Unknown), began("on/withdrawn", ledger.Succeeded)...), answer("Tell/first", ledger.AnswerDone)),
			true, false,
		},
		"of two doubts, denying one leaves the other": {
			append(append(append(began("Tell/first", ledger.Succeeded), began("on/withdrawn", ledger.Unknown)...), began("Tell/again", ledger.Unknown)...),
				answer("Tell/again", ledger.AnswerRetry)),
			false, false,
		},
		"the other one has arrived": {
			append(append(append(began("Tell/first", ledger.Succeeded), began("on/withdrawn", ledger.Unknown)...), began("Tell/again", ledger.Unknown)...),
				answer("Tell/again", ledger.AnswerRetry), answer("on/withdrawn", ledger.AnswerDone)),
			true, false,
		},
		"both are denied": {
			append(append(append(began("Tell/first", ledger.Succeeded), began("on/withdrawn", ledger.Unknown)...), began("Tell/again", ledger.Unknown)...),
				answer("Tell/again", ledger.AnswerRetry), answer("on/withdrawn", ledger.AnswerRetry)),
			false, true,
		},
		"the first of two was never sent": {
			append(append(began("Tell/first", ledger.Unknown), began("on/withdrawn", ledger.Unknown)...), answer("Tell/first", ledger.AnswerRetry)),
			true, false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			told := sum(test.facts...).LastWord("ann@acme.example")
			if told == nil {
				t.Fatal("nobody knows of a word")
			}
			if told.Holds(time.Time{}) == test.off || told.Holds(announced) == test.on {
				t.Errorf("last word %+v", told)
			}
		})
	}
}

func TestPolledWorkGoesOn(t *testing.T) {
	next := march.Add(6 * time.Hour)
	r := sum(
		ledger.Fact{Kind: ledger.Placed, Epoch: 1, Batch: "one"},
		ledger.Fact{Kind: ledger.Began, Epoch: 1, Item: "P/work", Op: ledger.Run, Attempt: 7, No: 1},
		ledger.Fact{Kind: ledger.Polled, Epoch: 1, Item: "P/work", Op: ledger.Run, Attempt: 7, Next: &next},
		ledger.Fact{Kind: ledger.Polled, Epoch: 1, Item: "P/work", Op: ledger.Run, Attempt: 7, Next: &next, Reason: "63 %"},
		ledger.Fact{Kind: ledger.Rescheduled, Epoch: 2, Batch: "one"},
	)
	want := ledger.Try{
		State: ledger.Polling, Attempts: 1, First: march.Add(time.Hour), At: march.Add(2 * time.Hour), Next: next, Attempt: 7, Reason: "63 %",
	}
	if got := r.Item("P/work").Try; got != want {
		t.Errorf("try %+v, want %+v", got, want)
	}
}

func TestProbed(t *testing.T) {
	next := march.Add(6 * time.Hour)
	tests := map[string]struct {
		op     ledger.Op
		answer ledger.Answer
		next   *time.Time
		want   ledger.State
		at     time.Time // since when it is so
		held   bool      // of a lock
	}{
		"done":                  {ledger.Run, ledger.AnswerDone, nil, ledger.Done, march.Add(2 * time.Hour), false},
		"not done, again later": {ledger.Run, ledger.AnswerNotDone, &next, ledger.Retrying, march.Add(2 * time.Hour), false},
		"not done, for good":    {ledger.Run, ledger.AnswerNotDone, nil, ledger.Error, march.Add(2 * time.Hour), false},
		"no answer":             {ledger.Run, "", &next, ledger.Lost, march.Add(time.Hour), false},
		"a lock that is taken":  {ledger.Acquire, ledger.AnswerDone, nil, ledger.Done, march.Add(2 * time.Hour), true},
		"a lock that is not":    {ledger.Acquire, ledger.AnswerNotDone, nil, ledger.Error, march.Add(2 * time.Hour), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := ledger.Fact{Item: "P/item", Op: test.op, Attempt: 1, No: 1}
			began, unknown, probed := f, f, f
			began.Kind, unknown.Kind, probed.Kind = ledger.Began, ledger.Unknown, ledger.Probed
			probed.Answer, probed.Next, probed.Reason = test.answer, test.next, "as it says"
			it := sum(began, unknown, probed).Item("P/item")
			if it.State != test.want || !it.At.Equal(test.at) || it.Obligation != test.held || it.Reason != "as it says" {
				t.Errorf("item %+v", it)
			}
			if want := test.next; want != nil && !it.Next.Equal(*want) || want == nil && !it.Next.IsZero() {
				t.Errorf("next %v, want %v", it.Next, want)
			}
		})
	}
}

func TestProbedReleaseEndsTheObligation(t *testing.T) {
	acquire := ledger.Fact{Item: "P/lock", Op: ledger.Acquire, Attempt: 1, No: 1}
	release := ledger.Fact{Item: "P/lock", Op: ledger.Release, Attempt: 2, No: 1}
	as := func(f ledger.Fact, k ledger.Kind) ledger.Fact {
		f.Kind = k
		return f
	}
	probed := as(release, ledger.Probed)
	probed.Answer = ledger.AnswerDone
	r := sum(as(acquire, ledger.Began), as(acquire, ledger.Succeeded), as(release, ledger.Began), as(release, ledger.Unknown), probed)
	if it := r.Item("P/lock"); it.Obligation || it.Release.State != ledger.Done {
		t.Errorf("lock %+v", it)
	}
}
