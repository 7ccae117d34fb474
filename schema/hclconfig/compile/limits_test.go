package compile_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema/hclconfig/compile"
)

// What would fill the memory or take for ever is refused, by a diagnostic that
// says what is too much.
func TestLimits(t *testing.T) {
	big := strings.Repeat("x", 1<<20-10)
	s := scope()
	s.Functions = compile.Functions(fstest.MapFS{
		"large":   {Data: make([]byte, 10<<20+1)},
		"largest": {Data: []byte(strings.Repeat("x", 10<<20))},
	}, nil)
	s.Consts = map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{
		"big": cty.StringVal(big), "csv": cty.StringVal(strings.Repeat("x,", 1<<19)),
	})}
	loops := "tenant.id"
	for range 20 {
		loops = fmt.Sprintf("[for x in range(2) : %s]", loops)
	}
	tests := []struct{ name, src, says string }{
		{"width", `format("%999999999d", 1)`, "a width or precision of more than 4096"},
		{"precision", `format("%.99999f", 1)`, "a width or precision of more than 4096"},
		{"one argument many times", `format("` + strings.Repeat("%[1]s", 100) + `", var.big)`, "would be longer than 10 MiB"},
		{"width many times", `formatlist("` + strings.Repeat("%4096d", 20) + `", range(1000))`, "would be longer than 10 MiB"},
		{"indent", `indent(999999999, "a\nb")`, "must be between 0 and 4096"},
		{"lines to indent", `indent(4096, replace(var.big, "x", "\n"))`, "would be longer than 10 MiB"},
		{"join", `join(var.big, range(100))`, "would be longer than 10 MiB"},
		{"replace", `replace(var.big, "x", "` + strings.Repeat("y", 100) + `")`, "would be longer than 10 MiB"},
		{"replace by pattern", `replace(var.big, "/x/", "` + strings.Repeat("y", 100) + `")`, "would be longer than 10 MiB"},
		{"replace by groups", `replace(var.big, "/(x*)/", "` + strings.Repeat("$1", 100) + `")`, "would be longer than 10 MiB"},
		{"long pattern", `regex(var.big, "x")`, "must not be longer than 4096 bytes"},
		{"elements", `split(",", var.csv)`, "more than 10000 elements"},
		{"list", `[` + strings.Repeat("1, ", 10001) + `]`, "at most 10000 elements"},
		{"flatten", `flatten([for a in range(9) : range(1000)])`, "take too long"},
		{"distinct", `distinct(flatten([for a in range(3) : range(1000)]))`, "takes too long"},
		{"product", `setproduct(range(1000), range(1000))`, "more than 10000 elements"},
		{"product that overflows", `setproduct(` + strings.Repeat("[1, 2], ", 63) + `[1, 2])`, "more than 10000 elements"},
		{"nested JSON", `jsondecode("${replace(var.csv, "x,", "[")}")`, "nested more than 100 levels deep"},
		{"a number of many digits", `parseint(var.big, 36)`, "at most 1000 digits"},
		{"a number as a text", `tostring(tonumber("1e99999999"))`, "more rounds of loops, or more text"},
		{"a long pattern on a long text", `regexall("(a{1000})", var.big)`, "too long for such a regular expression"},
		{"conversion", `tolist([for x in range(1000) : [for y in range(100) : x]])`, "take too long"},
		{"arguments again and again", `[for x in range(1000) : length(split(",", substr(var.csv, 0, 9999)))]`, ""},
		{"range", `range(1e9)`, "more than 1024 values"},
		{"json", `jsonencode([for i in range(100) : var.big])`, "more rounds of loops, or more text"},
		{"json of a list", `jsonencode([` + strings.Repeat("var.big, ", 20) + `])`, "would be longer than 10 MiB"},
		{"arguments", `length([` + strings.Repeat("var.big, ", 70) + `])`, "more rounds of loops, or more text"},
		{"loop in a loop in a loop", `[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]`, "more rounds of loops, or more text"},
		{"loop that yields nothing", `[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c if false] if false]]`, ""},
		{"deep loops", `[for v in [tenant.id] : ` + loops + `]`, "This loop stands in 8 others"},
		{"template", `"` + strings.Repeat("${var.big}", 100) + `"`, "longer together than a text may be"},
		{"template of calls", `"` + strings.Repeat("${upper(var.big)}", 100) + `"`, "longer together than a text may be"},
		{"number", `"${1e999999999}"`, "so many digits"},
		{"small number", `"${1e-99999999}"`, "so many digits"},
		{"large file", `file("large")`, "is larger than 10 MiB"},
		{"text of an attribute", `file("largest")`, "longer than 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, diags := compile.Text(parse(t, tt.src), s)
			runtime.ReadMemStats(&after)
			if !diags.HasErrors() {
				t.Fatal("compiled")
			}
			if !strings.Contains(diags[0].Detail, tt.says) {
				t.Errorf("says %.300s", diags[0].Detail)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 4<<30 {
				t.Errorf("allocated %d MiB", got>>20)
			}
		})
	}
}

// The same bounds hold for each tenant.
func TestLimits_OfATenant(t *testing.T) {
	e := env()
	e.Tenant.Cells[0] = text(strings.Repeat("x", 1<<20))
	for _, src := range []string{
		`"${tenant.name}${tenant.name}"`,
		`join(tenant.name, range(100))`,
		`join("", [for a in split("", tenant.name) : a])`,
		`join("", [for a in range(1000) : tenant.name])`,
	} {
		x, diags := compile.Text(parse(t, src), scope())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got, err := x.For(e); err == nil {
			t.Errorf("%s gives %d bytes", src, len(got))
		}
		// What was exhausted for one tenant is not for the next.
		if _, err := x.For(env()); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// A cell with a number that nobody can write out is an error, not a crash.
func TestLimits_NumberOfATenant(t *testing.T) {
	x, diags := compile.Text(parse(t, `"${tenant.rate}"`), scope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e := env()
	for _, cell := range []string{"1e100000000", "1e-100000000", "1e999999999999", "inf", "nan"} {
		e.Tenant.Cells[4] = text(cell)
		if cell == "1e999999999999" || cell == "inf" {
			e.Tenant.Cells[4].Num = inf()
		}
		if got, err := x.For(e); err == nil && len(got) > 1000 {
			t.Errorf("%s gives %d bytes", cell, len(got))
		}
	}
}

func inf() float64 { zero := 0.0; return 1 / zero }

func TestTemplate_TooDeep(t *testing.T) {
	tests := []struct{ name, src string }{
		{"parentheses", "${" + strings.Repeat("(", 1e5)},
		{"brackets", "${" + strings.Repeat("[", 1e5)},
		{"not", "${" + strings.Repeat("!", 1e5) + "true}"},
		{"minus", "${" + strings.Repeat("-", 1e5) + "1}"},
		{"conditionals", "${" + strings.Repeat("true ? 1 : ", 1e4) + "1}"},
		{"templates", strings.Repeat(`${"`, 1e4)},
		{"directives", strings.Repeat("%{ if true }", 1e4)},
		{"calls", "${" + strings.Repeat("f(", 1e4)},
		{"indexes", "${a" + strings.Repeat("[0]", 1e4) + "}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := compile.Template([]byte(tt.src), "m.md", hcl.InitialPos, scope())
			if got := codes(diags); got != "too-deep" {
				t.Errorf("codes are %.100q", got)
			}
		})
	}
}
