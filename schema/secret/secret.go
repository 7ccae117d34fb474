// Package secret replaces secrets in texts. In which forms a secret may show is
// said here and nowhere else: every output, every fact and the log use it.
//
// Forms are not listed but undone: a text is searched as it is, and as it reads
// when its escapes, its base64 and its hexadecimal digits are decoded, also in
// each other. See [view].
package secret

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

const (
	// Redacted is what stands where a secret stood.
	Redacted = "(sensitive)"
	// MinLength is how long a secret must be, in bytes. Shorter ones are in too
	// many words to be replaced: that would tell what they are.
	MinLength = 4

	cut = "…" // where a text was shortened
	// mostHeld bounds the lines that are looked at together, in bytes.
	mostHeld = 64 << 10
)

// Scrubber replaces secrets in texts, in whatever form. A nil Scrubber knows
// none. It is safe for concurrent use.
type Scrubber struct{ words *words }

// New makes a Scrubber; nil when there is nothing to replace.
func New(secrets []string) *Scrubber {
	w := newWords(secrets)
	if w == nil {
		return nil
	}
	return &Scrubber{w}
}

// Clean returns the text without the secrets, and without what was left of them
// where the text was shortened.
func (s *Scrubber) Clean(text string) string {
	if s == nil || len(text) < MinLength {
		return text
	}
	return mask(text, s.find(text))
}

// Lines is Clean for text of several lines, each of which is cleaned by itself,
// so that it matters to no line which others come with it. Only lines that go on
// in the next one are cleaned together with it.
func (s *Scrubber) Lines(text string) string {
	if s == nil {
		return text
	}
	var b strings.Builder
	for text != "" {
		n := block(text)
		b.WriteString(s.Clean(text[:n]))
		text = text[n:]
	}
	return b.String()
}

// Complete is how much of a text of several lines can be cleaned before more of it
// is known.
func (s *Scrubber) Complete(text []byte) int {
	if s == nil {
		return bytes.LastIndexByte(text, '\n') + 1
	}
	done := 0
	for rest := string(text); rest != ""; {
		n := block(rest)
		line := rest[strings.LastIndexByte(rest[:n-1], '\n')+1 : n]
		if rest[n-1] != '\n' || n < mostHeld && goesOn(line) {
			break
		}
		done, rest = done+n, rest[n:]
	}
	return done
}

// block is the length of the first line, with those in which it goes on.
func block(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if n += len(line); n >= mostHeld || !goesOn(line) {
			break
		}
	}
	return n
}

// goesOn reports whether a line is one of several over which mails break a word:
// quoted-printable ends them in "=", and base64 fills them.
func goesOn(line string) bool {
	const least = 40
	line = strings.TrimRight(line, "\r\n")
	if strings.HasSuffix(line, "=") {
		return true
	}
	return len(line) >= least && !strings.ContainsFunc(line, func(r rune) bool { return r > '~' || base64Digits[byte(r)] < 0 })
}

// span is a part of a text, from its first byte to the one after its last.
type span struct{ start, end int32 }

// find lists where the text holds secrets.
func (s *Scrubber) find(text string) []span {
	var found []span
	asItIs := view{text: text}
	explore(asItIs, mostLayers, func(v view) { found = s.words.in(v, found) })
	for _, lead := range leads { // by itself: a secret may end like the escape of another coding begins
		if v, ok := unescape(asItIs, string(lead)); ok {
			found = s.words.in(v, found)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if plain, ok := unescape(asItIs, leads); ok {
		for i, f := range found {
			found[i] = plain.whole(f)
		}
	}
	return found
}

// mask replaces parts of a text, which may overlap.
func mask(text string, parts []span) string {
	if len(parts) == 0 {
		return text
	}
	slices.SortFunc(parts, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	var b strings.Builder
	done := int32(0)
	for _, p := range parts {
		if p.start >= done && p.end > done {
			b.WriteString(text[done:p.start] + Redacted)
		}
		done = max(done, p.end)
	}
	return b.String() + text[done:]
}
