package mailbox

import (
	"net/mail"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"bare":              {"ann@example.org", "ann@example.org"},
		"with a name":       {"Ann <ann@example.org>", "ann@example.org"},
		"with a quoted one": {`"Lee, Ann" <ann@example.org>`, "ann@example.org"},
		"encoded name":      {"=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "j@example.org"},
		"spaces around":     {"  ann@example.org ", "ann@example.org"},
		"domain's case":     {"Ann.Lee@EXAMPLE.Org", "Ann.Lee@example.org"},
		"plus and friends":  {"a+b_c-d!x@example.org", "a+b_c-d!x@example.org"},
		"apostrophe":        {"o'neil@example.org", "o'neil@example.org"},
		"two dots, quoted":  {`"john..doe"@example.org`, `"john..doe"@example.org`},
		"needless quotes":   {`"ann"@example.org`, "ann@example.org"},
		"one label":         {"root@localhost", "root@localhost"},
		"not ASCII":         {"jürgen@müller.example", "jürgen@müller.example"},
		"underscore":        {"a@my_mail.example.org", "a@my_mail.example.org"},
		"254 bytes": {
			strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 62)+".", 3),
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.want == "" {
				tc.in = tc.in[:254-len(".org")] + ".org"
				tc.want = tc.in
			}
			got, err := Check(tc.in)
			if err != nil || got != tc.want {
				t.Errorf("Check(%q) = %q, %v; want %q", tc.in, got, err, tc.want)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ in, why string }{
		"empty":                     {"", "it has no @"},
		"no domain":                 {"ann", "it has no @"},
		"nothing after the @":       {"ann@", "neither LOCAL@DOMAIN"},
		"nothing before the @":      {"@example.org", "neither LOCAL@DOMAIN"},
		"empty quotes":              {`""@example.org`, ""},
		"carriage return":           {"ann@example.org\rBcc: eve@evil.example", "control character"},
		"line feed":                 {"ann@example.org\nBcc: eve@evil.example", "control character"},
		"line break in the name":    {"\"Ann\r\nBcc: eve@evil.example\" <ann@example.org>", "control character"},
		"encoded break in the name": {"=?utf-8?q?Ann=0D=0ABcc:_x?= <ann@example.org>", "neither LOCAL@DOMAIN"},
		"NUL":                       {"ann\x00@example.org", "control character"},
		"escape":                    {"ann@example.org\x1b[2J", "control character"},
		"C1 control":                {"ann\u0085@example.org", "control character"},
		"invalid UTF-8":             {"ann\xff@example.org", "control character"},
		"parameter in the quotes":   {`"a> ORCPT=x"@example.org`, "a space or a sign"},
		"angle in the quotes":       {`"a>"@example.org`, "a space or a sign"},
		"space in the quotes":       {`"a b"@example.org`, "a space or a sign"},
		"second @":                  {`"a@evil.example"@example.org`, "a space or a sign"},
		"invisible character":       {"an\u200bn@example.org", "a space or a sign"},
		"two addresses":             {"ann@example.org, bob@example.org", "neither LOCAL@DOMAIN"},
		"address literal":           {"ann@[127.0.0.1]", "mail domain"},
		"sign in the domain":        {"ann@exa!mple.org", "mail domain"},
		"invisible in the domain":   {"ann@exam\u200bple.org", "mail domain"},
		"wide letters":              {"ann@ｅxample.org", "mail domain"},
		"dot in a number":           {"ann@⒈example.org", "mail domain"},
		"wide dot":                  {"ann@example．org", "mail domain"},
		"ligature":                  {"ann@oﬃce.example", "mail domain"},
		"number in a ring":          {"ann@ex①.org", "mail domain"},
		"hyphen at the end":         {"ann@example-.org", "mail domain"},
		"long label":                {"ann@" + strings.Repeat("a", 64) + ".org", "mail domain"},
		"255 bytes":                 {strings.Repeat("a", 243) + "@example.org", "longer than 254 bytes"},
		"long name":                 {strings.Repeat("n", 300) + " <ann@example.org>", "longer than 256 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Check(tc.in)
			if err == nil {
				t.Fatalf("Check(%q) = %q, want an error", tc.in, got)
			}
			if msg := err.Error(); !strings.Contains(msg, " is no e-mail address: ") || !strings.Contains(msg, tc.why) {
				t.Errorf("error %q does not say %q", msg, tc.why)
			}
			if strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
				t.Errorf("error %q repeats control characters", err)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Ann <ann@Example.ORG>": "ann@example.org", `"ann"@example.org`: "ann@example.org",
		"Ann@example.org": "Ann@example.org", "": "", "Nobody": "Nobody",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		"ann@example.org", `"Lee, Ann" <ann@example.org>`, `"a> ORCPT=x"@h`, "a@b\r\nBcc: c@d", `"a..b"@c`,
		"=?utf-8?q?=0D=0A?= <a@b>", "jürgen@müller.example", "a@[::1]", "(x)a@b(y)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Check(s)
		if err != nil {
			return
		}
		if len(got) > 254 || strings.ContainsAny(got, "\r\n\x00 <>") {
			t.Fatalf("Check(%q) = %q, which an envelope cannot hold", s, got)
		}
		if again, err := Check(got); err != nil || again != got {
			t.Fatalf("Check(%q) = %q, which in turn gives %q, %v", s, got, again, err)
		}
		// Whoever reads it by the standard sees the same mailbox.
		want, err := mail.ParseAddress(s)
		if err != nil {
			t.Fatalf("%q is accepted, and net/mail says %v", s, err)
		}
		have, err := mail.ParseAddress(got)
		if err != nil || !strings.EqualFold(have.Address, want.Address) {
			t.Fatalf("%q became %q: %v, %v", s, got, have, err)
		}
	})
}
