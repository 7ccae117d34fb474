package compile

import (
	"strings"

	"transition/schema"
)

// Nodes of the functions that plans use for every tenant. A null argument is an
// error, and left to hcl, except where coalesce skips it.

// mapped is a function from text to text.
type mapped struct {
	of    textNode
	apply func(string) string
}

func (n mapped) text(env *schema.Env) (string, state) {
	s, st := n.of.text(env)
	if st != known {
		return "", unsure
	}
	return normalized(n.apply(s)), known
}

func (n mapped) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	s, st := n.text(env)
	return append(buf, s...), st
}

// textTest is a question about two texts.
type textTest struct {
	of, part textNode
	holds    func(s, part string) bool
}

func (n textTest) bool(env *schema.Env) (bool, state) {
	s, ss := n.of.text(env)
	p, ps := n.part.text(env)
	if ss != known || ps != known {
		return false, unsure
	}
	return n.holds(s, p), known
}

// textLength counts characters; what is not ASCII, or may have two bytes in one
// character, is left to hcl.
type textLength struct{ of textNode }

func (n textLength) num(env *schema.Env) (num, state) {
	s, st := n.of.text(env)
	if st != known || !isASCII(s) || strings.Contains(s, "\r") {
		return num{}, unsure
	}
	return num{f: float64(len(s)), exact: true}, known
}

// firstText is coalesce: the first that is neither null nor empty. All of them
// are looked at, since an error in any is an error.
type firstText struct{ of []textNode }

func (n firstText) text(env *schema.Env) (first string, found state) {
	for _, t := range n.of {
		switch s, st := t.text(env); {
		case st == unsure:
			return "", unsure
		case st == known && s != "" && found != known:
			first, found = s, known
		}
	}
	return first, found // unsure if all are null or empty, which is an error
}

func (n firstText) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	s, st := n.text(env)
	return append(buf, s...), st
}

// firstNum is coalesce for numbers.
type firstNum struct{ of []numNode }

func (n firstNum) num(env *schema.Env) (first num, found state) {
	for _, t := range n.of {
		switch v, st := t.num(env); {
		case st == unsure:
			return num{}, unsure
		case st == known && found != known:
			first, found = v, known
		}
	}
	return first, found
}

// member reports whether a text is among those of a list that is the same for
// every tenant. A null is no member, since the list has none.
type member struct {
	of   textNode
	list map[string]bool
}

func (n member) bool(env *schema.Env) (bool, state) {
	s, st := n.of.text(env)
	return st == known && n.list[s], knownIf(st != unsure)
}

// entry looks a key up in a map that is the same for every tenant. A missing key
// is an error unless there is a value for it.
type entry struct {
	key     textNode
	of      map[string]string
	missing textNode // may be nil
}

func (n entry) text(env *schema.Env) (string, state) {
	k, st := n.key.text(env)
	if st != known {
		return "", unsure
	}
	v, ok := n.of[k]
	if n.missing == nil {
		return v, knownIf(ok)
	}
	other, st := n.missing.text(env) // also if it is not needed: it may be an error
	if ok && st != unsure {
		return v, known
	}
	return other, st
}

func (n entry) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	s, st := n.text(env)
	return append(buf, s...), st
}

// escaped makes text of a tenant harmless in Markdown; a null stays null, for
// the template to refuse.
type escaped struct {
	of     textNode
	escape escaper
}

func (n escaped) text(env *schema.Env) (string, state) {
	s, st := n.of.text(env)
	if st != known || !env.Markdown {
		return s, st
	}
	return string(n.escape(nil, s)), known
}

func (n escaped) appendText(env *schema.Env, buf []byte) ([]byte, state) {
	if !env.Markdown {
		return n.of.appendText(env, buf)
	}
	s, st := n.of.text(env)
	if st != known {
		return buf, st
	}
	return n.escape(buf, s), known
}
