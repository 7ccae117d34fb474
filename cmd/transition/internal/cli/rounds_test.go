package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/plans"
	"transition/runner"
	"transition/runner/clock"
	"transition/schema/diag"
)

// hearing is a view that keeps what it is told.
type hearing struct {
	changes []string
	wrong   []string
}

func (h *hearing) Round(io.Writer, io.Writer, *time.Location) {}
func (h *hearing) Result(runner.ApplyResult, time.Time) error { return nil }
func (h *hearing) Unsettled(string, time.Duration, time.Time) error {
	return errors.New("nobody watches")
}
func (h *hearing) Event(e runner.Event, _ time.Time) error {
	switch e := e.(type) {
	case runner.Noted:
		h.changes = append(h.changes, e.Change.Kind.String()+" "+e.Change.Address())
	case runner.Ended:
		h.changes = append(h.changes, e.Change.Kind.String()+" "+e.Change.Address())
	}
	return nil
}

func (h *hearing) Diagnostics(l diag.List, _ time.Time) error {
	for i := range l {
		h.wrong = append(h.wrong, l[i].Code)
	}
	return nil
}

// The inventory is being written while locks fall due: what it says is not taken,
// and everything else happens all the same.
func TestRoundsTakeNothingHalf(t *testing.T) {
	const head = "id,email,seats\nadatum,it@adatum.example,10\n"
	locks := []string{"lock adatum/Lock/admin", "lock contoso/Lock/admin"}
	tests := []struct {
		name      string
		inventory string
		settled   []bool // what each look says
		again     bool
		want      []string
		wrong     []string
	}{
		{name: "a torn row", inventory: head + "contoso,it@con", settled: []bool{false}, again: true, want: locks},
		{name: "rows that are missing yet", inventory: head, settled: []bool{false}, again: true, want: locks},
		{name: "rows that go missing while it is read", inventory: head, settled: []bool{true, false}, again: true, want: locks},
		{
			name: "rows that are added while it is read", inventory: head + "contoso,it@contoso.example,20\nfabrikam,it@fabrikam.example,5\n", settled: []bool{true, false},
			again: true, want: locks,
		},
		{name: "a torn row that stands", inventory: head + "contoso,it@con", settled: []bool{true, true}, again: true, wrong: []string{"short-row"}},
		{
			name: "rows that are gone", inventory: head + "northwind,it@northwind.example,0\n", settled: []bool{true, true},
			want: []string{"withdraw contoso", "send contoso/on/withdrawn", "lock adatum/Lock/admin"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := appliedPlan(t, "2012-02-10")
			if err := os.WriteFile(filepath.Join(dir, "tenants.csv"), []byte(tt.inventory), 0o600); err != nil {
				t.Fatal(err)
			}
			h := &hearing{}
			r := roundsOf(t, dir, h)
			looks := 0
			r.settled = func() bool {
				looks++
				return looks <= len(tt.settled) && tt.settled[looks-1]
			}
			round := r.Apply(t.Context())
			slices.Sort(h.changes)
			slices.Sort(tt.want)
			if !slices.Equal(h.changes, tt.want) || !slices.Equal(h.wrong, tt.wrong) {
				t.Errorf("it does %q and says %q, want %q and %q", h.changes, h.wrong, tt.want, tt.wrong)
			}
			if round.Again != tt.again || round.Wrong != (tt.wrong != nil) {
				t.Errorf("the round is %+v", round)
			}
		})
	}
}

// roundsOf are the rounds of a rehearsal at an instant at which locks are due.
func roundsOf(t *testing.T, dir string, h *hearing) *rounds {
	t.Helper()
	w := newWorld()
	g, err := newGlobals(w.Env)
	if err != nil {
		t.Fatal(err)
	}
	return &rounds{
		env: w.Env, g: g, view: h, log: hclog.NewNullLogger(),
		args:    daemonArgs{dir: dir, approved: approveAll, rehearse: "it", parallelism: 1},
		clock:   clock.Still(time.Date(2012, 3, 9, 3, 0, 0, 0, time.UTC)),
		settled: func() bool { return true },
	}
}

// What is to be said of the state is said, though it is no reason to stop.
func TestRoundsWarnOfTheState(t *testing.T) {
	dir, h := appliedPlan(t, "2012-02-10"), &hearing{}
	marks, err := filepath.Glob(filepath.Join(dir, ".transition", "*.mark"))
	if err != nil || len(marks) != 1 {
		t.Fatalf("marks %q, %v", marks, err)
	}
	if err := os.Remove(marks[0]); err != nil {
		t.Fatal(err)
	}
	r := roundsOf(t, dir, h)
	if round := r.Apply(t.Context()); !slices.Equal(h.wrong, []string{"mark-missing"}) || round.Wrong || round.Failed || len(h.changes) == 0 {
		t.Errorf("it does %q and says %q: %+v", h.changes, h.wrong, round)
	}
}

// Nothing tells of the end of a command whose runner is gone: it is looked for.
func TestRoundsLookForTheEnd(t *testing.T) {
	after := &plans.Plan{Waiting: []plans.Wait{{Kind: plans.WaitRunning}}}
	if round := roundOf(runner.ApplyResult{Confirmed: true, After: after}, nil); !round.Again || round.Person {
		t.Errorf("the round is %+v", round)
	}
}

// A channel that takes nothing is tried again when a message that it has refused is
// due, and not at every tick: servers lock the accounts of those who try too often.
func TestRoundsLeaveAShutChannelAlone(t *testing.T) {
	soon := time.Date(2012, 3, 9, 3, 15, 0, 0, time.UTC)
	wrong := diag.List{{Severity: diag.Error, Code: "channel-shut"}}
	after := &plans.Plan{Next: soon}
	if r := roundOf(runner.ApplyResult{Confirmed: true, After: after, Shut: []string{"post"}}, wrong); r.Again || !r.Next.Equal(soon) {
		t.Errorf("the round is %+v", r)
	}
	if r := roundOf(runner.ApplyResult{Confirmed: true, After: after}, wrong); !r.Again {
		t.Errorf("after another error the round is %+v", r)
	}
}
