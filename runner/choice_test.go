package runner_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/schema/addr"
	"transition/schema/diag"
)

const story = head + one + `
phase "Tell" {
  opens = "T-14d"

  communication "notice" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "s"
    body    = "On ${formatdate("D MMM", T)}."
    notice  = true
  }
}

phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = ["copy"] }
  }
}
`

func target(selectors ...string) func(*runner.ApplyOptions) {
	return func(o *runner.ApplyOptions) {
		for _, s := range selectors {
			sel, err := addr.ParseSelector(s)
			if err != nil {
				panic(err)
			}
			o.Choice.Within.Targets = append(o.Choice.Within.Targets, sel)
		}
	}
}

func again(addresses ...string) func(*runner.ApplyOptions) {
	return func(o *runner.ApplyOptions) {
		for _, s := range addresses {
			a, err := addr.Parse(s)
			if err != nil {
				panic(err)
			}
			o.Choice.Replace = append(o.Choice.Replace, a)
		}
	}
}

// onTime does what time has made due under the adopted plan.
func (b *bench) onTime(change ...func(*runner.ApplyOptions)) (runner.ApplyResult, diag.List) {
	b.tb.Helper()
	p := b.open(runner.NeedWrite, "")
	defer p.Close()
	adopted, diags := p.Adopted(b.tb.Context())
	if diags.HasErrors() || adopted == nil {
		b.tb.Fatalf("adopted plan %v: %v", adopted, diags)
	}
	o := runner.ApplyOptions{User: "cron"}
	for _, c := range change {
		c(&o)
	}
	return adopted.ApplyDue(b.tb.Context(), o, nil)
}

// mustOnTime is onTime without errors.
func (b *bench) mustOnTime() runner.ApplyResult {
	b.tb.Helper()
	res, diags := b.onTime()
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return res
}

func (b *bench) edit(old, new string) {
	b.tb.Helper()
	b.write("p.transition.hcl", strings.Replace(story, old, new, 1))
}

func TestPartIsNotAdopted(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	c.Advance(time.Hour)
	b.edit("2027-03-20", "2027-03-27")
	b.now(target("acme"))
	if r := b.record("acme"); !r.T.Equal(b.instant("2027-03-27 18:00")) || !r.Apart.Equal(c.Now()) {
		t.Fatalf("T %s, apart since %s", r.T, r.Apart)
	}
	// Nothing of beta has changed, and cron does not take acme back.
	c.Set(b.instant("2027-03-06 18:00"))
	if res := b.mustOnTime(); res.Done[plans.Reschedule] > 0 || res.Beyond[plans.Reschedule] != 1 {
		t.Errorf("done %v, beyond %v", res.Done, res.Beyond)
	}
	b.want("send beta/Tell/notice #1")
	c.Set(b.instant("2027-03-13 18:00"))
	b.mustOnTime()
	b.want("run beta/Copy/copy #1", "send acme/Tell/notice #1")
	b.now()
	b.want("send beta/on/rescheduled #1")
	if res := b.mustOnTime(); len(res.Done)+len(res.Beyond) > 0 {
		t.Errorf("after all was applied: done %v, beyond %v", res.Done, res.Beyond)
	}
	if r := b.record("acme"); !r.T.Equal(b.instant("2027-03-27 18:00")) {
		t.Errorf("T %s", r.T)
	}
}

func TestWhatTimeMakesDueIsNotChosenFrom(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	c.Set(b.instant("2027-03-06 18:00"))
	for _, choice := range []func(*runner.ApplyOptions){target("acme"), again("acme/Tell/notice")} {
		if _, diags := b.onTime(choice); !diags.HasErrors() {
			t.Error("it was")
		}
	}
	b.want()
}

func TestFirstApplyInPartAdoptsNothing(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	b.real("2027-03-01 09:00")
	b.now(target("acme"))
	p := b.open(runner.NeedState, "")
	if a, diags := p.Adopted(t.Context()); a != nil || diags.HasErrors() {
		t.Errorf("adopted %v %v", a, diags)
	}
}

