package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/schema/diag"
)

// welcome is a plan whose message has one attempt.
const welcome = head + one + `
phase "Tell" {
  opens = "T-7d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "b"
  }

  work "note" {
    exec { command = ["note"] }
  }
}
`

const audience = 60

// wrongPassword lets the channel refuse everybody, and counts the logins and the
// messages that arrive.
type wrongPassword struct {
	wrong  bool
	logins int
	sent   map[string]int // by key
}

func (b *bench) wrongPassword() *wrongPassword {
	w := &wrongPassword{wrong: true, sent: make(map[string]int)}
	b.fake.do = func(r action.Request) action.Outcome {
		b.fake.mu.Lock()
		defer b.fake.mu.Unlock()
		if r.Mail == nil {
			return succeeded
		}
		w.logins++
		if w.wrong {
			return action.Outcome{
				Class: action.Retryable, NotBegun: true, Shut: true, RetryAfter: 15 * time.Minute, Reason: "535 bad credentials",
			}
		}
		w.sent[r.Key]++
		return succeeded
	}
	return w
}

func crowded(t *testing.T) *bench {
	var tenants []string
	for i := range audience {
		tenants = append(tenants, fmt.Sprintf("t%02d,t%02d@example.com", i, i))
	}
	return newBench(t, welcome, tenants...)
}

// states counts the states of the message.
func (b *bench) states() map[ledger.State]int {
	n := make(map[ledger.State]int)
	for i := range audience {
		n[b.state(fmt.Sprintf("t%02d/Tell/first", i))]++
	}
	return n
}

func wantShut(t *testing.T, res runner.ApplyResult, diags diag.List) {
	t.Helper()
	if len(diags) != 1 || diags[0].Code != "channel-shut" || !strings.Contains(diags[0].Detail, "535 bad credentials") || diags[0].Hint == "" {
		t.Errorf("it says %v", diags)
	}
	if res.Failed > 0 || len(res.Shut) != 1 || res.Shut[0] != "post" {
		t.Errorf("failed %d, shut %q", res.Failed, res.Shut)
	}
}

// A wrong password is one mistake, and not one for each tenant: nobody's message is
// given up, few logins are tried, and everything else goes on.
func TestWrongPasswordGivesUpNobody(t *testing.T) {
	b := crowded(t)
	w := b.wrongPassword()
	res, diags := b.apply("2027-03-13 18:00")
	wantShut(t, res, diags)
	if w.logins == 0 || w.logins > 10 {
		t.Errorf("%d logins were tried by 10 workers", w.logins)
	}
	if notes := strings.Count(strings.Join(b.fake.taken(), "\n"), "/Tell/note"); notes != audience {
		t.Errorf("of the work beside it, %d of %d was done", notes, audience)
	}
	if n := b.states(); n[ledger.Retrying] != w.logins || n[ledger.None] != audience-w.logins {
		t.Errorf("the messages are %v", n)
	}

	tried := w.logins
	res, diags = b.apply("2027-03-13 18:10") // who has tried waits; others do not
	wantShut(t, res, diags)
	if w.logins-tried > 10 {
		t.Errorf("%d logins more were tried", w.logins-tried)
	}

	w.wrong = false
	b.must("2027-03-13 18:30")
	if n := b.states(); n[ledger.Done] != audience || len(w.sent) != audience {
		t.Errorf("with the right password the messages are %v, and %d have arrived", n, len(w.sent))
	}
	for key, n := range w.sent {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
	b.sound()
}

// sleepless is a clock on which a sleep takes no time.
type sleepless struct {
	*clock.Fake
	waking func()
}

func (l sleepless) Sleep(ctx context.Context, d time.Duration) error {
	l.waking()
	l.Advance(d)
	return ctx.Err()
}

// With -wait, the time that the server wants is waited for, and then all of it goes
// out.
func TestWaitingForTheRightPassword(t *testing.T) {
	b := crowded(t)
	w := b.wrongPassword()
	b.clock = sleepless{b.real("2027-03-13 18:00"), func() {
		b.fake.mu.Lock()
		defer b.fake.mu.Unlock()
		w.wrong = false
	}}
	res := b.now(func(o *runner.ApplyOptions) { o.Wait = true })
	if len(w.sent) != audience || len(res.Shut) > 0 {
		t.Errorf("%d have arrived, and shut is %q", len(w.sent), res.Shut)
	}
}
