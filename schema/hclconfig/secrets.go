package hclconfig

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema/diag"
	"transition/schema/hclconfig/compile"
	"transition/schema/secret"
)

const (
	// maxDerived bounds how many texts may be made of secrets, and maxDerivedSize
	// how large they may be together: each is looked for in all that is shown.
	maxDerived     = 1000
	maxDerivedSize = 256 << 10
	// mostLookedFor bounds how many secrets are looked for in each of them.
	mostLookedFor = 1000
)

// derived counts what was made of secrets.
type derived struct {
	texts map[string]bool
	size  int
}

// secret keeps what expressions make of sensitive values, such as
// base64encode(var.token). A text in which a secret shows as it is, as in
// "Bearer ${var.token}", is none itself.
func (l *loader) secret(s compile.Secret) {
	for _, text := range s.Texts {
		if len(text) < secret.MinLength || l.derived.texts[text] || l.derived.full() || l.shows(text) {
			continue
		}
		if l.derived.add(text); l.derived.full() {
			l.tooManySecrets(s.Range)
		}
		l.cfg.Secrets = append(l.cfg.Secrets, text)
	}
}

func (d *derived) add(text string) {
	if d.texts == nil {
		d.texts = make(map[string]bool)
	}
	d.texts[text] = true
	d.size += len(text)
}

func (d *derived) full() bool { return len(d.texts) > maxDerived || d.size > maxDerivedSize }

// shows reports whether a secret that is known stands in a text.
func (l *loader) shows(text string) bool {
	known := l.cfg.Secrets
	return slices.ContainsFunc(known[:min(len(known), mostLookedFor)], func(s string) bool {
		return len(s) >= secret.MinLength && strings.Contains(text, s)
	})
}

func (l *loader) tooManySecrets(rng hcl.Range) {
	l.report(nil, rng, diag.Diagnostic{
		Code: "too-large", Summary: "Too many secrets",
		Detail: "With this, more texts are made of sensitive values than can be kept out of what is shown: more than 1,000, or more than 256 KiB.",
		Hint:   "Write nonsensitive(…) around what tells nothing.",
	})
}

// secretTexts lists the texts and numbers in a value.
func secretTexts(v cty.Value) []string {
	var texts []string
	for _, part := range cty.DeepValues(v) {
		if text, ok := textOf(part); ok && text != "" && part.Type() != cty.Bool {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}
