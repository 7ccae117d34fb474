package hclconfig

import (
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"transition/schema/hclconfig/compile"
)

// glimpse finds in a plan that cannot be understood as a whole what leads to its
// recorded state, as far as that is written out: its name, its zone, and the path
// of the state. A missing brace must not hide which locks are due.
func (l *loader) glimpse() {
	for _, name := range slices.Sorted(maps.Keys(l.cfg.Sources)) {
		if compile.Crowded(l.cfg.Sources[name]) {
			continue
		}
		if _, _, bad := scanFile(name, l.cfg.Sources[name]); bad {
			continue
		}
		// What stands before a mistake can be read; the mistake was reported.
		file, _ := parseFile(name, l.cfg.Sources[name])
		if file == nil || file.Body == nil {
			continue
		}
		if b := glimpseBlock(file.Body, "transition", "NAME"); b != nil {
			l.glimpseTransition(b)
			return
		}
	}
}

func (l *loader) glimpseTransition(b *hcl.Block) {
	l.cfg.Name = b.Labels[0]
	if zone, err := time.LoadLocation(glimpseText(b.Body, "time_zone")); err == nil {
		l.cfg.Zone = zone
	}
	if state := glimpseBlock(b.Body, "state", "KIND"); state != nil {
		l.cfg.State.Path = glimpseText(state.Body, "path")
	}
}

// glimpseBlock is the first block of a type; nil: none is to be seen.
func glimpseBlock(body hcl.Body, name, label string) *hcl.Block {
	content, _, _ := body.PartialContent(&hcl.BodySchema{
		Blocks: []hcl.BlockHeaderSchema{{Type: name, LabelNames: []string{label}}},
	})
	if content == nil || len(content.Blocks) == 0 {
		return nil
	}
	return content.Blocks[0]
}

// glimpseText is a text that is written out; empty: none is.
func glimpseText(body hcl.Body, name string) string {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: name}}})
	if content == nil || content.Attributes[name] == nil {
		return ""
	}
	text, _ := literal(content.Attributes[name].Expr)
	return text
}
