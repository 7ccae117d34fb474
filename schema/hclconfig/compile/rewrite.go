package compile

import "github.com/hashicorp/hcl/v2/hclsyntax"

// withChildren copies an expression with f applied to each expression directly
// in it. What has none is returned as it is, and so is what has parts that need
// more care than this.
func withChildren(e hclsyntax.Expression, f func(hclsyntax.Expression) hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c := *e
		c.Expression = f(e.Expression)
		return &c
	case *hclsyntax.TemplateWrapExpr:
		c := *e
		c.Wrapped = f(e.Wrapped)
		return &c
	case *hclsyntax.TemplateJoinExpr:
		c := *e
		c.Tuple = f(e.Tuple)
		return &c
	case *hclsyntax.TupleConsExpr:
		c := *e
		c.Exprs = make([]hclsyntax.Expression, len(e.Exprs))
		for i, x := range e.Exprs {
			c.Exprs[i] = f(x)
		}
		return &c
	case *hclsyntax.ObjectConsExpr:
		c := *e
		c.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
		for i, item := range e.Items {
			c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: f(item.KeyExpr), ValueExpr: f(item.ValueExpr)}
		}
		return &c
	default:
		return withOperands(e, f)
	}
}

// withOperands is withChildren for expressions with a fixed number of them.
func withOperands(e hclsyntax.Expression, f func(hclsyntax.Expression) hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.UnaryOpExpr:
		c := *e
		c.Val = f(e.Val)
		return &c
	case *hclsyntax.BinaryOpExpr:
		c := *e
		c.LHS, c.RHS = f(e.LHS), f(e.RHS)
		return &c
	case *hclsyntax.ConditionalExpr:
		c := *e
		c.Condition, c.TrueResult, c.FalseResult = f(e.Condition), f(e.TrueResult), f(e.FalseResult)
		return &c
	case *hclsyntax.IndexExpr:
		c := *e
		c.Collection, c.Key = f(e.Collection), f(e.Key)
		return &c
	case *hclsyntax.RelativeTraversalExpr:
		c := *e
		c.Source = f(e.Source)
		return &c
	default:
		return e
	}
}
