package compile

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// mismatches warns of comparisons of a text with a number and the like. They are
// no mistake to hcl, and never come out equal: a column that was not declared as
// a number is text, so that tenant.wave == 1 places nobody.
func (p *program) mismatches() hcl.Diagnostics {
	var diags hcl.Diagnostics
	visit := func(n hclsyntax.Node) hcl.Diagnostics {
		e, ok := n.(*hclsyntax.BinaryOpExpr)
		if !ok || e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual {
			return nil
		}
		left, right := p.typeOf(e.LHS), p.typeOf(e.RHS)
		if !left.IsPrimitiveType() || !right.IsPrimitiveType() || left == right {
			return nil
		}
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagWarning,
			Summary:  "A comparison that is never true",
			Detail: fmt.Sprintf("On the left is a %s, on the right a %s; values of different types are never equal. Columns are text unless they are declared: write column \"NAME\" { type = number }, or put the value in quotes.",
				left.FriendlyName(), right.FriendlyName()),
			Subject: e.Range().Ptr(),
			Extra:   "never-equal",
		})
		return nil
	}
	// The visitor itself finds nothing wrong.
	_ = hclsyntax.VisitAll(p.expr, visit)
	return diags
}

// typeOf is the type of a part of the expression; the dynamic type when it is
// not known, as for the variable of a loop.
func (p *program) typeOf(e hclsyntax.Expression) cty.Type {
	s := p.scratch.Get().(*scratch)
	v, diags := evaluate(s, e)
	if diags.HasErrors() || v.IsNull() {
		return cty.DynamicPseudoType
	}
	return v.Type()
}
