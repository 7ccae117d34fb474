package hclconfig

import (
	"fmt"
	"strings"

	"transition/schema/diag"
	"transition/schema/spec"
)

// checkBlocks holds the number of nested blocks against the description.
func (l *loader) checkBlocks(n *node) {
	for _, name := range n.spec.BlockNames() {
		s, found := n.spec.Nested(name)[0], n.each(name)
		if len(found) < s.Min {
			l.missingBlock(n, s)
		}
		if s.Max > 0 && len(found) > s.Max {
			l.tooMany(found[1], found[0])
		}
	}
	l.checkChoice(n)
}

func (l *loader) tooMany(again, first *node) {
	l.report(again, again.def, diag.Diagnostic{
		Code: "too-many-blocks", Summary: "A block is written twice",
		Detail: fmt.Sprintf("There may be one block %q here, and there is one in %s, line %d already.", again.spec.Name, first.def.Filename, first.def.Start.Line),
		Hint:   "Remove one of the two.",
	})
}

func (l *loader) checkChoice(n *node) {
	if len(n.spec.Choose) == 0 {
		return
	}
	switch found := n.each(n.spec.Choose...); len(found) {
	case 1:
	case 0:
		l.report(n, n.def, diag.Diagnostic{
			Code: "missing-block", Summary: "A block is missing",
			Detail: fmt.Sprintf("A block %q holds exactly one of the blocks %s, and here is none.", n.spec.Name, quoted(n.spec.Choose, "and")),
			Hint:   `Write what it does, as in exec { command = ["./bin/command", tenant.id] }.`,
		})
	default:
		l.report(n, found[1].def, diag.Diagnostic{
			Code: "too-many-blocks", Summary: "A block is written twice",
			Detail: fmt.Sprintf("A block %q holds exactly one of the blocks %s, and here are %d.", n.spec.Name, quoted(n.spec.Choose, "and"), len(found)),
			Hint:   "Keep one, and make another item of the other.",
		})
	}
}

// checkAttributes reports required attributes that are not written.
func (l *loader) checkAttributes(n *node) {
	for i := range n.spec.Attributes {
		if a := &n.spec.Attributes[i]; a.Required && !n.written(a.Name) {
			l.missingAttribute(n, a)
		}
	}
}

func (l *loader) missingAttribute(n *node, a *spec.Attribute) {
	l.missing(n, a.Missing, diag.Diagnostic{
		Code: "missing-attribute", Summary: "An attribute is missing",
		Detail: fmt.Sprintf("A block %q must have the attribute %q.", n.spec.Name, a.Name),
		Hint:   fmt.Sprintf("Write %s = … (%s).", a.Name, clause(a.Doc)),
	})
}

func (l *loader) missingBlock(n *node, s *spec.Block) {
	holder := "A plan"
	if n.spec.Name != "" {
		holder = fmt.Sprintf("A block %q", n.spec.Name)
	}
	l.missing(n, s.Missing, diag.Diagnostic{
		Code: "missing-block", Summary: "A block is missing",
		Detail: fmt.Sprintf("%s must have a block %s.", holder, s.Name),
		Hint:   fmt.Sprintf("Write %s { … } (%s).", s.Title(), clause(s.Doc)),
	})
}

// missing reports a required part that was left out, in the words of the
// description if it has some.
func (l *loader) missing(n *node, m *spec.Missing, d diag.Diagnostic) {
	if m != nil {
		d.Code, d.Summary, d.Detail = m.Code, m.Summary, m.Why
	}
	l.report(n, n.def, d)
}

// clause makes a part of a sentence out of one.
func clause(sentence string) string {
	first, _, _ := strings.Cut(strings.TrimSuffix(sentence, "."), ". ")
	if first == "" {
		return ""
	}
	return strings.ToLower(first[:1]) + first[1:]
}
