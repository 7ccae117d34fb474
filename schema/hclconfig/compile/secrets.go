package compile

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Secret is a part of an expression whose value comes of a sensitive one.
type Secret struct {
	Range hcl.Range
	// Texts are what was made of secrets on the way, and then what it evaluates to;
	// none, if it differs from tenant to tenant.
	Texts []string
}

// hold keeps what a literal with marks shows, for tell. What nonsensitive gives is
// not marked, and so is held no more.
func (r *resolver) hold(e hclsyntax.Expression, lit *hclsyntax.LiteralValueExpr) {
	if r.scope.Secret == nil {
		return
	}
	if c := conditionOf(e); c != nil && !r.secret(c.TrueResult) && !r.secret(c.FalseResult) {
		// That it was chosen by a secret makes no secret of the result.
		lit.Val, _ = lit.Val.UnmarkDeep()
		return
	}
	s := Secret{Range: e.Range(), Texts: append(r.within(e), textsIn(lit.Val)...)}
	if r.secrets == nil {
		r.secrets = make(map[*hclsyntax.LiteralValueExpr]Secret)
	}
	r.secrets[lit] = s
}

// secret reports whether an expression was made of secrets.
func (r *resolver) secret(e hclsyntax.Expression) (found bool) {
	r.each(e, func(Secret) { found = true })
	return found
}

// within lists the texts of the secrets that an expression was made of.
func (r *resolver) within(e hclsyntax.Expression) []string {
	var texts []string
	r.each(e, func(s Secret) { texts = append(texts, s.Texts...) })
	return texts
}

// tell hands the secrets of a resolved expression to the scope.
func (r *resolver) tell(e hclsyntax.Expression) {
	if r.scope.Secret != nil {
		r.each(e, r.scope.Secret)
	}
}

// each visits the secret parts of a resolved expression.
func (r *resolver) each(e hclsyntax.Expression, visit func(Secret)) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.LiteralValueExpr:
			if s, ok := r.secrets[n]; ok {
				visit(s)
			}
		case *hclsyntax.FunctionCallExpr:
			if n.Name == "sensitive" {
				visit(Secret{Range: n.Range()})
			}
		}
		return nil
	})
}

// textsIn lists the texts in a value that are marked, or lie in what is marked.
func textsIn(v cty.Value) []string {
	if v.IsMarked() {
		v, _ = v.UnmarkDeep()
		return allTexts(v)
	}
	var texts []string
	if v.CanIterateElements() {
		for _, part := range v.Elements() {
			texts = append(texts, textsIn(part)...)
		}
	}
	return texts
}

func allTexts(v cty.Value) []string {
	var texts []string
	for _, part := range cty.DeepValues(v) {
		if part.Type() == cty.String && part.IsKnown() && !part.IsNull() {
			texts = append(texts, part.AsString())
		}
	}
	return texts
}
