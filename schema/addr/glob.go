package addr

import (
	"strings"
	"unicode/utf8"
)

// match reports whether a pattern covers the whole of s: * stands for any
// characters, or none, and ? for exactly one.
//
// Only the newest * is ever tried again, since an earlier one could gain nothing
// by taking more. The time is bounded by the product of both lengths, and nothing
// is allocated.
func match(pattern, s string) bool {
	star, resume := "", "" // what follows the newest *, and where in s it was last tried
	starred := false
	for s != "" || pattern != "" {
		if rest, ok := strings.CutPrefix(pattern, "*"); ok {
			if rest == "" {
				return true
			}
			pattern, star, resume, starred = rest, rest, s, true
			continue
		}
		if p, n := step(pattern, s); n > 0 {
			pattern, s = pattern[p:], s[n:]
			continue
		}
		if !starred || resume == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(resume)
		resume = resume[n:]
		pattern, s = star, resume
	}
	return true
}

// step compares the first characters of a pattern and a text. It returns how
// many bytes of each they take, 0 and 0 if they differ.
func step(pattern, s string) (int, int) {
	if pattern == "" || s == "" {
		return 0, 0
	}
	_, n := utf8.DecodeRuneInString(s)
	switch {
	case pattern[0] == '?':
		return 1, n
	case strings.HasPrefix(pattern, s[:n]):
		return n, n
	default:
		return 0, 0
	}
}
