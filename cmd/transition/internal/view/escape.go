package view

import (
	"strconv"
	"strings"
)

// foreign makes text from outside a literal of GitHub's Markdown, in a table as
// well as anywhere else. Inside of a code element, neither mentions nor
// references to issues are linked.
func foreign(s string) string {
	if s = prose(s); s == "" {
		return ""
	}
	return "<code>" + s + "</code>"
}

// prose is foreign for sentences. Whatever punctuation could mean to Markdown,
// to HTML or to the log of a workflow is written as a character reference, which
// none of them takes for markup; and a character of no width behind "@" and "#"
// keeps mentions, addresses and references to issues from becoming links.
func prose(s string) string {
	s = clean(s)
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if harmless(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		if r == '@' || r == '#' {
			b.WriteString("&#8203;")
		}
	}
	return b.String()
}

// harmless reports whether a character never begins, ends or divides anything.
func harmless(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > '~':
		return true
	default:
		return r == ' ' || r == '/' || r == ','
	}
}

// marker is a name as it stands in an HTML comment: letters, digits, "." "_"
// and single "-", so that it can never end the comment.
func marker(name string) string {
	var b strings.Builder
	last := '-'
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
		default:
			r = '-'
		}
		if r == '-' && last == '-' {
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return strings.Trim(b.String(), "-")
}
