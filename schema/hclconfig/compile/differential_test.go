package compile_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"pgregory.net/rapid"

	"transition/schema"
	"transition/schema/hclconfig/compile"
)

// grammar draws expressions. Operands are most often of the type that their
// place wants, and sometimes of any other.
type grammar struct{ t *rapid.T }

func (g grammar) pick(label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(g.t, label)
}

func (g grammar) any(depth int) string {
	switch rapid.IntRange(0, 3).Draw(g.t, "type") {
	case 0:
		return g.text(depth)
	case 1:
		return g.number(depth)
	case 2:
		return g.bool(depth)
	default:
		return g.pick("odd", "null", "[]", "var.none", `var.rings`, `try(tenant.name, "x")`, `var.empty[0]`)
	}
}

// usually draws of another type now and then.
func (g grammar) usually(depth int, f func(int) string) string {
	if rapid.IntRange(0, 15).Draw(g.t, "stray") == 0 {
		return g.any(depth)
	}
	return f(depth)
}

func (g grammar) text(depth int) string {
	leaves := []string{
		"tenant.name", "tenant.ring", "tenant.admin_email", "tenant.id", "tenant.locale", "tenant.time_zone",
		"T", "postpone_until", "batch.name", "phase.name", "var.greeting", `"pilot"`, `""`, `"é"`, `"\u0301"`, `"250"`, `"true"`, `tenant["name"]`,
	}
	if depth <= 0 {
		return g.pick("text", leaves...)
	}
	text := func() string { return g.usually(depth-1, g.text) }
	switch rapid.IntRange(0, 13).Draw(g.t, "text form") {
	case 0:
		return fmt.Sprintf(`"a${%s}b${%s}"`, g.any(depth-1), text())
	case 1:
		return fmt.Sprintf(`"${%s}"`, text())
	case 2:
		return fmt.Sprintf("(%s ? %s : %s)", g.usually(depth-1, g.bool), text(), text())
	case 3:
		return fmt.Sprintf("%s(%s)", g.pick("mapping", "lower", "upper", "trimspace", "tostring", "title"), text())
	case 4:
		return fmt.Sprintf("coalesce(%s, %s)", text(), text())
	case 5:
		return fmt.Sprintf("local.contacts[%s]", text())
	case 6:
		return fmt.Sprintf(`lookup(local.contacts, %s, %s)`, text(), text())
	case 7:
		return fmt.Sprintf(`formatdate("D MMM YYYY", %s)`, g.pick("instant", "T", `offset("T-14d")`, `inzone(T, "Asia/Tokyo")`))
	case 8:
		return fmt.Sprintf("(%s ? null : %s)", g.usually(depth-1, g.bool), text())
	case 9:
		return fmt.Sprintf(`"%%{ if %s }x%%{ else }${%s}%%{ endif }"`, g.usually(depth-1, g.bool), text())
	case 10:
		return fmt.Sprintf(`"%%{ for v in [%s, %s] }${v},%%{ endfor }"`, text(), text())
	case 11:
		return fmt.Sprintf(`join("-", [for v in [%s] : upper(v) if v != null])`, text())
	case 12:
		return fmt.Sprintf(`replace(%s, "o", %s)`, text(), text())
	default:
		return g.pick("text", leaves...)
	}
}

func (g grammar) number(depth int) string {
	leaves := []string{
		"tenant.seats", "tenant.rate", "var.limit", "0", "1", "3", "100", "2.5", "0.1", "1e21",
		"9007199254740993", "4503599627370497", `length(tenant.name)`, "-1",
	}
	if depth <= 0 {
		return g.pick("number", leaves...)
	}
	number := func() string { return g.usually(depth-1, g.number) }
	switch rapid.IntRange(0, 7).Draw(g.t, "number form") {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", number(), g.pick("operator", "+", "-", "*", "/", "%"), number())
	case 2:
		return fmt.Sprintf("-%s", number())
	case 3:
		return fmt.Sprintf("%s(%s)", g.pick("rounding", "ceil", "floor", "abs"), number())
	case 4:
		return fmt.Sprintf("%s(%s, %s)", g.pick("extreme", "min", "max", "coalesce"), number(), number())
	case 5:
		return fmt.Sprintf("(%s ? %s : %s)", g.usually(depth-1, g.bool), number(), number())
	case 6:
		return fmt.Sprintf("length(%s)", g.usually(depth-1, g.text))
	default:
		return g.pick("number", leaves...)
	}
}

