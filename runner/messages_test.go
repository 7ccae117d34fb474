package runner_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/schema/addr"
)

const letters = head + one + `
retry "r" {
  initial_interval = "10m"
  jitter           = 0
}

phase "Tell" {
  opens    = "T-7d"
  closes   = "T-1d"
  must_end = "T-1d"
  gate     = "hard"

  communication "first" {
    channel = channel.maildir.post
    to      = split(" ", tenant.email)
    subject = "s"
    body    = "b"
    retry   = retry.r
  }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

// post is a world of messages: how often each recipient was written to, under
// which keys, and what becomes of a message; by default it arrives.
type post struct {
	fate map[string]action.Outcome // by recipient
	keys map[string][]string       // by recipient
}

func (b *bench) post() *post {
	p := &post{fate: make(map[string]action.Outcome), keys: make(map[string][]string)}
	b.fake.do = func(r action.Request) action.Outcome {
		b.fake.mu.Lock()
		defer b.fake.mu.Unlock()
		p.keys[r.Mail.To] = append(p.keys[r.Mail.To], r.Key)
		if o, ok := p.fate[r.Mail.To]; ok {
			return o
		}
		return succeeded
	}
	return p
}

// taken are the recipients since it was last asked.
func (p *post) taken() string {
	got := strings.Join(slices.Sorted(maps.Keys(p.keys)), " ")
	clear(p.keys)
	return got
}

func (p *post) want(t *testing.T, recipients string) {
	t.Helper()
	if got := p.taken(); got != recipients {
		t.Errorf("written to %q, want %q", got, recipients)
	}
}

func TestBouncedMessageIsWrittenAnew(t *testing.T) {
	b := newBench(t, letters, "acme,a@x.example b@x.example")
	p := b.post()
	b.must("2027-03-13 18:00")
	first := maps.Clone(p.keys)
	p.want(t, "a@x.example b@x.example")
	b.resolve(ledger.AnswerBounced, "acme/Tell/first")
	b.must("2027-03-13 18:30")
	p.want(t, "") // what to do about it is for a person to say
	b.resolve(ledger.AnswerRetry, "acme/Tell/first")
	b.must("2027-03-13 19:00")
	for to, keys := range p.keys {
		if keys[0] == first[to][0] {
			t.Errorf("the message to %s has the key of the one that bounced: it would be taken for the same", to)
		}
	}
	p.want(t, "a@x.example b@x.example")
}

func TestOnlyWhoHasNotHadAMessageGetsItAgain(t *testing.T) {
	b := newBench(t, letters, "acme,a@x.example b@x.example c@x.example")
	p := b.post()
	p.fate["b@x.example"] = retryable
	b.must("2027-03-13 18:00")
	p.want(t, "a@x.example b@x.example c@x.example")
	b.must("2027-03-13 18:10")
	p.want(t, "b@x.example")
	delete(p.fate, "b@x.example")
	b.must("2027-03-14 18:00")
	p.want(t, "b@x.example")
	b.wantState("acme/Tell/first", ledger.Done)
}

func TestMissedMessageIsSaidOnceAndNotToWhomHasIt(t *testing.T) {
	b := newBench(t, letters, "acme,a@x.example b@x.example c@x.example")
	p := b.post()
	p.fate["a@x.example"], p.fate["b@x.example"] = retryable, retryable
	b.must("2027-03-19 17:45")
	p.taken()
	clear(p.fate)
	res := b.must("2027-03-19 18:10")
	if res.Done[plans.Missed] != 1 || len(res.Plan.Changes) != 1 {
		t.Errorf("changes %v, done %v: want one missed message", res.Plan.Changes, res.Done)
	}
	p.want(t, "")
	b.wantState("acme/Tell/first", ledger.Late)
	b.resolve(ledger.AnswerWaive, "acme/Tell/first")
	b.fake.do = nil
	b.must("2027-03-20 18:00")
	b.want("run acme/Move/upgrade #1", "send acme/Tell/first #1", "send acme/Tell/first #1", "send acme/Tell/first #1")
}

func TestWaivedMessageIsNotTriedAgain(t *testing.T) {
	b := newBench(t, letters, "acme,a@x.example b@x.example")
	p := b.post()
	p.fate["a@x.example"] = retryable
	b.must("2027-03-13 18:00")
	p.want(t, "a@x.example b@x.example")
	b.resolve(ledger.AnswerWaive, "acme/Tell/first")
	b.wantState("acme/Tell/first", ledger.Waived)
	b.must("2027-03-13 19:00")
	p.want(t, "")
}

func TestCorrectedAddressReplacesTheWrongOne(t *testing.T) {
	b := newBench(t, letters, "acme,tyop@a.example")
	p := b.post()
	p.fate["tyop@a.example"] = permanent
	b.must("2027-03-13 18:00")
	p.want(t, "tyop@a.example")
	b.write("tenants.csv", "id,email\nacme,typo@a.example\n")
	b.resolve(ledger.AnswerRetry, "acme/Tell/first")
	b.must("2027-03-13 19:00")
	p.want(t, "typo@a.example")
	b.wantState("acme/Tell/first", ledger.Done)
	b.fake.do = nil
	b.must("2027-03-20 18:00")
	if s := b.status("acme"); s.Phase != "Move" || s.Status != plans.Complete {
		t.Errorf("stands in %s %s, want Move Complete", s.Phase, s.Status)
	}
}

func TestMessageIsDoneWhenTheRestAreNoRecipientsAnyMore(t *testing.T) {
	b := newBench(t, letters, "acme,a@x.example b@x.example")
	p := b.post()
	p.fate["b@x.example"] = permanent
	b.must("2027-03-13 18:00")
	p.want(t, "a@x.example b@x.example")
	b.write("tenants.csv", "id,email\nacme,a@x.example\n")
	b.resolve(ledger.AnswerRetry, "acme/Tell/first")
	b.must("2027-03-13 19:00")
	p.want(t, "")
	b.wantState("acme/Tell/first", ledger.Done)
}

// A mailbox is one recipient however its domain is written, at once and over time;
// who is written to again is so under the key that the server may have seen.
func TestSpellingsOfAMailboxAreOneRecipient(t *testing.T) {
	b := newBench(t, letters, "acme,a@Example.org ops@Example.org ops@EXAMPLE.org A@example.org")
	p := b.post()
	p.fate["ops@Example.org"] = retryable
	b.must("2027-03-13 18:00")
	first := p.keys["ops@Example.org"][0]
	p.want(t, "A@example.org a@Example.org ops@Example.org")
	b.write("tenants.csv", "id,email\nacme,a@example.org ops@example.org A@example.org\n")
	b.must("2027-03-13 18:10")
	if keys := p.keys["ops@Example.org"]; len(keys) != 1 || keys[0] != first {
		t.Errorf("the retry has the keys %q, want that of the first try, %s", keys, first)
	}
	p.want(t, "ops@Example.org")
	delete(p.fate, "ops@Example.org")
	b.must("2027-03-14 18:00")
	p.want(t, "ops@Example.org")
	b.wantState("acme/Tell/first", ledger.Done)
}

// What render shows is what is sent: one message to each mailbox, under its key.
func TestRenderWritesToEachMailboxOnce(t *testing.T) {
	b := newBench(t, letters, "acme,a@Example.org b@example.org")
	p := b.post()
	p.fate["a@Example.org"] = retryable
	b.must("2027-03-13 18:00")
	key := p.keys["a@Example.org"][0]
	b.write("tenants.csv", "id,email\nacme,b@example.org a@example.org a@EXAMPLE.org\n")
	out, diags := b.open(runner.NeedState, "").Render(t.Context(), addr.Address{Tenant: "acme", Phase: "Tell", Item: "first"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var to []string
	for _, m := range out {
		to = append(to, m.Recipient)
	}
	if !slices.Equal(to, []string{"b@example.org", "a@Example.org"}) {
		t.Fatalf("it renders messages to %q", to)
	}
	if !strings.Contains(string(out[1].Data), key) {
		t.Errorf("the message to be sent again is not that of key %s:\n%s", key, out[1].Data)
	}
}

// late has a message whose window may close before a tenant is there, and one
// that can carry it.
const late = head + one + `
retry "r" {
  initial_interval = "10m"
  jitter           = 0
}

