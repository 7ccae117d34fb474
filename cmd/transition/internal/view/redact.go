package view

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// Redacted is what stands where a secret stood.
const Redacted = "(sensitive)"

// shortestSecret is the length below which a value is no secret: replacing it
// would tear other text apart and tell what it was.
const shortestSecret = 4

// Redactor is a writer that replaces secrets. It holds the last, unfinished
// line back until Flush, since a secret may arrive in pieces.
type Redactor struct {
	w    io.Writer
	r    *strings.Replacer
	rest []byte
}

// NewRedactor replaces the secrets in what goes to w, also as they look inside
// of JSON strings; of a secret of several lines, every line.
func NewRedactor(w io.Writer, secrets []string) *Redactor {
	var pairs []string
	for _, s := range longestFirst(secrets) {
		for _, line := range strings.Split(s, "\n") {
			if len(line) < shortestSecret {
				continue
			}
			pairs = append(pairs, line, Redacted)
			if quoted := inJSON(line); quoted != line {
				pairs = append(pairs, quoted, Redacted)
			}
		}
	}
	return &Redactor{w: w, r: strings.NewReplacer(pairs...)}
}

// longestFirst keeps a secret that contains another one whole.
func longestFirst(secrets []string) []string {
	sorted := slices.Clone(secrets)
	slices.SortStableFunc(sorted, func(a, b string) int { return len(b) - len(a) })
	return sorted
}

// inJSON is how a text looks between the quotes of the documents.
func inJSON(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return s
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// Write passes on every line that is complete.
func (r *Redactor) Write(b []byte) (int, error) {
	end := bytes.LastIndexByte(b, '\n') + 1
	if end == 0 {
		r.rest = append(r.rest, b...)
		return len(b), nil
	}
	lines := append(r.rest, b[:end]...)
	r.rest = append([]byte(nil), b[end:]...)
	if _, err := r.r.WriteString(r.w, string(lines)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Flush passes on the unfinished line, through redactors behind it, too.
func (r *Redactor) Flush() error {
	rest := r.rest
	r.rest = nil
	_, err := r.r.WriteString(r.w, string(rest))
	if behind, ok := r.w.(*Redactor); ok && err == nil {
		return behind.Flush()
	}
	return err
}
