package runner_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/schema/diag"
)

const twoLetters = head + one + `
phase "Tell" {
  opens = "T-30d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "b"
  }
}

phase "Remind" {
  opens = "T-14d"

  communication "reminder" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "b"
  }
}

phase "Move" {
  opens = "T"

  work "move" {
    exec { command = ["move"] }
  }
}
`

// more is a message that comes into a phase of twoLetters.
const more = `
  communication "more" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "b"
  }
`

func into(phase string) string {
	return strings.Replace(twoLetters, "phase \""+phase+"\" {\n", "phase \""+phase+"\" {"+more, 1)
}

func (b *bench) planned(instant string) (*plans.Plan, diag.List) {
	b.tb.Helper()
	p := b.open(runner.NeedState, instant)
	defer p.Close()
	return p.Plan(b.tb.Context())
}

// shown lists the changes of a plan, as kind, address and reason.
func shown(p *plans.Plan) []string {
	var out []string
	for i := range p.Changes {
		c := &p.Changes[i]
		out = append(out, strings.TrimSpace(c.Kind.String()+" "+c.Address()+" "+c.Reason))
	}
	return out
}

func TestEditIsShownAdoptedAndGone(t *testing.T) {
	b := newBench(t, twoLetters, "acme,ann@acme.example", "beta,bob@beta.example")
	b.must("2027-02-20 12:00")
	b.fake.taken()
	b.write("p.transition.hcl", strings.Replace(twoLetters, `"T-14d"`, `"T-10d"`, 1))
	plan, diags := b.planned("2027-02-21 12:00")
	want := []string{"adopt acme Remind/reminder due Sat 6 Mar -> Wed 10 Mar", "adopt beta Remind/reminder due Sat 6 Mar -> Wed 10 Mar"}
	if got := shown(plan); !slices.Equal(got, want) || len(diags) > 0 {
		t.Fatalf("got %q, %v", got, diags)
	}
	var told []string
	res := b.must("2027-02-21 12:00", func(o *runner.ApplyOptions) {
		o.Events = func(e runner.Event) {
			if n, ok := e.(runner.Noted); ok {
				told = append(told, n.Change.Kind.String()+" "+n.Change.Tenant)
			}
		}
	})
	if res.Done[plans.Adopt] != 2 || !slices.Equal(told, []string{"adopt acme", "adopt beta"}) {
		t.Errorf("done %v, told %q", res.Done, told)
	}
	if len(res.After.Changes) > 0 {
		t.Errorf("afterwards there is still %q", shown(res.After))
	}
	// A comment affects nobody, and is adopted without a word.
	b.write("p.transition.hcl", strings.Replace(twoLetters, `"T-14d"`, `"T-10d"`, 1)+"# done\n")
	if plan, _ := b.planned("2027-02-21 12:00"); len(plan.Changes) > 0 {
		t.Errorf("a comment gives %q", shown(plan))
	}
	b.must("2027-02-21 12:00")
	b.want()
}

// TestItemsThatAreLeftOutStayOut interrupts an apply right after it has adopted a
// plan with a new message: whoever has passed its phase does not get it later
// either.
func TestItemsThatAreLeftOutStayOut(t *testing.T) {
	b := newBench(t, twoLetters, "acme,ann@acme.example", "beta,bob@beta.example")
	b.must("2027-02-20 12:00")
	b.must("2027-03-06 18:00")
	b.fake.taken()
	b.write("p.transition.hcl", strings.Replace(into("Tell"), `["move"]`, `["move", "it"]`, 1))
	plan, _ := b.planned("2027-03-07 12:00")
	const why = " the tenant had passed this phase before the item was there"
	if got, want := shown(plan), []string{
		"skip acme/Tell/more" + why, "skip beta/Tell/more" + why, "adopt acme Move/move has changed", "adopt beta Move/move has changed",
	}; !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	p := b.open(runner.NeedRehearse, "2027-03-07 12:00")
	res, diags := p.Apply(ctx, runner.ApplyOptions{User: "ann", Events: func(e runner.Event) {
		if n, ok := e.(runner.Noted); ok && n.Change.Kind == plans.Adopt {
			stop()
		}
	}}, nil)
	if err := p.Close(); err != nil || diags.HasErrors() || !res.Interrupted || res.Done[plans.Skip] != 2 {
		t.Fatalf("%v %v %+v", err, diags, res)
	}
	b.wantState("acme/Tell/more", ledger.Omitted)
	if res := b.must("2027-03-07 12:00"); len(res.Plan.Changes) > 0 {
		t.Errorf("the next apply has %q", shown(res.Plan))
	}
	b.want()
}

func TestSavedPlanWithAnEdit(t *testing.T) {
	b := newBench(t, twoLetters, "acme,ann@acme.example")
	b.must("2027-02-20 12:00")
	b.fake.taken()
	b.write("p.transition.hcl", into("Remind"))
	plan, _ := b.planned("2027-02-21 12:00")
	if got := shown(plan); !slices.Equal(got, []string{"adopt acme Remind/more is new"}) {
		t.Fatalf("got %q", got)
	}
	saved := b.save(plan)
	// What has become due since is left, and the edit is still right.
	res := b.must("2027-03-06 18:00", func(o *runner.ApplyOptions) { o.Saved = saved })
	if res.Done[plans.Adopt] != 1 || len(res.Plan.Left) != 2 {
		t.Errorf("done %v, left %v", res.Done, res.Plan.Left)
	}
	b.want()
}

func (b *bench) save(plan *plans.Plan) *runner.SavedPlan {
	b.tb.Helper()
	p := b.load()
	defer p.Close()
	var file strings.Builder
	if err := p.SavePlan(&file, plan); err != nil {
		b.tb.Fatal(err)
	}
	saved, diags := runner.ReadPlan(strings.NewReader(file.String()))
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return saved
}

// TestEditsCannotBeTold opens a plan whose adopted version needs a value that
// nobody gives any more.
func TestEditsCannotBeTold(t *testing.T) {
	const secret = "variable \"word\" {\n  type      = string\n  sensitive = true\n}\n"
	b := newBench(t, secret+strings.Replace(twoLetters, `body    = "b"`, `body    = var.word`, 1), "acme,ann@acme.example")
	b.vars = []string{"word=open sesame"}
	b.must("2027-02-20 12:00")
	b.vars = nil
	b.write("p.transition.hcl", strings.Replace(twoLetters, `"T-14d"`, `"T-10d"`, 1))
	plan, diags := b.planned("2027-02-21 12:00")
	if len(plan.Changes) > 0 || len(diags) != 1 || diags[0].Code != "edits-unknown" || diags[0].Severity != diag.Warning {
		t.Errorf("%q %v", shown(plan), diags)
	}
	if res := b.must("2027-02-21 12:00"); !res.Confirmed {
		t.Error("it was not applied")
	}
	if _, diags := b.planned("2027-02-21 12:00"); len(diags) > 0 {
		t.Errorf("after it was applied: %v", diags)
	}
}
