package compile

import (
	"strconv"
	"sync"

	"golang.org/x/text/unicode/norm"

	"transition/schema"
)

// state says what a node knows about its value. Whoever meets unsure asks hcl
// instead; all errors come about that way.
type state uint8

const (
	unsure state = iota
	null
	known
)

func knownIf(certain bool) state {
	if certain {
		return known
	}
	return unsure
}

// Nodes are immutable, and safe for concurrent use with distinct Envs. A value
// counts only when the state is known.
type (
	textNode interface {
		text(*schema.Env) (string, state)
		// appendText does not allocate if buf is large enough.
		appendText(env *schema.Env, buf []byte) ([]byte, state)
	}
	numNode interface {
		num(*schema.Env) (num, state)
	}
	boolNode interface {
		bool(*schema.Env) (bool, state)
	}
)

// node is an expression as nodes; one of the three is set, or nothing is.
type node struct {
	text textNode
	num  numNode
	bool boolNode
	// wide: the number, if it is one, has hcl's full precision.
	wide bool
}

// kind tells nodes of different types apart.
type kind uint8

const (
	noKind kind = iota
	textKind
	numKind
	boolKind
)

func (n node) kind() kind {
	switch {
	case n.text != nil:
		return textKind
	case n.num != nil:
		return numKind
	case n.bool != nil:
		return boolKind
	default:
		return noKind
	}
}

// Literals.

type textLiteral string

func (l textLiteral) text(*schema.Env) (string, state) { return string(l), known }

func (l textLiteral) appendText(_ *schema.Env, buf []byte) ([]byte, state) {
	return append(buf, l...), known
}

type numLiteral num

func (l numLiteral) num(*schema.Env) (num, state) { return num(l), known }

type boolLiteral bool

func (l boolLiteral) bool(*schema.Env) (bool, state) { return bool(l), known }

// nullLike is a literal null that takes its type from the other branch of a
// conditional. It has none if that branch is an error.
type nullLike struct {
	other func(*schema.Env) state
}

func (n nullLike) state(env *schema.Env) state {
	if n.other(env) == unsure {
		return unsure
	}
	return null
}

func (n nullLike) text(env *schema.Env) (string, state) { return "", n.state(env) }

func (n nullLike) appendText(env *schema.Env, buf []byte) ([]byte, state) { return buf, n.state(env) }

func (n nullLike) num(env *schema.Env) (num, state) { return num{}, n.state(env) }

func (n nullLike) bool(env *schema.Env) (bool, state) { return false, n.state(env) }

// Text.

type textOf struct {
	read func(*schema.Env) (string, state)
}

func (n textOf) text(env *schema.Env) (string, state) { return n.read(env) }

func (n textOf) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	s, st := n.read(env)
	return append(buf, s...), st
}

// numText writes a number as hcl does.
type numText struct{ numNode }

func (n numText) text(env *schema.Env) (string, state) {
	v, st := n.num(env)
	switch {
	case st != known:
		return "", st
	case !v.whole():
		return "", unsure
	default:
		return strconv.FormatInt(int64(v.f), 10), known
	}
}

func (n numText) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	v, st := n.num(env)
	switch {
	case st != known:
		return buf, st
	case !v.whole():
		return buf, unsure
	default:
		return strconv.AppendInt(buf, int64(v.f), 10), known
	}
}

type boolText struct{ boolNode }

func (n boolText) text(env *schema.Env) (string, state) {
	b, st := n.bool(env)
	return strconv.FormatBool(b), st
}

func (n boolText) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	b, st := n.bool(env)
	return strconv.AppendBool(buf, b), st
}

// template puts its parts together. A null part is an error.
type template struct {
	parts   []textNode
	buffers *sync.Pool // of *[]byte
}

func newTemplate(parts []textNode) *template {
	return &template{parts: parts, buffers: &sync.Pool{New: func() any { return new([]byte) }}}
}

func (t *template) text(env *schema.Env) (string, state) {
	buf := t.buffers.Get().(*[]byte)
	defer t.buffers.Put(buf)
	b, st := t.appendText(env, (*buf)[:0])
	*buf = b
	if st != known {
		return "", st
	}
	return string(b), known
}

func (t *template) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	start := len(buf)
	for _, part := range t.parts {
		var st state
		if buf, st = part.appendText(env, buf); st != known {
			return buf, unsure
		}
	}
	// Two parts may join into one character: a letter, and an accent after it.
	if written := buf[start:]; !isASCII(written) && !norm.NFC.IsNormal(written) {
		buf = append(buf[:start], norm.NFC.String(string(written))...)
	}
	return buf, known
}

// choice is a conditional whose results have one type. Which of the two is not
// chosen does not matter to hcl then, not even if it is an error.
type choice[N any] struct {
	condition boolNode
	yes, no   N
}

func (c choice[N]) chosen(env *schema.Env) (N, bool) {
	b, st := c.condition.bool(env)
	if b {
		return c.yes, st == known
	}
	return c.no, st == known
}

type textChoice struct{ choice[textNode] }

func (c textChoice) text(env *schema.Env) (string, state) {
	n, ok := c.chosen(env)
	if !ok {
		return "", unsure
	}
	return n.text(env)
}

func (c textChoice) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	n, ok := c.chosen(env)
	if !ok {
		return buf, unsure
	}
	return n.appendText(env, buf)
}

type numChoice struct{ choice[numNode] }

func (c numChoice) num(env *schema.Env) (num, state) {
	n, ok := c.chosen(env)
	if !ok {
		return num{}, unsure
	}
	return n.num(env)
}

type boolChoice struct{ choice[boolNode] }

func (c boolChoice) bool(env *schema.Env) (bool, state) {
	n, ok := c.chosen(env)
	if !ok {
		return false, unsure
	}
	return n.bool(env)
}