func (g grammar) bool(depth int) string {
	leaves := []string{"tenant.active", "tenant.vip", "true", "false"}
	if depth <= 0 {
		return g.pick("bool", leaves...)
	}
	boolean := func() string { return g.usually(depth-1, g.bool) }
	switch rapid.IntRange(0, 9).Draw(g.t, "bool form") {
	case 0:
		return fmt.Sprintf("(%s && %s)", boolean(), boolean())
	case 1:
		return fmt.Sprintf("(%s || %s)", boolean(), boolean())
	case 2:
		return fmt.Sprintf("!%s", boolean())
	case 3:
		return fmt.Sprintf("(%s %s %s)", g.any(depth-1), g.pick("equality", "==", "!="), g.any(depth-1))
	case 4:
		return fmt.Sprintf("(%s %s %s)", g.usually(depth-1, g.text), g.pick("equality", "==", "!="), g.usually(depth-1, g.text))
	case 5, 6:
		order := g.pick("order", "<", "<=", ">", ">=", "==", "!=")
		return fmt.Sprintf("(%s %s %s)", g.usually(depth-1, g.number), order, g.usually(depth-1, g.number))
	case 7:
		return fmt.Sprintf("%s(%s, %s)", g.pick("test", "startswith", "endswith", "strcontains"), g.usually(depth-1, g.text), g.usually(depth-1, g.text))
	case 8:
		return fmt.Sprintf("contains(%s, %s)", g.pick("list", "var.rings", `["pilot", "x"]`, `["pilot", 1]`, "[]"), g.usually(depth-1, g.text))
	default:
		return g.pick("bool", leaves...)
	}
}

func drawCell(t *rapid.T, label string, values []string) string {
	return rapid.SampledFrom(append(values, "\x00")).Draw(t, label)
}

func drawEnv(t *rapid.T) *schema.Env {
	names := []string{"", "Contoso", "pilot", "x", "São Paulo", "e\u0301", "\u0301", "\u212a", "true", "250", " a\r\nb "}
	numbers := []string{"0", "-0", "1", "3", "250", "-7", "2.5", "0.1", "0.3", "1e3", "9007199254740993", "0.50", "4503599627370497", "100", "1e-30"}
	cells := make([]schema.Cell, 7)
	for i, c := range columns().List {
		values := names
		switch c.Type {
		case schema.NumberType:
			values = numbers
		case schema.Bool:
			values = []string{"true", "false"}
		}
		v := drawCell(t, c.Name, values)
		switch {
		case v == "\x00": // null
		case c.Type == schema.NumberType:
			cells[i] = number(v)
		default:
			cells[i] = text(v)
		}
	}
	e := env()
	e.Tenant.Cells = cells
	e.Tenant.Locale = rapid.SampledFrom([]string{"", "de"}).Draw(t, "locale")
	e.Batch = rapid.SampledFrom([]string{"", "pilot", "wave1"}).Draw(t, "batch")
	if rapid.Bool().Draw(t, "no date") {
		e.T, e.PostponeUntil = time.Time{}, time.Time{}
	}
	return e
}

// plain evaluates an expression with hcl and converts the value.
func plain(expr hcl.Expression, ctx *hcl.EvalContext, typ cty.Type) (cty.Value, error) {
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return v, diags
	}
	v, err := convert.Convert(v, typ)
	if err == nil && !v.IsWhollyKnown() {
		err = errors.New("unknown, since an operand of && or || had an error that was dropped")
	}
	return v, err
}

// wrongForAll reports whether hcl refuses an expression for its types alone,
// even if for some tenant another operand decides before it matters.
func wrongForAll(expr hcl.Expression, s *compile.Scope, typ cty.Type) bool {
	ctx := oracle(s, env())
	attrs := ctx.Variables["tenant"].AsValueMap()
	for name, v := range attrs {
		attrs[name] = cty.UnknownVal(v.Type())
	}
	ctx.Variables["tenant"] = cty.ObjectVal(attrs)
	named := cty.ObjectVal(map[string]cty.Value{"name": cty.UnknownVal(cty.String)})
	ctx.Functions["offset"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "offset", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl:   func([]cty.Value, cty.Type) (cty.Value, error) { return cty.UnknownVal(cty.String), nil },
	})
	ctx.Variables["batch"], ctx.Variables["phase"], ctx.Variables["T"] = named, named, cty.UnknownVal(cty.String)
	ctx.Variables["postpone_until"] = cty.UnknownVal(cty.String)
	v, diags := expr.Value(ctx)
	_, err := convert.Convert(v, typ)
	return diags.HasErrors() || err != nil
}

