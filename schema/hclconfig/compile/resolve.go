package compile

import (
	"fmt"
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// resolver copies an expression and, on the way, checks every name in it, puts a
// reference for each name whose value differs from tenant to tenant, evaluates
// what does not depend on the tenant, and meters what could grow.
type resolver struct {
	scope *Scope
	// constant: nothing may depend on the tenant here.
	constant bool
	// markdown is the source of a Markdown body, for telling directives from
	// interpolations; nil for any other expression.
	markdown *markdownSource

	fold   *scratch
	diags  hcl.Diagnostics
	locals map[string]level // variables of loops
	items  map[*hclsyntax.AnonSymbolExpr]level
	loops  int
	paths  []hcl.Range // of files that are named by variables of the loops around
	trying int         // calls of try and can around the present place
	seen   *Dependence // what is found is noted here; nil: nobody wants to know
	// secrets are what was folded out of sensitive values.
	secrets map[*hclsyntax.LiteralValueExpr]Secret
}

func newResolver(s *Scope) *resolver {
	fold := newScratch(s.context())
	fold.spent = s.Spent
	return &resolver{
		scope:  s,
		fold:   fold,
		locals: make(map[string]level),
		items:  make(map[*hclsyntax.AnonSymbolExpr]level),
	}
}

func (r *resolver) resolve(e hclsyntax.Expression) (hclsyntax.Expression, level) {
	var at level
	switch x := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		r.checkLiteral(x)
		return x, 0
	case *hclsyntax.AnonSymbolExpr:
		return x, r.items[x]
	case *hclsyntax.ScopeTraversalExpr:
		e, at = r.traversal(x)
	case *hclsyntax.FunctionCallExpr:
		e, at = r.call(x)
	case *hclsyntax.ForExpr:
		e, at = r.loop(x, r.resolve)
	case *hclsyntax.SplatExpr:
		e, at = r.splat(x)
	case *hclsyntax.ObjectConsKeyExpr:
		return r.key(x)
	case *hclsyntax.TemplateExpr:
		e, at = r.template(x, r.resolve)
	case *hclsyntax.TupleConsExpr:
		e, at = r.tuple(x)
	case *hclsyntax.IndexExpr:
		e, at = r.index(x)
	case *hclsyntax.ConditionalExpr:
		e, at = r.conditional(x)
	case *hclsyntax.BinaryOpExpr:
		e, at = r.binary(x)
	default:
		e, at = r.children(x)
	}
	if at != 0 {
		return e, at
	}
	return r.folded(e), 0
}

func (r *resolver) children(e hclsyntax.Expression) (hclsyntax.Expression, level) {
	var at level
	e = withChildren(e, func(child hclsyntax.Expression) hclsyntax.Expression {
		child, l := r.resolve(child)
		at |= l
		return child
	})
	return e, at
}

// folded is the value of an expression that depends on nothing. An error is not
// reported here: hcl may never look at it, as in a branch that is not chosen.
func (r *resolver) folded(e hclsyntax.Expression) hclsyntax.Expression {
	if r.diags.HasErrors() {
		return e
	}
	v, m, diags := measured(r.fold, e)
	if isExhausted(diags) {
		r.diags = append(r.diags, diags...)
	}
	if diags.HasErrors() || m.unknown {
		return e
	}
	r.seen.know(v)
	lit := &hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}
	if m.marked {
		r.hold(e, lit)
	}
	return lit
}

func (r *resolver) checkLiteral(e *hclsyntax.LiteralValueExpr) {
	v, _ := e.Val.Unmark()
	if v.Type() != cty.Number || !v.IsKnown() || v.IsNull() {
		return
	}
	if f := v.AsBigFloat(); f.IsInf() || !bounded(f) {
		r.report(e.SrcRange, codeTooLarge, "A number is out of range", "No plan needs a number with so many digits.")
	}
}

// loop resolves a for expression; body resolves what each round yields.
func (r *resolver) loop(e *hclsyntax.ForExpr, body func(hclsyntax.Expression) (hclsyntax.Expression, level)) (hclsyntax.Expression, level) {
	c := *e
	coll, at := r.resolve(e.CollExpr)
	c.CollExpr = r.charge(coll, sorting)

	own, paths := r.enter(e.SrcRange), len(r.paths)
	shadowed := map[string]level{}
	for _, name := range []string{e.KeyVar, e.ValVar} {
		if old, ok := r.locals[name]; ok {
			shadowed[name] = old
		}
		r.locals[name] = at | own
	}
	for _, part := range []*hclsyntax.Expression{&c.KeyExpr, &c.CondExpr} {
		if *part != nil {
			x, l := r.resolve(*part)
			if part == &c.KeyExpr {
				r.checkKey(x.Range(), l)
				x = r.charge(x, naming)
			}
			*part, at = meter(x, fuelOfRound, weight), at|l
		}
	}
	x, l := body(e.ValExpr)
	c.ValExpr, at = meter(x, fuelOfRound, weight), at|l

	for _, name := range []string{e.KeyVar, e.ValVar} {
		delete(r.locals, name)
	}
	for name, old := range shadowed {
		r.locals[name] = old
	}
	r.loops--
	at &^= own
	r.settlePaths(paths, at)
	return &c, at
}

