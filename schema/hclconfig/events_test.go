package hclconfig_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"transition/schema"
	"transition/schema/hclconfig"
)

const mailPlan = `transition "t" {
  defaults {
    channel = channel.maildir.m
  }
}
channel "maildir" "m" {
  path = "out"
}
`

// message is a plan whose only message has the body, and what else is written.
func message(body, more string) fstest.MapFS {
	return fstest.MapFS{
		"x.transition.hcl": {Data: []byte(mailPlan + "phase \"A\" {\n  opens = \"T\"\n  communication \"m\" {\n    to = [\"ann@example.com\"]\n" + more + "\n" + body + "\n  }\n}\n")},
		"greeting.tmpl":    {Data: []byte("On ${date}.")},
		"mail/plain.md":    {Data: []byte("---\nsubject: x\n---\nNothing\n")},
		"mail/plain.de.md": {Data: []byte("---\nsubject: x\n---\nNichts\n")},
		"mail/one.md":      {Data: []byte("---\nsubject: x\n---\nNothing\n")},
		"mail/one.de.md":   {Data: []byte("---\nsubject: Am ${T}\n---\nText\n")},
	}
}

func TestCommunications_TellT(t *testing.T) {
	inline := func(body string) string { return "    subject = \"x\"\n    body = " + body }
	for _, c := range []struct {
		name, body, more string
		want             bool
	}{
		{"a text without T", inline(`"Hello ${tenant.id} of ${batch.name}"`), "", false},
		{"a T that is text", inline(`"T, $${T} and ${join("", [for T in ["a"] : T])}"`), "", false},
		{"T", inline(`"On ${T}"`), "", true},
		{"T in the subject", "    subject = \"On ${T}\"\n    body = \"x\"", "", true},
		{"T in a function", inline(`"On ${formatdate("D MMM", T)}"`), "", true},
		{"what is counted from T", inline(`"On ${offset("T-1d")}"`), "", true},
		{"the deadline", inline(`"Until ${postpone_until}"`), "", true},
		{"a template that gets T", inline(`templatefile("greeting.tmpl", { date = T })`), "", true},
		{"a template that gets none", inline(`templatefile("greeting.tmpl", { date = "some day" })`), "", false},
		{"a file", `    message = "mail/plain"`, "", false},
		{"a file in one language", `    message = "mail/one"`, "", true},
		{"a notice", `    message = "mail/plain"`, "    notice = true", true},
	} {
		m := load(t, message(c.body, c.more)).Items[0].Does.(*schema.Communication)
		if m.TellsT != c.want {
			t.Errorf("%s: tells T is %v, want %v", c.name, m.TellsT, c.want)
		}
	}
}

