package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/runner"
	"transition/runner/store/sqlite"
	"transition/schema/diag"
)

// adopted opens the plan that was adopted last, with options of today.
func (b *bench) adopted(instant string, change ...func(*runner.Options)) (*runner.Adopted, diag.List) {
	b.tb.Helper()
	o := runner.Options{Dir: b.dir, Clock: b.clock, Actions: b.fake.actions()}
	for _, c := range change {
		c(&o)
	}
	p, _ := runner.Open(o) // whatever is wrong with the plan of today
	b.tb.Cleanup(func() { p.Close() })
	if diags := p.OpenState(b.tb.Context(), runner.NeedRehearse, b.instant(instant)); diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return p.Adopted(b.tb.Context())
}

func (b *bench) mustAdopted(instant string, change ...func(*runner.Options)) *runner.Adopted {
	b.tb.Helper()
	a, diags := b.adopted(instant, change...)
	if a == nil || diags.HasErrors() {
		b.tb.Fatalf("the adopted plan is %v: %v", a, diags)
	}
	return a
}

func TestNothingIsAdoptedBeforeThePlanIsApplied(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	p := b.open(runner.NeedNone, "2027-03-01 18:00")
	if a, diags := p.Adopted(t.Context()); a != nil || len(diags) > 0 {
		t.Errorf("adopted is %v, %v", a, diags)
	}
	b.real("2027-03-01 18:00")
	p = b.open(runner.NeedWrite, "")
	if a, diags := p.Adopted(t.Context()); a != nil || len(diags) > 0 {
		t.Errorf("of a new state adopted is %v, %v", a, diags)
	}
}

// The adopted plan is what it was, whatever the plan directory has become.
func TestTheAdoptedPlanIsWhatItWas(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	before := b.mustAdopted("2027-03-01 18:00").Config.Digest
	b.write("tenants.csv", "id,email\nbeta,b@b.example\n")
	for name, change := range map[string]func() error{
		"an edit":      func() error { return b.put("p.transition.hcl", strings.Replace(plan, "T-7d", "T-8d", 1)) },
		"a mistake":    func() error { return b.put("p.transition.hcl", "{") },
		"another file": func() error { return b.put("q.transition.hcl", "batch \"two\" { match = false }") },
		"no plan":      func() error { return os.Remove(filepath.Join(b.dir, "p.transition.hcl")) },
		"no inventory": func() error { return os.Remove(filepath.Join(b.dir, "tenants.csv")) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		a := b.mustAdopted("2027-03-01 18:00")
		if a.Config.Digest != before {
			t.Errorf("%s: the adopted plan is another one", name)
		}
		if pl, diags := a.Plan(t.Context()); diags.HasErrors() || len(pl.Changes) > 0 || pl.Tenants != 1 {
			t.Errorf("%s: its plan is %+v, %v", name, pl, diags)
		}
	}
}

func (b *bench) put(name, content string) error {
	return os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600)
}

// An export that is written while somebody looks at the plan was seen by nobody.
func TestAnInventoryThatChangesAtThePromptIsNotAdopted(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\n")
	_, diags := b.apply("2027-03-01 18:00", atThePrompt(func(*plans.Plan) {
		b.write("tenants.csv", "id,email\nacme,a@a.example\nbe")
	}))
	refuses(t, diags, "plan-changed", "tenants.csv")
	if pl, diags := b.mustAdopted("2027-03-01 18:00").Plan(t.Context()); diags.HasErrors() || pl.Tenants != 1 {
		t.Errorf("adopted is %+v, %v", pl, diags)
	}
}

const varied = `
variable "plain" {}
variable "fixed" { default = "as it was" }
variable "list" {
  type    = list(string)
  default = []
}
variable "secret" {
  sensitive = true
  default   = "none"
}
variable "passing" {
  ephemeral = true
  default   = "none"
}
` + plan

