package compile

import (
	"maps"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Fuel pays for what is made, and for what is looked at: the price of an operand is
// paid before whatever looks at it begins. A unit is about 10 ns.
const (
	fuelOfByte   = 5   // that is not ASCII: texts are normalized, and cut into characters
	fuelOfBit    = 4   // of a number: it is written out
	fuelOfCall   = 2   // a function walks through its arguments this many times more often
	fuelOfName   = 10  // so much more than a text takes a name in an object
	fuelOfSets   = 5   // and so much more than to sort sets takes what is done with them
	fuelOfMember = 12  // so much more than one of a list takes a member of a set: each
	fuelOfMixed  = 32  // walk sorts them, and writes out what is deeper
	fuelOfPair   = 1.5 // of types that become one
	fuelOfEqual  = 32  // of texts that are compared
	fuelOfEquals = 160 // of what is deeper
)

// price is what is to be paid for an operand.
type price func(cty.Value) int

func (p price) and(q price) price { return func(v cty.Value) int { return p(v) + q(v) } }

// weight is the price of a walk through a value.
func weight(v cty.Value) int { return measure(v, maxInput).fuel }

func fuelOfText(s string) int {
	fuel := len(s)
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			fuel += fuelOfByte - 1
		}
	}
	return fuel
}

// inSet is how much more it takes than a list if n elements are a set.
func (m measures) inSet(n int) int {
	if m.values > n+1 {
		return fuelOfMixed
	}
	return fuelOfMember
}

// calling is the price of an argument, whatever the function.
func calling(v cty.Value) int { return fuelOfCall * weight(v) }

// naming is the price of what becomes a name in an object.
func naming(v cty.Value) int { return fuelOfName * fuelOfText(text(v)) }

// sorting is the price of a loop's collection, beside that of its rounds.
func sorting(v cty.Value) int {
	if !v.Type().IsSetType() {
		return 0
	}
	return weight(v)
}

// becomingSet is the price of an operand that becomes a set.
func becomingSet(v cty.Value) int {
	m := measure(v, maxInput)
	if v.Type().IsSetType() {
		return m.fuel
	}
	return m.fuel * m.inSet(elements(v))
}

// uniting is the price of an operand of a function of sets.
func uniting(v cty.Value) int { return fuelOfSets * becomingSet(v) }

// operand is the price of a side of a comparison.
func operand(v cty.Value) int {
	if v.Type().IsPrimitiveType() {
		return 0
	}
	return weight(v)
}

// comparing is the price of comparing parts elements of an operand each with each.
func comparing(parts func(cty.Value) int, fuel float64) price {
	return func(v cty.Value) int {
		n := float64(parts(v))
		return int(n * n * fuel)
	}
}

// equating is the price of an operand whose elements are compared each with each.
func equating(v cty.Value) int {
	n, values := elements(v), within(v)
	if values > n+1 {
		return n * values * fuelOfEquals
	}
	return n * values * fuelOfEqual
}

// elements counts those of a list, set, map, tuple or object.
func elements(v cty.Value) int {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return 0
	}
	return v.LengthInt()
}

// within counts all values in an operand, however deep.
func within(v cty.Value) int { return measure(v, maxInput).values }

// unifying is the price of an operand that becomes a list, set or map: the types of
// its elements become one.
func unifying(v cty.Value) int {
	if t := v.Type(); !t.IsTupleType() && !t.IsObjectType() {
		return 0
	}
	return pairs(elements(v), within(v), partTypes(v.Type()))
}

// pairs is what it takes to make one type of types, in whose n values there are so
// many. It compares them place by place, but where they differ in shape all with all.
func pairs(n, within int, types []cty.Type) int {
	types = slices.DeleteFunc(types, func(t cty.Type) bool { return t == cty.DynamicPseudoType }) // of null
	if slices.ContainsFunc(types, func(t cty.Type) bool { return !alike(t, types[0]) }) {
		n = within
	}
	return int(float64(n) * float64(within) * fuelOfPair)
}

// partTypes are those of the elements of a tuple or an object.
func partTypes(t cty.Type) []cty.Type {
	switch {
	case t.IsTupleType():
		return slices.Clone(t.TupleElementTypes())
	case t.IsObjectType():
		return slices.Collect(maps.Values(t.AttributeTypes()))
	default:
		return nil
	}
}

// alike reports whether two types have the same places for values.
func alike(a, b cty.Type) bool {
	switch {
	case a.IsTupleType() && b.IsTupleType():
		return slices.EqualFunc(a.TupleElementTypes(), b.TupleElementTypes(), alike)
	case a.IsObjectType() && b.IsObjectType():
		return maps.EqualFunc(a.AttributeTypes(), b.AttributeTypes(), alike)
	default:
		return single(a) && single(b) || a.Equals(b)
	}
}

// single reports whether a type is that of one value; null has the dynamic one.
func single(t cty.Type) bool { return t.IsPrimitiveType() || t == cty.DynamicPseudoType }

// priceOf is the price of an argument of a function. args are resolved.
func (r *resolver) priceOf(name string, args []hclsyntax.Expression, i int) price {
	if p := r.besides(name, args, i); p != nil {
		return price(calling).and(p)
	}
	return calling
}

