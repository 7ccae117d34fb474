package hclconfig_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"transition/schema/hclconfig"
)

// TestLimits loads files that would end the process, or fill its memory, if they
// were parsed: each must give a diagnostic instead.
func TestLimits(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	native := func(expr string) fstest.MapFS { return onePlan("locals {\n  a = " + expr + "\n}\n") }
	file := func(name, content string) fstest.MapFS {
		fsys := onePlan("")
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
		return fsys
	}
	files := onePlan("")
	for i := range 500 {
		files[fmt.Sprintf("f%d.transition.hcl", i)] = &fstest.MapFile{}
	}
	large := onePlan("")
	for i := range 17 {
		large[fmt.Sprintf("f%d.transition.hcl", i)] = &fstest.MapFile{Data: []byte("# " + many("comment ", 130_000))}
	}
	pipe := onePlan("")
	pipe["pipe.transition.hcl"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	message := onePlan("channel \"maildir\" \"o\" { path = \"o\" }\nphase \"B\" {\n  opens = \"T+1d\"\n  communication \"m\" {\n    channel = channel.maildir.o\n    to      = [\"a@example.com\"]\n    message = \"m\"\n  }\n}\n")
	message["m.md"] = &fstest.MapFile{Data: []byte("---\nsubject: x\n---\n" + many("%{if true}", 10_000))}
	for _, c := range []struct {
		name string
		fsys fs.FS
		want string
	}{
		{"parentheses", native(many("(", 50_000)), "too-deep"},
		{"brackets", native(many("[", 50_000)), "too-deep"},
		{"braces", native(many("{", 50_000)), "too-deep"},
		{"calls", native(many("max(", 30_000)), "too-deep"},
		{"templates", native(many(`"${`, 30_000)), "too-deep"},
		{"negations", native(many("!", 50_000)), "too-deep"},
		{"minus signs", native(many("-", 50_000)), "too-deep"},
		{"conditions", native(many("true ? 1 : ", 10_000)), "too-deep"},
		{"sums", native("1" + many(" + 1", 30_000)), "too-deep"},
		{"indexes", native("a" + many("[b]", 30_000)), "too-deep"},
		{"blocks", file("x.transition.hcl", many("a {\n", 30_000)), "too-deep"},
		{"objects of JSON", file("x.transition.hcl.json", many(`{"a":`, 30_000)), "too-deep"},
		{"lists of JSON", file("x.transition.hcl.json", many(`[`, 100_000)), "too-deep"},
		{"lists of JSON behind a broken text", file("x.transition.hcl.json", "{\"a\": \"b\t"+many("[", 100_000)), "too-deep"},
		{"templates in JSON", file("x.transition.hcl.json", `{"locals": {"a": "`+many("${(", 20_000)+`"}}`), "too-deep"},
		{"templates in JSON, disguised", file("x.transition.hcl.json", `{"locals": {"a": "\/$\u007b`+many(`\u0028`, 20_000)+`"}}`), "too-deep"},
		{"an exponent", native("1e999999999"), "too-deep"},
		{"an exponent in JSON", file("x.transition.hcl.json", `{"locals": {"a": 1e999999999}}`), "too-deep"},
		{"directives of a message", message, "too-deep"},
		{"a large file", file("x.transition.hcl", many("# comment\n", 110_000)), "too-large"},
		{"a large plan", large, "too-large"},
		{"many files", files, "too-large"},
		{"a type", onePlan("variable \"x\" {\n  type = " + many("list(", 90) + "string" + many(")", 90) + "\n  default = null\n}\n"), ""},
		{"a named pipe", pipe, "not-a-file"},
		{"variable values", file("x.auto.hclvars", "a = "+many("(", 50_000)), "too-deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := hclconfig.Load(c.fsys, hclconfig.Options{})
			if !strings.HasPrefix(codes(diags), c.want) || c.want == "" && len(diags) > 0 {
				t.Errorf("got %q, want %q", codes(diags), c.want)
			}
		})
	}
}

// A plan that takes too much is told so once, where it shows; nothing else is
// said of it, since nothing else was evaluated.
func TestLimits_OfThePlan(t *testing.T) {
	for name, grows := range map[string]string{
		"lists":   "[local.a%[2]d, local.a%[2]d]",
		"objects": "{ a = local.a%[2]d, b = local.a%[2]d }",
		"calls":   "concat([local.a%[2]d], [local.a%[2]d])",
	} {
		t.Run(name, func(t *testing.T) {
			locals := "  a0 = 1\n"
			for i := range 30 {
				locals += fmt.Sprintf("  a%d = "+grows+"\n", i+1, i)
			}
			fsys := onePlan("locals {\n" + locals + "}\n" + innocent)
			_, diags := hclconfig.Load(fsys, hclconfig.Options{})
			if codes(diags) != "too-large" {
				t.Fatalf("got %q:\n%v", codes(diags), diags)
			}
			d := diags[0]
			local, _, _ := strings.Cut(strings.TrimSpace(d.Snippet), " ")
			if d.Summary != "The plan takes too much" || !strings.HasPrefix(d.Detail, "With local."+local+",") {
				t.Errorf("got %+v", d)
			}
		})
	}
}

// Of a plan that is right beside locals that take too much, nothing else is told:
// what seems to be wrong only lacks a value. Mistakes of syntax are no such thing.
func TestLimits_NothingIsToldOfInnocentLines(t *testing.T) {
	locals := "locals {\n  a0 = [1]\n"
	for i := range 40 {
		locals += fmt.Sprintf("  a%d = [local.a%d, local.a%d]\n", i+1, i, i)
	}
	locals += "}\n"
	fsys := fstest.MapFS{
		"main.transition.hcl": {Data: []byte(`transition "t" {
  state "sqlite" { path = ".transition/state.db" }
}
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}
batch "all" {
  match   = true
  cutover = "2027-03-13 18:00"
}
phase "Greet" {
  opens = "T-14d"
}
phase "Done" {
  opens = "T+1d"
}
`)},
		"tenants.csv":      {Data: []byte("id\nacme\n")},
		"z.transition.hcl": {Data: []byte("")},
	}
	load(t, fsys)
	fsys["z.transition.hcl"] = &fstest.MapFile{Data: []byte(locals)}
	_, diags := hclconfig.Load(fsys, hclconfig.Options{})
	if codes(diags) != "too-large" || !strings.HasPrefix(diags[0].Detail, "With local.a") {
		t.Errorf("got %q:\n%v", codes(diags), diags)
	}
}

// innocent uses values that were not evaluated.
const innocent = `
locals {
  z = "innocent"
}
phase "Q" {
  opens = local.a30
}
batch "b" {
  match = tenant.id == local.z && local.a29 == 1
}
variable "v" {
  default = 1
  validation {
    condition     = local.a30 != var.v
    error_message = "It is ${local.z}."
  }
}
check "c" {
  condition     = local.z == "innocent"
  error_message = local.z
}
`

func TestLimits_LongListsAreNoExcess(t *testing.T) {
	list := "locals {\n  a = [" + strings.Repeat("-1, max(1, 2), ", 2000) + "1]\n  b = {\n" + strings.Repeat("    \"k\" = -1\n", 1) + "  }\n}\n"
	load(t, onePlan(list))
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, file, src, want, codes string }{
		{"spaces", "x.transition.hcl", "a {\nlong=1\n  b   = 2\n}\n", "a {\n  long = 1\n  b    = 2\n}\n", ""},
		{"JSON", "x.transition.hcl.json", `{"b": 1, "a": {"c":2}}`, "{\n  \"b\": 1,\n  \"a\": {\n    \"c\": 2\n  }\n}\n", ""},
		{"mistakes leave it as it is", "x.transition.hcl", "a {\nb=\n}\n", "a {\nb=\n}\n", "syntax"},
		{"too deep", "x.transition.hcl", "a=" + strings.Repeat("(", 5000), "a=" + strings.Repeat("(", 5000), "too-deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, diags := hclconfig.Format([]byte(c.src), c.file)
			if string(got) != c.want || codes(diags) != c.codes {
				t.Errorf("got %q and %q, want %q and %q", got, codes(diags), c.want, c.codes)
			}
		})
	}
}

// A tenant names neither a variable of the environment nor a header: LD_PRELOAD
// would run what it likes.
func TestNamesAreThePlansOwn(t *testing.T) {
	for expr, want := range map[string]string{
		`{ (tenant.id) = "x" }`:                                   "not-constant",
		`{ "X_${tenant.id}" = "x" }`:                              "not-constant",
		`merge({ A = "a" }, { (upper(tenant.id)) = "x" })`:        "not-constant",
		`{ for k in split(",", tenant.id) : k => "x" }`:           "not-constant",
		`{ A = tenant.id, ("${batch.name}_B") = "x" }`:            "",
		`{ for k in ["A", "B"] : "X_${k}" => tenant.id }`:         "",
		`merge({ A = "a" }, tenant.id == "a" ? {} : { B = "b" })`: "",
	} {
		for _, effect := range []string{
			"exec {\n      command = [\"true\"]\n      env = " + expr + "\n    }",
			"http {\n      url = \"https://example.org\"\n      method = \"POST\"\n      headers = " + expr + "\n    }",
		} {
			_, diags := hclconfig.Load(onePlan("phase \"P\" {\n  opens = \"T+1d\"\n  work \"w\" {\n    "+effect+"\n  }\n}\n"), hclconfig.Options{})
			if codes(diags) != want {
				t.Errorf("%s: got %q, want %q: %v", effect, codes(diags), want, diags)
			}
		}
	}
}
