package hclconfig

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"transition/schema/diag"
	"transition/schema/spec"
)

// node is a block that was compared with its description. Its attributes are
// those that the description knows and that may be used; values holds what they
// evaluate to, once evaluate has seen them.
type node struct {
	spec     *spec.Block
	parent   *node
	labels   []string // without the one for the kind
	labelAt  []hcl.Range
	def      hcl.Range // the header
	attrs    map[string]*hcl.Attribute
	children []*node
	values   map[string]any
	named    map[string]bool // what the texts in it name of what differs from tenant to tenant
}

// name is the last label, or "".
func (n *node) name() string {
	if len(n.labels) == 0 {
		return ""
	}
	return n.labels[len(n.labels)-1]
}

// nameAt is where the name stands.
func (n *node) nameAt() hcl.Range {
	if len(n.labelAt) == 0 {
		return n.def
	}
	return n.labelAt[len(n.labelAt)-1]
}

// title is the block as it is written: channel "smtp" "mail".
func (n *node) title() string {
	title := n.spec.Name
	if n.spec.Kind != "" {
		title += " " + strconv.Quote(n.spec.Kind)
	}
	for _, l := range n.labels {
		title += " " + strconv.Quote(l)
	}
	return title
}

// where names the block for people, with the blocks around it.
func (n *node) where() string {
	var parts []string
	for ; n != nil && n.spec.Name != ""; n = n.parent {
		parts = append(parts, n.title())
	}
	return strings.Join(parts, " of ")
}

// each lists the nested blocks of the given names, in order.
func (n *node) each(names ...string) []*node {
	var found []*node
	for _, c := range n.children {
		if slices.Contains(names, c.spec.Name) {
			found = append(found, c)
		}
	}
	return found
}

// block is the first nested block of a name, or nil.
func (n *node) block(name string) *node {
	for _, c := range n.children {
		if c.spec.Name == name {
			return c
		}
	}
	return nil
}

// written reports whether an attribute stands in the block.
func (n *node) written(name string) bool { return n.attrs[name] != nil }

// at is where the value of an attribute stands, or the header of the block.
func (n *node) at(name string) hcl.Range {
	if a := n.attrs[name]; a != nil {
		return a.Expr.Range()
	}
	return n.def
}

// holder names the attribute that a range lies in, as expressions name it.
func (n *node) holder(rng hcl.Range) string {
	if n == nil {
		return "this"
	}
	for name, a := range n.attrs {
		if a.Range.Filename != rng.Filename || !a.Range.Overlaps(rng) {
			continue
		}
		if n.spec.Name == "locals" {
			return "local." + name
		}
		return strconv.Quote(name)
	}
	return "this"
}

// decodeRoot compares all files together with the description. What is missing
// altogether is reported only when the files are whole.
func (l *loader) decodeRoot(plan *spec.Block, bodies []hcl.Body, whole bool) *node {
	root := &node{spec: plan, attrs: make(map[string]*hcl.Attribute)}
	if len(bodies) > 0 {
		root.def = wholeFile(bodies[0].MissingItemRange().Filename)
	}
	for _, body := range bodies {
		l.collect(root, body)
	}
	l.arrange(root)
	if whole && len(bodies) > 0 {
		l.checkBlocks(root)
	}
	return root
}

// collect adds what a body holds to a node.
func (l *loader) collect(n *node, body hcl.Body) {
	l.unknown(n, body)
	content, _, diags := body.PartialContent(bodySchema(n.spec))
	l.fromHCL(n, diags)
	for name, attr := range content.Attributes {
		if a, _ := n.spec.Attribute(name); a.Support == spec.NotYet {
			l.notYet(n, attr.NameRange, fmt.Sprintf("The attribute %q", name))
			continue
		}
		n.attrs[name] = attr
	}
	for _, b := range content.Blocks {
		l.collectBlock(n, b)
	}
}