func TestEvents_OneForEachThatPeopleAreTold(t *testing.T) {
	const own = "communication \"away\" {\n  on      = \"withdrawn\"\n  channel = channel.maildir.m\n  subject = \"x\"\n  body    = \"y\"\n}\n"
	for _, c := range []struct{ name, plan, want string }{
		{"a plan without channels", "", "rescheduled! rolled_back! withdrawn!"},
		{"one of its own", "channel \"maildir\" \"m\" { path = \"o\" }\n" + own, "away rescheduled! rolled_back!"},
	} {
		var got []string
		cfg := load(t, onePlan(c.plan))
		for i, item := range cfg.Events {
			if item.Index != len(cfg.Items)+i || item.Phase.Name != "on" || item.Phase.Index != len(cfg.Phases) || item.Retry.MaxAttempts != 1 || !item.When.Value {
				t.Errorf("%s: %+v", c.name, item)
			}
			name := item.Name
			if item.Does.(*schema.Communication).Builtin {
				name += "!"
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// One file may serve a phase and an event: it is read for each, and may name
// what both have.
func TestEvents_ShareMessagesWithPhases(t *testing.T) {
	fsys := message(`    message = "mail/one"`, "")
	plan := fsys["x.transition.hcl"]
	plan.Data = append(plan.Data, "communication \"c\" {\n  on      = \"rescheduled\"\n  message = \"mail/one\"\n}\n"...)
	cfg := load(t, fsys)
	event := cfg.Events[0].Does.(*schema.Communication)
	if !event.TellsT || event.To.IsSet() || event.Message.For("de") == nil {
		t.Errorf("event: %+v", event)
	}
}

func TestConsent_HoldsTheFirstPhaseThatChangesSomething(t *testing.T) {
	const (
		consent = "transition \"t\" {\n  consent {\n    mode      = \"opt_in\"\n    no_answer = \"withdraw\"\n  }\n}\n"
		hard    = "phase \"Hard\" {\n  opens = \"T-9d\"\n  gate  = \"hard\"\n}\n"
		lock    = "phase \"Lock\" {\n  opens = \"T-1d\"\n  lock \"l\" {\n    acquire {\n      exec {\n        command = [\"x\"]\n      }\n    }\n    release {\n      exec {\n        command = [\"x\"]\n      }\n    }\n    release_in = phase.Move\n  }\n}\n"
		point   = "phase \"Move\" {\n  opens              = \"T\"\n  gate               = \"hard\"\n  latest_start       = \"T+4h\"\n  point_of_no_return = true\n}\n"
	)
	for _, c := range []struct{ plan, want string }{
		{hard, "Hard"},
		{hard + lock + point, "Lock"},
		{hard + point, "Move"},
	} {
		cfg := load(t, fstest.MapFS{"x.transition.hcl": {Data: []byte(consent + c.plan)}})
		if got := cfg.Consent; got.Phase.Name != c.want || got.Mode != schema.OptIn || !got.Withdraw {
			t.Errorf("%s: got phase %s, %+v", c.want, got.Phase.Name, got)
		}
	}
}

func TestBreakers_TheOwnBeatsTheDefault(t *testing.T) {
	cfg := load(t, fstest.MapFS{"x.transition.hcl": {Data: []byte(
		"transition \"t\" {\n  defaults {\n    breaker {\n      max_errors      = 7\n      max_error_ratio = \"10%\"\n    }\n  }\n}\n" +
			"batch \"a\" {}\nbatch \"b\" {\n  breaker {\n    max_error_ratio = 0.5\n    min_sample      = 4\n  }\n}\nphase \"A\" {\n  opens = \"T\"\n}\n",
	)}})
	a, b := cfg.Batches[0].Breaker, cfg.Batches[1].Breaker
	if *a.MaxErrors != 7 || *a.MaxRatio != 0.1 || a.MinSample != 1 {
		t.Errorf("default: %+v", a)
	}
	if b.MaxErrors != nil || *b.MaxRatio != 0.5 || b.MinSample != 4 {
		t.Errorf("own: %+v", b)
	}
	if cfg := load(t, onePlan("batch \"a\" {}\n")); cfg.Batches[0].Breaker != nil || cfg.Postpone != nil || cfg.Consent != nil {
		t.Errorf("nothing written: %+v", cfg)
	}
}

func TestPostpone_Defaults(t *testing.T) {
	cfg := load(t, fstest.MapFS{"x.transition.hcl": {Data: []byte("transition \"t\" {\n  postpone {}\n}\nphase \"A\" {\n  opens = \"T\"\n}\n")}})
	if p := cfg.Postpone; p.Max != 1 || p.Until.String() != "T" || !p.MinShift.IsZero() || !p.End.IsZero() {
		t.Errorf("got %+v", p)
	}
}

// Who may not postpone at all needs no deadline, and an event may tell it too.
func TestPostpone_NoWarningWhereNothingIsUntold(t *testing.T) {
	const notice = "phase \"A\" {\n  opens = \"T\"\n  communication \"m\" {\n    to      = [\"ann@example.com\"]\n    subject = \"x\"\n    body    = \"y\"\n    notice  = true\n  }\n}\n"
	const placed = "communication \"p\" {\n  on      = \"placed\"\n  to      = [\"ann@example.com\"]\n  subject = \"x\"\n  body    = \"${postpone_until}\"\n  notice  = true\n}\n"
	for _, c := range []struct{ name, block, more, want string }{
		{"may postpone", "postpone {}", "", "postpone-untold"},
		{"may never", "postpone { max = 0 }", "", ""},
		{"is told when placed", "postpone {}", placed, ""},
	} {
		plan := strings.Replace(mailPlan, "{\n", "{\n  "+c.block+"\n", 1) + notice + c.more
		_, diags := hclconfig.Load(fstest.MapFS{"x.transition.hcl": {Data: []byte(plan)}}, hclconfig.Options{})
		if got := codes(diags); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
