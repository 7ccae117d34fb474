package view_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/schema/diag"
)

func pacific(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// march is an instant of March 2012 in California.
func march(zone *time.Location, day, hour, minute int) time.Time {
	return time.Date(2012, time.March, day, hour, minute, 0, 0, zone)
}

// weekend is a plan in the middle of a transition weekend.
func weekend(t *testing.T) *plans.Plan {
	zone := pacific(t)
	now := march(zone, 24, 3, 7)
	p := &plans.Plan{
		Name: "bpos-s", Now: now, Zone: zone, Lineage: "0f0e5d9a-1111-4222-8333-444455556666", Serial: 418,
		Next: march(zone, 25, 18, 0), Tenants: 500, Locks: 411,
		Upcoming: []plans.Upcoming{
			{At: march(zone, 25, 18, 0), Kind: plans.Unlock, Count: 409},
			{At: march(zone, 25, 18, 0), Kind: plans.Send, Count: 409},
			{At: march(zone, 30, 18, 0), Kind: plans.Send, Count: 12},
		},
		Waiting: []plans.Wait{
			{Kind: plans.WaitUnknown, Tenant: "northwind", Batch: "wave1", Address: "northwind/DataUpgrade/upgrade",
				Reason: "attempt 1 killed 02:51; still locked; alarm Tue 18:00", Since: march(zone, 24, 2, 51)},
			{Kind: plans.WaitMissed, Tenant: "litware", Batch: "wave1", Address: "litware/DataUpgrade/upgrade", Reason: "had not begun by 22:00 (latest_start)"},
			{Kind: plans.WaitMissed, Tenant: "tailspin", Batch: "wave1", Address: "tailspin/DataUpgrade/upgrade", Reason: "had not begun by 22:00 (latest_start)"},
			{Kind: plans.WaitRetry, Tenant: "fabrikam", Batch: "wave1", Address: "fabrikam/DataUpgrade/upgrade",
				Reason: `attempt 4 of 8; last exit 75 "quota"`, Until: march(zone, 24, 3, 11)},
			{Kind: plans.WaitHold, Tenant: "proseware", Address: "proseware", Reason: "Waits for the BlackBerry service on the new platform"},
		},
	}
	for _, id := range []string{"adatum", "alpine", "blueyonder"} {
		p.Changes = append(p.Changes, plans.Change{Kind: plans.Run, Tenant: id, Batch: "wave1", Phase: "Finalize", Item: "cleanup", At: now})
	}
	for _, id := range []string{"litware", "tailspin"} {
		p.Changes = append(p.Changes, plans.Change{
			Kind: plans.Unlock, Tenant: id, Batch: "wave1", Phase: "Lock", Item: "tenant_admin",
			At: march(zone, 23, 22, 0), Reason: "window missed",
		})
	}
	return append1(p, plans.Change{
		Kind: plans.Send, Tenant: "wingtip", Batch: "wave2", Phase: "PrimaryPrep", Item: "first_notice", At: now,
		Detail: plans.Detail{Recipients: []string{"it@wingtip.example", "ceo@wingtip.example"}},
	}, plans.Change{
		Kind: plans.Place, Tenant: "wingtip", Batch: "wave2", At: now,
		Detail: plans.Detail{T: march(zone, 30, 18, 0)},
	}, plans.Change{
		Kind: plans.Run, Tenant: "wingtip", Batch: "wave2", Phase: "DataUpgrade", Item: "upgrade", At: now,
		Detail: plans.Detail{PassesPONR: true, Attempt: 2},
	}, plans.Change{
		Kind: plans.Collapse, Tenant: "wingtip", Batch: "wave2", Phase: "SecondaryPrep", Item: "reminder", At: now,
		Reason: "its window has passed", Detail: plans.Detail{Into: "PrimaryPrep/first_notice"},
	})
}

func append1(p *plans.Plan, c ...plans.Change) *plans.Plan {
	p.Changes = append(p.Changes, c...)
	return p
}

// crowd is a plan for many tenants.
func crowd(t *testing.T, n int) *plans.Plan {
	zone := pacific(t)
	p := &plans.Plan{Name: "bpos-s", Now: march(zone, 24, 3, 7), Zone: zone}
	for i := range n {
		id := fmt.Sprintf("tenant-%06d", i)
		p.Changes = append(p.Changes,
			plans.Change{Kind: plans.Enrol, Tenant: id, At: p.Now},
			plans.Change{Kind: plans.Place, Tenant: id, Batch: "wave1", At: p.Now, Detail: plans.Detail{T: march(zone, 30, 18, 0)}},
			plans.Change{Kind: plans.Send, Tenant: id, Batch: "wave1", Phase: "PrimaryPrep", Item: "first_notice", At: p.Now,
				Detail: plans.Detail{Recipients: []string{id + "@example.com", "shared@example.com"}}})
	}
	return p
}

// edited is a plan that was edited under way.
func edited(t *testing.T) *plans.Plan {
	zone := pacific(t)
	p := &plans.Plan{Name: "bpos-s", Now: march(zone, 24, 3, 7), Zone: zone, Lineage: "x", Serial: 7}
	for i := range 451 {
		c := plans.Change{Kind: plans.Adopt, Tenant: fmt.Sprintf("tenant-%06d", i), Batch: "wave1", At: p.Now, Reason: "Remind/reminder due Thu 4 Feb -> Sat 13 Feb"}
		switch {
		case i >= 412 && i < 421:
			c.Reason += ", Copy/copy has changed"
		case i >= 421:
			c.Batch = "wave2"
		}
		p.Changes = append(p.Changes, c)
	}
	return append1(p, plans.Change{Kind: plans.Skip, Tenant: "zebra", Batch: "wave1", Phase: "Tell", Item: "extra", At: p.Now, Reason: "the tenant had passed this phase before the item was there"})
}

func TestPlan(t *testing.T) {
	quiet := &plans.Plan{Name: "bpos-s", Now: march(time.UTC, 24, 10, 0), Lineage: "x", Serial: 7}
	people := *quiet
	people.Waiting = weekend(t).Waiting[:3]
	tests := map[string]struct {
		plan   *plans.Plan
		opts   view.PlanOptions
		screen view.Screen
		golden string
	}{
		"each change":                 {weekend(t), view.PlanOptions{Note: "plan unchanged since a41f"}, view.Screen{}, "plan.txt"},
		"grouped on demand":           {weekend(t), view.PlanOptions{Summary: true}, view.Screen{}, "plan_summary.txt"},
		"grouped above fifty":         {crowd(t, 400), view.PlanOptions{Note: "no recorded state yet, so everything is new"}, view.Screen{}, "plan_crowd.txt"},
		"colour on a terminal":        {weekend(t), view.PlanOptions{}, view.Screen{Color: true, Width: 100}, "plan_colour.txt"},
		"edits by what they change":   {edited(t), view.PlanOptions{Note: "plan changed since a41f"}, view.Screen{}, "plan_edited.txt"},
		"nothing to do":               {quiet, view.PlanOptions{}, view.Screen{}, "plan_none.txt"},
		"nothing to do but by people": {&people, view.PlanOptions{}, view.Screen{}, "plan_people.txt"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			golden(t, tt.golden, text(t, func(b *bytes.Buffer) error { return view.Plan(b, tt.screen, tt.plan, tt.opts) }))
		})
	}
}

