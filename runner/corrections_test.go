package runner_test

import (
	"strings"
	"testing"

	"transition/runner/action"
)

const announced = head + one + `
phase "Tell" {
  opens = "T-60d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "Your move"
    body    = "On ${T}."
    notice  = true
  }
}
`

// The attempt whose end nobody knows must not keep the next correction from being
// sent: the state allows one open attempt.
func TestAnUnknownCorrectionDoesNotKeepTheNextOneBack(t *testing.T) {
	b := newBench(t, announced, "acme,a@a.example")
	b.must("2027-02-18 18:00")
	b.fake.taken()
	b.fake.do = always(unknown)
	b.write("p.transition.hcl", strings.Replace(announced, "2027-03-20", "2027-04-03", 1))
	b.must("2027-02-19 18:00")
	b.fake.do = nil
	b.write("p.transition.hcl", strings.Replace(announced, "2027-03-20", "2027-04-10", 1))
	b.must("2027-02-20 18:00")
	b.want("send acme/on/rescheduled #1", "send acme/on/rescheduled #1")
	if res := b.must("2027-02-20 18:00"); len(res.Plan.Changes) > 0 || len(res.Plan.Waiting) > 0 {
		t.Errorf("there is still %v, %v", res.Plan.Changes, res.Plan.Waiting)
	}
}

// Two errors of one date are two messages: whoever gets them must not take the
// second for the first.
func TestEveryErrorIsAMessageOfItsOwn(t *testing.T) {
	b := newBench(t, head+one+`
communication "alarm" {
  on      = "error"
  channel = channel.maildir.post
  to      = ["ops@example.org"]
  subject = "Error"
  body    = "Look at ${address}."
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy", tenant.id] }
  }
}
`, "acme,a@a.example")
	keys := make(map[string]bool)
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Mail != nil {
			keys[r.Key] = true
			return succeeded
		}
		return permanent
	}
	b.must("2027-03-13 18:00")
	b.resolve("retry", "acme/Copy/copy")
	b.must("2027-03-14 18:00")
	if len(keys) != 2 {
		t.Errorf("%d keys for two messages", len(keys))
	}
}
