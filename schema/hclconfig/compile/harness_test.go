package compile_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"transition/schema"
	"transition/schema/hclconfig/compile"
	"transition/schema/toffset"
)

// columns are those of all tests.
func columns() *schema.Columns {
	return schema.NewColumns([]schema.Column{
		{Name: "name"},
		{Name: "ring"},
		{Name: "admin_email"},
		{Name: "seats", Type: schema.NumberType},
		{Name: "rate", Type: schema.NumberType},
		{Name: "active", Type: schema.Bool},
		{Name: "vip", Type: schema.Bool},
	})
}

func planFiles() fstest.MapFS {
	return fstest.MapFS{
		"mail/terms.txt":    {Data: []byte("The terms.\n")},
		"mail/hello.tmpl":   {Data: []byte("Hello ${name}%{ if vip }, dear${\" friend\"}%{ endif }!")},
		"mail/broken.tmpl":  {Data: []byte("Hello ${name")},
		"mail/offset.tmpl":  {Data: []byte(`${offset("T-1d")}`)},
		"mail/self.tmpl":    {Data: []byte(`${templatefile("mail/self.tmpl", {})}`)},
		"mail/binary":       {Data: []byte{0xff, 0xfe}},
		"mail/nested/a.txt": {Data: []byte("a")},
	}
}

func scope() *compile.Scope {
	return &compile.Scope{
		Consts: map[string]cty.Value{
			"var": cty.ObjectVal(map[string]cty.Value{
				"greeting": cty.StringVal("Dear"),
				"limit":    cty.MustParseNumberVal("100"),
				"rings":    cty.ListVal([]cty.Value{cty.StringVal("pilot"), cty.StringVal("wave1")}),
				"none":     cty.NullVal(cty.String),
				"secret":   cty.StringVal("hunter2").Mark(compile.Sensitive),
				"empty":    cty.ListValEmpty(cty.String),
			}),
			"local": cty.ObjectVal(map[string]cty.Value{
				"contacts": cty.ObjectVal(map[string]cty.Value{"pilot": cty.StringVal("ann"), "wave1": cty.StringVal("bob")}),
			}),
		},
		Columns:   columns(),
		Functions: compile.Functions(planFiles(), nil),
	}
}

func text(s string) schema.Cell { return schema.Cell{Valid: true, Text: s} }

func number(s string) schema.Cell {
	f, _ := cty.MustParseNumberVal(s).AsBigFloat().Float64()
	return schema.Cell{Valid: true, Text: s, Num: f}
}

func boolean(b bool) schema.Cell {
	if b {
		return text("true")
	}
	return text("false")
}

// env is a tenant with every attribute set.
func env() *schema.Env {
	losAngeles, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err)
	}
	return &schema.Env{
		Tenant: &schema.Tenant{
			ID:     "contoso",
			Cells:  []schema.Cell{text("Contoso"), text("pilot"), text("it@contoso.example"), number("250"), number("2.5"), boolean(true), boolean(false)},
			Locale: "de",
		},
		T:    time.Date(2012, 3, 10, 2, 0, 0, 0, time.UTC),
		Zone: losAngeles,

		PostponeUntil: time.Date(2012, 2, 25, 2, 0, 0, 0, time.UTC),

		Batch: "pilot",
		Phase: "Lock",
	}
}

func parse(t testing.TB, src string) hclsyntax.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "plan.transition.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags)
	}
	return e
}

// oracle evaluates as hcl does, with a context made for this one tenant.
func oracle(s *compile.Scope, e *schema.Env) *hcl.EvalContext {
	functions := make(map[string]function.Function)
	for name, f := range s.Functions {
		functions[name] = f
	}
	functions["offset"] = plainOffset(e)
	return &hcl.EvalContext{Variables: variables(s, e), Functions: functions}
}

func variables(s *compile.Scope, e *schema.Env) map[string]cty.Value {
	vars := map[string]cty.Value{
		"T":              optional(e.T.IsZero(), func() string { return e.T.In(e.Zone).Format(time.RFC3339) }),
		"postpone_until": optional(e.PostponeUntil.IsZero(), func() string { return e.PostponeUntil.In(e.Zone).Format(time.RFC3339) }),

		"batch": cty.ObjectVal(map[string]cty.Value{"name": optional(e.Batch == "", func() string { return e.Batch })}),
		"phase": cty.ObjectVal(map[string]cty.Value{"name": optional(e.Phase == "", func() string { return e.Phase })}),
	}
	for name, v := range s.Consts {
		vars[name] = v
	}
	attrs := map[string]cty.Value{
		"id":        cty.StringVal(e.Tenant.ID),
		"time_zone": optional(zone(e) == nil, func() string { return zone(e).String() }),
		"locale":    optional(e.Tenant.Locale == "", func() string { return e.Tenant.Locale }),
	}
	for i, c := range s.Columns.List {
		attrs[c.Name] = cellValue(c.Type, e.Tenant.Cells[i])
	}
	vars["tenant"] = cty.ObjectVal(attrs)
	return vars
}

func optional(isNull bool, s func() string) cty.Value {
	if isNull {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s())
}

func cellValue(t schema.Type, c schema.Cell) cty.Value {
	switch {
	case t == schema.NumberType && !c.Valid:
		return cty.NullVal(cty.Number)
	case t == schema.NumberType:
		return cty.MustParseNumberVal(c.Text)
	case t == schema.Bool && !c.Valid:
		return cty.NullVal(cty.Bool)
	case t == schema.Bool:
		return cty.BoolVal(c.Text == "true")
	case !c.Valid:
		return cty.NullVal(cty.String)
	default:
		return cty.StringVal(c.Text)
	}
}

func plainOffset(e *schema.Env) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "offset", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			o, err := toffset.Parse(args[0].AsString())
			if err != nil || e.T.IsZero() {
				return cty.NullVal(cty.String), err
			}
			at, _ := o.From(e.T, e.Zone)
			return cty.StringVal(at.Format(time.RFC3339)), nil
		},
	})
}

// codes lists the codes of diagnostics.
func codes(diags hcl.Diagnostics) string {
	var list []string
	for _, d := range diags {
		code, _ := d.Extra.(string)
		list = append(list, code)
	}
	return strings.Join(list, " ")
}

// zone is the zone in which the offsets of an environment's tenant are resolved.
func zone(e *schema.Env) *time.Location {
	if e.Tenant.Zone != nil {
		return e.Tenant.Zone
	}
	return e.Zone
}
