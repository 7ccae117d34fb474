package compile_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"transition/schema/hclconfig/compile"
)

func TestText_Diagnostics(t *testing.T) {
	tests := []struct {
		name, src, code string
		subject         string // the source that is blamed
		says            string // a part of the detail
	}{
		{"attribute", `tenant.rin`, "unknown-attribute", "tenant.rin", `Did you mean "ring"?`},
		{"attribute by index", `tenant["rin"]`, "unknown-attribute", `tenant["rin"]`, `Did you mean "ring"?`},
		{"attribute by variable", `tenant[var.greeting]`, "unknown-attribute", "tenant[var.greeting]", `no attribute "Dear"`},
		{"attribute that is like no other", `tenant.favourite_colour`, "unknown-attribute", "tenant.favourite_colour", "The attributes are active, admin_email"},
		{"attribute in a template", `"Dear ${tenant.nam}"`, "unknown-attribute", "tenant.nam", `Did you mean "name"?`},
		{"attribute of text", `tenant.name.first`, "unknown-attribute", "", ""},
		{"batch", `batch.title`, "unknown-attribute", "batch.title", `batch has no attribute "title". The attributes are name.`},
		{"root", `tenat.name`, "unknown-reference", "tenat.name", `Did you mean "tenant"?`},
		{"forgotten tenant", `ring`, "unknown-reference", "ring", `Did you mean "tenant.ring"?`},
		{"root unlike all", `xyzzy`, "unknown-reference", "xyzzy", "T, batch, local, phase, postpone_until, tenant, var"},
		{"variable", `var.greting`, "unknown-reference", "var.greting", `Did you mean "greeting"?`},
		{"local", `local.contact`, "unknown-reference", "local.contact", `There is no local "contact"`},
		{"function", `uper(tenant.name)`, "unknown-function", "uper", `Did you mean "upper"?`},
		{"function of a namespace", `core::upper(tenant.name)`, "unknown-function", "core::upper", "There is no function"},
		{"timestamp", `timestamp()`, "unknown-function", "timestamp", "input of the planner"},
		{"uuid", `uuid()`, "unknown-function", "uuid", "another one in every run"},
		{"name of events", `"${old_T}"`, "not-allowed-here", "old_T", `on = "rescheduled", "withdrawn" or "rolled_back".`},
		{"reason", `reason`, "not-allowed-here", "reason", `on = "withdrawn", "rolled_back", "held", "missed" or "error".`},
		{"address", `address`, "not-allowed-here", "address", `on = "missed" or "error".`},
		{"now", `now`, "unknown-reference", "now", "input of the planner"},
		{"output", `work.copy.output.path`, "not-supported-yet", "work.copy.output.path", ""},
		{"result", `result.stdout`, "not-allowed-here", "result.stdout", "only in done, failed and progress"},
		{"operand", `tenant.active + 1`, "wrong-type", "tenant.active", "number required, but have bool"},
		{"branches", `tenant.active ? [1] : {}`, "wrong-type", "", ""},
		{"argument", `upper([tenant.name])`, "wrong-type", "", "string required"},
		{"arguments", `upper()`, "wrong-type", "", `Missing value for "str"`},
		{"list for text", `[tenant.name]`, "wrong-type", "[tenant.name]", "Text is wanted, but this is a list."},
		{"object for text", `{ a = tenant.name }`, "wrong-type", "", "Text is wanted, but this is an object."},
		{"constant list for text", `["a"]`, "wrong-type", `["a"]`, "Text is wanted, but this is a list."},
		{"null", `var.none`, "invalid-value", "var.none", "The value is null."},
		{"constant error", `var.empty[0]`, "invalid-value", "", ""},
		{"date format", `formatdate("YYYYY", T)`, "invalid-value", `"YYYYY"`, "year must"},
		{"offset", `offset("T-14x")`, "invalid-value", `"T-14x"`, "T-14x"},
		{"business days", `offset("T-10bd")`, "invalid-value", "", "not supported yet"},
		{"zone", `inzone(T, "Europe/Atlantis")`, "invalid-value", `"Europe/Atlantis"`, "Europe/Atlantis"},
		{"machine's zone", `inzone(T, "Local")`, "invalid-value", "", ""},
		{"duration", `timeadd(T, "1d")`, "invalid-value", `"1d"`, ""},
		{"path of a tenant", `file("mail/${tenant.ring}.txt")`, "not-constant", "", "Files are read once"},
		{"path of a loop over a tenant", `join("", [for f in split(",", tenant.name) : file(f)])`, "not-constant", "", ""},
		{"missing file", `"${tenant.name} ${file("mail/nothing.txt")}"`, "invalid-value", "", `there is no file "mail/nothing.txt" in the plan's directory.`},
		{"attribute in try", `try(tenant.nickname, tenant.name)`, "unknown-attribute", "tenant.nickname", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, diags := compile.Text(parse(t, tt.src), scope())
			if !diags.HasErrors() {
				t.Fatalf("compiled; gives %v", x)
			}
			d := diags[0]
			if d.Extra != any(tt.code) {
				t.Errorf("code is %v, want %s (%v)", d.Extra, tt.code, d)
			}
			if tt.subject != "" && string(d.Subject.SliceBytes([]byte(tt.src))) != tt.subject {
				t.Errorf("blames %q, want %q", d.Subject.SliceBytes([]byte(tt.src)), tt.subject)
			}
			if !strings.Contains(d.Detail, tt.says) {
				t.Errorf("says %q, want something with %q", d.Detail, tt.says)
			}
			if !x.IsSet() {
				t.Error("the range is missing")
			}
		})
	}
}

