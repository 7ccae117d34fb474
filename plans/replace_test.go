package plans_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema/addr"
)

// TestReplaceIsForWhatIsDoneWith asks for work to be done again that stands
// somewhere else each time.
func TestReplaceIsForWhatIsDoneWith(t *testing.T) {
	next := time.Date(2027, 3, 13, 18, 0, 0, 0, time.UTC)
	attempt := func(kind ledger.Kind, op ledger.Op) ledger.Fact {
		return ledger.Fact{Kind: kind, Item: "Copy/copy", Op: op, Attempt: 1, No: 1, Epoch: 1}
	}
	began := attempt(ledger.Began, ledger.Run)
	retrying := attempt(ledger.Failed, ledger.Run)
	retrying.Next = &next
	of := func(kind ledger.Kind) ledger.Fact { return ledger.Fact{Kind: kind, Item: "Copy/copy", Epoch: 1} }
	waived := of(ledger.Resolved)
	waived.Answer = ledger.AnswerWaive
	tests := map[string]struct {
		facts   []ledger.Fact
		live    bool
		refused string // empty: it is done again
	}{
		"done":                 {facts: []ledger.Fact{began, attempt(ledger.Succeeded, ledger.Run)}},
		"failed":               {facts: []ledger.Fact{began, attempt(ledger.Failed, ledger.Run)}},
		"missed":               {facts: []ledger.Fact{of(ledger.Missed)}},
		"skipped":              {facts: []ledger.Fact{of(ledger.Skipped)}},
		"waived":               {facts: []ledger.Fact{of(ledger.Missed), waived}},
		"nothing":              {refused: "has not begun"},
		"runs":                 {facts: []ledger.Fact{began}, live: true, refused: "goes on by itself"},
		"ran":                  {facts: []ledger.Fact{began}, refused: "an outcome that nobody knows"},
		"is tried again":       {facts: []ledger.Fact{began, retrying}, refused: "goes on by itself"},
		"unknown":              {facts: []ledger.Fact{began, attempt(ledger.Unknown, ledger.Run)}, refused: "an outcome that nobody knows"},
		"goes on by itself":    {facts: []ledger.Fact{began, attempt(ledger.Polled, ledger.Run)}, refused: "goes on by itself"},
		"of one who goes back": {facts: []ledger.Fact{began, attempt(ledger.Succeeded, ledger.Run), {Kind: ledger.RolledBack, Epoch: 2}}, refused: "goes back"},
		"of one who is held":   {facts: []ledger.Fact{began, attempt(ledger.Succeeded, ledger.Run), {Kind: ledger.Held, Reason: "wait"}}, refused: "cannot be done again now: wait"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := replaceWorld(t)
			w.live = tt.live
			r := w.record("acme")
			for _, f := range tt.facts {
				f.At, f.Tenant = w.now, "acme"
				r.Apply(f)
			}
			w.replace = []addr.Address{{Tenant: "acme", Phase: "Copy", Item: "copy"}}
			plan := w.plan(t).Plan
			if tt.refused != "" {
				if l := plan.Diagnostics; !l.HasErrors() || l[0].Code != "not-replaced" || !strings.Contains(l[0].Detail, tt.refused) {
					t.Errorf("diagnostics %v, want %q", l, tt.refused)
				}
				return
			}
			if n := len(plan.Changes); plan.Diagnostics.HasErrors() || n != 1 || plan.Changes[0].Kind != plans.Run || plan.Changes[0].Reason != "again, by -replace" {
				t.Fatalf("changes %+v, %v", plan.Changes, plan.Diagnostics)
			}
			w.apply(t, succeed)
			if n := len(w.effects); n != 1 || len(w.plan(t).Plan.Changes) > 0 {
				t.Errorf("effects %v", w.effects)
			}
		})
	}
}

// replaceWorld has one tenant, on the day on which its content is copied.
func replaceWorld(t *testing.T) *world {
	t.Helper()
	text := strings.NewReplacer("DATE1", "2027-03-20 18:00", "DATE2", "2027-05-20 18:00").Replace(partedPlan)
	w, diags := newWorld(t, fstest.MapFS{
		"p.transition.hcl": {Data: []byte(text)}, "tenants.csv": {Data: []byte("id,email,ring\nacme,a@a.example,one\n")},
	})
	if w == nil {
		t.Fatal(diags)
	}
	for _, at := range []string{"2027-01-01T12:00:00Z", "2027-02-20T12:00:00Z", "2027-03-07T12:00:00Z"} {
		w.now, _ = time.Parse(time.RFC3339, at)
		w.apply(t, succeed)
	}
	w.now = time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC)
	w.effects = nil
	return w
}

// TestPointOfNoReturnIsPassedForGood does the work of that phase again: nobody
// comes back over it by that.
func TestPointOfNoReturnIsPassedForGood(t *testing.T) {
	w := replaceWorld(t)
	for _, at := range []string{"2027-03-14T12:00:00Z", "2027-03-19T18:00:00Z", "2027-03-20T06:00:00Z", "2027-03-20T18:00:00Z"} {
		w.now, _ = time.Parse(time.RFC3339, at)
		w.apply(t, succeed)
	}
	r := w.record("acme")
	r.Apply(ledger.Fact{At: w.now, Tenant: "acme", Kind: ledger.Replaced, Item: "Move/upgrade", Epoch: 1, By: "ann"})
	if !plans.Passed(w.cfg, r) {
		t.Error("the tenant is before the point of no return again")
	}
}
