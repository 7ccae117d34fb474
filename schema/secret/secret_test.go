package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"transition/schema/secret"
)

const shown = secret.Redacted

// forms are how programs write texts, by their names.
func forms() map[string]func(string) string {
	return map[string]func(string) string{
		"as it is": func(s string) string { return s },
		"JSON":     inJSON,
		"JSON of ASCII": func(s string) string {
			return strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(inJSON(s)), `"`), `\\`, `\`)
		},
		"Go":                func(s string) string { return inside(fmt.Sprintf("%q", s)) },
		"Go in ASCII":       func(s string) string { return inside(fmt.Sprintf("%+q", s)) },
		"HTML":              html.EscapeString,
		"HTML, otherwise":   strings.NewReplacer("&", "&amp;", "'", "&apos;", `"`, "&quot;", "<", "&#x3C;", "+", "&#43;").Replace,
		"a query":           url.QueryEscape,
		"a path":            url.PathEscape,
		"a URL in lower":    func(s string) string { return lowerEscapes(url.PathEscape(s)) },
		"all of it in URLs": everyByte("%%%02x"),
		"Go's bytes":        everyByte(`\x%02x`),
		"quoted-printable":  quotedPrintable,
		"Markdown":          strings.NewReplacer("\\", "\\\\", "+", "\\+", "~", "\\~", "=", "\\=", "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace,
		"references":        everyMark("&#%d;"),
		"hexadecimal":       func(s string) string { return hex.EncodeToString([]byte(s)) },
		"HEXADECIMAL":       func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
		"base64":            func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"raw base64":        func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
		"base64 of URLs":    func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
		"base64 of mails":   func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte(s)), 76, "\r\n") },
		"wrapped base64":    func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte(s)), 8, "\n") },
		"wrapped hexadecimal": func(s string) string {
			return wrapped(hex.EncodeToString([]byte(s)), 10, "\n")
		},
	}
}

func inJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return inside(string(b))
}

func inside(quoted string) string { return quoted[1 : len(quoted)-1] }

func lowerEscapes(s string) string {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' {
			s = s[:i] + strings.ToLower(s[i:i+3]) + s[i+3:]
		}
	}
	return s
}

func everyByte(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, format, s[i])
		}
		return b.String()
	}
}

// everyMark writes marks of ASCII so, and letters as they are.
func everyMark(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if r > ' ' && r < 0x7f && !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r) {
				fmt.Fprintf(&b, format, r)
			} else {
				b.WriteRune(r)
			}
		}
		return b.String()
	}
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func wrapped(s string, width int, end string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + end)
		s = s[width:]
	}
	return b.String() + s
}

// awkward differs as much as it can from how programs write it.
const awkward = `t0ken/7+Q&"z <9X\y>=ü'w%41~`

func TestForms(t *testing.T) {
	for name, form := range forms() {
		t.Run(name, func(t *testing.T) {
			for _, s := range []string{awkward, "hunter2", strings.Repeat(awkward, 5)} {
				text := "so: " + form(s) + ", and so on"
				if got := secret.New([]string{s}).Clean(text); got != "so: "+shown+", and so on" {
					t.Errorf("%q becomes %q", text, got)
				}
			}
		})
	}
}

// Programs write what others have written, and so on. (In a secret that looks like
// an escape itself, that may be undone too early.)
func TestFormsOfForms(t *testing.T) {
	const awkward = `t0ken/7+Q&"z <9X\y>=ü'w~`
	all := forms()
	escapes := []string{"JSON", "Go", "Go in ASCII", "HTML", "HTML, otherwise", "a path", "a URL in lower", "quoted-printable", "references", "Markdown"}
	for _, first := range append(escapes, "base64", "hexadecimal", "base64 of mails") {
		for _, second := range escapes {
			for _, third := range append(escapes, "as it is") {
				text := "so: " + all[third](all[second](all[first](awkward))) + ", and so on"
				if got := secret.New([]string{awkward}).Clean(text); got != "so: "+shown+", and so on" {
					t.Errorf("%s in %s in %s: %q becomes %q", first, second, third, text, got)
				}
			}
		}
	}
}

func TestBase64OfForms(t *testing.T) {
	for _, first := range []string{"JSON", "a query", "HTML", "Go"} {
		text := base64.StdEncoding.EncodeToString([]byte(`{"user": "` + forms()[first](awkward) + `", "x": 1}`))
		if got := secret.New([]string{awkward}).Clean(text); !strings.Contains(got, shown) || len(got) > 60 {
			t.Errorf("%s in base64: %q becomes %q", first, text, got)
		}
	}
}

func TestClean(t *testing.T) {
	tests := map[string]struct {
		text    string
		secrets []string
		want    string
	}{
		"one in another":             {"x hunter22 hunter2 x", []string{"hunter2", "hunter22"}, "x (sensitive) (sensitive) x"},
		"one over another":           {"x abcdefghi x", []string{"abcdef", "defghi"}, "x (sensitive) x"},
		"one over another, in URLs":  {"x ab%2fcd%2Fef x", []string{"ab/cd", "cd/ef"}, "x (sensitive) x"},
		"three in a chain":           {"abcdefghijkl", []string{"abcdef", "efgh", "ghijkl"}, "(sensitive)"},
		"over itself":                {"x ababababa x", []string{"ababa"}, "x (sensitive) x"},
		"beside each other":          {"hunter2hunter2", []string{"hunter2"}, "(sensitive)(sensitive)"},
		"a form of one is another":   {"68756e746572", []string{"hunter", "68756e"}, "(sensitive)"},
		"with blanks, in a query":    {"?a=to+the+%65nd&", []string{"to the end"}, "?a=(sensitive)&"},
		"in a command to a workflow": {"it is : :set-x", []string{"::set-x"}, "it is (sensitive)"},
		"with marks nobody sees":     {"pass\u200bword", []string{"password"}, "(sensitive)"},
		"no half of an escape stays": {`"\nabcde"`, []string{"nabc"}, `"(sensitive)de"`},
		"an escape within":           {`{"a":"12\u00fc34"}`, []string{"12ü34"}, `{"a":"(sensitive)"}`},
		"two escapes of a character": {`12\ud83d\ude0034`, []string{"12😀34"}, "(sensitive)"},
		"in a word of base64":        {"Basic " + base64.StdEncoding.EncodeToString([]byte("me:hunter2")), []string{"hunter2"}, "Basic bWU6(sensitive)"},
		"with a … of its own":        {"so: a…bcd", []string{"a…bcd"}, "so: (sensitive)"},
		"cut within an escape":       {"t0ken%2…", []string{"t0ken/7"}, "(sensitive)…"},
		"cut behind an escape":       {"…2Fken7 is it", []string{"t0/ken7"}, "…(sensitive) is it"},
		"cut in base64":              {"…VyMjIyMjI= and aHVudGVyM…", []string{"hunter22222"}, "…(sensitive) and (sensitive)…"},
		"no secret":                  {"a%2fb &amp; \\n aGFsbG8gd29ybGQ=", []string{"hunter2"}, "a%2fb &amp; \\n aGFsbG8gd29ybGQ="},
		"too short":                  {"abc", []string{"abc", ""}, "abc"},
		"nothing left of a form":     {"\u200b\u200b", []string{"\u200b\u200b"}, "(sensitive)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := secret.New(test.secrets).Clean(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Whatever stands around a secret, and whatever it is: none of it is left.
func TestCleanProperty(t *testing.T) {
	all := forms()
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9/+&"ü<\\ %=:]{4,12}`), 1, 5).Draw(t, "secrets")
		s := rapid.SampledFrom(secrets).Draw(t, "secret")
		name := rapid.SampledFrom([]string{"as it is", "JSON", "Go", "HTML", "a path", "references", "hexadecimal", "base64"}).Draw(t, "form")
		before := rapid.StringMatching(`[ -~ü]{0,6}`).Draw(t, "before")
		after := rapid.StringMatching(`[ -~ü]{0,6}`).Draw(t, "after")
		form := all[name](s)
		// What stands around it is written by the same program, and it may begin a word.
		text := all[name](before+"|") + "|" + form + "|" + all[name](after)
		if got := secret.New(secrets).Clean(text); strings.Contains(got, "|"+form+"|") || !strings.Contains(got, shown) {
			t.Fatalf("%s: %q of %q shows in %q", name, form, text, got)
		}
	})
}

// What is left of JSON is JSON.
func TestCleanJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[a-fnu0\\]{4,6}`), 1, 5).Draw(t, "secrets")
		text := rapid.StringMatching(`[a-fnu0\\\n"ü]{0,40}`).Draw(t, "text")
		b, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := secret.New(secrets).Clean(string(b)); !json.Valid([]byte(got)) {
			t.Fatalf("%s becomes %s", b, got)
		}
	})
}

// Words of mails go over several lines; other lines are cleaned by themselves.
func TestLines(t *testing.T) {
	behind := func(n int) string { return strings.Repeat("x", n) + awkward + strings.Repeat(", and long after it", 5) }
	s := secret.New([]string{awkward, "one two"})
	for name, text := range map[string]string{
		"base64":           wrapped(base64.StdEncoding.EncodeToString([]byte(behind(100))), 76, "\r\n") + "\r\n",
		"quoted-printable": quotedPrintable(behind(60)) + "\n",
	} {
		got := s.Lines("before\n" + text + "after\n")
		if !strings.Contains(got, shown) || !strings.HasPrefix(got, "before\n") || !strings.HasSuffix(got, "\nafter\n") {
			t.Errorf("%s: %q becomes %q", name, text, got)
		}
	}
	if got := s.Lines("one\ntwo\n"); got != "one\ntwo\n" {
		t.Errorf("two lines became %q", got)
	}
}

func FuzzClean(f *testing.F) {
	for _, form := range forms() {
		f.Add("so: "+form(awkward), awkward, "hunter2")
	}
	f.Add("…\\u00", "=\r\n=0", "&#0;")
	f.Fuzz(func(t *testing.T, text, one, other string) {
		s := secret.New([]string{one, other})
		got := s.Clean(text)
		if len(one) >= secret.MinLength && !strings.Contains(shown, one) && !strings.Contains(one, shown[:1]) && !strings.Contains(one, ")") && strings.Contains(got, one) {
			t.Errorf("%q shows in %q, which was %q", one, got, text)
		}
		if n := s.Complete([]byte(text)); s.Lines(text[:n])+s.Lines(text[n:]) != s.Lines(text) {
			t.Errorf("%q differs in two pieces, of %d bytes the first", text, n)
		}
	})
}

func BenchmarkNew(b *testing.B) {
	secrets := thousand("%08x-secret")
	for b.Loop() {
		secret.New(secrets)
	}
}

func BenchmarkClean(b *testing.B) {
	var text strings.Builder
	for i := 0; text.Len() < 1<<20; i++ {
		fmt.Fprintf(&text, "%d: copied tenant %x to the new place, and \"%s\" is what it said%%21\n", i, i*7919, "sk_live_nothing")
	}
	for name, format := range map[string]string{"of their own": "%08x-secret", "with one beginning": "sk_live_%08x"} {
		s := secret.New(thousand(format))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				s.Clean(text.String())
			}
		})
	}
}

func thousand(format string) []string {
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf(format, uint32(i)*2654435761))
	}
	return all
}
