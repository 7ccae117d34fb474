package view_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/runner"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// seed is a configuration with phases and batches like those of the example.
func seed(t *testing.T) *schema.Config {
	zone := pacific(t)
	cfg := &schema.Config{Name: "bpos-s", Description: "Moves tenants over a transition weekend", Zone: zone}
	days := func(n int) *toffset.Offset { return &toffset.Offset{Days: n} }
	cfg.Phases = []*schema.Phase{
		{Name: "Pre-Approval", Closes: days(-60)},
		{Name: "Pre-Stage", Opens: days(-7), Closes: days(-1), Hard: true},
		{Name: "Lock", Opens: days(-1), Closes: days(0), Hard: true},
		{Name: "DataUpgrade", Opens: days(0), Closes: days(2), Hard: true, PointOfNoReturn: true},
		{Name: "Finalize", Opens: days(2), Hard: true},
	}
	add := func(phase int, name string, does schema.Doing) {
		p := cfg.Phases[phase]
		it := &schema.Item{Name: name, Index: len(cfg.Items), Phase: p, Does: does}
		p.Items, cfg.Items = append(p.Items, it), append(cfg.Items, it)
	}
	add(1, "copy_content", &schema.Work{})
	add(1, "go", &schema.Approval{})
	add(2, "tenant_admin", &schema.Lock{})
	add(3, "upgrade", &schema.Work{})
	add(4, "welcome", &schema.Communication{})
	pilot := &schema.Batch{Name: "pilot", T: march(zone, 9, 18, 0), Zone: zone, Capacity: 10}
	wave := &schema.Batch{Name: "wave1", T: march(zone, 23, 18, 0), Zone: zone, Capacity: math.Inf(1)}
	wave.After = &schema.After{Batch: pilot, Soak: toffset.Duration{Days: 4}}
	cfg.Batches = []*schema.Batch{pilot, wave, {Name: "wave2", Zone: zone, Capacity: math.Inf(1)}}
	return cfg
}

// fleet is tenants in all situations.
func fleet(t *testing.T, each func(*plans.TenantStatus)) {
	zone := pacific(t)
	cutover := march(zone, 23, 18, 0)
	item := func(phase, name string, s plans.ItemState) plans.ItemStatus {
		return plans.ItemStatus{Phase: phase, Item: name, State: s, At: cutover, Source: plans.Source{File: "bpos-s.transition.hcl", Line: 130}}
	}
	upgrade := func(s plans.ItemState) []plans.ItemStatus {
		return []plans.ItemStatus{item("Lock", "tenant_admin", plans.ItemDone), item("DataUpgrade", "upgrade", s), item("Finalize", "welcome", plans.ItemWaiting)}
	}
	lock := plans.LockStatus{Phase: "Lock", Item: "tenant_admin", Since: march(zone, 22, 18, 0), ReleaseAt: march(zone, 25, 18, 0), Alarm: march(zone, 27, 18, 0)}
	for i := range 37 {
		each(&plans.TenantStatus{ID: fmt.Sprintf("adatum-%02d", i), Phase: "Pre-Approval", Held: &plans.Held{Reason: "no batch matches"}})
	}
	for i := range 19 {
		each(&plans.TenantStatus{ID: fmt.Sprintf("contoso-%02d", i), Batch: "wave1", T: cutover, Zone: zone, Epoch: 1, Phase: "DataUpgrade",
			Items: upgrade(plans.ItemDone), Locks: []plans.LockStatus{lock}, Next: march(zone, 25, 18, 0)})
	}
	fabrikam := &plans.TenantStatus{ID: "fabrikam", Batch: "wave1", T: cutover, Zone: zone, Epoch: 1, Phase: "DataUpgrade", Status: plans.Warning,
		Items: upgrade(plans.ItemRetrying), Locks: []plans.LockStatus{lock}, Next: march(zone, 24, 3, 11)}
	fabrikam.Items[1].Attempts, fabrikam.Items[1].MaxAttempts = 3, 8
	fabrikam.Items[1].NextAttempt, fabrikam.Items[1].Reason = march(zone, 24, 3, 11), `last exit 75 "quota"`
	each(fabrikam)
	each(northwind(zone, upgrade(plans.ItemUnknown), lock))
	each(&plans.TenantStatus{ID: "litware", Phase: "Pre-Stage", Batch: "pilot", T: march(zone, 9, 18, 0), Zone: zone, Epoch: 1, Status: plans.Pending,
		Items: []plans.ItemStatus{item("Pre-Stage", "go", plans.ItemWaiting)}})
	each(&plans.TenantStatus{ID: "proseware", Phase: "Pre-Stage", Batch: "pilot", T: march(zone, 9, 18, 0), Zone: zone, Epoch: 2, Status: plans.Pending,
		Items: []plans.ItemStatus{item("Pre-Stage", "go", plans.ItemWaiting)},
		Held:  &plans.Held{Reason: "contract\tnot signed", By: "ann", Resumable: true, Since: march(zone, 20, 9, 0), Until: march(zone, 26, 0, 0)}})
}

