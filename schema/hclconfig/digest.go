package hclconfig

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"transition/schema"
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

// digest covers the inputs and the values of the variables that are not
// ephemeral, each part with its length, so that no two plans read alike.
func (l *loader) digest() [32]byte {
	h := sha256.New()
	write := func(part []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	write([]byte("transition plan 1"))
	for _, in := range l.cfg.Inputs {
		write([]byte(in.Path))
		write(in.SHA256[:])
	}
	for _, name := range slices.Sorted(maps.Keys(l.vars)) {
		if v := l.vars[name]; !v.ephemeral {
			write([]byte(name))
			write(v.json)
		}
	}
	return [32]byte(h.Sum(nil))
}

// shortestSecret is the length below which replacing a value would destroy more
// than it hides.
const shortestSecret = 4

// redact takes the values of sensitive variables out of the diagnostics.
func (l *loader) redact() {
	var pairs []string
	for _, s := range l.cfg.Secrets {
		if len(s) >= shortestSecret {
			pairs = append(pairs, s, "(sensitive value)")
		}
	}
	if pairs == nil {
		return
	}
	r := strings.NewReplacer(pairs...)
	for i := range l.diags {
		d := &l.diags[i]
		d.Detail, d.Hint, d.Snippet = r.Replace(d.Detail), r.Replace(d.Hint), r.Replace(d.Snippet)
	}
}
