package plans_test

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema/factfile"
)

const twoNotices = `
transition "t" { time_zone = "UTC" }

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

channel "maildir" "post" { path = "outbox" }

batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true
}

phase "Tell" {
  opens = "T-30d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "first"
    body    = "On ${T}."
  }

  communication "second" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "second"
    body    = "On ${T}."
  }
}
`

// noticed is a world in March of one tenant with a mailbox.
func noticed(t *testing.T) *world {
	t.Helper()
	w, diags := newWorld(t, fstest.MapFS{
		"p.transition.hcl": {Data: []byte(twoNotices)},
		"tenants.csv":      {Data: []byte("id,email\nacme,a@example.org\n")},
	})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	w.now = time.Date(2027, 3, 1, 18, 0, 0, 0, time.UTC)
	w.record("acme").Apply(plans.EnrolFact("acme", w.now))
	b := w.cfg.Batches[0]
	w.record("acme").Apply(plans.PlaceFact(w.record("acme"), b, b.T, time.UTC, w.now))
	return w
}

// had records as earlier versions did that a message told a T to an address.
func (w *world) had(item, address string, at, tells time.Time) {
	w.record("acme").Apply(ledger.Fact{
		At: at, Tenant: "acme", Kind: ledger.Imported, Item: item, Epoch: 1, Op: ledger.Send,
		State: ledger.WasDone, Recipient: address, Announced: &tells,
	})
}

func (w *world) sends(t *testing.T, want ...string) {
	t.Helper()
	w.effects = nil // each as "send ADDRESS RECIPIENT"
	w.apply(t, succeed)
	if !slices.Equal(w.effects, want) {
		t.Errorf("sent %q, want %q", w.effects, want)
	}
}

// Of what earlier versions told one mailbox under two spellings, the last word counts:
// it is corrected once, if it is not true, and not at all, if it is.
func TestLastWordToAMailboxCounts(t *testing.T) {
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		first, second time.Duration // after the true T, as they were told
		want          []string
	}{
		"both were wrong":  {-day, day, []string{"send acme/on/rescheduled a@Example.org"}},
		"the last is true": {-day, 0, nil},
		"the last is not":  {0, day, []string{"send acme/on/rescheduled a@Example.org"}},
		"both are true":    {0, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := noticed(t)
			truth := w.record("acme").T
			w.had("Tell/first", "a@example.org", w.now.Add(-2*day), truth.Add(tc.first))
			w.had("Tell/second", "a@Example.org", w.now.Add(-day), truth.Add(tc.second))
			w.sends(t, tc.want...)
			w.sends(t)
		})
	}
}

// A doubt that came after the last word of another spelling is a word of its own.
func TestDoubtOfAnotherSpellingIsCorrected(t *testing.T) {
	day := 24 * time.Hour
	w := noticed(t)
	truth := w.record("acme").T
	w.had("Tell/first", "a@example.org", w.now.Add(-3*day), truth)
	w.had("Tell/second", "a@Example.org", w.now.Add(-2*day), truth)
	older := w.record("acme").LastWord("a@example.org")
	older.Doubts = []ledger.Doubt{{Item: "Tell/first", T: truth.Add(-day), At: w.now.Add(-day)}}
	w.sends(t, "send acme/on/rescheduled a@Example.org")
	w.sends(t)
}

// An earlier version has begun to write to one mailbox under two spellings: whoever has
// had the message under one does not get it under the other.
func TestWhoHadAMessageUnderAnotherSpellingHasIt(t *testing.T) {
	w := noticed(t)
	w.had("Tell/second", "b@example.org", w.now, w.record("acme").T)
	both := []string{"a@Example.org", "a@example.org"}
	for i, end := range []ledger.Kind{ledger.Succeeded, ledger.Failed} {
		f := ledger.Fact{
			At: w.now, Tenant: "acme", Kind: ledger.Began, Item: "Tell/first", Epoch: 1, Op: ledger.Send,
			Recipient: both[i], Recipients: both, No: 1,
		}
		w.record("acme").Apply(f)
		f.Kind = end
		if end == ledger.Failed {
			f.Next = &w.now
		}
		w.record("acme").Apply(f)
	}
	w.sends(t)
	if s := w.record("acme").Item("Tell/first").State; s != ledger.Done {
		t.Errorf("the message is %v, want done", s)
	}
}

// Rows of one mailbox are about one recipient, whom the last of them tells its T.
func TestImportedMailboxIsOneRecipient(t *testing.T) {
	w := noticed(t)
	row := factfile.Row{Tenant: "acme", Item: w.item("Tell/first"), State: factfile.Done, At: w.now, Announced: w.now.AddDate(0, 1, 0), Recipient: "a@Example.org"}
	again := row
	again.Recipient, again.Announced = "a@EXAMPLE.org", w.record("acme").T
	in := plans.Import{Config: w.cfg, Tenant: w.tenants[0], Record: w.record("acme"), Rows: []factfile.Row{row, again}, Said: w.now, By: "ann", Reason: "r"}
	for _, f := range in.Facts().Facts {
		w.record("acme").Apply(f)
	}
	told := w.record("acme").Told
	if len(told) != 1 || told[0].Recipient != row.Recipient || !told[0].T.Equal(again.Announced) {
		t.Errorf("told %+v, want the last word to one recipient", told)
	}
	w.sends(t, "send acme/Tell/second a@Example.org")
}
