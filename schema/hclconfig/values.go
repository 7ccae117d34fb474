package hclconfig

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
	"transition/schema/hclconfig/compile"
	"transition/schema/spec"
	"transition/schema/toffset"
)

// evaluate gives every attribute of the nodes, and of the blocks in them, its
// value: what is written, else its default. What has neither, or a mistake, has
// no value. Types that need more than their expression (any value, map, type)
// are left to whoever reads them.
func (l *loader) evaluate(nodes ...*node) {
	for _, n := range nodes {
		n.values = make(map[string]any)
		for i := range n.spec.Attributes {
			a := &n.spec.Attributes[i]
			if v, ok := l.attribute(n, a); ok {
				n.values[a.Name] = v
			}
		}
		l.evaluate(n.children...)
	}
}

// value is what an attribute evaluates to; the zero V where it has no value.
func value[V any](n *node, name string) V {
	v, _ := n.values[name].(V)
	return v
}

// optional is value for what may be absent: nil then.
func optional[V any](n *node, name string) *V {
	if v, ok := n.values[name].(V); ok {
		return &v
	}
	return nil
}

func (l *loader) attribute(n *node, a *spec.Attribute) (any, bool) {
	w := n.attrs[a.Name]
	if w == nil {
		return defaultValue(a)
	}
	if a.PerTenant {
		return l.perTenant(n, a, w.Expr)
	}
	switch a.Type {
	case spec.Any, spec.Values, spec.TypeName, spec.Condition, spec.Sentences:
		return nil, false
	case spec.Reference:
		return l.reference(n, a, w.Expr)
	case spec.Address:
		return l.partAddress(n, a, w.Expr)
	case spec.Items:
		return l.itemList(n, w.Expr)
	}
	v, ok := l.constant(n, w.Expr)
	if !ok {
		return nil, false
	}
	if v.IsNull() {
		return l.null(n, a)
	}
	return l.convert(n, a, v)
}

// null treats an attribute that is null like one that is not written.
func (l *loader) null(n *node, a *spec.Attribute) (any, bool) {
	if a.Required {
		l.missingAttribute(n, a)
		return nil, false
	}
	return defaultValue(a)
}

// constant evaluates an expression that is the same for every tenant. It reports
// false, too, for a value that depends on something reported before.
func (l *loader) constant(n *node, e hcl.Expression) (cty.Value, bool) {
	v, ok := l.marked(n, e)
	v, _ = v.UnmarkDeep()
	return v, ok
}

// marked is constant for what other expressions use: it is still known which parts
// of it are secret.
func (l *loader) marked(n *node, e hcl.Expression) (cty.Value, bool) {
	v, diags := compile.Const(e, l.scope)
	l.fromHCL(n, diags)
	if diags.HasErrors() || !v.IsKnown() {
		return cty.DynamicVal, false
	}
	return v, true
}

func (l *loader) perTenant(n *node, a *spec.Attribute, e hcl.Expression) (any, bool) {
	scope := *l.scope
	scope.Deny = make(map[string]bool, len(a.Without))
	for _, name := range a.Without {
		scope.Deny[name] = true
	}
	scope.OwnKeys = a.Type == spec.TextMap // the names of variables and headers
	if a.OfEvent {
		scope.Allow = compile.EventNames(schema.Event(value[string](n, "on")))
		scope.Named = func(root string) { n.named[root] = true }
	}
	if n.spec.Name == "exec" && a.Name == "command" {
		scope.Secret = func(s compile.Secret) {
			l.scope.Secret(s)
			l.secretArgument(n, s.Range)
		}
	}
	if a.OfResult {
		scope.Allow = compile.ResultNames()
	}
	var v any
	var diags hcl.Diagnostics
	switch a.Type {
	case spec.Bool:
		v, diags = compile.Bool(e, &scope)
	case spec.Number:
		v, diags = compile.Float(e, &scope)
	case spec.Nullable:
		v, diags = compile.Number(e, &scope)
	case spec.Texts:
		v, diags = compile.Strings(e, &scope)
	case spec.TextMap:
		v, diags = compile.StringMap(e, &scope)
	default:
		v, diags = compile.Text(e, &scope)
	}
	l.fromHCL(n, diags)
	return v, !diags.HasErrors()
}

// defaultValue is the default of the description in the form that evaluate gives
// to what is written.
func defaultValue(a *spec.Attribute) (any, bool) {
	switch d := a.Default.(type) {
	case string:
		return defaultText(a, d)
	case bool:
		if a.PerTenant {
			return schema.Const(d), true
		}
		return d, true
	case int:
		return defaultNumber(a, float64(d))
	case float64:
		return defaultNumber(a, d)
	case []int:
		return d, true
	default:
		return nil, false
	}
}

func defaultText(a *spec.Attribute, text string) (any, bool) {
	switch a.Type {
	case spec.Interval:
		d, err := toffset.ParseDuration(text)
		return d.Nominal(), err == nil
	case spec.Share:
		return parseShare(text)
	case spec.Zone:
		return loadZone(text)
	case spec.Offset:
		o, err := toffset.Parse(text)
		return o, err == nil
	default:
		if a.PerTenant {
			return schema.Const(text), true
		}
		return text, true
	}
}

func defaultNumber(a *spec.Attribute, x float64) (any, bool) {
	switch {
	case a.Type == spec.Nullable:
		return schema.Const(schema.Number{Value: x, Valid: true}), true
	case a.PerTenant:
		return schema.Const(x), true
	case a.Type == spec.Integer:
		return int(x), true
	default:
		return x, true
	}
}