// besides is what an argument costs because of what the function does.
func (r *resolver) besides(name string, args []hclsyntax.Expression, i int) price {
	switch name {
	case "distinct", "matchkeys":
		return equating
	case "flatten":
		return comparing(within, 0.5)
	case "coalesce":
		return comparing(within, 2)
	case "toset":
		return converting(price(becomingSet).and(unifying))
	case "tolist", "tomap":
		return converting(unifying)
	case "chunklist":
		return comparing(elements, 1)
	case "jsondecode":
		return decoding(func(s string) int { _, values := jsonShape(s); return values })
	case "csvdecode":
		return decoding(func(s string) int { return strings.Count(s, "\n") })
	case "regex":
		return matching(args, 0, i, 0)
	case "regexall":
		return matching(args, 0, i, sizeOfValue/2) // as many matches as characters
	case "replace":
		return matching(args, 1, i, eachMatch(args))
	}
	if strings.HasPrefix(name, "set") {
		return price(uniting).and(unifying)
	}
	if p, ok := parameter(r.scope.Functions[name], i); ok && p.Type.IsCollectionType() {
		return unifying
	}
	return nil
}

// parameter is that of the argument i.
func parameter(f function.Function, i int) (function.Parameter, bool) {
	if params := f.Params(); i < len(params) {
		return params[i], true
	}
	if v := f.VarParam(); v != nil {
		return *v, true
	}
	return function.Parameter{}, false
}

// matching is the price of the text that a regular expression looks through: it is
// the argument before or after the pattern. each is what a character of it may come to
// cost besides.
func matching(args []hclsyntax.Expression, pattern, i, each int) price {
	if i != 1-pattern {
		return nil
	}
	steps := maxInstructions
	if lit, ok := args[pattern].(*hclsyntax.LiteralValueExpr); ok {
		steps = instructions(text(lit.Val))
	}
	return func(v cty.Value) int { return steps*(len(text(v))+32) + each*len(text(v)) } // it is compiled, too
}

// eachMatch is what replace takes for a match, of which there may be as many as
// characters.
func eachMatch(args []hclsyntax.Expression) int {
	if lit, ok := args[min(1, len(args)-1)].(*hclsyntax.LiteralValueExpr); ok {
		if _, isPattern := patternOf(text(lit.Val)); !isPattern {
			return 0
		}
	}
	return sizeOfValue / 2
}

// converting is the price p, but of what the conversion refuses by itself.
func converting(p price) price {
	return func(v cty.Value) int {
		if tooMuchToUnify(v) {
			return 0
		}
		return p(v)
	}
}

// decoding is the price of a text that holds values. What is far too long is left to
// the function, which says so.
func decoding(values func(string) int) price {
	return func(v cty.Value) int {
		s := text(v)
		return min(30*len(s)+700*values(s), fuelOfEvaluation/2)
	}
}

// instructions counts those of a regular expression; 0: it is none.
func instructions(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

// charge has operands paid for where an expression may be evaluated many times, or
// for the plan as a whole; what is evaluated once for a tenant is bounded by guarded.
func (r *resolver) charge(e hclsyntax.Expression, p price) hclsyntax.Expression {
	if !r.constant && r.loops == 0 {
		return e
	}
	return meter(e, 0, p)
}

// binary charges for both sides, which may be large.
func (r *resolver) binary(e *hclsyntax.BinaryOpExpr) (hclsyntax.Expression, level) {
	x, at := r.children(e)
	c := *x.(*hclsyntax.BinaryOpExpr)
	c.LHS, c.RHS = r.charge(c.LHS, operand), r.charge(c.RHS, operand)
	return &c, at
}

// conditional charges for the results of a condition, which become one type.
func (r *resolver) conditional(e *hclsyntax.ConditionalExpr) (hclsyntax.Expression, level) {
	x, at := r.children(e)
	if !r.constant && r.loops == 0 {
		return x, at
	}
	return &decision{x.(*hclsyntax.ConditionalExpr)}, at
}

// decision is a condition whose results are paid for once both are known.
type decision struct{ *hclsyntax.ConditionalExpr }

func (c *decision) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	yes, no := settle(c.TrueResult, ctx), settle(c.FalseResult, ctx)
	if s := scratchOf(ctx); s != nil {
		s.burn(weight(yes.value) + weight(no.value) + between(yes.value, no.value))
	}
	settled := *c.ConditionalExpr
	settled.TrueResult, settled.FalseResult = yes, no
	return settled.Value(ctx)
}

// conditionOf is an expression as a condition, or nil.
func conditionOf(e hclsyntax.Expression) *hclsyntax.ConditionalExpr {
	switch e := e.(type) {
	case *decision:
		return e.ConditionalExpr
	case *hclsyntax.ConditionalExpr:
		return e
	default:
		return nil
	}
}

// between is the price of making one type of those of two values.
func between(a, b cty.Value) int {
	parts := append(partTypes(a.Type()), partTypes(b.Type())...)
	if len(parts) == 0 || a.Type().Equals(b.Type()) {
		return 0
	}
	return pairs(elements(a)+elements(b), within(a)+within(b), parts)
}

// settled is an expression whose value is known.
type settled struct {
	hclsyntax.Expression
	value cty.Value
	diags hcl.Diagnostics
}

func settle(e hclsyntax.Expression, ctx *hcl.EvalContext) *settled {
	v, diags := e.Value(ctx)
	return &settled{e, v, diags}
}

func (s *settled) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) { return s.value, s.diags }