// Values are those that were adopted, but for secrets, which nobody keeps.
func TestTheAdoptedPlanHasTheValuesThatItHad(t *testing.T) {
	const tricky = "a=b \"c\" ${d} %{e} \\"
	b := newBench(t, varied, "acme,a@a.example")
	p, diags := runner.Open(runner.Options{
		Dir: b.dir, Clock: b.clock, Actions: b.fake.actions(),
		Vars: []string{"plain=" + tricky, `list=["x", "y"]`, "secret=swordfish"},
	})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if diags := p.OpenState(t.Context(), runner.NeedRehearse, b.instant("2027-03-01 18:00")); diags.HasErrors() {
		t.Fatal(diags)
	}
	if _, diags := b.carryOut(p, nil); diags.HasErrors() {
		t.Fatal(diags)
	}
	b.write("p.transition.hcl", "{")
	later := []string{"TRANSITION_VAR_plain=another", "TRANSITION_VAR_fixed=another", "TRANSITION_VAR_passing=another"}

	_, diags = b.adopted("2027-03-01 18:00", func(o *runner.Options) { o.Environ = later })
	refuses(t, diags, "adopted-secret", "secret", "swordfish")

	b.write("x.auto.hclvars", "secret = \"swordfish\"\nplain = \"another\"\nunknown = 1\n")
	for name, change := range map[string]func(*runner.Options){
		"a file beside the plan": func(*runner.Options) {},
		"the environment":        func(o *runner.Options) { o.Environ = append(o.Environ, "TRANSITION_VAR_secret=swordfish") },
		"the command line":       func(o *runner.Options) { o.Vars = []string{"secret=swordfish", "gone=1"} },
	} {
		a := b.mustAdopted("2027-03-01 18:00", func(o *runner.Options) { o.Environ = later }, change)
		got := make(map[string]string)
		for _, v := range a.Config.Variables {
			got[v.Name] = v.Value
		}
		if got["plain"] != `"a=b \"c\" ${d} %{e} \\"` || got["fixed"] != `"as it was"` || got["list"] != `["x","y"]` {
			t.Errorf("%s: the values are %q", name, got)
		}
		if !slices.Equal(a.Config.Secrets, []string{"none", "swordfish"}) { // what is passing is a secret too
			t.Errorf("%s: the secrets are %q", name, a.Config.Secrets)
		}
	}
}

func TestNoSecretIsKept(t *testing.T) {
	b := newBench(t, varied, "acme,a@a.example")
	b.write("x.auto.hclvars", "secret = \"swordfish\"\nplain = \"p\"\npassing = \"wanderer\"\n")
	b.must("2027-03-01 18:00")
	s, err := sqlite.Open(t.Context(), filepath.Join(b.dir, ".transition", "state.db"), sqlite.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	kept, err := s.Adopted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	all.WriteString(strings.Join(kept.Vars, "\n"))
	for i := range kept.Files {
		if err := kept.Files[i].Copy(&all); err != nil {
			t.Fatal(err)
		}
	}
	if text := all.String(); !strings.Contains(text, `plain="p"`) || !strings.Contains(text, "acme") ||
		strings.Contains(text, "swordfish") || strings.Contains(text, "wanderer") {
		t.Errorf("what is kept holds a secret, or lacks something else:\n%s", text)
	}
}

// A plan that this version does not read any more says so, and what to do.
func TestAnAdoptedPlanThatCannotBeRead(t *testing.T) {
	const old, demanding = `{ time_zone = "Europe/Vienna" }`, "{\n  required_version = \">= 2.0\"\n  time_zone = \"Europe/Vienna\"\n}"
	b := newBench(t, strings.Replace(plan, old, demanding, 1), "acme,a@a.example")
	p, diags := runner.Open(runner.Options{Dir: b.dir, Clock: b.clock, Actions: b.fake.actions(), Version: "2.1.0"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if diags := p.OpenState(t.Context(), runner.NeedRehearse, b.instant("2027-03-01 18:00")); diags.HasErrors() {
		t.Fatal(diags)
	}
	if _, diags := b.carryOut(p, nil); diags.HasErrors() {
		t.Fatal(diags)
	}
	_, diags = b.adopted("2027-03-01 18:00", func(o *runner.Options) { o.Version = "1.9.0" })
	refuses(t, diags, "adopted-plan", "this version of transition")
}
