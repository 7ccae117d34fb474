// Package secret replaces secrets in texts. In which forms a secret may show is
// said here and nowhere else: every output, every fact and the log use it.
package secret

import (
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
)

// Scrubber replaces secrets in texts: as they are, and as base64, hexadecimal,
// URLs, JSON and HTML write them. A nil Scrubber knows none.
type Scrubber struct {
	forms    []string // longest first
	replacer *strings.Replacer
}

// New makes a Scrubber; nil when there is nothing to replace.
func New(secrets []string) *Scrubber {
	forms := spellings(secrets)
	if len(forms) == 0 {
		return nil
	}
	var pairs []string
	for _, f := range forms {
		pairs = append(pairs, f, Redacted)
	}
	return &Scrubber{forms: forms, replacer: strings.NewReplacer(pairs...)}
}

// Clean returns the text without the secrets, and without what was left of them
// where the text was shortened.
func (s *Scrubber) Clean(text string) string {
	if s == nil || text == "" {
		return text
	}
	text = s.replacer.Replace(text)
	if !strings.Contains(text, cut) {
		return text
	}
	parts := strings.Split(text, cut)
	for i := range parts {
		if i > 0 {
			parts[i] = s.cleanStart(parts[i])
		}
		if i < len(parts)-1 {
			parts[i] = s.cleanEnd(parts[i])
		}
	}
	return strings.Join(parts, cut)
}

// cleanStart replaces the end of a secret whose beginning was cut off.
func (s *Scrubber) cleanStart(text string) string {
	longest := s.longest(text, func(form string, n int) bool {
		return strings.HasPrefix(text, form[len(form)-n:])
	})
	if longest == 0 {
		return text
	}
	return Redacted + text[longest:]
}

// cleanEnd replaces the beginning of a secret whose end was cut off.
func (s *Scrubber) cleanEnd(text string) string {
	longest := s.longest(text, func(form string, n int) bool {
		return strings.HasSuffix(text, form[:n])
	})
	if longest == 0 {
		return text
	}
	return text[:len(text)-longest] + Redacted
}

// longest is how much of any form is left in a text, in bytes; 0: too little to
// tell.
func (s *Scrubber) longest(text string, left func(form string, n int) bool) int {
	longest := 0
	for _, f := range s.forms {
		for n := min(len(f)-1, len(text)); n >= MinLength && n > longest; n-- {
			if left(f, n) {
				longest = n
			}
		}
	}
	return longest
}

// Lines is Clean for text of several lines, each of which is cleaned by itself,
// so that it matters to no line which others come with it.
func (s *Scrubber) Lines(text string) string {
	if s == nil {
		return text
	}
	lines := slices.Collect(strings.Lines(text))
	for i, l := range lines {
		lines[i] = s.Clean(l)
	}
	return strings.Join(lines, "")
}