func (l *loader) collectBlock(n *node, b *hcl.Block) {
	s, ok := l.variant(n, b)
	if !ok {
		return
	}
	c := &node{spec: s, parent: n, labels: b.Labels, labelAt: b.LabelRanges, def: headerOf(b), attrs: make(map[string]*hcl.Attribute), named: make(map[string]bool)}
	if s.Kind != "" {
		c.labels, c.labelAt = b.Labels[1:], b.LabelRanges[1:]
	}
	if s.Support == spec.NotYet {
		l.notYet(c, b.TypeRange, "The block "+s.Title())
		return
	}
	n.children = append(n.children, c)
	if s.Open {
		attrs, diags := b.Body.JustAttributes()
		l.fromHCL(c, diags)
		c.attrs = attrs
		return
	}
	l.collect(c, b.Body)
	l.arrange(c)
	l.checkBlocks(c)
	l.checkAttributes(c)
}

// variant finds the description of a block: by its first label where blocks of
// one name come in kinds.
func (l *loader) variant(n *node, b *hcl.Block) (*spec.Block, bool) {
	variants := n.spec.Nested(b.Type)
	if variants[0].Kind == "" {
		return variants[0], true
	}
	var kinds []string
	for _, s := range variants {
		if s.Kind == b.Labels[0] {
			return s, true
		}
		kinds = append(kinds, s.Kind)
	}
	l.report(n, b.LabelRanges[0], diag.Diagnostic{
		Code: "unknown-kind", Summary: "Unknown kind of block",
		Detail: fmt.Sprintf("A block %s is of the kind %s, and %q is none of them.", b.Type, quoted(kinds, "or"), b.Labels[0]),
		Hint:   didYouMean(b.Labels[0], kinds),
	})
	return nil, false
}

func headerOf(b *hcl.Block) hcl.Range {
	last := b.TypeRange
	if len(b.LabelRanges) > 0 {
		last = b.LabelRanges[len(b.LabelRanges)-1]
	}
	if last.Start.Byte < b.TypeRange.Start.Byte || last.Filename != b.TypeRange.Filename {
		return b.TypeRange
	}
	return hcl.RangeBetween(b.TypeRange, last)
}

func bodySchema(s *spec.Block) *hcl.BodySchema {
	out := &hcl.BodySchema{}
	for i := range s.Attributes {
		out.Attributes = append(out.Attributes, hcl.AttributeSchema{Name: s.Attributes[i].Name})
	}
	for _, name := range s.BlockNames() {
		b := s.Nested(name)[0]
		labels := b.Labels
		if b.Kind != "" {
			labels = append([]string{"KIND"}, labels...)
		}
		out.Blocks = append(out.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: labels})
	}
	return out
}

func (l *loader) notYet(n *node, rng hcl.Range, what string) {
	l.report(n, rng, diag.Diagnostic{
		Code: "not-supported-yet", Summary: "Not supported yet",
		Detail: what + " is part of the language, but this version does not carry it out, and it never ignores what is written.",
		Hint:   "Remove it; the plan then means what this version does.",
	})
}

// arrange puts nested blocks into an order that does not depend on how they are
// spread over files, and drops those that repeat a name.
func (l *loader) arrange(n *node) {
	slices.SortStableFunc(n.children, func(a, b *node) int {
		return cmp.Or(
			cmp.Compare(a.spec.Name, b.spec.Name), cmp.Compare(a.spec.Kind, b.spec.Kind), slices.Compare(a.labels, b.labels),
			cmp.Compare(a.def.Filename, b.def.Filename), cmp.Compare(a.def.Start.Byte, b.def.Start.Byte),
		)
	})
	n.children = slices.CompactFunc(n.children, func(a, b *node) bool {
		same := a.spec == b.spec && len(a.labels) > 0 && slices.Equal(a.labels, b.labels)
		if same {
			l.duplicate(b, a)
		}
		return same
	})
}

func (l *loader) duplicate(again, first *node) {
	l.report(again, again.nameAt(), diag.Diagnostic{
		Code: "duplicate-name", Summary: "A name is used twice",
		Detail: fmt.Sprintf("There is another %s in %s, line %d, and each must have a name of its own.", first.title(), first.def.Filename, first.def.Start.Line),
		Hint:   "Rename one of the two, or remove it.",
	})
}
