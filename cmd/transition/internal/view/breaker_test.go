package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/store"
)

const openReason = "3 of 40 attempts ended in Error (max_errors = 2)"

// opened is the open breaker of a batch, as those see it whom it keeps back.
func opened(batch string) *plans.Held {
	return &plans.Held{Reason: "breaker of " + batch + ": " + openReason, Breaker: batch, Source: plans.Source{File: "waves.transition.hcl", Line: 24}}
}

func TestPlanListsABreakerOnceForItsBatch(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0), Zone: time.UTC, Waiting: failures(1)}
	for _, batch := range []string{"wave1", "wave2"} {
		p.Waiting = append(p.Waiting, plans.Wait{
			Kind: plans.WaitBreaker, Batch: batch, Address: "batch." + batch, Reason: openReason + "; 37 tenants are kept back",
		})
	}
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) }, []string{
		"Needs a person (3)\n  ! breaker   batch.wave1    wave1  " + openReason + "; 37 tenants are kept back\n",
		"-> transition breaker reset wave1 -reason=...\n", "-> transition breaker reset wave2 -reason=...\n",
		"No changes. 3 need a person.",
	})
	var out bytes.Buffer
	if err := view.PlanJSON(&out, p); err != nil {
		t.Fatal(err)
	}
	conforms(t, "plan", out.Bytes())
}

func TestStatusTellsOfABreakerOnceForItsBatch(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	held := opened("wave1")
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewStatus(b, view.Screen{}, cfg, now, "")
		for i, id := range []string{"a", "b", "c"} {
			s := &plans.TenantStatus{ID: id, Batch: "wave1", Phase: "Pre-Stage", Status: plans.Pending, Stopped: held}
			if i > 0 {
				s.Held = held
			}
			v.Add(s)
		}
		return v.Close()
	}, []string{
		"1 needs you", "\nopen   breaker of wave1: " + openReason + "  2 kept back\n",
		"-> transition breaker reset wave1 -reason=...",
	}, "\nheld ")
}

func TestWhySaysHowABreakerIsReset(t *testing.T) {
	cfg, now := seed(t), march(pacific(t), 24, 3, 7)
	held := opened("wave1")
	s := &plans.TenantStatus{ID: "a", Batch: "wave1", Phase: "Pre-Stage", Status: plans.Pending, Held: held, Stopped: held}
	show := func(b *bytes.Buffer) error { return view.Why(b, view.Screen{}, cfg, s, now, "") }
	shows(t, show, []string{
		"held: breaker of wave1: " + openReason + "\n      waves.transition.hcl:24\n             -> transition breaker reset wave1 -reason=...\n",
	}, "will be held")
	s.Held = nil
	shows(t, show, []string{"will be held: breaker of wave1: " + openReason, "-> transition breaker reset wave1 -reason=..."})
}

func TestRecordOfABatch(t *testing.T) {
	now := march(time.UTC, 24, 10, 0)
	r := &ledger.Record{ID: "batch.wave1", Rev: 3, Resets: 1, Hold: &ledger.Hold{Reason: openReason, Since: now}}
	shows(t, func(b *bytes.Buffer) error { return view.Record(b, view.Screen{}, r, now, time.UTC) },
		[]string{"  resets    1\n", openReason}, "epoch")
	shows(t, func(b *bytes.Buffer) error {
		v := view.NewRecords(b, view.Screen{})
		v.Add(r)
		return v.Close()
	}, []string{"batch.wave1  ", "breaker open  reset 1 time"}, "epoch")
	var out bytes.Buffer
	v := view.NewRecordsJSON(&out, store.Meta{Lineage: "l", Kind: store.Production})
	v.Add(r)
	if err := v.Close(); err != nil || !strings.Contains(out.String(), `"resets":1`) {
		t.Errorf("%v: %s", err, &out)
	}
	conforms(t, "records", out.Bytes())
}

func TestResetIsAWordLikeOthers(t *testing.T) {
	r := runner.VerbResult{Touched: []string{"batch.wave1"}}
	shows(t, func(b *bytes.Buffer) error { return view.Verb(b, view.Screen{}, runner.ResetBreaker, r) },
		[]string{"Reset 1 address.\n  batch.wave1\n"})
	var out bytes.Buffer
	if err := view.VerbJSON(&out, runner.ResetBreaker, r); err != nil {
		t.Fatal(err)
	}
	conforms(t, "verb", out.Bytes())
}