phase "Tell" {
  opens  = "T-30d"
  closes = "T-20d"
  gate   = "hard"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "FIRST"
    body    = "first body"
  }
}

phase "Remind" {
  opens  = "T-10d"
  closes = "T-5d"

  communication "second" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "SECOND"
    body    = "second body"
    retry   = retry.r
  }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}
`

func TestEveryTryOfACarrierCarriesTheLateMessage(t *testing.T) {
	b := newBench(t, late, "acme,a@a.example")
	var bodies []string
	outcome := retryable
	b.fake.do = func(r action.Request) action.Outcome {
		bodies = append(bodies, string(r.Mail.Data))
		return outcome
	}
	b.must("2027-03-10 18:00")
	outcome = succeeded
	b.must("2027-03-10 18:30")
	b.want("send acme/Remind/second #1", "send acme/Remind/second #2")
	for i, body := range bodies {
		if !strings.Contains(body, "first body") || !strings.Contains(body, "second body") {
			t.Errorf("try %d lacks a section:\n%s", i+1, body)
		}
	}
	if len(bodies) == 2 && bodies[0] != bodies[1] {
		t.Error("a retry sends other bytes than the first try")
	}
	b.wantState("acme/Tell/first", ledger.Merged)
}

func TestLateMessageJoinsOneToTheSameMailbox(t *testing.T) {
	before, after, _ := strings.Cut(late, `communication "second"`)
	b := newBench(t, before+`communication "second"`+strings.Replace(after, "tenant.email", `"a@A.example"`, 1), "acme,a@a.example")
	b.must("2027-03-10 18:00")
	b.want("send acme/Remind/second #1")
	b.wantState("acme/Tell/first", ledger.Merged)
}

func TestLateMessageIsOnlyMergedOnceItsCarrierBegins(t *testing.T) {
	b := newBench(t, late, "acme,a@a.example")
	b.real("2027-03-10 18:00")
	var text strings.Builder
	b.fake.do = func(r action.Request) action.Outcome {
		text.Write(r.Mail.Data)
		return succeeded
	}
	b.now(func(o *runner.ApplyOptions) {
		o.Events = func(e runner.Event) {
			if n, ok := e.(runner.Noted); ok && n.Change.Kind == plans.Place {
				b.hold("acme") // the carrier is not claimed yet
			}
		}
	})
	for _, it := range b.record("acme").Items {
		if it.State == ledger.Merged && b.state("acme/"+it.Into) == ledger.None {
			t.Errorf("%s is said to have gone out with %s, which has not begun", it.Key, it.Into)
		}
	}
	b.told(runner.Verb{Kind: runner.Resume}, "acme")
	b.now()
	for _, body := range []string{"first body", "second body"} {
		if n := strings.Count(text.String(), body); n == 0 {
			t.Errorf("%q was never sent", body)
		}
	}
}

func TestMessageOnAnErrorNamesWhatItIsAbout(t *testing.T) {
	b := newBench(t, windowed+`
communication "desk" {
  on      = "error"
  channel = channel.maildir.post
  to      = ["desk@x.example"]
  subject = "${address}"
  body    = "${reason}"
}
`, "acme,a@x.example")
	b.must("2027-03-13 18:00")
	var text string
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Mail == nil {
			return permanent
		}
		text = string(r.Mail.Data)
		return succeeded
	}
	b.must("2027-03-20 18:00")
	for _, want := range []string{"Subject: acme/Move/upgrade", "Move/upgrade: refused"} {
		if !strings.Contains(text, want) {
			t.Errorf("the message does not say %q:\n%s", want, text)
		}
	}
}