func TestPartOfTheAdoptedPlanIsNotApart(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.write("tenants.csv", "id,email\nacme,a@a.example\nbeta,b@b.example\n")
	b.now()
	c.Set(b.instant("2027-03-06 18:00"))
	b.now(target("acme"))
	b.want("send acme/Tell/notice #1")
	if r := b.record("acme"); !r.Apart.IsZero() {
		t.Errorf("apart since %s", r.Apart)
	}
}

func TestTenantOnlyInAPartIsLeftWhereItIs(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.write("tenants.csv", "id,email\nacme,a@a.example\ncara,c@c.example\n")
	b.now(target("cara"))
	c.Set(b.instant("2027-03-06 18:00"))
	if res := b.mustOnTime(); res.Done[plans.Withdraw] > 0 || res.Beyond[plans.Send] != 1 {
		t.Errorf("done %v, beyond %v", res.Done, res.Beyond)
	}
	b.want("send acme/Tell/notice #1")
	if r := b.record("cara"); r.Left != nil {
		t.Errorf("cara left: %+v", r.Left)
	}
	b.now()
	b.want("send cara/Tell/notice #1")
}

func TestWishOfATenantOnAnotherWayIsHeard(t *testing.T) {
	const postpone = "transition \"t\" {\n  time_zone = \"Europe/Vienna\"\n  postpone { max = 1 }\n}"
	plan := strings.Replace(story, `transition "t" { time_zone = "Europe/Vienna" }`, postpone, 1)
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.write("p.transition.hcl", strings.Replace(plan, "2027-03-20", "2027-03-27", 1))
	b.now(target("acme"))
	b.told(runner.Verb{Kind: runner.Postpone, To: b.instant("2027-04-03 18:00")}, "acme")
	c.Advance(time.Hour)
	b.mustOnTime()
	b.mustOnTime()
	if r := b.record("acme"); !r.T.Equal(b.instant("2027-04-03 18:00")) || !r.Apart.Equal(c.Now()) {
		t.Errorf("T %s, apart since %s", r.T, r.Apart)
	}
}

func TestTenantWithdrawnInPartIsNotEnrolledAgain(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	b.now(target("beta"))
	c.Set(b.instant("2027-03-06 18:00"))
	b.mustOnTime()
	b.want("send acme/Tell/notice #1")
	if r := b.record("beta"); r.Left == nil {
		t.Error("beta is back")
	}
}

func TestBatchOnlyInAPartStopsNobody(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.edit("  match   = true\n}", "  match   = tenant.id != \"acme\"\n}\n\nbatch \"late\" {\n  cutover = \"2027-03-27 18:00\"\n  match   = true\n}")
	b.now(target("acme"))
	c.Set(b.instant("2027-03-13 18:00"))
	b.mustOnTime()
	b.want("run beta/Copy/copy #1", "send acme/Tell/notice #1", "send beta/Tell/notice #1")
	if r := b.record("acme"); r.Batch != "late" {
		t.Errorf("batch %s", r.Batch)
	}
}

func TestItemOnlyInAPartLeavesItsTenantAlone(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.write("p.transition.hcl", story+`
phase "Early" {
  opens = "T-30d"

  work "early" {
    exec { command = ["early"] }
    late  = "run"
    retry = retry.hourly
  }
}

retry "hourly" { initial_interval = "1h" }
`)
	b.fake.do = always(retryable)
	b.now(target("acme"))
	b.want("run acme/Early/early #1")
	b.fake.do = nil
	c.Set(b.instant("2027-03-06 18:00"))
	_, diags := b.onTime()
	if diags.HasErrors() || !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "open-elsewhere" }) {
		t.Errorf("diagnostics %v, want a warning", diags)
	}
	b.want("send beta/Tell/notice #1")
	b.now()
	b.want("run acme/Early/early #2", "run beta/Early/early #1", "send acme/Tell/notice #1")
}

