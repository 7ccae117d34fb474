package hclconfig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema/diag"
	"transition/schema/spec"
)

// ref is a reference as it is written: batch.pilot, channel.smtp.mail.
type ref struct {
	kind string // the block that is named; "" in a list of items by bare name
	name string // for a channel KIND.NAME
	rng  hcl.Range
}

func (r ref) String() string {
	if r.kind == "" {
		return r.name
	}
	return r.kind + "." + r.name
}

// register notes the names that references may use. It comes before anything is
// evaluated, so that a mistake in a block never makes a reference to it unknown.
func (l *loader) register() {
	for _, n := range l.root.children {
		l.names[n.spec.Name] = append(l.names[n.spec.Name], refName(n))
		if n.spec.Name != "phase" {
			continue
		}
		for _, item := range n.each(spec.ItemBlocks()...) {
			l.names[item.spec.Name] = append(l.names[item.spec.Name], item.name())
		}
	}
}

func refName(n *node) string {
	if n.spec.Kind != "" {
		return n.spec.Kind + "." + n.name()
	}
	return n.name()
}

// reference reads an attribute that names a block, and finds out whether there
// is one.
func (l *loader) reference(n *node, a *spec.Attribute, e hcl.Expression) (any, bool) {
	r, ok := parseRef(e, a.Refers)
	if !ok {
		l.badReference(n, a, e)
		return nil, false
	}
	if slices.Contains(l.names[r.kind], r.name) {
		return r, true
	}
	l.report(n, r.rng, diag.Diagnostic{
		Code: "unknown-reference", Summary: "Unknown reference",
		Detail: fmt.Sprintf("The plan has no %s %q.", r.kind, r.name),
		Hint:   l.similar(r),
	})
	return nil, false
}

// similar asks whether another block of the kind was meant, or lists them.
func (l *loader) similar(r ref) string {
	known := slices.Compact(slices.Sorted(slices.Values(l.names[r.kind])))
	if s := diag.Suggest(r.name, known); s != "" {
		return fmt.Sprintf("Did you mean %s.%s?", r.kind, s)
	}
	if len(known) == 0 {
		return fmt.Sprintf("Write a block: %s.", example(r.kind, r.name))
	}
	if len(known) == 1 {
		return fmt.Sprintf("There is only %q.", known[0])
	}
	return fmt.Sprintf("There are %s.", quoted(known, "and"))
}

func example(kind, name string) string {
	if kind, name, ok := strings.Cut(name, "."); ok {
		return fmt.Sprintf("channel %q %q { … }", kind, name)
	}
	return fmt.Sprintf("%s %q { … }", kind, name)
}

// parseRef reads KIND.NAME, or channel.KIND.NAME, of one of the kinds.
func parseRef(e hcl.Expression, kinds []string) (ref, bool) {
	steps, ok := traversal(e)
	if !ok || len(steps) < 2 || !slices.Contains(kinds, steps[0]) {
		return ref{}, false
	}
	r := ref{kind: steps[0], name: strings.Join(steps[1:], "."), rng: e.Range()}
	if r.kind == "channel" {
		return r, len(steps) == 3
	}
	return r, len(steps) == 2
}

// traversal gives the steps of a.b.c and a["b"], of texts only.
func traversal(e hcl.Expression) ([]string, bool) {
	path, diags := hcl.AbsTraversalForExpr(e)
	if diags.HasErrors() {
		return nil, false
	}
	return stepsOf(path)
}

func stepsOf(path hcl.Traversal) ([]string, bool) {
	var steps []string
	for _, step := range path {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			steps = append(steps, s.Name)
		case hcl.TraverseAttr:
			steps = append(steps, s.Name)
		case hcl.TraverseIndex:
			if s.Key.IsNull() || s.Key.Type() != cty.String {
				return nil, false
			}
			steps = append(steps, s.Key.AsString())
		default:
			return nil, false
		}
	}
	return steps, true
}

// literal is a text without expressions in it.
func literal(e hcl.Expression) (string, bool) {
	if len(e.Variables()) > 0 {
		return "", false
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

func (l *loader) badReference(n *node, a *spec.Attribute, e hcl.Expression) {
	kind := a.Refers[0]
	form := kind + ".NAME"
	if kind == "channel" {
		form = "channel.KIND.NAME"
	}
	l.report(n, e.Range(), diag.Diagnostic{
		Code: "bad-reference", Summary: "Not a reference",
		Detail: fmt.Sprintf("The attribute %q names a block of the plan, as %s, and this does not.", a.Name, form),
		Hint:   l.refHint(kind, e, form),
	})
}

// refHint guesses from a bare name or a quoted one which block was meant.
func (l *loader) refHint(kind string, e hcl.Expression, form string) string {
	given, ok := literal(e)
	if steps, bare := traversal(e); bare {
		given, ok = strings.Join(steps, "."), true
	}
	if !ok {
		return fmt.Sprintf("Write %s, without quotes.", form)
	}
	var candidates []string
	for _, name := range l.names[kind] {
		candidates = append(candidates, kind+"."+name)
		if given == name {
			return fmt.Sprintf("Write %s.%s, without quotes.", kind, name)
		}
	}
	if s := diag.Suggest(given, candidates); s != "" && s != given {
		return fmt.Sprintf("Did you mean %s?", s)
	}
	return fmt.Sprintf("Write %s, without quotes.", form)
}

// itemList reads a list of items: work.copy, or just "copy". Whether they exist
// is found out by whoever knows the phase.
func (l *loader) itemList(n *node, e hcl.Expression) (any, bool) {
	list, diags := hcl.ExprList(e)
	if diags.HasErrors() {
		list = []hcl.Expression{e}
	}
	refs, ok := []ref{}, true
	for _, one := range list {
		r, good := parseItem(one)
		if !good {
			ok = false
			l.report(n, one.Range(), diag.Diagnostic{
				Code: "bad-reference", Summary: "Not a reference",
				Detail: "The attribute \"after\" lists items of the phase, and this is none.",
				Hint:   `Write for example after = [work.copy, approval.go].`,
			})
			continue
		}
		refs = append(refs, r)
	}
	return refs, ok
}

func parseItem(e hcl.Expression) (ref, bool) {
	steps, ok := traversal(e)
	if !ok {
		text, isText := literal(e)
		if !isText || text == "" {
			return ref{}, false
		}
		steps = strings.SplitN(text, ".", 2)
	}
	switch {
	case len(steps) == 1:
		return ref{name: steps[0], rng: e.Range()}, true
	case len(steps) == 2 && slices.Contains(spec.ItemBlocks(), steps[0]):
		return ref{kind: steps[0], name: steps[1], rng: e.Range()}, true
	default:
		return ref{}, false
	}
}