// All mistakes of an expression are reported together.
func TestText_ReportsAllNames(t *testing.T) {
	_, diags := compile.Text(parse(t, `"${tenant.a} ${nope} ${uper("x")}"`), scope())
	if got, want := codes(diags), "unknown-attribute unknown-reference unknown-function"; got != want {
		t.Errorf("codes are %q, want %q", got, want)
	}
}

func TestWrongType_SaysWhatIsWanted(t *testing.T) {
	tests := []struct {
		name    string
		compile func(hcl.Expression, *compile.Scope) hcl.Diagnostics
		src     string
		want    string
	}{
		{"number as match", boolDiags, "tenant.seats", "True or false is wanted, but this is a number."},
		{"word as match", boolDiags, `"pilot"`, `True or false is wanted, but this is the text "pilot".`},
		{"list as weight", numberDiags, "[1]", "A number is wanted, but this is a list."},
		{"word as weight", numberDiags, `"many"`, `A number is wanted, but this is the text "many".`},
		{"infinite weight", numberDiags, "1 / 0", "The number is too large, or the result of a division by zero."},
		{"secret as weight", numberDiags, "var.secret", "A number is wanted, but this is text."},
		{"text as recipients", stringsDiags, "tenant.admin_email", "A list of texts is wanted, but this is text. A list is written in brackets, even if it has one element."},
		{"null recipient", stringsDiags, "[null]", "Element 1 of the list: the value is null."},
		{"text as environment", mapDiags, "tenant.name", "A map of texts is wanted, but this is text."},
		{"null in an environment", mapDiags, "{ A = null }", `"A": the value is null.`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			diags := tt.compile(parse(t, tt.src), scope())
			if !diags.HasErrors() {
				t.Fatal("compiled")
			}
			if diags[0].Detail != tt.want {
				t.Errorf("says  %s\nwanted %s", diags[0].Detail, tt.want)
			}
		})
	}
}

func boolDiags(e hcl.Expression, s *compile.Scope) hcl.Diagnostics {
	_, diags := compile.Bool(e, s)
	return diags
}

func numberDiags(e hcl.Expression, s *compile.Scope) hcl.Diagnostics {
	_, diags := compile.Number(e, s)
	return diags
}

func stringsDiags(e hcl.Expression, s *compile.Scope) hcl.Diagnostics {
	_, diags := compile.Strings(e, s)
	return diags
}

func mapDiags(e hcl.Expression, s *compile.Scope) hcl.Diagnostics {
	_, diags := compile.StringMap(e, s)
	return diags
}

func TestDeny(t *testing.T) {
	s := scope()
	s.Deny = map[string]bool{"T": true}
	for _, src := range []string{`T == null`, `offset("T-1d") == null`} {
		_, diags := compile.Bool(parse(t, src), s)
		if got := codes(diags); got != "not-allowed-here" {
			t.Errorf("%s: codes are %q", src, got)
		}
	}
	if _, diags := compile.Bool(parse(t, `contains([for T in ["a"] : T], tenant.name)`), s); diags.HasErrors() {
		t.Errorf("a variable of a loop is denied: %v", diags)
	}
}

func TestConst(t *testing.T) {
	tests := []struct{ name, src, code string }{
		{"variable", `"${var.greeting}, all"`, ""},
		{"loop that reuses a name", `[for tenant in var.rings : upper(tenant)]`, ""},
		{"tenant", `tenant.name`, "not-constant"},
		{"T", `"at ${T}"`, "not-constant"},
		{"offset", `offset("T-1d")`, "not-constant"},
		{"phase", `phase.name`, "not-constant"},
		{"unknown", `vra.x`, "unknown-reference"},
		{"huge", `1e100000`, "too-large"},
		{"error", `parseint("x", 10)`, "invalid-value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, diags := compile.Const(parse(t, tt.src), scope())
			if got := codes(diags); !strings.HasPrefix(got, tt.code) || (tt.code == "") != (got == "") {
				t.Errorf("codes are %q, want %q (%v)", got, tt.code, diags)
			}
			if tt.code == "" && !v.IsWhollyKnown() {
				t.Errorf("value is %#v", v)
			}
		})
	}
}
