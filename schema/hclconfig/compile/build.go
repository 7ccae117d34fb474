package compile

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
)

// builder makes nodes of a resolved expression. A method that cannot reports
// false, and hcl evaluates that part.
type builder struct {
	scope *Scope
}

// build makes a node of an expression, if need be one that asks hcl.
func (b *builder) build(e hclsyntax.Expression) (node, bool) {
	if n, ok := b.direct(e); ok {
		return n, true
	}
	return b.asking(e)
}

// direct makes a node that does not ask hcl for the expression as a whole.
func (b *builder) direct(e hclsyntax.Expression) (node, bool) {
	switch e := e.(type) {
	case *metered:
		return b.build(e.Expression)
	case *hclsyntax.ParenthesesExpr:
		return b.build(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return b.build(e.Wrapped)
	case *hclsyntax.LiteralValueExpr:
		return literal(e.Val)
	case *reference:
		return sourceNode(e.source)
	case *hclsyntax.TemplateExpr:
		return b.template(e)
	case *decision:
		return b.conditional(e.ConditionalExpr)
	case *hclsyntax.ConditionalExpr:
		return b.conditional(e)
	case *hclsyntax.UnaryOpExpr:
		return b.unary(e)
	case *hclsyntax.BinaryOpExpr:
		return b.binary(e)
	case *hclsyntax.IndexExpr:
		return b.index(e)
	case *hclsyntax.FunctionCallExpr:
		return b.call(e)
	default:
		return node{}, false
	}
}

// literal makes a node of a value. Nulls are left to whoever compares with them.
func literal(v cty.Value) (node, bool) {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return node{}, false
	}
	switch v.Type() {
	case cty.String:
		return node{text: textLiteral(v.AsString())}, true
	case cty.Bool:
		return node{bool: boolLiteral(v.True())}, true
	case cty.Number:
		f := v.AsBigFloat()
		n, st := numOf(f)
		return node{num: numLiteral(n), wide: precise(f)}, st == known
	default:
		return node{}, false
	}
}

func isNull(e hclsyntax.Expression) bool {
	for {
		switch x := e.(type) {
		case *hclsyntax.ParenthesesExpr:
			e = x.Expression
		case *hclsyntax.LiteralValueExpr:
			v, _ := x.Val.Unmark()
			return v.IsNull()
		default:
			return false
		}
	}
}

func sourceNode(s source) (node, bool) {
	switch s := s.(type) {
	case textSource:
		if s.at == perBatch {
			return node{text: batchText(s)}, true
		}
		return node{text: textOf{read: s.read}}, true
	case numberSource:
		return node{num: s, wide: true}, true
	case boolSource:
		return node{bool: s}, true
	default:
		return node{}, false
	}
}

// asText is any node as text, as templates and conversions write it.
func (n node) asText() (textNode, bool) {
	switch n.kind() {
	case textKind:
		return n.text, true
	case numKind:
		return numText{n.num}, true
	case boolKind:
		return boolText{n.bool}, true
	default:
		return nil, false
	}
}

func (b *builder) text(e hclsyntax.Expression) (textNode, bool) {
	n, ok := b.build(e)
	if !ok {
		return nil, false
	}
	return n.asText()
}