func northwind(zone *time.Location, items []plans.ItemStatus, lock plans.LockStatus) *plans.TenantStatus {
	items[1].Attempts, items[1].Reason = 1, "killed after 16 min"
	lock.Alarm, lock.Overdue = march(zone, 24, 2, 0), true
	return &plans.TenantStatus{
		ID: "northwind", Batch: "wave1", T: march(zone, 23, 18, 0), Zone: zone, Epoch: 2, Phase: "DataUpgrade", Status: plans.Error,
		Items: items, Locks: []plans.LockStatus{lock},
		Held: &plans.Held{Reason: "upgrade is unknown", Since: march(zone, 24, 2, 51), Source: plans.Source{File: "bpos-s.transition.hcl", Line: 130}},
	}
}

func TestStatus(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	golden(t, "status.txt", text(t, func(b *bytes.Buffer) error {
		v := view.NewStatus(b, view.Screen{}, cfg, now, "rehearsal")
		fleet(t, v.Add)
		return v.Close()
	}))
	golden(t, "status_empty.txt", text(t, func(b *bytes.Buffer) error {
		return view.NewStatus(b, view.Screen{}, cfg, now, "").Close()
	}))
}

func TestStatusList(t *testing.T) {
	now := march(pacific(t), 24, 3, 7)
	tests := map[string]struct {
		filter view.Filter
		golden string
	}{
		"by status": {view.Filter{Statuses: []plans.PhaseStatus{plans.Error, plans.Warning, plans.Pending}}, "status_list.txt"},
		"locks":     {view.Filter{Locks: true}, "status_locks.txt"},
		"missed":    {view.Filter{Missed: true}, "status_missed.txt"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			golden(t, tt.golden, text(t, func(b *bytes.Buffer) error {
				v := view.NewStatusList(b, view.Screen{}, now, pacific(t), tt.filter, "")
				fleet(t, func(s *plans.TenantStatus) {
					if tt.filter.Passes(s) {
						v.Add(s)
					}
				})
				return v.Close()
			}))
		})
	}
}

// While the plan directory is wrong, documents tell that as well.
func TestWhatIsWrongIsPartOfTheDocument(t *testing.T) {
	now := march(pacific(t), 24, 3, 7)
	wrong := diag.List{{Severity: diag.Error, Code: "unknown-block", Summary: "Unknown block", Detail: "There is none."}}
	for schema, write := range map[string]func(*bytes.Buffer) error{
		"status": func(b *bytes.Buffer) error { return view.NewStatusJSON(b, now, wrong).Close() },
		"why": func(b *bytes.Buffer) error {
			return view.WhyJSON(b, &plans.TenantStatus{ID: "adatum", Status: plans.Pending}, now, wrong)
		},
		"next":    func(b *bytes.Buffer) error { return view.NextJSON(b, &plans.Plan{Now: now}, wrong) },
		"history": func(b *bytes.Buffer) error { return view.NewHistoryJSON(b, "adatum", wrong).Close() },
	} {
		document := text(t, write)
		conforms(t, schema, document)
		if !bytes.Contains(document, []byte(`"code":"unknown-block"`)) {
			t.Errorf("%s does not tell it: %s", schema, document)
		}
	}
}

func TestStatusJSON(t *testing.T) {
	goldenJSON(t, "status", "status.json", text(t, func(b *bytes.Buffer) error {
		v := view.NewStatusJSON(b, march(pacific(t), 24, 3, 7), nil)
		fleet(t, func(s *plans.TenantStatus) {
			if s.ID >= "contoso-18" || s.ID == "adatum-00" {
				v.Add(s)
			}
		})
		return v.Close()
	}))
}

