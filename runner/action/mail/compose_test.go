package mail

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transition/schema/mailbox"
)

var update = flag.Bool("update", false, "write the golden messages anew")

func example() Message {
	return Message{
		From:     "Migration Team <move@contoso.example>",
		To:       "Ann <ann@northwind.example>",
		AllTo:    []string{"Ann <ann@northwind.example>"},
		Subject:  "Your move to Office 365 on 30 March",
		Sections: []Section{section("Your move", "Dear Ann,\n\nwe move you on **Friday**.")},
		Key:      "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA",
		Date:     time.Date(2012, 2, 28, 9, 0, 0, 0, time.FixedZone("", -8*3600)),
		Locale:   "en-US",
	}
}

func section(subject, text string) Section {
	return Section{Subject: subject, Text: text, Escaped: text}
}

func TestComposeGolden(t *testing.T) {
	collapsed := example()
	collapsed.AllTo = []string{"Ann <ann@northwind.example>", "bob@northwind.example"}
	collapsed.Cc = []string{`"Müller, Jürgen" <jm@northwind.example>`}
	collapsed.ReplyTo = "help@contoso.example"
	collapsed.Sections = []Section{
		section("First notice", "We move you in *60 days*.\n\n| Phase | Begins |\n|---|---|\n| Lock | 29 March |\n"),
		section("Reminder", "Please read <https://contoso.example/move>, ~~or call~~:\n\n- one\n- two\n"),
	}
	german := example()
	german.Subject = "Ihr Umzug zu Office 365 für die Köhler & Söhne GmbH beginnt am Freitag, den 30. März 2012"
	german.Locale = "de_AT"
	german.Sections = []Section{{
		Subject: "Umzug",
		Text:    "Grüß Gott, <b>Frau</b> [Huber](http://evil.example),\n\nder Umzug beginnt.\n.\nEnde = Gut.",
		Escaped: "Grüß Gott, \\<b\\>Frau\\<\\/b\\> \\[Huber\\]\\(http\\:\\/\\/evil\\.example\\),\n\nder Umzug beginnt.\n.\nEnde = Gut.",
	}}
	redirected := collapsed
	redirected.RedirectTo = "staging@contoso.example"
	redirected.Sections = example().Sections

	for name, m := range map[string]Message{
		"single": example(), "collapsed": collapsed, "german": german, "redirected": redirected,
	} {
		t.Run(name, func(t *testing.T) {
			got := compose(t, m)
			path := filepath.Join("testdata", name+".eml")
			lf := bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
			if *update {
				if err := os.WriteFile(path, lf, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(lf)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// compose renders m, and checks what holds for every message.
func compose(t interface {
	Helper()
	Fatalf(string, ...any)
}, m Message,
) []byte {
	t.Helper()
	got, err := Compose(m)
	if err != nil {
		t.Fatalf("Compose: %v", err)
	}
	again, err := Compose(m)
	if err != nil || !bytes.Equal(got, again) {
		t.Fatalf("a second rendering differs, or fails: %v", err)
	}
	rest := string(got)
	for rest != "" {
		line, after, ok := strings.Cut(rest, "\r\n")
		if !ok || strings.ContainsAny(line, "\r\n\x00") || len(line) > 998 {
			t.Fatalf("a line of %d octets does not end as it must: %.100q", len(line), line)
		}
		rest = after
	}
	return got
}

// parts reads a message back as a mail reader would.
func parts(t interface {
	Helper()
	Fatalf(string, ...any)
}, data []byte,
) (h mail.Header, text, html string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("the message cannot be read: %v", err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	var bodies []string
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("part %d: %v", len(bodies)+1, err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatalf("part %d: %v", len(bodies)+1, err)
		}
		bodies = append(bodies, strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
	if len(bodies) != 2 {
		t.Fatalf("%d parts, want 2", len(bodies))
	}
	return m.Header, bodies[0], bodies[1]
}

// headers are those that a message may have.
var headers = []string{
	"Auto-Submitted", "Cc", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To",
	"X-Transition-Original-To",
}

func TestNoHeaderCanBeInjected(t *testing.T) {
	for _, inject := range []string{"\r\nBcc: eve@evil.example", "\nBcc: eve@evil.example", "\rBcc: x", "\x00", "\r\n\r\n<b>body</b>", "\r\n.\r\nMAIL FROM:<x@y>"} {
		for name, set := range map[string]func(*Message){
			"subject":         func(m *Message) { m.Subject += inject },
			"section subject": func(m *Message) { m.Sections[0].Subject += inject },
			"section text":    func(m *Message) { m.Sections[0].Text += inject; m.Sections[0].Escaped += inject },
			"locale":          func(m *Message) { m.Locale += inject },
			"from":            func(m *Message) { m.From = "Ann" + inject + " <ann@contoso.example>" },
			"from address":    func(m *Message) { m.From = "ann@contoso.example" + inject },
			"to":              func(m *Message) { m.To += inject },
			"all to":          func(m *Message) { m.AllTo = append(m.AllTo, "x@y.example"+inject) },
			"cc":              func(m *Message) { m.Cc = []string{"\"x" + inject + "\" <x@y.example>"} },
			"reply to":        func(m *Message) { m.ReplyTo = "x@y.example" + inject },
			"redirect":        func(m *Message) { m.RedirectTo = "x@y.example" + inject },
			"key":             func(m *Message) { m.Key += inject },
			"domain":          func(m *Message) { m.Domain = "contoso.example" + inject },
		} {
			t.Run(name, func(t *testing.T) {
				m := example()
				set(&m)
				got, err := Compose(m)
				switch name {
				case "subject", "section subject", "section text", "locale":
					if err != nil {
						t.Fatal(err)
					}
				default:
					if err == nil {
						t.Fatalf("%q is accepted:\n%s", inject, got)
					}
					return
				}
				h, text, _ := parts(t, got)
				if h.Get("Bcc") != "" || strings.ContainsAny(h.Get("Subject"), "\r\n\x00") || strings.Contains(text, "\x00") {
					t.Errorf("%q got through:\n%s", inject, got)
				}
			})
		}
	}
}

func TestBlindCopyIsToldToNobody(t *testing.T) {
	m := example()
	m.To = "secret@northwind.example"
	if got := compose(t, m); bytes.Contains(got, []byte("secret")) {
		t.Errorf("the blind recipient shows:\n%s", got)
	}
}

func TestMailboxStandsOnceInAHeader(t *testing.T) {
	m := example()
	m.AllTo = []string{"Ann <ann@Example.org>", "ann@example.org", "Ann@example.org"}
	h, _, _ := parts(t, compose(t, m))
	if got, want := h.Get("To"), `"Ann" <ann@example.org>, <Ann@example.org>`; got != want {
		t.Errorf("To: %s, want %s", got, want)
	}
}

func TestRecipientAloneIsAddressed(t *testing.T) {
	m := example()
	m.AllTo = nil
	h, _, _ := parts(t, compose(t, m))
	if got, want := h.Get("To"), `"Ann" <ann@northwind.example>`; got != want {
		t.Errorf("To: %s, want %s", got, want)
	}
}

func TestRedirectedMessageNamesNobodyElse(t *testing.T) {
	m := example()
	m.AllTo = append(m.AllTo, "bob@northwind.example")
	m.Cc = []string{"eve@northwind.example"}
	m.RedirectTo = "staging@contoso.example"
	h, _, _ := parts(t, compose(t, m))
	for name, want := range map[string]string{
		"To": "<staging@contoso.example>", "Cc": "", "X-Transition-Original-To": "ann@northwind.example",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestComposeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		set func(*Message)
		why string
	}{
		"no sections": {func(m *Message) { m.Sections = nil }, "sections: "},
		"no sender":   {func(m *Message) { m.From = "" }, "from: "},
		"no key":      {func(m *Message) { m.Key = "" }, "key: "},
		"no date":     {func(m *Message) { m.Date = time.Time{} }, "date: "},
		"bad domain":  {func(m *Message) { m.Domain = "a b" }, "domain: "},
		"IDN domain":  {func(m *Message) { m.Domain = "müller.example" }, "domain: "},
		"too large":   {func(m *Message) { m.Sections[0].Text = strings.Repeat("a", 300<<10) }, "longer than 256 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			m := example()
			tc.set(&m)
			if _, err := Compose(m); err == nil || !strings.Contains(err.Error(), tc.why) {
				t.Errorf("error %v, want one with %q", err, tc.why)
			}
		})
	}
}

func TestSubjects(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain":               {"Your move", "Your move"},
		"spaces":              {"  Your \t move\u00a0now ", "Your move now"},
		"controls":            {"Your\x07 mo\x1bve\u0085", "Your move"},
		"not ASCII":           {"Grüße 你好 👋", "Grüße 你好 👋"},
		"like an encoded one": {"=?utf-8?q?=0D=0ABcc:_x?=", "=?utf-8?q?=0D=0ABcc:_x?="},
		"one long word":       {strings.Repeat("x", 2000), strings.Repeat("x", 2000)},
		"invalid UTF-8":       {"a\xffb", "a\uFFFDb"},
		"empty":               {"\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := example()
			m.Subject = tc.in
			h, _, _ := parts(t, compose(t, m))
			got, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
			if err != nil || got != tc.want {
				t.Errorf("subject %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestMessageIDOfForeignDomain(t *testing.T) {
	m := example()
	m.From = "info@müller.example"
	h, _, _ := parts(t, compose(t, m))
	if got, want := h.Get("Message-Id"), "<"+m.Key+"@transition.invalid>"; got != want {
		t.Errorf("Message-ID %s, want %s", got, want)
	}
}

func TestEvidenceNamesTheMessage(t *testing.T) {
	m := example()
	one := Evidence(compose(t, m))
	if want := "<" + m.Key + "@contoso.example>"; one.Message != want {
		t.Errorf("Message-ID %q, want %q", one.Message, want)
	}
	m.Subject += "!"
	two := Evidence(compose(t, m))
	if len(one.Digest) != 64 || one.Digest == two.Digest {
		t.Errorf("digests %q and %q", one.Digest, two.Digest)
	}
}

// Whatever is in the fields, a message has two parts, the headers that it was
// given and no others, and the text that it was given.
func TestComposeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := example()
		m.Subject = rapid.String().Draw(t, "subject")
		text := rapid.String().Draw(t, "text")
		m.Sections = []Section{section("", text)}
		checkRoundTrip(t, m)
	})
}

// Whatever the people are called, every header of addresses names just them.
func TestNamesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[,;:<>"@\\()\[\] =?a-zü]{0,80}`), rapid.StringMatching(`[ü你👋, ]{0,60}`))
		var want []string
		draw := func(label string) string {
			a := mail.Address{Name: name.Draw(t, label), Address: fmt.Sprintf("ann%d@example.org", len(want))}
			if _, err := mailbox.Check(a.String()); err != nil {
				a.Name = ""
			}
			want = append(want, oneLine(a.Name)+" <"+a.Address+">")
			return a.String()
		}
		m := example()
		m.From, m.ReplyTo = draw("from"), draw("reply to")
		m.AllTo, m.Cc = []string{draw("to"), draw("to")}, []string{draw("cc"), draw("cc"), draw("cc")}
		h, _, _ := parts(t, compose(t, m))
		var got []string
		for _, header := range []string{"From", "Reply-To", "To", "Cc"} {
			list, err := h.AddressList(header)
			if err != nil {
				t.Fatalf("%s: %q: %v", header, h.Get(header), err)
			}
			for _, a := range list {
				got = append(got, oneLine(a.Name)+" <"+a.Address+">")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("people (-want +got):\n%s", diff)
		}
	})
}

func FuzzCompose(f *testing.F) {
	f.Add("Your move", "Dear *Ann*", "Ann <ann@northwind.example>", "en")
	f.Add("a\r\nBcc: x@y", "\r\n.\r\n--part", "x@y\r\nBcc: z", "\"><script>")
	f.Add("=?utf-8?q?x?=", "![](http://t) <javascript:x> [a](data:x)\n\n<script>", "jü@mü.example", "")
	f.Fuzz(func(t *testing.T, subject, text, cc, locale string) {
		m := example()
		m.Subject, m.Locale = subject, locale
		m.Sections = []Section{section(subject, text)}
		if _, err := mailbox.Check(cc); err == nil {
			m.Cc = []string{cc}
		}
		checkRoundTrip(t, m)
	})
}

func checkRoundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, m Message,
) {
	t.Helper()
	h, text, html := parts(t, compose(t, m))
	for name, values := range h {
		if !strings.Contains(strings.Join(headers, "|"), name) || len(values) != 1 {
			t.Fatalf("unexpected header %s: %q", name, values)
		}
	}
	if got, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject")); err != nil || got != oneLine(m.Subject) {
		t.Fatalf("subject %q, %v; want %q", got, err, oneLine(m.Subject))
	}
	if len(m.Cc) > 0 {
		list, err := h.AddressList("Cc")
		want, _ := mailbox.Check(m.Cc[0])
		if err != nil || len(list) != 1 || mailbox.Bare(list[0]) != want {
			t.Fatalf("Cc: %q gives %v, %v; want %s", h.Get("Cc"), list, err, want)
		}
	}
	if want := lines(m.Sections[0].Text); text != want {
		t.Fatalf("text %q, want %q", text, want)
	}
	for _, bad := range []string{"<script", "<img", "<iframe", "<object", "javascript:", "src="} {
		if lower := strings.ToLower(html); strings.Contains(lower, bad) && !strings.Contains(strings.ToLower(m.Subject+text), bad) {
			t.Fatalf("the page holds %q:\n%s", bad, html)
		}
	}
}