func (b *builder) texts(list []hclsyntax.Expression) ([]textNode, bool) {
	out := make([]textNode, len(list))
	for i, e := range list {
		n, ok := b.text(e)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

func (b *builder) template(e *hclsyntax.TemplateExpr) (node, bool) {
	parts, ok := b.texts(e.Parts)
	if !ok {
		return node{}, false
	}
	return node{text: newTemplate(parts)}, true
}

// conditional makes a choice between results of one type; between others hcl
// looks for a common type, for which it needs both values.
func (b *builder) conditional(e *hclsyntax.ConditionalExpr) (node, bool) {
	condition, ok := b.build(e.Condition)
	if !ok || condition.bool == nil {
		return node{}, false
	}
	yes, no, ok := b.branches(e)
	if !ok || yes.kind() != no.kind() {
		return node{}, false
	}
	switch yes.kind() {
	case textKind:
		return node{text: textChoice{choice[textNode]{condition.bool, yes.text, no.text}}}, true
	case numKind:
		return node{num: numChoice{choice[numNode]{condition.bool, yes.num, no.num}}, wide: yes.wide && no.wide}, true
	case boolKind:
		return node{bool: boolChoice{choice[boolNode]{condition.bool, yes.bool, no.bool}}}, true
	default:
		return node{}, false
	}
}

// branches takes a literal null for a null of the other branch's type.
func (b *builder) branches(e *hclsyntax.ConditionalExpr) (yes, no node, ok bool) {
	switch nullYes, nullNo := isNull(e.TrueResult), isNull(e.FalseResult); {
	case nullYes && nullNo:
		return yes, no, false
	case nullYes:
		no, ok = b.build(e.FalseResult)
		return no.nullLike(), no, ok
	case nullNo:
		yes, ok = b.build(e.TrueResult)
		return yes, yes.nullLike(), ok
	default:
		yes, okYes := b.build(e.TrueResult)
		no, okNo := b.build(e.FalseResult)
		return yes, no, okYes && okNo
	}
}

func (n node) nullLike() node {
	null := nullLike{stateOf(n)}
	switch n.kind() {
	case textKind:
		return node{text: null}
	case numKind:
		return node{num: null, wide: true}
	case boolKind:
		return node{bool: null}
	default:
		return node{}
	}
}

// Ways to evaluate, for each Go type that an attribute may want.

// whole makes a node of a whole expression. If that would only ask hcl, it pays
// when the answer serves for many tenants.
func (b *builder) whole(e hclsyntax.Expression) (node, bool) {
	if n, ok := b.direct(e); ok {
		return n, true
	}
	if levelOf(e)&perTenant != 0 {
		return node{}, false
	}
	return b.asking(e)
}

func (b *builder) textEval(e hclsyntax.Expression) (func(*schema.Env) (string, bool), bool) {
	n, ok := b.whole(e)
	if !ok {
		return nil, false
	}
	t, ok := n.asText()
	if !ok {
		return nil, false
	}
	return func(env *schema.Env) (string, bool) {
		s, st := t.text(env)
		return s, st == known && len(s) <= maxText
	}, true
}

func (b *builder) boolEval(e hclsyntax.Expression) (func(*schema.Env) (bool, bool), bool) {
	n, ok := b.whole(e)
	if !ok || n.bool == nil {
		return nil, false
	}
	return func(env *schema.Env) (bool, bool) {
		v, st := n.bool.bool(env)
		return v, st == known
	}, true
}

func (b *builder) floatEval(e hclsyntax.Expression) (func(*schema.Env) (float64, bool), bool) {
	n, ok := b.whole(e)
	if !ok || n.num == nil {
		return nil, false
	}
	return func(env *schema.Env) (float64, bool) {
		v, st := n.num.num(env)
		return v.f, st == known
	}, true
}

func (b *builder) numberEval(e hclsyntax.Expression) (func(*schema.Env) (schema.Number, bool), bool) {
	n, ok := b.whole(e)
	if !ok || n.num == nil {
		return nil, false
	}
	return func(env *schema.Env) (schema.Number, bool) {
		v, st := n.num.num(env)
		return schema.Number{Value: v.f, Valid: st == known}, st != unsure
	}, true
}

func (b *builder) textsEval(e hclsyntax.Expression) (func(*schema.Env) ([]string, bool), bool) {
	tuple, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil, false
	}
	parts, ok := b.texts(tuple.Exprs)
	if !ok {
		return nil, false
	}
	return func(env *schema.Env) ([]string, bool) {
		list := make([]string, len(parts))
		for i, part := range parts {
			s, st := part.text(env)
			if st != known || len(s) > maxText {
				return nil, false
			}
			list[i] = s
		}
		return list, true
	}, true
}

func (b *builder) textMapEval(e hclsyntax.Expression) (func(*schema.Env) (map[string]string, bool), bool) {
	object, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil, false
	}
	keys := make([]string, len(object.Items))
	values := make([]hclsyntax.Expression, len(object.Items))
	for i, item := range object.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || key.IsMarked() || key.Type() != cty.String || key.IsNull() || !key.IsKnown() {
			return nil, false
		}
		keys[i], values[i] = key.AsString(), item.ValueExpr
	}
	parts, ok := b.texts(values)
	if !ok {
		return nil, false
	}
	return func(env *schema.Env) (map[string]string, bool) {
		m := make(map[string]string, len(parts))
		for i, part := range parts {
			s, st := part.text(env)
			if st != known || len(s) > maxText {
				return nil, false
			}
			m[keys[i]] = s // as in hcl, a later value wins
		}
		return m, true
	}, true
}
