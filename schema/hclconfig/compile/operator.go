package compile

import "transition/schema"

// Logical operators. hcl evaluates both sides and lets a side that decides win;
// a null on either side of && counts as false. All that is left to hcl is a null
// or an error where it could show.

type not struct{ of boolNode }

func (n not) bool(env *schema.Env) (bool, state) {
	b, st := n.of.bool(env)
	return !b, knownIf(st == known)
}

type and struct{ left, right boolNode }

func (n and) bool(env *schema.Env) (bool, state) {
	l, st := n.left.bool(env)
	switch {
	case st == unsure:
		return false, unsure
	case st == null || !l:
		return false, known
	}
	r, st := n.right.bool(env)
	return r && st == known, knownIf(st != unsure)
}

type or struct{ left, right boolNode }

func (n or) bool(env *schema.Env) (bool, state) {
	l, st := n.left.bool(env)
	if st != known || l {
		return l, knownIf(st == known)
	}
	r, st := n.right.bool(env)
	return r, knownIf(st == known)
}

// Equality. Two nulls are equal whatever their types, and values of different
// types are not.

func equalStates(a, b state) (equal bool, st state) {
	if a == unsure || b == unsure {
		return false, unsure
	}
	return a == b, known
}

type equalText struct {
	left, right textNode
	negate      bool
}

func (n equalText) bool(env *schema.Env) (bool, state) {
	l, ls := n.left.text(env)
	r, rs := n.right.text(env)
	equal, st := equalStates(ls, rs)
	return (equal && l == r) != n.negate, st
}

type equalNum struct {
	left, right numNode
	negate      bool
}

func (n equalNum) bool(env *schema.Env) (bool, state) {
	l, ls := n.left.num(env)
	r, rs := n.right.num(env)
	equal, st := equalStates(ls, rs)
	if ls == known && rs == known {
		var c int
		c, st = compare(l, r)
		equal = c == 0
	}
	return equal != n.negate, st
}

type equalBool struct {
	left, right boolNode
	negate      bool
}

func (n equalBool) bool(env *schema.Env) (bool, state) {
	l, ls := n.left.bool(env)
	r, rs := n.right.bool(env)
	equal, st := equalStates(ls, rs)
	return (equal && (ls != known || l == r)) != n.negate, st
}

// equalNull compares values of which one is always null, or which have different
// types: only two nulls are equal then.
type equalNull struct {
	left, right func(*schema.Env) state
	negate      bool
}

func (n equalNull) bool(env *schema.Env) (bool, state) {
	l, r := n.left(env), n.right(env)
	return (l == null && r == null) != n.negate, knownIf(l != unsure && r != unsure)
}

// ordered is <, <=, > or >=.
type ordered struct {
	left, right numNode
	holds       func(comparison int) bool
}

func (n ordered) bool(env *schema.Env) (bool, state) {
	l, ls := n.left.num(env)
	r, rs := n.right.num(env)
	if ls != known || rs != known {
		return false, unsure
	}
	c, st := compare(l, r)
	return n.holds(c), st
}

// Arithmetic; a null operand is an error.

type binaryNum struct {
	left, right numNode
	apply       arithmetic
}

func (n binaryNum) num(env *schema.Env) (num, state) {
	l, ls := n.left.num(env)
	r, rs := n.right.num(env)
	if ls != known || rs != known {
		return num{}, unsure
	}
	return n.apply(l, r)
}

type unaryNum struct {
	of    numNode
	apply func(num) (num, state)
}

func (n unaryNum) num(env *schema.Env) (num, state) {
	v, st := n.of.num(env)
	if st != known {
		return num{}, unsure
	}
	return n.apply(v)
}
