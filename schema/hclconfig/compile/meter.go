package compile

import (
	"reflect"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
)

// hcl bounds neither the rounds of nested loops nor the length of what a
// template puts together. So every evaluation has fuel, and the places where it
// could grow without bound are metered. When the fuel is used up, the evaluation
// ends by a panic that its start recovers; an error would only end one round of
// a loop.
const (
	fuelOfEvaluation = 64 << 20 // a byte costs 1; see price.go
	fuelOfRound      = 64       // a round of a loop, beside what it yields
	fuelOfPlan       = 2 * fuelOfEvaluation
)

// exhausted is what a metered place panics with, and overspent what ends the
// evaluation with which the plan has taken too much.
type (
	exhausted struct{}
	overspent struct{}
)

// scratch is what one evaluation by hcl needs. It is used again and again, but
// never by two evaluations at once.
type scratch struct {
	ctx *hcl.EvalContext
	// env is nil while types are checked: sources are unknown then.
	env  *schema.Env
	fuel int
	// spent is the [Scope.Spent] of evaluations while the plan is read; else nil.
	spent *int
}

// spend charges the plan, and overspent reports whether that has taken too much.
func (s *scratch) spend(n int) {
	if s.spent != nil {
		*s.spent += n
	}
}

func (s *scratch) overspent() bool { return s.spent != nil && *s.spent > fuelOfPlan }

func (s *scratch) burn(n int) {
	if s.fuel -= n; s.fuel < 0 {
		panic(exhausted{})
	}
}

// scratchName cannot be written in a plan.
const scratchName = "\x00scratch"

var scratchType = cty.Capsule("scratch", reflect.TypeFor[scratch]())

func newScratch(parent *hcl.EvalContext) *scratch {
	s := &scratch{ctx: parent.NewChild(), fuel: fuelOfEvaluation}
	s.ctx.Variables = map[string]cty.Value{scratchName: cty.CapsuleVal(scratchType, s)}
	s.ctx.Functions = envFunctions(s)
	return s
}

// scratchOf finds the scratch of an evaluation from any context within it.
func scratchOf(ctx *hcl.EvalContext) *scratch {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[scratchName]; ok {
			return v.EncapsulatedValue().(*scratch)
		}
	}
	return nil
}

// metered is an expression that is paid for: a round of a loop, or a part of a
// template. To hcl it is an expression in parentheses, so that its walks find
// what is in it.
type metered struct {
	*hclsyntax.ParenthesesExpr
	cost  int
	price price
}

func meter(e hclsyntax.Expression, cost int, p price) *metered {
	return &metered{ParenthesesExpr: &hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, cost: cost, price: p}
}

func (m *metered) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	s := scratchOf(ctx)
	if s != nil {
		s.burn(m.cost)
	}
	v, diags := m.Expression.Value(ctx)
	if s != nil {
		s.burn(m.price(v))
	}
	return v, diags
}

// reference is a name whose value differs from tenant to tenant. The embedded
// expression makes it a node of hcl's syntax tree.
type reference struct {
	hclsyntax.Expression // as it was written
	source               source
	name                 string
}

func (r *reference) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	s := scratchOf(ctx)
	if s == nil || s.env == nil {
		return r.source.unknown(), nil
	}
	v, err := r.source.value(s.env)
	if err != nil {
		rng := r.Range()
		return r.source.unknown(), hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "No value", Detail: r.name + ": " + err.Error() + ".", Subject: &rng,
		}}
	}
	return v, nil
}
