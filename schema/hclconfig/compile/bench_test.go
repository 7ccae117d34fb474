package compile_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"

	"transition/schema"
	"transition/schema/hclconfig/compile"
)

// sink keeps results alive.
var sink any

func BenchmarkBool(b *testing.B) {
	const src = `tenant.ring == "pilot"`
	x, diags := compile.Bool(parse(b, src), scope())
	benchmark(b, src, x, diags)
}

func BenchmarkNumber(b *testing.B) {
	const src = "ceil(tenant.seats / 100)"
	x, diags := compile.Number(parse(b, src), scope())
	benchmark(b, src, x, diags)
}

func BenchmarkStrings(b *testing.B) {
	const src = "[tenant.admin_email]"
	x, diags := compile.Strings(parse(b, src), scope())
	benchmark(b, src, x, diags)
}

func BenchmarkText(b *testing.B) {
	const src = `"${var.greeting} ${tenant.name}, your ${tenant.seats} seats move on ${formatdate("D MMMM YYYY", T)}"`
	x, diags := compile.Text(parse(b, src), scope())
	benchmark(b, src, x, diags)
}

func BenchmarkFallback(b *testing.B) {
	const src = `join(", ", [for w in split(" ", tenant.name) : title(w)])`
	x, diags := compile.Text(parse(b, src), scope())
	benchmark(b, src, x, diags)
}

func benchmark[V any](b *testing.B, src string, x schema.Expr[V], diags hcl.Diagnostics) {
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	e := env()
	b.Run("compiled", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := x.For(e); err != nil {
				b.Fatal(err)
			}
		}
	})
	// The plain way: a context with all attributes for each tenant.
	s := scope()
	expr := parse(b, src)
	functions := oracle(s, e).Functions
	b.Run("hcl", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ctx := &hcl.EvalContext{Variables: variables(s, e), Functions: functions}
			v, diags := expr.Value(ctx)
			if diags.HasErrors() {
				b.Fatal(diags)
			}
			sink = v
		}
	})
}
