package compile_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/json"

	"transition/schema"
	"transition/schema/hclconfig/compile"
)

func TestText_Values(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"attribute", `tenant.name`, "Contoso"},
		{"id", `tenant.id`, "contoso"},
		{"locale", `tenant.locale`, "de"},
		{"whole number", `"${tenant.seats} seats"`, "250 seats"},
		{"fraction", `"${tenant.rate}"`, "2.5"},
		{"large number", `"${1e21}${tenant.id}"`, "1000000000000000000000contoso"},
		{"bool", `"${tenant.active}"`, "true"},
		{"T", `T`, "2012-03-09T18:00:00-08:00"},
		{"the last instant to postpone", `postpone_until`, "2012-02-24T18:00:00-08:00"},
		{"T in another zone", `inzone(T, "Europe/Berlin")`, "2012-03-10T03:00:00+01:00"},
		{"date of T", `formatdate("D MMMM YYYY", T)`, "9 March 2012"},
		{"offset", `offset("T-14d")`, "2012-02-24T18:00:00-08:00"},
		{"offset with a time of day", `formatdate("D MMM, hh:mm", offset("T-14d@09:00"))`, "24 Feb, 09:00"},
		{"batch and phase", `"${batch.name}/${phase.name}"`, "pilot/Lock"},
		{"letter and accent", `"${"e"}${tenant.ring == "pilot" ? "\u0301" : ""}"`, "é"},
		{"dynamic attribute", `tenant[tenant.active ? "name" : "ring"]`, "Contoso"},
		{"splat", `join(",", [tenant][*].name)`, "Contoso"},
		{"loop that shadows", `join(",", [for tenant in ["x", tenant.name] : upper(tenant)])`, "X,CONTOSO"},
		{"nested loops", `join(",", [for a in ["x", "y"] : join("", [for b in [a, tenant.ring] : "${a}${b}"])])`, "xxxpilot,yyypilot"},
		{"try", `try(regex("z", tenant.name), "none")`, "none"},
		{"files of a loop", `join("", [for f in ["mail/nested/a.txt", "mail/terms.txt"] : chomp(file(f))])`, "aThe terms."},
		{"template file", `templatefile("mail/hello.tmpl", { name = tenant.name, vip = tenant.active })`, "Hello Contoso, dear friend!"},
		{"sensitive", `"${var.secret}-${tenant.id}"`, "hunter2-contoso"},
		{"value of a map", `local.contacts[tenant.ring]`, "ann"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, diags := compile.Text(parse(t, tt.src), scope())
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			got, err := x.For(env())
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// Texts of events may name more than others.
func TestAllow_NamesOfEvents(t *testing.T) {
	s := scope()
	s.Allow = map[string]bool{"old_T": true, "reason": true, "address": true}
	const src = `"${old_T == null ? "-" : old_T} ${reason == null ? "-" : reason} ${address == null ? "-" : address}"`
	x, diags := compile.Text(parse(t, src), s)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e := env()
	if got, err := x.For(e); err != nil || got != "- - -" {
		t.Errorf("of nothing: %q, %v", got, err)
	}
	for i, want := range []string{"2012-03-02T18:00:00-08:00 late Lock/admin", "2012-03-03T18:00:00-08:00 late Lock/admin"} {
		e.OldT, e.Reason, e.Address = time.Date(2012, 3, 3+i, 2, 0, 0, 0, time.UTC), "late", "Lock/admin"
		if got, err := x.For(e); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

// Whoever asks is told what an expression depends on, wherever it stands.
func TestNamed(t *testing.T) {
	for src, want := range map[string]string{
		`tenant.name`:                          "tenant",
		`var.greeting`:                         "",
		`"${formatdate("D", T)}${batch.name}"`: "T batch",
		`offset("T-1d")`:                       "T",
		`join("", [for T in var.rings : T])`:   "",
		`templatefile("mail/hello.tmpl", { name = T, vip = tenant.vip })`: "T tenant",
		`postpone_until`: "postpone_until",
	} {
		s, named := scope(), map[string]bool{}
		s.Named = func(root string) { named[root] = true }
		if _, diags := compile.Text(parse(t, src), s); diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := strings.Join(slices.Sorted(maps.Keys(named)), " "); got != want {
			t.Errorf("%s: named %q, want %q", src, got, want)
		}
	}
}

// Without a date and without a batch, expressions see null.
func TestEnv_WithoutDate(t *testing.T) {
	e := env()
	e.T, e.Batch, e.Phase, e.Zone = time.Time{}, "", "", nil
	for _, src := range []string{"T == null", `offset("T-1d") == null`, "batch.name == null", "phase.name == null", "tenant.time_zone == null"} {
		x, diags := compile.Bool(parse(t, src), scope())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got, err := x.For(e); err != nil || !got {
			t.Errorf("%s is %v, %v", src, got, err)
		}
	}
}

func TestConstant_HasNoEval(t *testing.T) {
	x, diags := compile.Number(parse(t, "ceil(var.limit / 3)"), scope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := schema.Number{Value: 34, Valid: true}
	if !x.IsConst() || x.Value != want || !x.IsSet() {
		t.Errorf("got %+v", x)
	}
}

func TestNull(t *testing.T) {
	e := env()
	for i := range e.Tenant.Cells {
		e.Tenant.Cells[i] = schema.Cell{}
	}
	s := scope()
	number, _ := compile.Number(parse(t, "tenant.seats"), s)
	if v, err := number.For(e); err != nil || v.Valid {
		t.Errorf("priority of a tenant without seats is %v, %v", v, err)
	}
	errors := []struct {
		name string
		err  func() error
		want string
	}{
		{"bool", func() error { x, _ := compile.Bool(parse(t, "tenant.active"), s); _, err := x.For(e); return err }, "the value is null"},
		{"float", func() error { x, _ := compile.Float(parse(t, "tenant.seats"), s); _, err := x.For(e); return err }, "the value is null"},
		{"text", func() error { x, _ := compile.Text(parse(t, "tenant.name"), s); _, err := x.For(e); return err }, "the value is null"},
		{"template", func() error {
			x, _ := compile.Text(parse(t, `"Dear ${tenant.name}"`), s)
			_, err := x.For(e)
			return err
		}, "A part of the text is null. Null here: tenant.name."},
		{"element", func() error {
			x, _ := compile.Strings(parse(t, "[tenant.admin_email]"), s)
			_, err := x.For(e)
			return err
		}, "element 1 of the list: the value is null"},
		{"sum", func() error { x, _ := compile.Float(parse(t, "tenant.seats + 1"), s); _, err := x.For(e); return err }, "Null here: tenant.seats."},
	}
	for _, tt := range errors {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.err(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
}

// A number of an inventory is the decimal number that is written there.
func TestNumbers_AreDecimal(t *testing.T) {
	e := env()
	tests := []struct {
		cell, src string
		want      bool
	}{
		{"0.1", "tenant.rate == 0.1", true},
		{"0.1", "tenant.rate * 3 == 0.3", true},
		{"9007199254740993", "tenant.rate == 9007199254740992", false},
		{"9007199254740993", "tenant.rate > 9007199254740992", true},
		{"0.99999999999999999999", "tenant.rate < 1", true},
		{"1e-400", "tenant.rate > 0", true},
	}
	for _, tt := range tests {
		e.Tenant.Cells[4] = number(tt.cell)
		x, diags := compile.Bool(parse(t, tt.src), scope())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got, err := x.For(e); err != nil || got != tt.want {
			t.Errorf("%s for %s is %v, %v", tt.src, tt.cell, got, err)
		}
	}
}

func TestJSON_Expressions(t *testing.T) {
	src := `{
		"text": "Dear ${tenant.name}",
		"list": ["${tenant.admin_email}", "x-${tenant.seats}", 7],
		"map": {"A": "${tenant.ring}", "${tenant.id}": "b"},
		"bool": "${tenant.ring == \"pilot\"}",
		"number": 5
	}`
	file, diags := json.Parse([]byte(src), "plan.transition.hcl.json")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	attrs, diags := file.Body.JustAttributes()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	check(t, compile.Text, attrs["text"].Expr, "Dear Contoso")
	check(t, compile.Strings, attrs["list"].Expr, []string{"it@contoso.example", "x-250", "7"})
	check(t, compile.StringMap, attrs["map"].Expr, map[string]string{"A": "pilot", "contoso": "b"})
	check(t, compile.Bool, attrs["bool"].Expr, true)
	check(t, compile.Float, attrs["number"].Expr, 5)
}

func TestJSON_PointsIntoTheFile(t *testing.T) {
	src := `{"text": "Dear ${tenant.nam}"}`
	file, _ := json.Parse([]byte(src), "plan.transition.hcl.json")
	attrs, _ := file.Body.JustAttributes()
	_, diags := compile.Text(attrs["text"].Expr, scope())
	if !diags.HasErrors() || string(diags[0].Subject.SliceBytes([]byte(src))) != "tenant.nam" {
		t.Errorf("diagnostics are %v", diags)
	}
}

func check[V any](t *testing.T, compiled func(hcl.Expression, *compile.Scope) (schema.Expr[V], hcl.Diagnostics), e hcl.Expression, want V) {
	t.Helper()
	x, diags := compiled(e, scope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	got, err := x.For(env())
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// A null beside an error has no type, and a function that is given it gives
// nothing that could be used.
func TestConditional_NullBesideAnError(t *testing.T) {
	x, diags := compile.Bool(parse(t, `contains(var.rings, tenant.vip ? formatdate("D", tenant.name) : null)`), scope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got, err := x.For(env()); err == nil {
		t.Errorf("got %v", got)
	}
}

// Some expressions are evaluated for no tenant at all.
func TestEnv_WithoutTenant(t *testing.T) {
	e := env()
	e.Tenant = nil
	x, diags := compile.Text(parse(t, `"${batch.name} ${tenant.name}"`), scope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got, err := x.For(e); err == nil || err.Error() != "tenant.name: there is no tenant here." {
		t.Errorf("got %q, %v", got, err)
	}
	x, _ = compile.Text(parse(t, `"${batch.name}"`), scope())
	if got, err := x.For(e); err != nil || got != "pilot" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAllocations(t *testing.T) {
	s := scope()
	e := env()
	measure := func(name string, most float64, f func()) {
		f()
		if got := testing.AllocsPerRun(100, f); got > most {
			t.Errorf("%s allocates %v times, want at most %v", name, got, most)
		}
	}
	for _, src := range []string{`tenant.ring == "pilot"`, `tenant.active && !tenant.vip`, `tenant.seats >= 100 || contains(var.rings, tenant.ring)`} {
		x, _ := compile.Bool(parse(t, src), s)
		measure(src, 0, func() { _, _ = x.For(e) })
	}
	for _, src := range []string{`ceil(tenant.seats / 100)`, `tenant.seats`, `tenant.vip ? 1 : tenant.seats * 2`} {
		x, _ := compile.Number(parse(t, src), s)
		measure(src, 0, func() { _, _ = x.For(e) })
	}
	for src, most := range map[string]float64{
		`tenant.name`: 0,
		`"${var.greeting} ${tenant.name}, ${tenant.seats} seats on ${formatdate("D MMMM YYYY", T)}"`: 1,
	} {
		if racing {
			most++
		}
		x, _ := compile.Text(parse(t, src), s)
		measure(src, most, func() { _, _ = x.For(e) })
	}
}

// One expression serves many goroutines, each with its own Env, in every way of
// evaluating.
func TestExpr_ConcurrentUse(t *testing.T) {
	s := scope()
	for _, src := range []string{
		`"${tenant.id} ${T}"`,
		`join("", [for c in [tenant.id, T] : "${c} "])`,
		`"${join("", [tenant, tenant][*].id)} ${offset("T")}"`,
		`templatefile("mail/hello.tmpl", { name = tenant.id, vip = false })`,
	} {
		x, diags := compile.Text(parse(t, src), s)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				e := env()
				e.Tenant.ID = string(rune('a' + i))
				e.T = e.T.AddDate(0, 0, i)
				want, err := x.For(e)
				for range 100 {
					got, again := x.For(e)
					if err != nil || again != nil || got != want || !strings.Contains(got, e.Tenant.ID) {
						t.Errorf("%s for %s: %q, %v after %q, %v", src, e.Tenant.ID, got, again, want, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}