func TestSavedPlanKeepsItsPart(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-06 18:00")
	b.now(target("acme"))
	b.want("send acme/Tell/notice #1")
	p := b.open(runner.NeedState, "")
	var o runner.ApplyOptions
	target("acme", "*/Tell/*")(&o)
	again("acme/Tell/notice")(&o)
	plan, diags := p.Choose(t.Context(), o.Choice)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var file bytes.Buffer
	if err := p.SavePlan(&file, plan); err != nil {
		t.Fatal(err)
	}
	saved, diags := runner.ReadPlan(&file)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c.Set(b.instant("2027-03-13 18:00"))
	res := b.now(func(o *runner.ApplyOptions) { o.Saved = saved })
	b.want("send acme/Tell/notice #1", "send beta/Tell/notice #1")
	if res.Plan.LeftOut != 1 || len(res.Plan.Left) != 1 { // beta's copy; acme's is due since
		t.Errorf("%d left out, left %v", res.Plan.LeftOut, res.Plan.Left)
	}
	if _, diags := b.carryOut(b.open(runner.NeedWrite, ""), []func(*runner.ApplyOptions){func(o *runner.ApplyOptions) { o.Saved = saved }}); !diags.HasErrors() {
		t.Error("it was applied twice")
	}
	b.want()
}

func TestReplacedItemIsDoneOnce(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example", "beta,b@b.example")
	c := b.real("2027-03-06 18:00")
	var keys []string
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Tenant == "acme" {
			keys = append(keys, r.Key)
		}
		return succeeded
	}
	b.now()
	c.Set(b.instant("2027-03-13 18:00"))
	b.now()
	b.fake.taken()
	c.Advance(time.Hour)
	keys = keys[:1]
	b.now(again("acme/Tell/notice", "acme/Tell/notice"))
	b.want("send acme/Tell/notice #1")
	if len(keys) != 2 || keys[0] == keys[1] {
		t.Errorf("keys %q, want two", keys)
	}
	b.now()
	b.want()
	p := b.open(runner.NeedState, "")
	var facts []ledger.Fact
	p.History(t.Context(), "acme", func(f ledger.Fact) {
		if f.Kind == ledger.Replaced {
			facts = append(facts, f)
		}
	})
	if len(facts) != 1 || facts[0].By != "ann" || !facts[0].At.Equal(c.Now()) || facts[0].Apart {
		t.Errorf("facts %+v", facts)
	}
}

func TestReplacedItemIsTriedAgainByItself(t *testing.T) {
	b := newBench(t, strings.Replace(story, `["copy"] }`, "[\"copy\"] }\n    retry = retry.hourly", 1)+`
retry "hourly" { initial_interval = "1h" }
`, "acme,a@a.example")
	c := b.real("2027-03-13 18:00")
	b.now()
	b.fake.taken()
	b.fake.do = always(retryable)
	b.now(again("acme/Copy/copy"))
	b.want("run acme/Copy/copy #1")
	b.fake.do = nil
	c.Advance(2 * time.Hour)
	b.now()
	b.want("run acme/Copy/copy #2")
}

func TestHoldAtThePromptRefusesWhatWasWantedAgain(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example")
	b.real("2027-03-13 18:00")
	b.now()
	b.fake.taken()
	_, diags := b.carryOut(b.open(runner.NeedWrite, ""), []func(*runner.ApplyOptions){
		again("acme/Copy/copy"), atThePrompt(func(*plans.Plan) { b.hold("acme") }),
	})
	if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "cannot be done again now") {
		t.Errorf("diagnostics %v", diags)
	}
	b.want()
	b.wantState("acme/Copy/copy", ledger.Done)
}

func TestUnknownSelectorSuggestsAnother(t *testing.T) {
	b := newBench(t, story, "acme,a@a.example")
	b.real("2027-03-01 09:00")
	for selector, hint := range map[string]string{
		"acne": "acme", "acme/Tell/notise": "acme/Tell/notice", "*/Tel/*": "*/Tell/*", "batch.ones": "batch.one",
	} {
		_, diags := b.carryOut(b.open(runner.NeedWrite, ""), []func(*runner.ApplyOptions){target(selector)})
		if !diags.HasErrors() || diags[0].Hint != "Did you mean "+hint+"?" {
			t.Errorf("%s: %v", selector, diags)
		}
	}
	b.want()
}
