package compile

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// call makes nodes of the functions that plans call for every tenant. The names
// are those of the table that Functions makes.
func (b *builder) call(e *hclsyntax.FunctionCallExpr) (node, bool) {
	if e.ExpandFinal {
		return node{}, false
	}
	switch e.Name {
	case escapeName, escapeNameInTag:
		of, ok := b.text(e.Args[0])
		return node{text: escaped{of, escaperOf(e.Name)}}, ok
	case "coalesce":
		return b.coalesce(e.Args)
	case "contains":
		return b.contains(e.Args)
	case "lookup":
		return b.lookup(e.Args)
	}
	switch len(e.Args) {
	case 1:
		return b.callOfOne(e)
	case 2:
		return b.callOfTwo(e)
	default:
		return node{}, false
	}
}

func (b *builder) callOfOne(e *hclsyntax.FunctionCallExpr) (node, bool) {
	of, ok := b.build(e.Args[0])
	if !ok {
		return node{}, false
	}
	if of.num != nil {
		if apply := unaryOf(e.Name); apply != nil {
			return node{num: unaryNum{of.num, apply}, wide: of.wide}, true
		}
	}
	if of.text != nil {
		if apply := mappingOf(e.Name); apply != nil {
			return node{text: mapped{of.text, apply}}, true
		}
		if e.Name == "length" {
			return node{num: textLength{of.text}}, true
		}
	}
	if e.Name == "tostring" {
		t, ok := of.asText()
		return node{text: t}, ok
	}
	return node{}, false
}

func unaryOf(name string) func(num) (num, state) {
	switch name {
	case "abs":
		return abs
	case "ceil":
		return ceil
	case "floor":
		return floor
	default:
		return nil
	}
}

func mappingOf(name string) func(string) string {
	switch name {
	case "lower":
		return strings.ToLower
	case "upper":
		return strings.ToUpper
	case "trimspace":
		return strings.TrimSpace
	default:
		return nil
	}
}

func (b *builder) callOfTwo(e *hclsyntax.FunctionCallExpr) (node, bool) {
	first, okFirst := b.build(e.Args[0])
	second, okSecond := b.build(e.Args[1])
	if !okFirst || !okSecond {
		return node{}, false
	}
	if holds := testOf(e.Name); holds != nil && first.text != nil && second.text != nil {
		return node{bool: textTest{first.text, second.text, holds}}, true
	}
	if first.num == nil || second.num == nil {
		return node{}, false
	}
	switch wide := first.wide && second.wide; e.Name {
	case "min":
		return node{num: binaryNum{first.num, second.num, smaller}, wide: wide}, true
	case "max":
		return node{num: binaryNum{first.num, second.num, larger}, wide: wide}, true
	default:
		return node{}, false
	}
}

func testOf(name string) func(s, part string) bool {
	switch name {
	case "startswith":
		return strings.HasPrefix
	case "endswith":
		return strings.HasSuffix
	case "strcontains":
		return strings.Contains
	default:
		return nil
	}
}

// coalesce of values of one type.
func (b *builder) coalesce(args []hclsyntax.Expression) (node, bool) {
	var texts []textNode
	var nums []numNode
	wide := true
	for _, arg := range args {
		n, ok := b.build(arg)
		switch {
		case !ok:
			return node{}, false
		case n.text != nil:
			texts = append(texts, n.text)
		case n.num != nil:
			nums, wide = append(nums, n.num), wide && n.wide
		}
	}
	switch len(args) {
	case 0:
		return node{}, false
	case len(texts):
		return node{text: firstText{texts}}, true
	case len(nums):
		return node{num: firstNum{nums}, wide: wide}, true
	default:
		return node{}, false
	}
}

// contains of a literal list of texts.
func (b *builder) contains(args []hclsyntax.Expression) (node, bool) {
	if len(args) != 2 {
		return node{}, false
	}
	list, ok := literalOf(args[0])
	if t := list.Type(); !ok || !t.IsListType() && !t.IsTupleType() && !t.IsSetType() {
		return node{}, false
	}
	of, ok := b.build(args[1])
	if !ok || of.text == nil {
		return node{}, false
	}
	members := make(map[string]bool, list.LengthInt())
	for it := list.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.Type() != cty.String || e.IsNull() {
			return node{}, false
		}
		members[e.AsString()] = true
	}
	return node{bool: member{of.text, members}}, true
}

// lookup in a literal map of texts.
func (b *builder) lookup(args []hclsyntax.Expression) (node, bool) {
	if len(args) < 2 || len(args) > 3 {
		return node{}, false
	}
	n, ok := b.entry(args[0], args[1])
	if !ok || len(args) == 2 {
		return node{text: n}, ok
	}
	missing, ok := b.build(args[2])
	if !ok || missing.text == nil {
		return node{}, false
	}
	n.missing = missing.text
	return node{text: n}, true
}

// index is a literal map of texts with a key of the tenant.
func (b *builder) index(e *hclsyntax.IndexExpr) (node, bool) {
	n, ok := b.entry(e.Collection, e.Key)
	if !ok {
		return node{}, false
	}
	return node{text: n}, true
}

func (b *builder) entry(collection, key hclsyntax.Expression) (entry, bool) {
	of, ok := literalOf(collection)
	if t := of.Type(); !ok || !t.IsMapType() && !t.IsObjectType() {
		return entry{}, false
	}
	k, ok := b.build(key)
	if !ok || k.text == nil {
		return entry{}, false
	}
	entries := make(map[string]string, of.LengthInt())
	for it := of.ElementIterator(); it.Next(); {
		name, e := it.Element()
		if e.Type() != cty.String || e.IsNull() {
			return entry{}, false
		}
		entries[name.AsString()] = e.AsString()
	}
	return entry{key: k.text, of: entries}, true
}

// literalOf is the value of a literal, without marks.
func literalOf(e hclsyntax.Expression) (cty.Value, bool) {
	lit, ok := e.(*hclsyntax.LiteralValueExpr)
	if !ok {
		return cty.NilVal, false
	}
	v, _ := lit.Val.UnmarkDeep()
	return v, !v.IsNull() && v.IsKnown()
}