// same compares a compiled expression with hcl, for one tenant.
func same[V any](t *rapid.T, src string, e *schema.Env, typ cty.Type,
	compiled func(hcl.Expression, *compile.Scope) (schema.Expr[V], hcl.Diagnostics), decode func(cty.Value) (V, error)) {
	expr, diags := hclsyntax.ParseExpression([]byte(src), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags)
	}
	s := scope()
	var want V
	v, wantErr := plain(expr, oracle(s, e), typ)
	if wantErr == nil {
		want, wantErr = decode(v)
	}

	x, diags := compiled(expr, s)
	if diags.HasErrors() {
		if wantErr == nil && !wrongForAll(expr, s, typ) {
			t.Fatalf("%s\nrefused: %v\nhcl gives %v", src, diags, want)
		}
		return
	}
	for range 2 { // the second time with what the first left behind
		got, err := x.For(e)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%s\ngot  %v, %v\nwant %v, %v", src, got, err, want, wantErr)
		}
		if err == nil && !cmp.Equal(got, want) {
			t.Fatalf("%s\ngot  %#v\nwant %#v", src, got, want)
		}
	}
}

func needText(v cty.Value) (string, error) {
	if v.IsNull() {
		return "", fmt.Errorf("null")
	}
	return v.AsString(), nil
}

func needBool(v cty.Value) (bool, error) {
	if v.IsNull() {
		return false, fmt.Errorf("null")
	}
	return v.True(), nil
}

func needNumber(v cty.Value) (schema.Number, error) {
	if v.IsNull() {
		return schema.Number{}, nil
	}
	f, _ := v.AsBigFloat().Float64()
	if v.AsBigFloat().IsInf() {
		return schema.Number{}, fmt.Errorf("infinite")
	}
	return schema.Number{Value: f, Valid: true}, nil
}

func needTexts(v cty.Value) ([]string, error) {
	list := []string{}
	for _, e := range v.AsValueSlice() {
		s, err := needText(e)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func needMap(v cty.Value) (map[string]string, error) {
	m := map[string]string{}
	for k, e := range v.AsValueMap() {
		s, err := needText(e)
		if err != nil {
			return nil, err
		}
		m[k] = s
	}
	return m, nil
}

const depth = 3

func TestCompiled_MeansWhatHCLMeans(t *testing.T) {
	t.Run("text", rapid.MakeCheck(func(t *rapid.T) {
		same(t, grammar{t}.usually(depth, grammar{t}.text), drawEnv(t), cty.String, compile.Text, needText)
	}))
	t.Run("bool", rapid.MakeCheck(func(t *rapid.T) {
		same(t, grammar{t}.usually(depth, grammar{t}.bool), drawEnv(t), cty.Bool, compile.Bool, needBool)
	}))
	t.Run("number", rapid.MakeCheck(func(t *rapid.T) {
		same(t, grammar{t}.usually(depth, grammar{t}.number), drawEnv(t), cty.Number, compile.Number, needNumber)
	}))
	t.Run("list", rapid.MakeCheck(func(t *rapid.T) {
		g := grammar{t}
		same(t, fmt.Sprintf("[%s, %s]", g.text(2), g.any(2)), drawEnv(t), cty.List(cty.String), compile.Strings, needTexts)
	}))
	t.Run("map", rapid.MakeCheck(func(t *rapid.T) {
		g := grammar{t}
		src := fmt.Sprintf("{ a = %s, %s = %s }", g.text(2), g.pick("key", "a", "b", `"c"`, "(tenant.id)", `"${batch.name}"`), g.any(2))
		same(t, src, drawEnv(t), cty.Map(cty.String), compile.StringMap, needMap)
	}))
}

// Templates are parsed in another way, and their parts may stand in directives.
func TestTemplate_MeansWhatHCLMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grammar{t}
		part := func(label string) string {
			return g.pick(label, "plain ", "${"+g.any(2)+"}", "%{ if "+g.bool(1)+" }${"+g.text(1)+"}%{ endif }",
				"%{ for v in ["+g.text(1)+", "+g.text(1)+"] }<${v}>%{ endfor }")
		}
		src := part("first") + part("second")
		e, s := drawEnv(t), scope()
		parsed, diags := hclsyntax.ParseTemplate([]byte(src), "m.md", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %v", src, diags)
		}
		v, wantErr := plain(parsed, oracle(s, e), cty.String)
		fails := wantErr != nil || v.IsNull()

		x, diags := compile.Template([]byte(src), "m.md", hcl.InitialPos, s)
		if diags.HasErrors() {
			if !fails && !wrongForAll(parsed, s, cty.String) {
				t.Fatalf("%s\nrefused: %v", src, diags)
			}
			return
		}
		got, err := x.For(e)
		if (err != nil) != fails {
			t.Fatalf("%s\ngot %q, %v\nwant %#v, %v", src, got, err, v, wantErr)
		}
		if err == nil && got != v.AsString() {
			t.Fatalf("%s\ngot  %q\nwant %q", src, got, v.AsString())
		}
	})
}
