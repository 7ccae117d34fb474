package compile

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
	"transition/schema/diag"
)

// Text compiles an expression that gives text. A number or a bool is written
// out; null is an error.
func Text(e hcl.Expression, s *Scope) (schema.Expr[string], hcl.Diagnostics) {
	return compile(e, s, textTarget(), (*builder).textEval)
}

// Bool compiles a condition. Null is an error.
func Bool(e hcl.Expression, s *Scope) (schema.Expr[bool], hcl.Diagnostics) {
	return compile(e, s, boolTarget(), (*builder).boolEval)
}

// Float compiles an expression that gives a finite number. Null is an error.
func Float(e hcl.Expression, s *Scope) (schema.Expr[float64], hcl.Diagnostics) {
	return compile(e, s, floatTarget(), (*builder).floatEval)
}

// Number compiles an expression that gives a finite number or null.
func Number(e hcl.Expression, s *Scope) (schema.Expr[schema.Number], hcl.Diagnostics) {
	return compile(e, s, numberTarget(), (*builder).numberEval)
}

// Strings compiles an expression that gives a list of texts. Null is an empty
// list, and a null element is an error.
func Strings(e hcl.Expression, s *Scope) (schema.Expr[[]string], hcl.Diagnostics) {
	return compile(e, s, textsTarget(), (*builder).textsEval)
}

// StringMap compiles an expression that gives a map of texts. Null is an empty
// map, and a null element is an error.
func StringMap(e hcl.Expression, s *Scope) (schema.Expr[map[string]string], hcl.Diagnostics) {
	return compile(e, s, textMapTarget(), (*builder).textMapEval)
}

// Template compiles the text of a message: its subject, or its Markdown body.
// start is the position of the first byte of src in the file.
//
// When Env.Markdown is set, what the template interpolates of a tenant is shown
// as it is, and is never Markdown or HTML.
func Template(src []byte, filename string, start hcl.Pos, s *Scope) (schema.Expr[string], hcl.Diagnostics) {
	e, diags := parseTemplate(src, filename, start)
	if diags.HasErrors() {
		return schema.Expr[string]{Range: diag.Range{File: filename, Start: posOf(start), End: posOf(start)}}, diags
	}
	r := newResolver(s)
	r.markdown = &markdownSource{src: src, start: start}
	x, at := r.body(e)
	return finish(e, r, x, at, textTarget(), (*builder).textEval)
}

// Const evaluates an expression that may not depend on a tenant. The value may
// be null, may have marks, and is known throughout or not at all.
func Const(e hcl.Expression, s *Scope) (cty.Value, hcl.Diagnostics) {
	n, diags := native(e)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	r := newResolver(s)
	r.constant = true
	x, _ := r.resolve(n)
	if r.diags.HasErrors() {
		return cty.DynamicVal, r.diags
	}
	r.tell(x)
	if lit, ok := x.(*hclsyntax.LiteralValueExpr); ok {
		return lit.Val, nil
	}
	v, m, diags := measured(r.fold, x)
	if diags.HasErrors() || m.unknown {
		return cty.DynamicVal, diags
	}
	return v, nil
}

// builds makes the fast way of evaluating an expression; ok is false if there is
// none, or if it is not certain for a tenant.
type builds[V any] func(*builder, hclsyntax.Expression) (fast func(*schema.Env) (v V, ok bool), ok bool)

func compile[V any](e hcl.Expression, s *Scope, t target[V], build builds[V]) (schema.Expr[V], hcl.Diagnostics) {
	n, diags := native(e)
	if diags.HasErrors() {
		return schema.Expr[V]{Range: rangeOf(e.Range())}, diags
	}
	r := newResolver(s)
	x, at := r.resolve(n)
	return finish(e, r, x, at, t, build)
}

// finish compiles what was resolved.
func finish[V any](e hcl.Expression, r *resolver, x hclsyntax.Expression, at level, t target[V], build builds[V]) (schema.Expr[V], hcl.Diagnostics) {
	out := schema.Expr[V]{Range: rangeOf(e.Range())}
	if r.diags.HasErrors() {
		return out, r.diags
	}
	r.tell(x)
	p := newProgram(r.scope, x)
	v, diags := p.check()
	if !diags.HasErrors() {
		diags = append(diags, checkType(e, v, t.typ)...)
	}
	if diags.HasErrors() {
		return out, diags
	}
	diags = append(diags, p.mismatches()...)
	if at == 0 {
		value, err := constant(v, t)
		if err != nil {
			return out, append(diags, problem(e.Range(), codeOfConst(err), "Unusable value", sentence(err.Error())))
		}
		out.Value = value
		return out, diags
	}
	slow := func(env *schema.Env) (V, error) {
		v, err := p.converted(env, t.typ)
		if err != nil {
			var none V
			return none, err
		}
		return t.decode(v)
	}
	out.Eval = slow
	if fast, ok := build(&builder{scope: r.scope}, x); ok {
		out.Eval = either(fast, slow)
	}
	return out, diags
}

func either[V any](fast func(*schema.Env) (V, bool), slow func(*schema.Env) (V, error)) func(*schema.Env) (V, error) {
	return func(env *schema.Env) (V, error) {
		if v, ok := fast(env); ok {
			return v, nil
		}
		return slow(env)
	}
}

func constant[V any](v cty.Value, t target[V]) (V, error) {
	v, err := toType(v, t.typ)
	if err != nil {
		var none V
		return none, err
	}
	return t.decode(v)
}

func codeOfConst(err error) string {
	if err == errTooLong {
		return codeTooLarge
	}
	return codeInvalidValue
}

// checkType reports a value that can never be of the type that is wanted.
func checkType(e hcl.Expression, v cty.Value, t cty.Type) hcl.Diagnostics {
	bare, _ := v.UnmarkDeep()
	if bare.IsWhollyKnown() {
		if _, err := toType(v, t); err != nil {
			return hcl.Diagnostics{problem(e.Range(), codeWrongType, "Wrong type", sentence(err.Error())+typeHint(bare, t))}
		}
		return nil
	}
	if convertible(bare.Type(), t) != nil {
		return hcl.Diagnostics{problem(e.Range(), codeWrongType, "Wrong type",
			sentence(fmt.Sprintf("%s is wanted, but this is %s", wanted(t), typeName(bare.Type())))+typeHint(bare, t))}
	}
	return nil
}

// typeHint says what to write instead of the most common mistake.
func typeHint(v cty.Value, t cty.Type) string {
	if t.IsListType() && v.Type().IsPrimitiveType() {
		return " A list is written in brackets, even if it has one element."
	}
	return ""
}

func rangeOf(r hcl.Range) diag.Range {
	return diag.Range{File: r.Filename, Start: posOf(r.Start), End: posOf(r.End)}
}

func posOf(p hcl.Pos) diag.Pos { return diag.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }
