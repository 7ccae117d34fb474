package hclconfig_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/hclconfig"
)

// onePlan is a plan with what is given and nothing else.
func onePlan(blocks string) fstest.MapFS {
	return fstest.MapFS{"main.transition.hcl": {Data: []byte("transition \"t\" {}\nphase \"A\" {\n  opens = \"T\"\n}\n" + blocks)}}
}

func codes(diags diag.List) string {
	var list []string
	for _, d := range diags {
		list = append(list, d.Code)
	}
	return strings.Join(list, " ")
}

func TestVariables_NearerSourcesWin(t *testing.T) {
	declared := `variable "x" { default = "default" }` + "\n"
	env := []string{"PATH=/bin", "TRANSITION_VAR_x=environ", "TRANSITION_VAR_other=1"}
	files := []hclconfig.NamedBytes{{Name: "/etc/a.hclvars", Content: []byte(`x = "file a"`)}, {Name: "/etc/b.json", Content: []byte(`{"x": "file b"}`)}}
	auto := func(fsys fstest.MapFS) fstest.MapFS {
		fsys["a.auto.hclvars"] = &fstest.MapFile{Data: []byte(`x = "auto a"`)}
		fsys["b.auto.hclvars"] = &fstest.MapFile{Data: []byte(`x = "auto b"`)}
		return fsys
	}
	for _, c := range []struct {
		name string
		fsys fstest.MapFS
		o    hclconfig.Options
		want string
	}{
		{"default", onePlan(declared), hclconfig.Options{}, `"default"`},
		{"environment", onePlan(declared), hclconfig.Options{Environ: env}, `"environ"`},
		{"the last auto file", auto(onePlan(declared)), hclconfig.Options{Environ: env}, `"auto b"`},
		{"the last file", auto(onePlan(declared)), hclconfig.Options{Environ: env, VarFiles: files}, `"file b"`},
		{"the last flag", auto(onePlan(declared)), hclconfig.Options{Environ: env, VarFiles: files, Vars: []string{"x=1", "x=a=b"}}, `"a=b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, diags := hclconfig.Load(c.fsys, c.o)
			if len(diags) > 0 {
				t.Fatal(lines(diags))
			}
			if got := cfg.Variables[0]; got.Value != c.want || got.Set != (c.want != `"default"`) {
				t.Errorf("got %s, set %v, want %s", got.Value, got.Set, c.want)
			}
		})
	}
}

func TestVariables_TextsBecomeTheirType(t *testing.T) {
	for _, c := range []struct{ ty, given, want, codes string }{
		{"number", "12", "12", ""},
		{"bool", "true", "true", ""},
		{"string", "12", `"12"`, ""},
		{"list(string)", `["a", "b"]`, `["a","b"]`, ""},
		{"object({ a = number, b = optional(string, \"z\") })", `{ a = 1 }`, `{"a":1,"b":"z"}`, ""},
		{"number", "many", "", "wrong-type"},
		{"list(string)", "[", "", "wrong-type"},
		{"list(string)", strings.Repeat("[", 200), "", "wrong-type"},
	} {
		cfg, diags := hclconfig.Load(onePlan("variable \"x\" {\n  type = "+c.ty+"\n}\n"), hclconfig.Options{Vars: []string{"x=" + c.given}})
		if got := cfg.Variables[0].Value; got != c.want || codes(diags) != c.codes {
			t.Errorf("%s of type %s: %s and %q, want %s and %q", c.given, c.ty, got, codes(diags), c.want, c.codes)
		}
	}
}

func TestVariables_UnknownNames(t *testing.T) {
	fsys := onePlan(`variable "days" { default = 7 }` + "\n")
	_, diags := hclconfig.Load(fsys, hclconfig.Options{Vars: []string{"day=1", "days"}})
	if codes(diags) != "unknown-variable bad-variable" || diags[0].Hint != `Did you mean "days"?` || !diags.HasErrors() {
		t.Errorf("flags: %s", lines(diags))
	}
	fsys["x.auto.hclvars"] = &fstest.MapFile{Data: []byte("dais = 1\n")}
	_, diags = hclconfig.Load(fsys, hclconfig.Options{})
	if codes(diags) != "unknown-variable" || diags.HasErrors() {
		t.Errorf("a file may serve several plans, so it gives a warning: %s", lines(diags))
	}
}

func TestVariables_SecretsAreNeverTold(t *testing.T) {
	plan := onePlan(`variable "password" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.password) > 20
    error_message = "${var.password} is too short."
  }
}
batch "x" {
  cutover = var.password
}
`)
	cfg, diags := hclconfig.Load(plan, hclconfig.Options{Vars: []string{"password=hunter22"}})
	if codes(diags) != "invalid-variable bad-instant" {
		t.Fatalf("%s", lines(diags))
	}
	if told := lines(diags); strings.Contains(told, "hunter22") || !strings.Contains(told, "(sensitive) is too short.") {
		t.Errorf("told: %s", told)
	}
	if len(cfg.Secrets) != 1 || cfg.Secrets[0] != "hunter22" || cfg.Variables[0].Value != "" {
		t.Errorf("secrets %q, value %q", cfg.Secrets, cfg.Variables[0].Value)
	}
}

// A mistake in a file of values may stand within a secret, as in one without quotes.
func TestVariables_MistakesInSecretsTellNothing(t *testing.T) {
	for _, file := range []string{
		`s = hunter22`, `s = "${hunter22}"`, `s = hunter22("x")`, `s = hunter22.x`, `s = { a = 1 }.hunter22`,
		`s = "%{ hunter22 }"`, `s = "a${hunter22`, `s = hunter22 x`, `s = 1 + hunter22`, `s = ["x"][hunter22]`,
		`e = hunter22`, `hunter22 "x" {}`, `s = hunter22!`, "s = \"x\nhunter22\"",
	} {
		fsys := onePlan("variable \"s\" { sensitive = true }\nvariable \"e\" { ephemeral = true }\nvariable \"o\" {}\n")
		fsys["a.auto.hclvars"] = &fstest.MapFile{Data: []byte("s = \"x\"\ne = \"x\"\no = \"x\"\n")}
		fsys["x.auto.hclvars"] = &fstest.MapFile{Data: []byte(file + "\n")}
		_, diags := hclconfig.Load(fsys, hclconfig.Options{})
		if told := fmt.Sprintf("%+v", diags); !diags.HasErrors() || strings.Contains(told, "hunter22") {
			t.Errorf("%s: told %s", file, told)
		}
	}
	fsys := onePlan("variable \"o\" {}\n")
	fsys["x.auto.hclvars"] = &fstest.MapFile{Data: []byte("o = hunter22\n")}
	if _, diags := hclconfig.Load(fsys, hclconfig.Options{}); !strings.Contains(lines(diags), "hunter22") {
		t.Errorf("of what is no secret it is not told what is wrong: %s", lines(diags))
	}
}

