package compile

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"transition/schema"
)

func (b *builder) unary(e *hclsyntax.UnaryOpExpr) (node, bool) {
	of, ok := b.build(e.Val)
	switch {
	case !ok:
		return node{}, false
	case e.Op == hclsyntax.OpLogicalNot && of.bool != nil:
		return node{bool: not{of.bool}}, true
	case e.Op == hclsyntax.OpNegate && of.num != nil:
		return node{num: unaryNum{of.num, negate}, wide: of.wide}, true
	default:
		return node{}, false
	}
}

func (b *builder) binary(e *hclsyntax.BinaryOpExpr) (node, bool) {
	if e.Op == hclsyntax.OpEqual || e.Op == hclsyntax.OpNotEqual {
		return b.equality(e)
	}
	left, okLeft := b.build(e.LHS)
	right, okRight := b.build(e.RHS)
	switch {
	case !okLeft || !okRight:
		return node{}, false
	case left.bool != nil && right.bool != nil:
		return logical(e.Op, left.bool, right.bool)
	case left.num != nil && right.num != nil:
		return numeric(e.Op, left, right)
	default:
		return node{}, false // operands that hcl converts, or refuses
	}
}

func logical(op *hclsyntax.Operation, left, right boolNode) (node, bool) {
	switch op {
	case hclsyntax.OpLogicalAnd:
		return node{bool: and{left, right}}, true
	case hclsyntax.OpLogicalOr:
		return node{bool: or{left, right}}, true
	default:
		return node{}, false
	}
}

func numeric(op *hclsyntax.Operation, left, right node) (node, bool) {
	wide := left.wide || right.wide
	if holds := comparisonOf(op); holds != nil {
		return node{bool: ordered{left.num, right.num, holds}}, true
	}
	apply := arithmeticOf(op, wide)
	if apply == nil {
		return node{}, false
	}
	return node{num: binaryNum{left.num, right.num, apply}, wide: wide}, true
}

func comparisonOf(op *hclsyntax.Operation) func(int) bool {
	switch op {
	case hclsyntax.OpLessThan:
		return func(c int) bool { return c < 0 }
	case hclsyntax.OpLessThanOrEqual:
		return func(c int) bool { return c <= 0 }
	case hclsyntax.OpGreaterThan:
		return func(c int) bool { return c > 0 }
	case hclsyntax.OpGreaterThanOrEqual:
		return func(c int) bool { return c >= 0 }
	default:
		return nil
	}
}

func arithmeticOf(op *hclsyntax.Operation, wide bool) arithmetic {
	switch {
	case op == hclsyntax.OpAdd:
		return add
	case op == hclsyntax.OpSubtract:
		return subtract
	case op == hclsyntax.OpMultiply:
		return multiply
	case op == hclsyntax.OpDivide && wide:
		return divide
	case op == hclsyntax.OpModulo && wide:
		return modulo
	default:
		return nil
	}
}

func (b *builder) equality(e *hclsyntax.BinaryOpExpr) (node, bool) {
	negate := e.Op == hclsyntax.OpNotEqual
	left, okLeft := b.operand(e.LHS)
	right, okRight := b.operand(e.RHS)
	if !okLeft || !okRight {
		return node{}, false
	}
	switch l, r := left.kind(), right.kind(); {
	case l != r || l == noKind:
		return node{bool: equalNull{stateOf(left), stateOf(right), negate}}, true
	case l == textKind:
		return node{bool: equalText{left.text, right.text, negate}}, true
	case l == numKind:
		return node{bool: equalNum{left.num, right.num, negate}}, true
	default:
		return node{bool: equalBool{left.bool, right.bool, negate}}, true
	}
}

// operand is a side of an equality; a literal null is a node of no kind.
func (b *builder) operand(e hclsyntax.Expression) (node, bool) {
	if isNull(e) {
		return node{}, true
	}
	return b.build(e)
}

// stateOf is what a node knows, without its value.
func stateOf(n node) func(*schema.Env) state {
	switch n.kind() {
	case textKind:
		return func(env *schema.Env) state { _, st := n.text.text(env); return st }
	case numKind:
		return func(env *schema.Env) state { _, st := n.num.num(env); return st }
	case boolKind:
		return func(env *schema.Env) state { _, st := n.bool.bool(env); return st }
	default:
		return func(*schema.Env) state { return null }
	}
}
