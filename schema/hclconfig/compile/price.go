package compile

import (
	"regexp/syntax"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Fuel pays for what is made. Some things also take time for what they look at: the
// price of an operand is paid before they begin. A unit of fuel is about 10 ns.

// price is what is to be paid for an operand beside its size.
type price func(cty.Value) int

// comparing is the price of comparing parts elements of an operand each with each.
func comparing(parts func(cty.Value) int, fuel float64) price {
	return func(v cty.Value) int {
		n := float64(parts(v))
		return int(n * n * fuel)
	}
}

// unlike counts the elements of what hcl takes for a list, set or map after it has
// compared their types; 0: there is nothing to compare.
func unlike(v cty.Value) int {
	if t := v.Type(); !t.IsTupleType() && !t.IsObjectType() {
		return 0
	}
	return elements(v)
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
func within(v cty.Value) int { return sizeOf(v, maxInput) / sizeOfValue }

// unifying is the price of an operand that becomes one of a list, set or map.
func unifying() price { return comparing(unlike, 0.5) }

// priceOf is the price of an argument of a function. args are resolved.
func (r *resolver) priceOf(name string, args []hclsyntax.Expression, i int) price {
	switch name {
	case "distinct", "matchkeys":
		return comparing(elements, 32)
	case "flatten":
		return comparing(within, 0.5)
	case "tolist", "toset", "tomap":
		return comparing(unlike, 1)
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
		return matching(args, 1, i, 0)
	}
	f := r.scope.Functions[name]
	params := f.Params()
	if i < len(params) && params[i].Type.IsCollectionType() {
		return unifying()
	}
	if v := f.VarParam(); i >= len(params) && v != nil && v.Type.IsCollectionType() {
		return unifying()
	}
	return nil
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
	m := meter(e, 0)
	m.price = p
	return m
}

// conditional charges for the results of a condition, which become one type.
func (r *resolver) conditional(e *hclsyntax.ConditionalExpr) (hclsyntax.Expression, level) {
	x, at := r.children(e)
	c := *x.(*hclsyntax.ConditionalExpr)
	c.TrueResult, c.FalseResult = r.charge(c.TrueResult, unifying()), r.charge(c.FalseResult, unifying())
	return &c, at
}
