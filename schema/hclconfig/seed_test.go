package hclconfig_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/schema"
	"transition/schema/hclconfig"
	"transition/schema/toffset"
)

const seed = "testdata/seed.txtar"

func TestSeed_PhasesRunInTheOrderOfTheirOffsets(t *testing.T) {
	cfg := mustLoad(t, seed, hclconfig.Options{})
	type row struct {
		Name, Opens, Closes string
		Hard                bool
	}
	want := []row{
		{"Pre-Approval", "", "T-60d", false},
		{"PrimaryPrep", "T-60d", "T-30d", false},
		{"SecondaryPrep", "T-30d", "T-14d", false},
		{"Approval", "T-14d", "T-7d", false},
		{"Pre-Stage", "T-7d", "T-1d", true},
		{"Lock", "T-1d", "T", true},
		{"DataUpgrade", "T", "T+48h", true},
		{"Finalize", "T+48h", "", true},
	}
	var got []row
	for i, p := range cfg.Phases {
		if p.Index != i {
			t.Errorf("%s: index %d, want %d", p.Name, p.Index, i)
		}
		got = append(got, row{p.Name, offsetText(p.Opens), offsetText(p.Closes), p.Hard})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func offsetText(o *toffset.Offset) string {
	if o == nil {
		return ""
	}
	return o.String()
}

func TestSeed_ItemsHaveTheirDefaults(t *testing.T) {
	cfg := mustLoad(t, seed, hclconfig.Options{})
	byKey := make(map[string]*schema.Item)
	for i, item := range cfg.Items {
		if item.Index != i {
			t.Errorf("%s: index %d, want %d", item.Key(), item.Index, i)
		}
		byKey[item.Key()] = item
	}
	notice := byKey["PrimaryPrep/first_notice"]
	if c := notice.Does.(*schema.Communication); !c.Notice || notice.Late != schema.LateCollapse || notice.Retry.MaxAttempts != 1 || c.Channel.Name != "customers" {
		t.Errorf("first_notice: %+v", notice)
	}
	work := byKey["Pre-Stage/copy_content"]
	exec := work.Does.(*schema.Work).Effect.(*schema.Exec)
	if exec.Timeout != 12*time.Hour || exec.Delivery != schema.AtLeastOnce || work.Late != schema.LateHold || work.Limit.MaxInFlight != 50 {
		t.Errorf("copy_content: %+v", exec)
	}
	wantRetry := &schema.Retry{
		Name: "patient", MaxAttempts: 8, InitialInterval: time.Minute, BackoffCoefficient: 2, MaxInterval: time.Hour, Jitter: 0.2,
	}
	if diff := cmp.Diff(wantRetry, work.Retry); diff != "" {
		t.Errorf("retry (-want +got)\n%s", diff)
	}
	upgrade := byKey["DataUpgrade/upgrade"].Does.(*schema.Work).Effect.(*schema.Exec)
	if upgrade.Timeout != time.Hour || upgrade.Delivery != schema.AtMostOnce || !cmp.Equal(upgrade.SuccessCodes, []int{0}) || !cmp.Equal(upgrade.RetryCodes, []int{75}) || upgrade.Dir.Value != "." {
		t.Errorf("upgrade: %+v", upgrade)
	}
	lock := byKey["Lock/tenant_admin"].Does.(*schema.Lock)
	if lock.ReleaseIn.Name != "Finalize" || lock.ReleaseBy.String() != "T+4d" || lock.Acquire == nil || lock.Release == nil {
		t.Errorf("tenant_admin: %+v", lock)
	}
}

func TestSeed_BatchesAndTransition(t *testing.T) {
	cfg := mustLoad(t, seed, hclconfig.Options{})
	if cfg.Name != "bpos-s-to-office-365" || cfg.Zone.String() != "America/Los_Angeles" || cfg.Notice.First.String() != "30d" || cfg.Notice.Final.String() != "7d" {
		t.Errorf("transition: %+v", cfg)
	}
	if cfg.State.Kind != "sqlite" || cfg.State.Path != ".transition/state.db" {
		t.Errorf("state: %+v", cfg.State)
	}
	pilot, wave := cfg.Batches[0], cfg.Batches[1]
	if got := pilot.T.UTC().Format(time.RFC3339); got != "2012-03-10T02:00:00Z" || pilot.Capacity != 10 || pilot.EnrolUntil.String() != "T-30d" {
		t.Errorf("pilot: T %s, %+v", got, pilot)
	}
	if a := wave.After; a.Batch != pilot || a.Reached.Name != "Finalize" || a.AtLeast != 1 || a.Soak.String() != "4d" || a.Holds.Name != "Lock" {
		t.Errorf("after: %+v", a)
	}
	env := sampleEnv(cfg)
	if weight, err := wave.Weight.For(env); err != nil || weight != 3 {
		t.Errorf("weight of 250 seats: %v, %v, want 3", weight, err)
	}
	if match, err := wave.Match.For(env); err != nil || !match {
		t.Errorf("match: %v, %v", match, err)
	}
	if weight, err := pilot.Weight.For(env); err != nil || weight != 1 || math.IsInf(pilot.Capacity, 1) {
		t.Errorf("weight of pilot: %v, %v", weight, err)
	}
	if diff := cmp.Diff([]string{"admin_email", "blackberry", "contact", "id", "name", "ring", "seats"}, cfg.Columns.Names()); diff != "" {
		t.Errorf("columns (-want +got)\n%s", diff)
	}
}

func TestSeed_MessagesComeInLanguages(t *testing.T) {
	cfg := mustLoad(t, seed, hclconfig.Options{})
	var m *schema.Message
	for _, item := range cfg.Items {
		if item.Name == "first_notice" {
			m = item.Does.(*schema.Communication).Message
		}
	}
	env := sampleEnv(cfg)
	for locale, want := range map[string]string{
		"":      "Your move to Office 365 on 9 March 2030",
		"fr":    "Your move to Office 365 on 9 March 2030",
		"de":    "Ihr Umzug: name of contoso",
		"de-AT": "Ihr Umzug: name of contoso",
	} {
		if got, err := m.For(locale).Subject.For(env); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", locale, got, err, want)
		}
	}
	body, err := m.Default.Body.For(env)
	if want := "Dear contact of contoso,\n\nyou move on 2030-03-09T18:00:00Z.\n"; err != nil || body != want {
		t.Errorf("body %q, %v, want %q", body, err, want)
	}
}

func TestSeed_InputsAreAllFilesButTheInventory(t *testing.T) {
	cfg := mustLoad(t, seed, hclconfig.Options{})
	var paths []string
	for _, in := range cfg.Inputs {
		paths = append(paths, in.Path)
	}
	want := "bpos-s.transition.hcl mail/final-notice.md mail/first-notice.de.md mail/first-notice.md mail/reminder.md mail/welcome.md"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("inputs %s, want %s", got, want)
	}
}
