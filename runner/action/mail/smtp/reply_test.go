package smtp

import (
	"bufio"
	"strings"
	"testing"
)

func FuzzReadReply(f *testing.F) {
	for _, s := range []string{
		"250 ok\r\n", "250-a\r\n250 b\r\n", "250\r\n", "250-\n250\n", "250-a\r\n550 b\r\n", "199 x\r\n", "2x0 \r\n", "25", "", "250ok\r\n",
		strings.Repeat("250-x\r\n", 200), "250 " + strings.Repeat("x", 5000) + "\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(s), maxLine))
		if err != nil {
			if r.code != 0 {
				t.Fatalf("%q: %v, and yet the code %d", s, err, r.code)
			}
			return
		}
		if r.code < 200 || r.code > 599 || len(r.lines) == 0 || len(r.lines) > maxLines {
			t.Fatalf("%q gives %d with %d lines", s, r.code, len(r.lines))
		}
		if !strings.Contains(s, "\n") {
			t.Fatalf("%q is no whole line, and gives %d", s, r.code)
		}
	})
}
