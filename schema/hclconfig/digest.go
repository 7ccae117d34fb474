package hclconfig

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"

	"transition/schema"
	"transition/schema/secret"
)

func (in *inputs) add(path string, content []byte) {
	sum := sha256.Sum256(content)
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.closed {
		in.digests[path] = sum
	}
}

// close ends the collection and lists it by path.
func (in *inputs) close() []schema.Input {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	list := make([]schema.Input, 0, len(in.digests))
	for _, path := range slices.Sorted(maps.Keys(in.digests)) {
		list = append(list, schema.Input{Path: path, SHA256: in.digests[path]})
	}
	return list
}

// content is the digest of the file of a path that was read; zero: none was.
func (in *inputs) content(path string) [32]byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.digests[path]
}

// sum is a digest of parts. Each goes in with its length, so that no two lists of
// parts read alike.
type sum struct{ hash.Hash }

func newSum(title string) sum {
	s := sum{sha256.New()}
	s.text(title)
	return s
}

func (s sum) add(part []byte) {
	s.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
	s.Write(part)
}

func (s sum) text(part string) { s.add([]byte(part)) }

func (s sum) digest() [32]byte { return [32]byte(s.Sum(nil)) }

// digest covers the inputs and the values of the variables that are not
// ephemeral.
func (l *loader) digest() [32]byte {
	s := newSum("transition plan 1")
	for _, in := range l.cfg.Inputs {
		s.text(in.Path)
		s.add(in.SHA256[:])
	}
	for _, name := range slices.Sorted(maps.Keys(l.vars)) {
		if v := l.vars[name]; !v.ephemeral {
			s.text(name)
			s.add(v.json)
		}
	}
	return s.digest()
}

// redact takes the secrets out of the diagnostics.
func (l *loader) redact() {
	secrets := secret.New(l.cfg.Secrets)
	for i := range l.diags {
		d := &l.diags[i]
		for _, text := range []*string{&d.Summary, &d.Detail, &d.Hint, &d.Snippet} {
			*text = secrets.Clean(*text)
		}
	}
}
