package compile

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// native gives an expression of any syntax as one of the native syntax. A string
// of the JSON syntax is a template, as hcl has it.
func native(e hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	if e, ok := e.(hclsyntax.Expression); ok {
		return e, nil
	}
	if list, diags := hcl.ExprList(e); !diags.HasErrors() {
		return nativeList(e, list)
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		return nativeMap(e, pairs)
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return nil, diags
	}
	if v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
		return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}, nil
	}
	start := e.Range().Start
	start.Byte++ // after the quote
	start.Column++
	return parseTemplate([]byte(v.AsString()), e.Range().Filename, start)
}

func nativeList(e hcl.Expression, list []hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	out := &hclsyntax.TupleConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
	var diags hcl.Diagnostics
	for _, element := range list {
		x, more := native(element)
		diags = append(diags, more...)
		if x != nil {
			out.Exprs = append(out.Exprs, x)
		}
	}
	return out, diags
}

func nativeMap(e hcl.Expression, pairs []hcl.KeyValuePair) (hclsyntax.Expression, hcl.Diagnostics) {
	out := &hclsyntax.ObjectConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
	var diags hcl.Diagnostics
	seen := make(map[string]bool)
	for _, pair := range pairs {
		if name, more := pair.Key.Value(nil); !more.HasErrors() && name.Type() == cty.String {
			if seen[name.AsString()] {
				diags = append(diags, problem(pair.Key.Range(), codeSyntax, "A key is written twice",
					fmt.Sprintf("The object has the key %q already.", name.AsString())))
			}
			seen[name.AsString()] = true
		}
		key, more := native(pair.Key)
		diags = append(diags, more...)
		value, more := native(pair.Value)
		diags = append(diags, more...)
		if key != nil && value != nil {
			item := hclsyntax.ObjectConsItem{KeyExpr: &hclsyntax.ObjectConsKeyExpr{Wrapped: key, ForceNonLiteral: true}, ValueExpr: value}
			out.Items = append(out.Items, item)
		}
	}
	return out, diags
}
