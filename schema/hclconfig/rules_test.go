package hclconfig_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"transition/schema"
	"transition/schema/hclconfig"
)

func load(t *testing.T, fsys fs.FS) *schema.Config {
	t.Helper()
	cfg, diags := hclconfig.Load(fsys, hclconfig.Options{})
	if len(diags) > 0 {
		t.Fatal(lines(diags))
	}
	return cfg
}

func phaseNames(cfg *schema.Config) string {
	var names []string
	for _, p := range cfg.Phases {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

func TestPhases_Order(t *testing.T) {
	for _, c := range []struct{ name, phases, want string }{
		{"by offset", `B T+1h, A T-1d, C T-12h`, "A C B"},
		{"a day is 24 hours", `B T-23h, A T-1d`, "A B"},
		{"after tells equals apart", `A T-1d B, B T-1d`, "B A"},
		{"a chain of three", `A T-1d B, B T-1d C, C T-24h`, "C B A"},
		{"the time of day tells equals apart", `A T-1d@18:00, B T-1d@09:00`, "B A"},
		{"no offset is first", `B T-9w, A -`, "A B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{"x.transition.hcl": {Data: []byte("transition \"t\" {}\n" + phaseBlocks(c.phases))}}
			if got := phaseNames(load(t, fsys)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// phaseBlocks writes phases from NAME OPENS AFTER.
func phaseBlocks(list string) string {
	var b strings.Builder
	for entry := range strings.SplitSeq(list, ", ") {
		fields := strings.Fields(entry)
		fmt.Fprintf(&b, "phase %q {\n", fields[0])
		if fields[1] != "-" {
			fmt.Fprintf(&b, "  opens = %q\n", fields[1])
		}
		if len(fields) > 2 {
			fmt.Fprintf(&b, "  after = phase.%s\n", fields[2])
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func TestPhases_CloseWhenTheNextOpens(t *testing.T) {
	fsys := fstest.MapFS{"x.transition.hcl": {Data: []byte("transition \"t\" {}\n" + phaseBlocks("A -, B T-1d, C T-1d B, D T"))}}
	var got []string
	for _, p := range load(t, fsys).Phases {
		got = append(got, p.Name+" "+offsetText(p.Closes))
	}
	if want := "A T-1d,B T,C T,D "; strings.Join(got, ",") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPhases_Gate(t *testing.T) {
	const (
		message = "  communication \"m\" {\n    channel = channel.maildir.o\n    to      = [\"a@example.com\"]\n    subject = \"x\"\n    body    = \"y\"\n  }\n"
		work    = "  work \"w\" {\n    exec {\n      command = [\"x\"]\n    }\n  }\n"
	)
	for _, c := range []struct {
		name, body string
		hard       bool
	}{
		{"nothing", "", false},
		{"a communication", message, false},
		{"work", work, true},
		{"work and a communication", work + message, true},
		{"an approval", "  approval \"a\" {}\n", true},
		{"work, but soft", "  gate = \"soft\"\n" + work, false},
		{"a communication, but hard", "  gate = \"hard\"\n" + message, true},
	} {
		cfg := load(t, onePlan("channel \"maildir\" \"o\" { path = \"o\" }\nphase \"B\" {\n  opens = \"T+1d\"\n"+c.body+"}\n"))
		if got := cfg.Phases[1].Hard; got != c.hard {
			t.Errorf("%s: hard is %v, want %v", c.name, got, c.hard)
		}
	}
}

func TestApprovals_OthersWaitUnlessTheyAreWaitedFor(t *testing.T) {
	const work = "  work %q {\n    after = %s\n    exec {\n      command = [\"x\"]\n    }\n  }\n"
	cfg := load(t, onePlan("phase \"B\" {\n  opens = \"T+1d\"\n"+
		"  approval \"first\" { after = [work.one] }\n  approval \"second\" { after = \"two\" }\n"+
		fmt.Sprintf(work, "one", "[]")+fmt.Sprintf(work, "two", "[]")+fmt.Sprintf(work, "three", "[work.two]")+"}\n"))
	place := make(map[string]int)
	for i, item := range cfg.Phases[1].Items {
		place[item.Name] = i
		for _, before := range item.After {
			if at, seen := place[before.Name]; !seen || at >= i {
				t.Errorf("%s comes before %s, which it waits for", item.Name, before.Name)
			}
		}
	}
	for _, pair := range [][2]string{{"one", "first"}, {"two", "second"}, {"first", "two"}, {"second", "three"}} {
		if place[pair[0]] >= place[pair[1]] {
			t.Errorf("%s does not come before %s: %v", pair[0], pair[1], place)
		}
	}
}

func TestEffects_DeliveryAndTimeout(t *testing.T) {
	const exec = "    exec {\n      command = [\"x\"]\n    }\n"
	http := func(method string) string {
		return "    http {\n      url    = \"https://x.example\"\n      method = \"" + method + "\"\n    }\n"
	}
	for _, c := range []struct {
		name, defaults, body string
		delivery             schema.Delivery
		timeout              time.Duration
	}{
		{"exec", "", exec, schema.AtMostOnce, time.Hour},
		{"GET", "", http("GET"), schema.AtLeastOnce, time.Minute},
		{"DELETE", "", http("DELETE"), schema.AtLeastOnce, time.Minute},
		{"POST", "", http("POST"), schema.AtMostOnce, time.Minute},
		{"GET, but the plan says otherwise", `delivery = "at_most_once"`, http("GET"), schema.AtMostOnce, time.Minute},
		{"exec, with the plan's timeout", `timeout = "1d"`, exec, schema.AtMostOnce, 24 * time.Hour},
		{"exec, with its own", `timeout = "1d"`, "    timeout  = \"90s\"\n    delivery = \"at_least_once\"\n    retry    = retry.often\n" + exec, schema.AtLeastOnce, 90 * time.Second},
	} {
		plan := "transition \"t\" {\n  defaults {\n    " + c.defaults + "\n  }\n}\nretry \"often\" {}\nphase \"A\" {\n  opens = \"T\"\n  work \"w\" {\n" + c.body + "  }\n}\n"
		cfg := load(t, fstest.MapFS{"x.transition.hcl": {Data: []byte(plan)}})
		var delivery schema.Delivery
		var timeout time.Duration
		switch e := cfg.Items[0].Does.(*schema.Work).Effect.(type) {
		case *schema.Exec:
			delivery, timeout = e.Delivery, e.Timeout
		case *schema.HTTP:
			delivery, timeout = e.Delivery, e.Timeout
		}
		if delivery != c.delivery || timeout != c.timeout {
			t.Errorf("%s: %d %s, want %d %s", c.name, delivery, timeout, c.delivery, c.timeout)
		}
	}
}

func TestMessages_Heads(t *testing.T) {
	for _, c := range []struct{ name, file, subject, body string }{
		{"plain", "---\nsubject: Hello\n---\nText\n", "Hello", "Text\n"},
		{"quoted, as in YAML", "---\nsubject: \"Hello: you\"\n---\n\nText", "Hello: you", "\nText"},
		{"lines of Windows", "---\r\nsubject: Hello\r\n---\r\nText\r\n", "Hello", "Text\r\n"},
		{"a byte order mark", "\ufeff---\nsubject: Hello\n---\nText\n", "Hello", "Text\n"},
		{"expressions", "---\nsubject: For ${tenant.id}\n---\n${batch.name}", "For contoso", "wave1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := onePlan("channel \"maildir\" \"o\" { path = \"o\" }\nphase \"B\" {\n  opens = \"T+1d\"\n  communication \"m\" {\n    channel = channel.maildir.o\n    to      = [\"a@example.com\"]\n    message = \"./mail/m\"\n  }\n}\n")
			fsys["mail/m.md"] = &fstest.MapFile{Data: []byte(c.file)}
			fsys["mail/m.other.txt"] = &fstest.MapFile{Data: []byte("no translation")}
			cfg := load(t, fsys)
			text := cfg.Items[0].Does.(*schema.Communication).Message.For("en")
			env := sampleEnv(cfg)
			subject, err := text.Subject.For(env)
			if err != nil || subject != c.subject {
				t.Errorf("subject %q, %v, want %q", subject, err, c.subject)
			}
			if body, err := text.Body.For(env); err != nil || body != c.body {
				t.Errorf("body %q, %v, want %q", body, err, c.body)
			}
		})
	}
}

func TestMessages_BytesThatNoMessageCarries(t *testing.T) {
	for _, c := range []struct {
		name, file, code string
		line             int
	}{
		{"another encoding in the subject", "---\nsubject: J\xf6rg\n---\nText\n", "bad-encoding", 2},
		{"another encoding in the text", "---\nsubject: x\n---\nDear J\xf6rg\n", "bad-encoding", 4},
		{"a NUL", "---\nsubject: x\n---\nText\n\x00\n", "bad-text", 5},
		{"the first of two", "---\nsubject: \x00\n---\nJ\xf6rg\n", "bad-text", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := onePlan("channel \"maildir\" \"o\" { path = \"o\" }\nphase \"B\" {\n  opens = \"T+1d\"\n  communication \"m\" {\n    channel = channel.maildir.o\n    to      = [\"a@example.com\"]\n    message = \"m\"\n  }\n}\n")
			fsys["m.md"] = &fstest.MapFile{Data: []byte(c.file)}
			_, diags := hclconfig.Load(fsys, hclconfig.Options{})
			checkComplete(t, diags)
			if codes(diags) != c.code || diags[0].Subject.File != "m.md" || diags[0].Subject.Start.Line != c.line {
				t.Errorf("got %s", lines(diags))
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		required, own string
		ok            bool
	}{
		{">= 0.1", "0.1.0", true}, {">= 0.1", "0.0.9", false}, {"0.1", "0.1.0", true}, {"= 0.1.1", "0.1.0", false},
		{"~> 1.2", "1.9.9", true}, {"~> 1.2", "2.0.0", false}, {"~> 1.2.3", "1.2.9", true}, {"~> 1.2.3", "1.3.0", false},
		{">= 1, < 2, != 1.5.0", "1.5.0", false}, {"> 1", "1.0.0", false}, {"<= 1", "1.0.0", true},
		{">= 0.2", "0.2.0-dev", true}, {">= 99", "", true},
	} {
		plan := "transition \"t\" {\n  required_version = \"" + c.required + "\"\n}\nphase \"A\" {\n  opens = \"T\"\n}\n"
		_, diags := hclconfig.Load(fstest.MapFS{"x.transition.hcl": {Data: []byte(plan)}}, hclconfig.Options{Version: c.own})
		if ok := !diags.HasErrors(); ok != c.ok {
			t.Errorf("%q with version %q: %v, want %v", c.required, c.own, ok, c.ok)
		}
	}
}