func TestVerboseListsEveryChange(t *testing.T) {
	out := text(t, func(b *bytes.Buffer) error {
		return view.Plan(b, view.Screen{}, crowd(t, 700), view.PlanOptions{Verbose: true})
	})
	if n := bytes.Count(out, []byte("> send")); n != 700 {
		t.Errorf("%d of 700 messages are listed", n)
	}
}

func TestForeignTextCannotDriveATerminal(t *testing.T) {
	p := weekend(t)
	p.Name = "bpos\x1b[2J"
	for i := range p.Changes {
		p.Changes[i].Tenant = "evil\x1b]0;owned\x07\r\nPlan: nothing to do\u202e"
		p.Changes[i].Reason = "\x9b31m"
	}
	for i := range p.Waiting {
		p.Waiting[i].Address, p.Waiting[i].Reason = "evil\x1b[A/x/y", "a\nb\x00"
	}
	out := text(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) })
	if i := bytes.IndexFunc(out, func(r rune) bool { return r != '\n' && r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' }); i >= 0 {
		t.Errorf("a control character reaches the terminal at %q", out[i:min(len(out), i+20)])
	}
	if bytes.Contains(out, []byte("\nPlan: nothing")) {
		t.Error("a tenant's name begins a line of its own")
	}
}

func TestPlanJSON(t *testing.T) {
	p := weekend(t)
	p.Diagnostics = problems()
	goldenJSON(t, "plan", "plan.json", text(t, func(b *bytes.Buffer) error { return view.PlanJSON(b, p) }))
	empty := &plans.Plan{Name: "x", Now: time.Date(2012, 1, 10, 8, 0, 0, 5000, time.UTC)}
	goldenJSON(t, "plan", "plan_none.json", text(t, func(b *bytes.Buffer) error { return view.PlanJSON(b, empty) }))
}

func TestNext(t *testing.T) {
	p := weekend(t)
	golden(t, "next.txt", text(t, func(b *bytes.Buffer) error { return view.Next(b, view.Screen{}, p, "rehearsal") }))
	goldenJSON(t, "next", "next.json", text(t, func(b *bytes.Buffer) error { return view.NextJSON(b, p, nil) }))
}

