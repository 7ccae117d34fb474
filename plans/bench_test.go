package plans_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"transition/plans"
)

// BenchmarkDecide decides one tenant of the seed at a time: one that waits for
// its next phase, as nearly all do nearly always.
func BenchmarkDecide(b *testing.B) {
	files := os.DirFS("../examples/bpos-s")
	w, diags := newWorld(b, files)
	if w == nil {
		b.Fatal(diags)
	}
	w.now = time.Date(2012, 2, 26, 12, 0, 0, 0, time.UTC)
	for _, at := range []string{"2012-01-10T12:00:00Z", "2012-02-09T12:00:00Z", "2012-02-25T12:00:00Z"} {
		w.now, _ = time.Parse(time.RFC3339, at)
		w.apply(b, succeed)
	}
	res := w.plan(b)
	tenant, ok := w.tenant("contoso")
	if !ok {
		b.Fatal("no contoso")
	}
	var out plans.Decision
	b.ReportAllocs()
	for b.Loop() {
		res.Decider.Decide(tenant, w.records["contoso"], &out)
	}
}

// BenchmarkCompute plans 10,000 tenants in memory, with nothing due.
func BenchmarkCompute(b *testing.B) {
	w, _ := manyTenants(b)
	b.ReportAllocs()
	for b.Loop() {
		if n := len(w.plan(b).Plan.Changes); n > 0 {
			b.Fatalf("%d changes", n)
		}
	}
}

// BenchmarkComputeEdited plans the same after an edit that affects all of them.
func BenchmarkComputeEdited(b *testing.B) {
	was, files := manyTenants(b)
	const plan = "p.transition.hcl"
	edited := strings.NewReplacer(`"T-14d"`, `"T-15d"`, `"./bin/cleanup"`, `"./bin/clean"`).Replace(string(files[plan].Data))
	files[plan] = &fstest.MapFile{Data: []byte(edited)}
	w, diags := newWorld(b, files)
	if w == nil {
		b.Fatal(diags)
	}
	w.records, w.now, w.adopted = was.records, was.now, was.adopted
	b.ReportAllocs()
	for b.Loop() {
		if n := len(w.plan(b).Plan.Changes); n != 10_000 {
			b.Fatalf("%d changes", n)
		}
	}
}

// manyTenants are 10,000 who wait for their next phase.
func manyTenants(b *testing.B) (*world, fstest.MapFS) {
	b.Helper()
	plan, err := os.ReadFile("../examples/bpos-s/bpos-s.transition.hcl")
	if err != nil {
		b.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("id,name,ring,seats,blackberry,contact,admin_email\n")
	for i := range 10_000 {
		fmt.Fprintf(&rows, "t%05d,Tenant,,1,false,Ann,ann@tenant.example\n", i)
	}
	files := fstest.MapFS{
		"p.transition.hcl": {Data: []byte(strings.Replace(string(plan), "capacity = 500", "capacity = 20000", 1))},
		"tenants.csv":      {Data: []byte(rows.String())},
	}
	for _, name := range []string{"first-notice", "reminder", "final-notice", "welcome"} {
		files["mail/"+name+".md"] = &fstest.MapFile{Data: []byte("---\nsubject: s\n---\nb\n")}
	}
	w, diags := newWorld(b, files)
	if w == nil {
		b.Fatal(diags)
	}
	w.now = time.Date(2012, 1, 10, 12, 0, 0, 0, time.UTC)
	w.apply(b, succeed)
	return w, files
}
