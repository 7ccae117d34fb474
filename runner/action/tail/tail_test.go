package tail_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"transition/runner/action/tail"
)

func TestBufferKeepsTheEnd(t *testing.T) {
	tests := map[string]struct {
		writes []string
		want   string
	}{
		"nothing":                {nil, ""},
		"less than fits":         {[]string{"ab", "cd"}, "abcd"},
		"just what fits":         {[]string{"abcd", "efgh"}, "abcdefgh"},
		"more, in small writes":  {[]string{"abc", "def", "ghi", "jkl", "mno", "pqr"}, "…klmnopqr"},
		"more, in one write":     {[]string{"ab", "cdefghijkl"}, "…efghijkl"},
		"a character cut in two": {[]string{"aaä", "bcdefgh"}, "…bcdefgh"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := tail.NewBuffer(8)
			for _, w := range test.writes {
				if n, err := b.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write: %d, %v", n, err)
				}
			}
			if got := b.String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestClean(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain":             {"Grüße\tan\nalle", "Grüße\tan\nalle"},
		"colours":           {"\x1b[1;31mfailed\x1b[0m", "failed"},
		"an endless escape": {"ok\x1b[1;31", "ok"},
		"a broken escape":   {"\x1b[1\nnext", "\nnext"},
		"a lone escape":     {"a\x1bb", "ab"},
		"window title":      {"\x1b]0;title\x07text", "]0;titletext"},
		"line ends":         {"a\r\nb\rc", "a\nb\nc"},
		"controls":          {"a\x00b\x08c\u0085d\u009be", "abcde"},
		"turned around":     {"user\u202egpj.exe", "usergpj.exe"},
		"not UTF-8":         {"a\xffb", "a\ufffdb"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tail.Clean(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCleanTextIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := string(rapid.SliceOf(rapid.SampledFrom([]byte("ab\x1b[0;m\r\n\t\x00\x7f\xc2\x9b\xe2\x80\xae\xff"))).Draw(t, "raw"))
		got := tail.Clean(raw)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		for _, c := range got {
			if c != '\n' && c != '\t' && unicode.IsControl(c) {
				t.Fatalf("%q holds %q", got, c)
			}
		}
		if again := tail.Clean(got); again != got {
			t.Fatalf("%q becomes %q when cleaned again", got, again)
		}
	})
}

func TestHeadAndLine(t *testing.T) {
	if got := tail.Head("aäb", 2); got != "a"+tail.Cut {
		t.Errorf("Head cut a character: %q", got)
	}
	if got := tail.Line("a\r\n\tb  c ", 100); got != "a b c" {
		t.Errorf("Line gave %q", got)
	}
	if got := tail.Last("one\ntwo \n\n"); got != "two" {
		t.Errorf("Last gave %q", got)
	}
	if got := tail.Last(strings.Repeat("\n", 3)); got != "" {
		t.Errorf("Last of nothing gave %q", got)
	}
}
