package hclconfig

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"transition/schema/diag"
	"transition/schema/spec"
)

// unknown reports what a body holds that the description does not know.
func (l *loader) unknown(n *node, body hcl.Body) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		l.unknownJSON(n, body)
		return
	}
	for name, attr := range native.Attributes {
		if _, known := n.spec.Attribute(name); !known {
			l.unknownAttribute(n, name, attr.NameRange)
		}
	}
	for _, b := range native.Blocks {
		if len(n.spec.Nested(b.Type)) == 0 {
			l.unknownBlock(n, b.Type, b.TypeRange)
		}
	}
}

// unknownJSON leaves it to the parser to find what is unknown: it alone knows how
// the objects of a body may be spread.
func (l *loader) unknownJSON(n *node, body hcl.Body) {
	_, diags := body.Content(bodySchema(n.spec))
	for _, d := range diags {
		if d.Summary != "Extraneous JSON object property" || d.Subject == nil {
			continue
		}
		var name string
		key := d.Subject.SliceBytes(l.cfg.Sources[d.Subject.Filename])
		if err := json.Unmarshal(key, &name); err != nil {
			name = string(key)
		}
		l.unknownAttribute(n, name, *d.Subject)
	}
}

func (l *loader) unknownAttribute(n *node, name string, rng hcl.Range) {
	d := diag.Diagnostic{
		Code: "unknown-attribute", Summary: "Unknown attribute",
		Detail: fmt.Sprintf("%s no attribute %q.", holder(n), name),
	}
	if len(n.spec.Nested(name)) > 0 {
		d.Detail = fmt.Sprintf("%q is a block, and is written here as an attribute.", name)
		d.Hint = fmt.Sprintf("Write it without the equals sign: %s { … }.", name)
	} else {
		d.Hint = choices(name, attributeNames(n.spec), n.spec.BlockNames())
	}
	l.report(n, rng, d)
}

func (l *loader) unknownBlock(n *node, name string, rng hcl.Range) {
	d := diag.Diagnostic{
		Code: "unknown-block", Summary: "Unknown block",
		Detail: fmt.Sprintf("%s no block %q.", holder(n), name),
	}
	if _, isAttribute := n.spec.Attribute(name); isAttribute {
		d.Detail = fmt.Sprintf("%q is an attribute, and is written here as a block.", name)
		d.Hint = fmt.Sprintf("Write it with an equals sign: %s = ….", name)
	} else {
		d.Hint = choices(name, n.spec.BlockNames(), attributeNames(n.spec))
	}
	l.report(n, rng, d)
}

// holder begins a sentence about what n does not have.
func holder(n *node) string {
	if n.spec.Name == "" {
		return "A plan has"
	}
	return fmt.Sprintf("A block %q has", n.spec.Name)
}

func attributeNames(s *spec.Block) []string {
	var names []string
	for i := range s.Attributes {
		names = append(names, s.Attributes[i].Name)
	}
	return names
}

// choices asks whether one of the likely names was meant, or one of the others,
// or else lists the likely ones.
func choices(given string, likely, others []string) string {
	if s := didYouMean(given, append(likely[:len(likely):len(likely)], others...)); s != "" {
		return s
	}
	if len(likely) == 0 {
		return "Remove it."
	}
	return "There are " + quoted(likely, "and") + "."
}