func TestEffects(t *testing.T) {
	quiet := &plans.Plan{Changes: []plans.Change{{Kind: plans.Enrol, Tenant: "a"}}}
	locks := &plans.Plan{Changes: []plans.Change{{Kind: plans.Lock, Tenant: "a"}}}
	spelled := &plans.Plan{Changes: []plans.Change{
		{Kind: plans.Send, Tenant: "a", Detail: plans.Detail{Recipients: []string{"ann@example.org", "Ann@example.org"}}},
		{Kind: plans.Send, Tenant: "b", Detail: plans.Detail{Recipients: []string{"Lee <ann@EXAMPLE.org>"}}},
	}}
	tests := map[string]struct {
		plan     *plans.Plan
		noReturn bool
		want     string
	}{
		"messages":                      {crowd(t, 2), false, "send 4 messages to 3 addresses"},
		"spellings of a mailbox":        {spelled, false, "send 3 messages to 2 addresses"},
		"nobody passes":                 {crowd(t, 2), true, "send 4 messages to 3 addresses, 0 tenants pass the point of no return"},
		"locks are commands":            {locks, false, "run 1 command (1 to lock)"},
		"everything":                    {weekend(t), false, "send 2 messages to 2 addresses, run 6 commands (2 to unlock), 1 tenant passes the point of no return"},
		"nothing outside of the record": {quiet, true, "only be recorded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := view.Effects(tt.plan, tt.noReturn); got != tt.want {
				t.Errorf("Effects = %q, want %q", got, tt.want)
			}
		})
	}
}

// problems are diagnostics of all shapes.
func problems() diag.List {
	at := diag.Range{File: "waves.transition.hcl", Start: diag.Pos{Line: 24, Column: 13, Byte: 400}, End: diag.Pos{Line: 24, Column: 17, Byte: 404}}
	return diag.List{
		{
			Severity: diag.Error, Code: "soak-too-long", Summary: "Batch cannot enter a phase on time",
			Detail: "Batch \"pilot\" is Complete on Sun 11 Mar 19:00 PDT at the earliest; with 4d of soak that is Thu 15 Mar 19:00.\n" +
				"Phase \"Lock\" opens for wave1 on Wed 14 Mar 18:00, so all of its 450 tenants would be held for 25 hours.",
			Hint: `Write soak = "3d", or set cutover to 2012-03-16 19:00 or later.`, Subject: at,
			Where: `batch "wave1"`, Snippet: `    soak  = "4d"`,
		},
		{Severity: diag.Warning, Code: "clock-gap", Summary: "A time does not exist on that day", Detail: "02:30 was skipped.", Where: `phase "Lock"`},
	}
}

func TestDiagnostics(t *testing.T) {
	golden(t, "diagnostics.txt", text(t, func(b *bytes.Buffer) error { return view.Diagnostics(b, view.Screen{}, problems()) }))
	golden(t, "diagnostics_colour.txt", text(t, func(b *bytes.Buffer) error {
		return view.Diagnostics(b, view.Screen{Color: true, Width: 60}, problems())
	}))
	goldenJSON(t, "diagnostics", "diagnostics.json", text(t, func(b *bytes.Buffer) error { return view.DiagnosticsJSON(b, problems()) }))
	goldenJSON(t, "validate", "validate.json", text(t, func(b *bytes.Buffer) error { return view.ValidationJSON(b, problems()) }))
}

func TestValidation(t *testing.T) {
	tests := map[string]struct {
		list diag.List
		want string
	}{
		"nothing":  {nil, "Success! The plan is valid.\n"},
		"warnings": {problems()[1:], "Success! The plan is valid, with 1 warning.\n"},
		"errors":   {problems(), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := text(t, func(b *bytes.Buffer) error { return view.Validation(b, view.Screen{}, tt.list) })
			if string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	b := view.Build{Version: "v0.1.0", Go: "go1.26.0", Platform: "linux/amd64"}
	got := text(t, func(w *bytes.Buffer) error { return view.Version(w, b) })
	if want := "transition v0.1.0, go1.26.0 on linux/amd64\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	conforms(t, "version", text(t, func(w *bytes.Buffer) error { return view.VersionJSON(w, b) }))
	releases := map[string]string{"v0.1.0": "0.1.0", "(devel)": "", "v0.0.0-20261122110738-20552c13f23c+dirty": ""}
	for version, want := range releases {
		if got := (view.Build{Version: version}).Release(); got != want {
			t.Errorf("Release of %q = %q, want %q", version, got, want)
		}
	}
}

func TestErrorsOfTheWriterComeBack(t *testing.T) {
	p := crowd(t, 3000)
	for name, show := range map[string]func(*broken) error{
		"text":     func(w *broken) error { return view.Plan(w, view.Screen{}, p, view.PlanOptions{Verbose: true}) },
		"json":     func(w *broken) error { return view.PlanJSON(w, p) },
		"markdown": func(w *broken) error { return view.PlanMarkdown(w, p, view.PlanOptions{}) },
	} {
		if err := show(&broken{}); err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("%s: the error is %v, want that of the writer", name, err)
		}
	}
}

type broken struct{}

func (*broken) Write([]byte) (int, error) { return 0, fmt.Errorf("no room") }