func TestWhy(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	fleet(t, func(s *plans.TenantStatus) {
		switch s.ID {
		case "northwind", "fabrikam", "litware", "proseware", "adatum-00":
			golden(t, "why_"+s.ID+".txt", text(t, func(b *bytes.Buffer) error { return view.Why(b, view.Screen{}, cfg, s, now, "") }))
			conforms(t, "why", text(t, func(b *bytes.Buffer) error { return view.WhyJSON(b, s, now, nil) }))
		}
	})
}

func TestOverview(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	golden(t, "overview.txt", text(t, func(b *bytes.Buffer) error {
		v := view.NewOverview(b, view.Screen{}, cfg, now)
		fleet(t, v.Add)
		return v.Close()
	}))
	goldenJSON(t, "overview", "overview.json", text(t, func(b *bytes.Buffer) error {
		v := view.NewOverview(b, view.Screen{}, cfg, now)
		fleet(t, v.Add)
		return v.JSON()
	}))
}

func TestTimeline(t *testing.T) {
	zone := pacific(t)
	entries := []timeline.Entry{
		{Batch: "pilot", Phase: "Lock", Edge: timeline.Opens, Offset: "T-1d", At: march(zone, 8, 18, 0), Zone: zone},
		{Batch: "pilot", Phase: "DataUpgrade", Edge: timeline.LatestStart, Offset: "T+4h", At: march(zone, 9, 22, 0), Zone: zone},
		{Batch: "wave1", Phase: "PrimaryPrep", Item: "first_notice", Edge: timeline.At, Offset: "T-60d@02:30", At: march(zone, 11, 3, 0), Zone: zone, Note: "02:30 does not exist that day; 03:00 was taken"},
	}
	now := march(zone, 1, 0, 0)
	golden(t, "timeline.txt", text(t, func(b *bytes.Buffer) error { return view.Timeline(b, view.Screen{}, entries, now) }))
	goldenJSON(t, "timeline", "timeline.json", text(t, func(b *bytes.Buffer) error { return view.TimelineJSON(b, entries) }))
	golden(t, "timeline_none.txt", text(t, func(b *bytes.Buffer) error { return view.Timeline(b, view.Screen{}, nil, now) }))
}

// facts are those of one tenant that had a hard time.
func facts(zone *time.Location) []ledger.Fact {
	cutover, again, until, exit := march(zone, 23, 18, 0), march(zone, 23, 18, 5), march(zone, 26, 0, 0), 75
	return []ledger.Fact{
		{Seq: 1, At: march(zone, 1, 9, 0), Tenant: "northwind", Kind: ledger.Enrolled},
		{Seq: 2, At: march(zone, 1, 9, 0), Tenant: "northwind", Kind: ledger.Placed, Epoch: 1, Batch: "wave1", T: &cutover, Zone: "America/Los_Angeles"},
		{Seq: 9, At: march(zone, 1, 9, 1), Tenant: "northwind", Kind: ledger.Succeeded, Item: "PrimaryPrep/first_notice", Epoch: 1, Op: ledger.Send,
			Recipient: "ops@northwind.example", Attempt: 4, No: 1, Key: "9f2c", Evidence: ledger.Evidence{Status: 250, Message: "<9f2c@transition>"}},
		{Seq: 20, At: march(zone, 23, 18, 1), Tenant: "northwind", Kind: ledger.Failed, Item: "DataUpgrade/upgrade", Epoch: 1, Op: ledger.Run,
			Attempt: 9, No: 2, Next: &again, Reason: "quota", Evidence: ledger.Evidence{ExitCode: &exit, Output: "quota exceeded"}},
		{Seq: 21, At: march(zone, 23, 19, 0), Tenant: "northwind", Kind: ledger.Resolved, Item: "DataUpgrade/upgrade", Epoch: 1, Answer: ledger.AnswerRetry, Reason: "quota raised", By: "ann"},
		{Seq: 22, At: march(zone, 23, 19, 1), Tenant: "northwind", Kind: ledger.Held, Until: &until, Reason: "end of\nthe quarter", By: "bob"},
	}
}

func TestHistory(t *testing.T) {
	zone := pacific(t)
	now := march(zone, 24, 3, 7)
	golden(t, "history.txt", text(t, func(b *bytes.Buffer) error {
		v := view.NewHistory(b, view.Screen{}, "northwind", now, zone)
		for _, f := range facts(zone) {
			v.Add(f)
		}
		return v.Close()
	}))
	goldenJSON(t, "history", "history.json", text(t, func(b *bytes.Buffer) error {
		v := view.NewHistoryJSON(b, "northwind", nil)
		for _, f := range facts(zone) {
			v.Add(f)
		}
		return v.Close()
	}))
}

