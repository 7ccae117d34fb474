package hclconfig

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"transition/schema/diag"
	"transition/schema/spec"
)

// convert turns a value that is neither null nor unknown into the attribute's type.
func (l *loader) convert(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	switch a.Type {
	case spec.Bool:
		return l.boolean(n, a, v)
	case spec.Number, spec.Integer:
		return l.number(n, a, v)
	case spec.Integers:
		return l.integers(n, a, v)
	case spec.Share:
		return l.share(n, a, v)
	case spec.Texts:
		return l.texts(n, a, v)
	}
	text, ok := textOf(v)
	if !ok {
		return l.wrongType(n, a, v)
	}
	return l.fromText(n, a, text)
}

// fromText reads the types that are written as text.
func (l *loader) fromText(n *node, a *spec.Attribute, text string) (any, bool) {
	switch a.Type {
	case spec.Offset:
		return l.offset(n, a, text)
	case spec.Duration:
		return l.duration(n, a, text)
	case spec.Interval:
		return l.interval(n, a, text)
	case spec.Zone:
		return l.zone(n, a, text)
	default:
		return text, l.allowed(n, a, text, text)
	}
}

// allowed checks a value against the list of the description, and against what
// of it has an effect already.
func (l *loader) allowed(n *node, a *spec.Attribute, v any, text string) bool {
	if len(a.OneOf) > 0 && !slices.Contains(a.OneOf, text) {
		l.report(n, n.at(a.Name), diag.Diagnostic{
			Code: "not-one-of", Summary: "A value that is not allowed here",
			Detail: fmt.Sprintf("The attribute %q must be %s, and %q is none of them.", a.Name, quoted(a.OneOf, "or"), text),
			Hint:   orList(didYouMean(text, a.OneOf), a.OneOf),
		})
		return false
	}
	if a.Support == spec.DefaultOnly && v != a.Default {
		l.notYet(n, n.at(a.Name), fmt.Sprintf("Any value of %q but the default, %s,", a.Name, a.Literal()))
		return false
	}
	return true
}

func orList(hint string, allowed []string) string {
	if hint != "" {
		return hint
	}
	return "Write one of " + quoted(allowed, "and") + "."
}

func (l *loader) boolean(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	b, err := convert.Convert(v, cty.Bool)
	if err != nil || b.IsNull() {
		return l.wrongType(n, a, v)
	}
	return b.True(), l.allowed(n, a, b.True(), "")
}

func (l *loader) number(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	x, ok := floatOf(v)
	if !ok {
		return l.wrongType(n, a, v)
	}
	if !l.inBounds(n, a, x) {
		return nil, false
	}
	if a.Type == spec.Number {
		return x, true
	}
	if x != math.Trunc(x) || math.Abs(x) > math.MaxInt32 {
		return l.wrongType(n, a, v)
	}
	return int(x), true
}

func (l *loader) inBounds(n *node, a *spec.Attribute, x float64) bool {
	if a.Bounds.Contains(x) {
		return true
	}
	l.report(n, n.at(a.Name), diag.Diagnostic{
		Code: "out-of-range", Summary: "A number that is not allowed here",
		Detail: fmt.Sprintf("The attribute %q must be %s, and this is %v.", a.Name, a.Bounds, x),
		Hint:   fmt.Sprintf("Write a number that is %s.", a.Bounds),
	})
	return false
}

func (l *loader) integers(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	if !v.CanIterateElements() {
		return l.wrongType(n, a, v)
	}
	list := []int{}
	for _, e := range v.AsValueSlice() {
		x, ok := floatOf(e)
		if !ok || x != math.Trunc(x) {
			return l.wrongType(n, a, v)
		}
		if !l.inBounds(n, a, x) {
			return nil, false
		}
		list = append(list, int(x))
	}
	return list, true
}

// share reads "95%" or 0.95.
func (l *loader) share(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	text, ok := textOf(v)
	if !ok {
		return l.wrongType(n, a, v)
	}
	x, ok := parseShare(text)
	if !ok {
		l.report(n, n.at(a.Name), diag.Diagnostic{
			Code: "out-of-range", Summary: "Not a share",
			Detail: fmt.Sprintf("The attribute %q is a share from 0 to 1, or from 0%% to 100%%, and %q is none.", a.Name, text),
			Hint:   `Write for example "95%" or 0.95.`,
		})
	}
	return x, ok
}

func parseShare(text string) (float64, bool) {
	number, percent := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		x /= 100
	}
	return x, err == nil && x >= 0 && x <= 1
}

func (l *loader) texts(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	if !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return l.wrongType(n, a, v)
	}
	list := []string{}
	for _, e := range v.AsValueSlice() {
		text, ok := textOf(e)
		if !ok {
			return l.wrongType(n, a, v)
		}
		list = append(list, text)
	}
	return list, true
}

func (l *loader) wrongType(n *node, a *spec.Attribute, v cty.Value) (any, bool) {
	l.report(n, n.at(a.Name), diag.Diagnostic{
		Code: "wrong-type", Summary: "Wrong type",
		Detail: fmt.Sprintf("The attribute %q must be %s, and this is %s.", a.Name, wanted(a.Type), friendly(v)),
		Hint:   fmt.Sprintf("Write %s: %s.", wanted(a.Type), clause(a.Doc)),
	})
	return nil, false
}

// wanted is a type in a sentence: "a number".
func wanted(t spec.Type) string {
	switch {
	case t == spec.Bool, strings.HasPrefix(string(t), "any"):
		return string(t)
	case strings.IndexByte("aeiou", t[0]) >= 0:
		return "an " + string(t)
	default:
		return "a " + string(t)
	}
}

func friendly(v cty.Value) string {
	if v.IsNull() {
		return "null"
	}
	switch ty := v.Type(); {
	case ty == cty.String:
		return "a text"
	case ty == cty.Number:
		return "the number " + v.AsBigFloat().Text('g', 6)
	case ty == cty.Bool:
		return "true or false"
	case ty.IsTupleType(), ty.IsListType(), ty.IsSetType():
		return "a list"
	default:
		return "a map"
	}
}

// textOf is a text, or a number or bool written as one.
func textOf(v cty.Value) (string, bool) {
	if v.IsNull() || !v.Type().IsPrimitiveType() {
		return "", false
	}
	if v.Type() == cty.Number && !writable(v.AsBigFloat()) {
		return "", false
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() {
		return "", false
	}
	return s.AsString(), true
}

// writable reports whether a number has few enough digits to be written out.
func writable(x *big.Float) bool {
	exponent := x.MantExp(nil)
	return !x.IsInf() && exponent < 1<<14 && exponent > -1<<14
}

func floatOf(v cty.Value) (float64, bool) {
	if v.IsNull() {
		return 0, false
	}
	x, err := convert.Convert(v, cty.Number)
	if err != nil || x.IsNull() {
		return 0, false
	}
	f, _ := x.AsBigFloat().Float64()
	return f, !math.IsInf(f, 0)
}
