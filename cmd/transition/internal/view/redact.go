package view

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"transition/schema/secret"
)

// Redactor is a writer that replaces secrets. It holds the last, unfinished
// line back until Flush, since a secret may arrive in pieces, and with it those
// that go on in it.
type Redactor struct {
	w       io.Writer
	secrets *secret.Scrubber
	rest    []byte
}

// NewRedactor replaces the secrets in what goes to w; of a secret of several
// lines, every line.
func NewRedactor(w io.Writer, secrets []string) *Redactor {
	return &Redactor{w: w, secrets: secret.New(secrets)}
}

// Write passes on every line that is complete.
func (r *Redactor) Write(b []byte) (int, error) {
	r.rest = append(r.rest, b...)
	if !bytes.Contains(b, []byte{'\n'}) {
		return len(b), nil
	}
	end := r.secrets.Complete(r.rest)
	lines := string(r.rest[:end])
	r.rest = append([]byte(nil), r.rest[end:]...)
	if _, err := io.WriteString(r.w, r.secrets.Lines(lines)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Flush passes on the unfinished line, through redactors behind it, too.
func (r *Redactor) Flush() error {
	rest := r.rest
	r.rest = nil
	_, err := io.WriteString(r.w, r.secrets.Lines(string(rest)))
	if behind, ok := r.w.(*Redactor); ok && err == nil {
		return behind.Flush()
	}
	return err
}

// Veil is a writer that replaces the secrets that it was told of, in whole
// entries of a log: each Write is one. It is safe for concurrent use; a nil Veil
// hides nothing.
type Veil struct {
	w       io.Writer
	mu      sync.Mutex
	all     []string
	secrets *secret.Scrubber
}

// NewVeil makes a Veil before w that knows no secrets.
func NewVeil(w io.Writer) *Veil { return &Veil{w: w} }

// Hide has secrets replaced from now on, beside those that it knows.
func (v *Veil) Hide(secrets []string) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	fresh := slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return slices.Contains(v.all, s) })
	if len(fresh) == 0 {
		return
	}
	v.all = append(v.all, fresh...)
	v.secrets = secret.New(v.all)
}

// Write passes an entry on.
func (v *Veil) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, err := io.WriteString(v.w, v.secrets.Lines(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