// enter begins a loop and returns the bit of its variables.
func (r *resolver) enter(rng hcl.Range) level {
	const most = 8
	if r.loops == most {
		r.report(rng, codeTooDeep, "Loops are nested too deeply",
			fmt.Sprintf("This loop stands in %d others, and would take too long.", most))
	}
	own := firstLoop << min(r.loops, most)
	r.loops++
	return own
}

func (r *resolver) splat(e *hclsyntax.SplatExpr) (hclsyntax.Expression, level) {
	c := *e
	src, at := r.resolve(e.Source)
	c.Source = r.charge(src, sorting)
	own := r.enter(e.SrcRange)
	r.items[e.Item] = at | own
	x, l := r.resolve(e.Each)
	if x != hclsyntax.Expression(e.Item) {
		x = meter(x, fuelOfRound, weight)
	}
	c.Each = x
	r.loops--
	return &c, (at | l) &^ own
}

// key resolves a key of an object, unless it is a name, which stands for itself.
func (r *resolver) key(e *hclsyntax.ObjectConsKeyExpr) (hclsyntax.Expression, level) {
	if !e.ForceNonLiteral {
		if t, ok := e.Wrapped.(*hclsyntax.ScopeTraversalExpr); ok && len(t.Traversal) > 1 || hcl.ExprAsKeyword(e.Wrapped) != "" {
			return e, 0
		}
	}
	c := *e
	x, at := r.resolve(e.Wrapped)
	if lit, ok := x.(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type() != cty.String {
		return e, at // a literal null, true or false would be taken for a name
	}
	r.checkKey(e.Range(), at)
	c.Wrapped = r.charge(x, naming)
	return &c, at
}

// checkKey refuses a key that a tenant chooses, where keys are names with a meaning.
func (r *resolver) checkKey(rng hcl.Range, at level) {
	if r.scope.OwnKeys && at&perTenant != 0 {
		r.report(rng, codeNotConstant, "A name that differs from tenant to tenant",
			"Whoever writes the attributes of tenants could name any variable of the environment with this, or any header.")
	}
}

// index tells the reader of tenant["x"] what exists, as for tenant.x.
func (r *resolver) index(e *hclsyntax.IndexExpr) (hclsyntax.Expression, level) {
	x, at := r.children(e)
	c := x.(*hclsyntax.IndexExpr)
	ref, isRef := c.Collection.(*reference)
	lit, isLit := c.Key.(*hclsyntax.LiteralValueExpr)
	if !isRef || !isLit || lit.Val.Type() != cty.String || lit.Val.IsNull() {
		return x, at
	}
	obj, ok := ref.source.(objectSource)
	if !ok {
		return x, at
	}
	key, _ := lit.Val.Unmark()
	src, ok := obj.attrs[key.AsString()]
	if !ok {
		r.unknownAttribute(c.SrcRange, ref.name, key.AsString(), obj)
		return x, at
	}
	name := ref.name + "." + key.AsString()
	r.seen.name(name)
	return &reference{Expression: e, source: src, name: name}, src.level()
}

// template resolves the parts of a template. The sum of literal parts is bounded
// here; the last other part is charged for them.
func (r *resolver) template(e *hclsyntax.TemplateExpr, resolve func(hclsyntax.Expression) (hclsyntax.Expression, level)) (hclsyntax.Expression, level) {
	c := *e
	c.Parts = make([]hclsyntax.Expression, len(e.Parts))
	var at level
	var other *metered
	size, fuel := 0, 0
	for i, part := range e.Parts {
		x, l := resolve(part)
		at |= l
		if lit, ok := x.(*hclsyntax.LiteralValueExpr); ok {
			size += len(text(lit.Val))
			fuel += fuelOfText(text(lit.Val))
		} else {
			other = meter(x, 0, weight)
			x = other
		}
		c.Parts[i] = x
	}
	if other != nil {
		other.cost = fuel
	}
	if size > maxText {
		r.report(e.SrcRange, codeTooLarge, "A text is too large", "The parts of this text are longer together than a text may be.")
	}
	return &c, at
}

func (r *resolver) tuple(e *hclsyntax.TupleConsExpr) (hclsyntax.Expression, level) {
	if len(e.Exprs) > maxElements {
		r.report(e.OpenRange, codeTooLarge, "A list is too large",
			fmt.Sprintf("A list has at most %d elements; what there is more of belongs into an inventory.", maxElements))
		return e, 0
	}
	return r.children(e)
}

// precise reports whether a literal has hcl's full precision.
func precise(f *big.Float) bool { return f.Prec() >= precision }