func TestVerb(t *testing.T) {
	r := runner.VerbResult{
		Touched: []string{"northwind/DataUpgrade/upgrade"},
		Left: []runner.Left{
			{Address: "contoso/DataUpgrade/upgrade", Why: "it is done"},
			{Address: "fabrikam/DataUpgrade/upgrade", Why: "a retry is scheduled"},
		},
	}
	golden(t, "verb.txt", text(t, func(b *bytes.Buffer) error { return view.Verb(b, view.Screen{}, runner.Resolve, r) }))
	goldenJSON(t, "verb", "verb.json", text(t, func(b *bytes.Buffer) error { return view.VerbJSON(b, runner.Resolve, r) }))
}

func TestState(t *testing.T) {
	zone := pacific(t)
	now := march(zone, 24, 3, 7)
	r := &ledger.Record{
		ID: "northwind", Rev: 22, Epoch: 1, Batch: "wave1", T: march(zone, 23, 18, 0), Zone: "America/Los_Angeles",
		EnrolledAt: march(zone, 1, 9, 0), PlacedAt: march(zone, 1, 9, 0), Hold: &ledger.Hold{Reason: "quarter", By: "bob", Since: march(zone, 23, 19, 1)},
		Items: []ledger.Item{
			{Key: "Lock/tenant_admin", Try: ledger.Try{State: ledger.Done, Attempts: 1, At: march(zone, 22, 18, 0)}, Epoch: 1, Obligation: true},
			{Key: "DataUpgrade/upgrade", Try: ledger.Try{State: ledger.Lost, Attempts: 2, At: march(zone, 24, 2, 51), Reason: "killed"}, Epoch: 1},
		},
	}
	golden(t, "record.txt", text(t, func(b *bytes.Buffer) error { return view.Record(b, view.Screen{}, r, now, zone) }))
	golden(t, "records.txt", text(t, func(b *bytes.Buffer) error {
		v := view.NewRecords(b, view.Screen{})
		v.Add(r)
		return v.Close()
	}))
	goldenJSON(t, "records", "records.json", text(t, func(b *bytes.Buffer) error {
		v := view.NewRecordsJSON(b, store.Meta{Lineage: "l", Serial: 4, Kind: store.Production})
		v.Add(r)
		return v.Close()
	}))
	report := store.Report{Facts: 900, Tenants: 1, Attempts: 40, Problems: []string{"Fact 12 was changed."}}
	golden(t, "verified.txt", text(t, func(b *bytes.Buffer) error { return view.Verified(b, view.Screen{}, report) }))
	conforms(t, "verify", text(t, func(b *bytes.Buffer) error { return view.VerifiedJSON(b, report) }))
	m := store.Meta{Plan: "bpos-s", Lineage: "l", Kind: store.Production}
	golden(t, "created.txt", text(t, func(b *bytes.Buffer) error {
		return view.Created(b, view.Screen{}, m, view.Made{Files: []string{"plan.transition.hcl"}, Key: "id", Address: "admin_email", Tenants: 300})
	}))
	conforms(t, "init", text(t, func(b *bytes.Buffer) error { return view.CreatedJSON(b, m, view.Made{}) }))
}

func TestMessages(t *testing.T) {
	all := []runner.Rendered{{Recipient: "a@b.example", Data: []byte("Subject: hi\r\n\r\nHello\x1b[2J\r\n")}}
	raw := text(t, func(b *bytes.Buffer) error { return view.Messages(b, view.Screen{}, false, all) })
	if !bytes.Equal(raw, all[0].Data) {
		t.Errorf("into a pipe goes %q, want the message byte for byte", raw)
	}
	shown := text(t, func(b *bytes.Buffer) error { return view.Messages(b, view.Screen{}, true, all) })
	if want := "message 1 of 1, to a@b.example\nSubject: hi\n\nHello[2J\n\n"; string(shown) != want {
		t.Errorf("on a terminal it is %q, want %q", shown, want)
	}
	conforms(t, "render", text(t, func(b *bytes.Buffer) error { return view.MessagesJSON(b, "a/b/c", all) }))
}