func TestDigest_CoversWhatDecides(t *testing.T) {
	vars := "variable \"kept\" { default = 1 }\nvariable \"gone\" {\n  default   = 1\n  ephemeral = true\n}\n"
	message := "phase \"B\" {\n  opens = \"T+1d\"\n  communication \"m\" {\n    channel = channel.maildir.o\n    to      = [\"a@example.com\"]\n    message = \"mail\"\n  }\n}\nchannel \"maildir\" \"o\" { path = \"o\" }\n"
	digest := func(change func(fstest.MapFS), vars []string) [32]byte {
		t.Helper()
		fsys := onePlan(withFile(message))
		change(fsys)
		cfg, diags := hclconfig.Load(fsys, hclconfig.Options{Vars: vars})
		if diags.HasErrors() {
			t.Fatal(lines(diags))
		}
		return cfg.Digest
	}
	plain := func(fsys fstest.MapFS) {
		fsys["vars.transition.hcl"] = &fstest.MapFile{Data: []byte(vars)}
		fsys["mail.md"] = &fstest.MapFile{Data: []byte("---\nsubject: x\n---\nText\n")}
		fsys["part.txt"] = &fstest.MapFile{Data: []byte("part")}
	}
	edited := func(name, content string) func(fstest.MapFS) {
		return func(fsys fstest.MapFS) {
			plain(fsys)
			fsys[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	first := digest(plain, nil)
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS)
		vars   []string
		same   bool
	}{
		{"nothing", plain, nil, true},
		{"a variable", plain, []string{"kept=2"}, false},
		{"an ephemeral variable", plain, []string{"gone=2"}, true},
		{"a message", edited("mail.md", "---\nsubject: y\n---\nText\n"), nil, false},
		{"a file that a function reads", edited("part.txt", "other"), nil, false},
		{"a file that nobody reads", edited("other.txt", "other"), nil, true},
		{"a plan file", edited("vars.transition.hcl", vars+"\n"), nil, false},
	} {
		if same := digest(c.change, c.vars) == first; same != c.same {
			t.Errorf("%s changed: same digest is %v, want %v", c.name, same, c.same)
		}
	}
}

// withFile adds a local that reads a file.
func withFile(blocks string) string { return "locals {\n  part = file(\"part.txt\")\n}\n" + blocks }

// What plans make of secrets is known for secret, as far as it does not show them.
func TestSecrets_MadeOfOthers(t *testing.T) {
	load := func(local string) (*schema.Config, diag.List) {
		return hclconfig.Load(onePlan(`
variable "token" {
  default   = "hunter22"
  sensitive = true
}
variable "short" {
  default   = ""
  sensitive = true
}
batch "b" {
  cutover = "2012-03-09"
  match   = tenant.id != (`+local+`)
}
`), hclconfig.Options{})
	}
	for local, want := range map[string][]string{
		`upper(var.token)`:                                           {"HUNTER22"},
		`"Bearer ${var.token}"`:                                      {},
		`"Bearer ${upper(var.token)} of ${var.token}"`:               {"HUNTER22"},
		`"${tenant.id} ${upper(var.token)}"`:                         {"HUNTER22"},
		`nonsensitive(upper(var.token))`:                             {},
		`var.short == "" ? "somewhere" : "elsewhere"`:                {},
		`jsonencode({ a = var.token, b = strrev(var.token) })`:       {"22retnuh"},
		`["as it was", upper(var.token)][1]`:                         {"HUNTER22"},
		`{ a = "as it was", b = { c = [upper(var.token)] } }.b.c[0]`: {"HUNTER22"},
		`sensitive("of the plan")`:                                   {"of the plan"},
		`[for s in [var.token] : title(s)][0]`:                       {"Hunter22"},
	} {
		cfg, diags := load(local)
		if diags.HasErrors() {
			t.Errorf("%s: %s", local, lines(diags))
		}
		if got := cfg.Secrets; !slices.Equal(got, append([]string{"hunter22"}, want...)) {
			t.Errorf("%s: secrets %q, want also %q", local, got, want)
		}
	}
	_, diags := load(`[for i in range(128) : [for j in range(16) : strrev("${var.token}-${i}-${j}-x")]][0][0]`)
	if !strings.Contains(codes(diags), "too-large") {
		t.Errorf("too many: %s", lines(diags))
	}
}

func TestLimits_OfFilesThatFunctionsRead(t *testing.T) {
	fsys := onePlan("locals {\n  a = [file(\"1\"), file(\"2\")] == []\n  b = file(\"1\") == \"\"\n}\n")
	fsys["1"] = &fstest.MapFile{Data: make([]byte, 9<<20)}
	fsys["2"] = &fstest.MapFile{Data: make([]byte, 6<<20)}
	if _, diags := hclconfig.Load(fsys, hclconfig.Options{}); diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	fsys["2"] = &fstest.MapFile{Data: make([]byte, 9<<20)}
	if _, diags := hclconfig.Load(fsys, hclconfig.Options{}); !strings.Contains(lines(diags), "more than 16 MiB together") {
		t.Errorf("told: %s", lines(diags))
	}
}
