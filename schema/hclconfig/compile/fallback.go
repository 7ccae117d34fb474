package compile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"transition/schema"
)

// evaluate lets hcl evaluate an expression. A panic in hcl or cty, of which some
// are known (go-cty issue 227), becomes an error.
func evaluate(s *scratch, e hclsyntax.Expression) (cty.Value, hcl.Diagnostics) {
	v, _, diags := measured(s, e)
	return v, diags
}

// measured is evaluate, with the measures of the value.
func measured(s *scratch, e hclsyntax.Expression) (v cty.Value, m measures, diags hcl.Diagnostics) {
	if s.overspent() {
		return cty.DynamicVal, m, hcl.Diagnostics{problem(e.Range(), CodeNotEvaluated, "Not evaluated", "The plan took too much before.")}
	}
	s.fuel = fuelOfEvaluation
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if _, ok := p.(exhausted); ok {
			if s.spend(fuelOfEvaluation); s.overspent() {
				p = overspent{}
			}
		}
		v, diags = cty.DynamicVal, hcl.Diagnostics{panicked(e, p)}
	}()
	v, diags = e.Value(s.ctx)
	m = measure(v, maxInput)
	if m.size > maxInput {
		panic(exhausted{}) // lists of one list many times over
	}
	if s.spend(m.fuel + fuelOfEvaluation - s.fuel); s.overspent() {
		panic(overspent{})
	}
	return v, m, coded(diags)
}

func panicked(e hclsyntax.Expression, p any) *hcl.Diagnostic {
	switch p.(type) {
	case exhausted:
		return problem(e.Range(), codeTooLarge, "An expression takes too much",
			"Evaluating this takes more rounds of loops, or more text, than an expression may, or compares too much.")
	case overspent:
		return problem(e.Range(), CodeOverspent, "The plan takes too much", "")
	default:
		return problem(e.Range(), codeInvalidValue, "An expression cannot be evaluated", sentence(fmt.Sprint(p)))
	}
}

// isExhausted reports whether an evaluation was ended, or not begun, since it took
// too much.
func isExhausted(diags hcl.Diagnostics) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Extra == any(codeTooLarge) || d.Extra == any(CodeOverspent) || d.Extra == any(CodeNotEvaluated)
	})
}

// coded gives hcl's own diagnostics their codes, and takes away what keeps their
// whole context alive.
func coded(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, d := range diags {
		if _, ok := d.Extra.(string); !ok {
			d.Extra = codeOf(d)
		}
		d.Expression, d.EvalContext = nil, nil
	}
	return diags
}

func codeOf(d *hcl.Diagnostic) string {
	if call, ok := d.Extra.(hclsyntax.FunctionCallDiagExtra); ok && call.FunctionCallError() != nil {
		return codeInvalidValue // the function looked at it
	}
	switch d.Summary {
	case "Unsupported attribute":
		return codeUnknownAttribute
	case "Unknown variable":
		return codeUnknownReference
	case "Invalid operand", "Inconsistent conditional result types", "Incorrect condition type",
		"Invalid function argument", "Not enough function arguments", "Too many function arguments",
		"Incorrect key type", "Iteration over non-iterable value":
		return codeWrongType
	default:
		return codeInvalidValue
	}
}

// program is an expression that hcl evaluates for each tenant. It is safe for
// concurrent use with distinct Envs.
type program struct {
	expr    hclsyntax.Expression // resolved
	sources map[string]source    // what it reads, by name
	scratch *sync.Pool           // of *scratch
	spent   *int                 // what a check is charged to: see [Scope.Spent]
}

func newProgram(s *Scope, e hclsyntax.Expression) *program {
	parent := s.context()
	return &program{
		expr:    e,
		sources: references(e),
		scratch: &sync.Pool{New: func() any { return newScratch(parent) }},
		spent:   s.Spent,
	}
}

// references lists what an expression reads of an Env.
func references(e hclsyntax.Expression) map[string]source {
	found := make(map[string]source)
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if r, ok := n.(*reference); ok {
			found[r.name] = r.source
		}
		return nil
	})
	return found
}

// levelOf says what a resolved expression depends on.
func levelOf(e hclsyntax.Expression) level {
	var at level
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *reference:
			at |= n.source.level()
		case *hclsyntax.FunctionCallExpr:
			if n.Name == offsetName {
				at |= perBatch
			}
		}
		return nil
	})
	return at
}

// check evaluates with unknown values of the right types, which finds every
// mistake that does not depend on a value.
func (p *program) check() (cty.Value, hcl.Diagnostics) {
	s := p.scratch.Get().(*scratch)
	s.spent = p.spent // it is not put back: tenants are not charged
	return evaluate(s, p.expr)
}

// value evaluates for one tenant. An error is one sentence or two.
func (p *program) value(env *schema.Env) (cty.Value, error) {
	s := p.scratch.Get().(*scratch)
	s.env = env
	v, diags := evaluate(s, p.expr)
	if diags.HasErrors() {
		return cty.NilVal, p.explain(env, diags) // the scratch may hold what a panic left
	}
	s.env = nil
	p.scratch.Put(s)
	return v, nil
}

// converted is value as a value of the type t, without marks.
func (p *program) converted(env *schema.Env, t cty.Type) (cty.Value, error) {
	v, err := p.value(env)
	if err != nil {
		return cty.NilVal, err
	}
	return toType(v, t)
}

func toType(v cty.Value, t cty.Type) (out cty.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the value cannot be used: %v", p)
		}
	}()
	v, marks := v.UnmarkDeep()
	out, err = convert.Convert(v, t)
	switch {
	case err != nil && len(marks) > 0:
		return cty.NilVal, fmt.Errorf("%s is wanted, but this is %s", wanted(t), typeName(v.Type()))
	case err != nil:
		return cty.NilVal, fmt.Errorf("%s is wanted, but this is %s", wanted(t), describe(v))
	case !out.IsWhollyKnown():
		return cty.NilVal, errors.New("the value is not known")
	default:
		return out, nil
	}
}

// explain makes an error of hcl's diagnostics, and names the attributes that are
// null: most often they are why.
func (p *program) explain(env *schema.Env, diags hcl.Diagnostics) error {
	d := firstError(diags)
	text := strings.Join(strings.Fields(d.Detail), " ")
	if d.Summary == "Invalid template interpolation value" && strings.Contains(text, "null") {
		text = "A part of the text is null."
	}
	if nulls := p.nulls(env); len(nulls) > 0 {
		text += fmt.Sprintf(" Null here: %s.", strings.Join(nulls, ", "))
	}
	return errors.New(text)
}

func (p *program) nulls(env *schema.Env) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		if v, err := p.sources[name].value(env); err == nil && v.IsNull() {
			names = append(names, name)
		}
	}
	return names
}

func firstError(diags hcl.Diagnostics) *hcl.Diagnostic {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return d
		}
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Detail: "The expression cannot be evaluated."}
}

// sentence makes a sentence of an error's text.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "!") && !strings.HasSuffix(s, "?") {
		s += "."
	}
	return s
}
