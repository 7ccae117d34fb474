package view_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"transition/cmd/transition/internal/view"
)

// In whatever pieces an output comes, no secret is in it, and the pieces are of no
// account.
func TestRedactorInAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9/+&"ü<]{6,12}`), 1, 3).Draw(t, "secrets")
		text := ""
		for range rapid.IntRange(1, 12).Draw(t, "parts") {
			secret := rapid.SampledFrom(secrets).Draw(t, "secret")
			text += rapid.SampledFrom([]func(string) string{
				func(s string) string { return s },
				func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
				func(s string) string { return hex.EncodeToString([]byte(s)) },
				url.QueryEscape,
				func(s string) string { b, _ := json.Marshal(s); return string(b) },
				func(string) string { return "\n" },
				func(string) string { return " Größe " },
				func(s string) string {
					mail := base64.StdEncoding.EncodeToString([]byte("A mail of several lines, which has " + s + " somewhere in it, and goes on."))
					return "\n" + mail[:60] + "\n" + mail[60:] + "\n"
				},
				func(s string) string { return "=\n" + s[:3] + "=\r\n" + s[3:] },
			}).Draw(t, "form")(secret) + rapid.SampledFrom([]string{"", " ", "\n"}).Draw(t, "end")
		}
		var b bytes.Buffer
		r := view.NewRedactor(&b, secrets)
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if wrote, err := r.Write(rest[:n]); wrote != n || err != nil {
				t.Fatalf("Write = %d, %v", wrote, err)
			}
			rest = rest[n:]
		}
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		whole := redacted(t, text, secrets)
		if b.String() != whole {
			t.Fatalf("in pieces %q, and whole %q", b.String(), whole)
		}
		if mail := regexp.MustCompile(`QSBtYWls[A-Za-z0-9+/\n]*=`).FindString(whole); mail != "" {
			t.Fatalf("a mail shows whole in %q", whole)
		}
		for _, s := range secrets {
			if strings.Contains(whole, s[:3]+"=\r\n"+s[3:]) {
				t.Fatalf("%q over two lines shows in %q", s, whole)
			}
			quoted, _ := json.Marshal(s)
			for _, form := range []string{s, url.QueryEscape(s), hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s)), strings.Trim(string(quoted), `"`)} {
				if strings.Contains(whole, form) {
					t.Fatalf("%q of %q shows in %q", form, text, whole)
				}
			}
		}
	})
}

func redacted(t interface{ Fatal(...any) }, text string, secrets []string) string {
	var b bytes.Buffer
	r := view.NewRedactor(&b, secrets)
	if _, err := r.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Comments on pull requests spell names in a way of their own.
func TestRedactorKnowsHowMarkdownIsWritten(t *testing.T) {
	p := weekend(t)
	p.Waiting[0].Reason = "it is pa55-w.rd_x@y"
	out := text(t, func(b *bytes.Buffer) error { return view.PlanMarkdown(b, p, view.PlanOptions{}) })
	if got := redacted(t, string(out), []string{"pa55-w.rd_x@y"}); !strings.Contains(got, "(sensitive)") || strings.Contains(got, "pa55") {
		t.Errorf("got %s", got)
	}
}

// A log that goes on knows the secrets of every plan that it has told of.
func TestVeilHidesWhatItWasTold(t *testing.T) {
	var b bytes.Buffer
	v := view.NewVeil(&b)
	var all sync.WaitGroup
	for _, s := range [][]string{{"hunter2"}, nil, {"swordfish", "hunter2"}} {
		all.Go(func() { v.Hide(s) })
	}
	all.Wait()
	for _, entry := range []string{"a hunter2\nb aHVudGVyMg==\n", "swordfish\n"} {
		if n, err := v.Write([]byte(entry)); n != len(entry) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if want := "a (sensitive)\nb (sensitive)\n(sensitive)\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	(*view.Veil)(nil).Hide([]string{"hunter2"}) // where nothing is logged
}
