package runner_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/runner"
	"transition/runner/action"
)

// undoable is a plan whose copies can be taken back, with what rows say.
var undoable = strings.Replace(plan, `    limit = limit.copies
`, `    limit = limit.copies
    undo {
      exec { command = ["discard", tenant.email] }
    }
`, 1)

// wantRow expects what is kept of a tenant that has left.
func (b *bench) wantRow(tenant string, want map[string]string) {
	b.tb.Helper()
	r := b.record(tenant)
	if r.Left == nil || !maps.Equal(r.Left.Row, want) {
		b.tb.Errorf("%s has left as %+v, want the row %v", tenant, r.Left, want)
	}
}

func TestTheRowsOfWhoLeftAreKept(t *testing.T) {
	b := newBench(t, undoable, "dora,d@d.example", "acme,a@a.example", "cara,c@c.example", "beta,b@b.example")
	b.write("p.transition.hcl", strings.Replace(undoable, `key    = "id"`, "key    = \"id\"\n  max_removals = \"100%\"", 1))
	b.must("2027-03-13 18:00")
	b.fake.taken()
	b.write("tenants.csv", "id,email\ncara,other@c.example\n")
	var argv []string
	b.fake.do = func(r action.Request) action.Outcome {
		argv = append(argv, r.Command.Argv[1])
		return succeeded
	}
	res := b.must("2027-03-13 18:00", alone)
	if res.Done[plans.Withdraw] != 3 || res.Done[plans.Undo] != 3 {
		t.Errorf("done is %v", res.Done)
	}
	if slices.Sort(argv); !slices.Equal(argv, []string{"a@a.example", "b@b.example", "d@d.example"}) {
		t.Errorf("the commands were given %q", argv)
	}
	b.wantRow("acme", map[string]string{"id": "acme", "email": "a@a.example"})
	b.wantRow("dora", map[string]string{"id": "dora", "email": "d@d.example"})
}

// Whoever is interrupted after another plan was adopted has recorded with it what
// only the plan of before knew.
func TestTheRowsOfWhoLeftOutliveAnInterrupt(t *testing.T) {
	b := newBench(t, undoable, "aa1,a@a.example", "aa2,a@a.example", "zz,z@z.example")
	b.must("2027-03-01 18:00")
	b.write("tenants.csv", "id,email\naa1,a@a.example\naa2,a@a.example\n")
	ctx, cancel := context.WithCancel(t.Context())
	b.fake.do = func(action.Request) action.Outcome {
		cancel()
		return succeeded
	}
	p := b.open(runner.NeedRehearse, "2027-03-13 19:00")
	res, diags := p.Apply(ctx, runner.ApplyOptions{Parallelism: 1}, nil)
	if diags.HasErrors() || !res.Interrupted || res.Done[plans.Withdraw] != 1 {
		t.Errorf("interrupted %v, done %v, %v", res.Interrupted, res.Done, diags)
	}
	p.Close()
	b.wantRow("zz", map[string]string{"id": "zz", "email": "z@z.example"})
}

func TestTheRowOfWhoIsWithdrawnIsKept(t *testing.T) {
	b := newBench(t, undoable, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-01 18:00")
	b.write("tenants.csv", "id,email\nacme,new@a.example\nbeta,b@b.example\n")
	b.told(runner.Verb{Kind: runner.Withdraw}, "acme")
	b.wantRow("acme", map[string]string{"id": "acme", "email": "a@a.example"})
}

// Without the plan of before, who left is told all the same.
func TestRowsThatNobodyCanFind(t *testing.T) {
	told := strings.Replace(head, "source =", "max_removals = \"100%\"\n  source =", 1) + one + `
communication "gone" {
  on      = "withdrawn"
  channel = channel.maildir.post
  subject = upper(tenant.email)
  body    = "b"
}

phase "Tell" {
  opens = "T-7d"

  communication "notice" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "b"
    notice  = true
  }
}
`
	b := newBench(t, told+"variable \"token\" { sensitive = true }\n", "acme,a@a.example")
	b.write("x.auto.hclvars", "token = \"swordfish\"\n")
	b.must("2027-03-13 18:00")
	b.fake.taken()
	b.write("p.transition.hcl", told)
	b.write("x.auto.hclvars", "")
	b.write("tenants.csv", "id,email\n")
	var subject string
	b.fake.do = func(r action.Request) action.Outcome {
		_, subject, _ = strings.Cut(string(r.Mail.Data), "Subject: ")
		return succeeded
	}
	res, diags := b.apply("2027-03-13 18:00")
	if !slices.Equal(codes(diags), []string{"edits-unknown", "rows-unknown"}) || res.Done[plans.Send] != 1 {
		t.Errorf("done %v, %v", res.Done, diags)
	}
	if !strings.HasPrefix(subject, "Your move is called off") {
		t.Errorf("the subject is %q", subject)
	}
}
