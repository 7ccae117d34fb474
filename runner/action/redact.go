package action

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

const (
	// minSecret is how long a secret must be, in bytes. Shorter ones are in too
	// many words to be replaced.
	minSecret = 4
	// minLine is how long one line of a secret of several lines must be.
	minLine = 8

	redacted = "(sensitive)"
	cut      = "…" // where package tail has shortened a text
)

// Redact is an executor whose outcomes hold none of the secrets: each is
// replaced by "(sensitive)" in the reason and in every text of the evidence, as
// it is, and as base64, URLs and JSON write it. What was left of a secret where
// a text was shortened is replaced too.
func Redact(next Executor, secrets []string) Executor {
	s := NewScrubber(secrets)
	if s == nil {
		return next
	}
	return &redactor{next, s}
}

type redactor struct {
	next Executor
	*Scrubber
}

// Scrubber replaces secrets in texts. A nil Scrubber knows none.
type Scrubber struct {
	forms    []string // longest first
	replacer *strings.Replacer
}

// NewScrubber makes a Scrubber; nil when there is nothing to replace.
func NewScrubber(secrets []string) *Scrubber {
	forms := spellings(secrets)
	if len(forms) == 0 {
		return nil
	}
	var pairs []string
	for _, f := range forms {
		pairs = append(pairs, f, redacted)
	}
	return &Scrubber{forms: forms, replacer: strings.NewReplacer(pairs...)}
}

func (r *redactor) Do(ctx context.Context, req Request) Outcome {
	out := r.next.Do(ctx, req)
	e := &out.Evidence
	for _, text := range []*string{&out.Reason, &e.Reply, &e.Output, &e.Message, &e.Digest} {
		*text = r.Clean(*text)
	}
	return out
}

// Clean returns the text without the secrets.
func (r *Scrubber) Clean(text string) string {
	if r == nil || text == "" {
		return text
	}
	parts := strings.Split(r.replacer.Replace(text), cut)
	for i := range parts {
		if i > 0 {
			parts[i] = r.cleanStart(parts[i])
		}
		if i < len(parts)-1 {
			parts[i] = r.cleanEnd(parts[i])
		}
	}
	return strings.Join(parts, cut)
}

// cleanStart replaces the end of a secret whose beginning was cut off.
func (r *Scrubber) cleanStart(text string) string {
	longest := 0
	for _, f := range r.forms {
		for n := len(f) - 1; n >= minSecret && n > longest; n-- {
			if strings.HasPrefix(text, f[len(f)-n:]) {
				longest = n
			}
		}
	}
	if longest == 0 {
		return text
	}
	return redacted + text[longest:]
}

// cleanEnd replaces the beginning of a secret whose end was cut off.
func (r *Scrubber) cleanEnd(text string) string {
	longest := 0
	for _, f := range r.forms {
		for n := len(f) - 1; n >= minSecret && n > longest; n-- {
			if strings.HasSuffix(text, f[:n]) {
				longest = n
			}
		}
	}
	if longest == 0 {
		return text
	}
	return text[:len(text)-longest] + redacted
}

// spellings lists all ways in which secrets may show, the longest first, so
// that a secret within another one leaves nothing of the longer.
func spellings(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		all = append(all, s, url.QueryEscape(s), url.PathEscape(s), inJSON(s, true), inJSON(s, false))
		if line := strings.Join(strings.Fields(s), " "); len(line) >= minSecret {
			all = append(all, line) // as a reason has it, which is one line
		}
		all = append(all, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))))
		all = append(all, inBase64(s)...)
		all = append(all, lines(s)...)
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(all)
}

// inJSON is a text between the quotes of a JSON string.
func inJSON(s string, escapeHTML bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(s); err != nil {
		return s
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// inBase64 lists the base64 forms of a secret: by itself, and somewhere inside
// of a longer text, as in the header of Basic authentication, where it may begin
// at any of three places within a group of four characters.
func inBase64(s string) []string {
	var all []string
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, enc.EncodeToString([]byte(s)))
		for before := range 3 {
			text := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + s))
			first := (before*8 + 5) / 6       // characters that depend on what stands before
			last := (before + len(s)) * 8 / 6 // and those after which it depends on what follows
			if last-first >= minSecret {
				all = append(all, text[first:last])
			}
		}
	}
	return all
}

// lines lists the lines of a secret of several lines, such as a private key:
// a reason has only one.
func lines(s string) []string {
	if !strings.Contains(s, "\n") {
		return nil
	}
	var all []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); len(line) >= minLine {
			all = append(all, line)
		}
	}
	return all
}
