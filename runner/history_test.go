package runner_test

import (
	"slices"
	"testing"

	"transition/plans/ledger"
	"transition/runner"
)

// lived lists under which ids something has happened to a tenant, in the order in
// which history tells it, and "+" for each time that it was enrolled.
func (b *bench) lived(tenant string) []string {
	b.tb.Helper()
	p := b.open(runner.NeedState, "")
	defer p.Close()
	var ids []string
	if diags := p.History(b.tb.Context(), tenant, func(f ledger.Fact) {
		if f.Kind == ledger.Enrolled {
			ids = append(ids, "+")
		}
		ids = append(ids, f.Tenant)
	}); diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return slices.Compact(ids)
}

// An id may be given away twice, and be that of somebody else in between.
func TestHistoryFollowsATenantAndNotItsId(t *testing.T) {
	b := newBench(t, renamable, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	rename := func(from, to, rows, instant string) {
		t.Helper()
		b.write("tenants.csv", "id,email\n"+rows)
		b.write("p.transition.hcl", renamable+"moved {\n  from = tenant."+from+"\n  to   = tenant."+to+"\n}\n")
		b.must(instant)
	}
	rename("acme", "beta", "beta,a@a.example\n", "2027-03-02 18:00")
	rename("beta", "gamma", "gamma,a@a.example\n", "2027-03-03 18:00")
	b.write("p.transition.hcl", renamable)
	b.write("tenants.csv", "id,email\ngamma,a@a.example\nacme,n@n.example\n")
	b.must("2027-03-04 18:00")
	rename("acme", "delta", "gamma,a@a.example\ndelta,n@n.example\n", "2027-03-05 18:00")
	for tenant, want := range map[string][]string{
		"gamma": {"+", "acme", "beta", "gamma"}, "beta": {"+", "acme", "beta"},
		"delta": {"+", "acme", "delta"}, "acme": {"+", "acme", "+", "acme"},
	} {
		if got := b.lived(tenant); !slices.Equal(got, want) {
			t.Errorf("the history of %s is under %v, want %v", tenant, got, want)
		}
	}
	b.sound()
}
