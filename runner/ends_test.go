package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action/note"
	"transition/runner/process"
	"transition/schema/diag"
)

// Ends of commands that were noted and not recorded.

// renamed is a plan in which the phase Copy is called Prep now.
func renamed(plan string) string {
	return strings.Replace(plan, `phase "Copy" {`, `moved {
  from = phase.Copy
  to   = phase.Prep
}

phase "Prep" {`, 1)
}

// What was taken for unknown, since its item got another name while it ran, is known
// once its end is noted.
func TestEndIsLearntThoughItWasUnknown(t *testing.T) {
	b, p := orphaned(t, plan)
	b.write("p.transition.hcl", renamed(plan))
	b.must("2027-03-13 18:00")
	b.wantState("acme/Prep/copy", ledger.Lost)
	p.set(process.Gone)
	b.noteEnd()
	shown, diags := b.planned("2027-03-13 18:00")
	if len(shown.Waiting) != 0 || !tells(diags, "ends-unrecorded", "acme/Prep/copy") {
		t.Errorf("the plan has %+v waiting, and says %v", shown.Waiting, diags)
	}
	b.must("2027-03-13 18:00")
	b.want()
	b.wantState("acme/Prep/copy", ledger.Done)
	b.notes(0)
	b.sound()
}

// endsBetween is a table in which a command runs at the first look, and has ended and
// noted that at the next.
type endsBetween struct {
	*processes
	looks int
	end   func()
}

func (p *endsBetween) Look(id process.Identity) (int, process.Life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looks++; p.looks == 2 {
		p.end()
	}
	if p.looks == 1 {
		return 4711, process.Runs
	}
	return 4711, process.Gone
}

// An end that comes while others are recorded is for the next time, and is not tidied
// away.
func TestEndBetweenTwoLooksIsKept(t *testing.T) {
	b, p := orphaned(t, plan)
	b.table = &endsBetween{processes: p, end: b.noteEnd}
	if diags := b.open(runner.NeedWrite, "").Unlock(t.Context()); diags.HasErrors() {
		t.Fatal(diags)
	}
	b.notes(1)
	b.table = p
	p.set(process.Gone)
	b.must("2027-03-13 18:00")
	b.wantState(copied, ledger.Done)
}

// A plan that is refused makes nothing unknown.
func TestRefusedPlanLeavesWhatRuns(t *testing.T) {
	b, p := orphaned(t, plan)
	b.write("p.transition.hcl", strings.Replace(plan, `work "copy"`, `work "copx"`, 1))
	if _, diags := b.apply("2027-03-13 18:00"); !diags.HasErrors() {
		t.Fatal("the plan is applied")
	}
	b.write("p.transition.hcl", plan)
	b.wantState(copied, ledger.Running)
	p.set(process.Gone)
	b.noteEnd()
	b.must("2027-03-13 18:00")
	b.wantState(copied, ledger.Done)
}

// It keeps its share of the limit while its phase gets another name.
func TestRenamedOrphanKeepsItsShareOfTheLimit(t *testing.T) {
	narrow := strings.Replace(plan, "max_in_flight = 2", "max_in_flight = 1", 1)
	b, _ := orphaned(t, narrow, "beta,b@b.example")
	b.write("p.transition.hcl", renamed(narrow))
	b.must("2027-03-13 18:00")
	b.want()
}

// afterwards is orphaned after its command has ended well, which is noted only.
func afterwards(t *testing.T) *bench {
	t.Helper()
	b, p := orphaned(t, plan)
	p.set(process.Gone)
	b.noteEnd()
	return b
}

// noteEnd notes that the only command that has a note has ended well.
func (b *bench) noteEnd() {
	b.tb.Helper()
	notes, err := filepath.Glob(filepath.Join(b.notesDir(), "*.json"))
	if err != nil || len(notes) != 1 {
		b.tb.Fatalf("notes %q, %v", notes, err)
	}
	if err := note.Ended(notes[0], succeeded); err != nil {
		b.tb.Fatal(err)
	}
}

// tells reports whether a diagnostic of a code says something.
func tells(diags diag.List, code, what string) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
		return d.Code == code && strings.Contains(d.Detail, what)
	})
}

// What follows from the end of a command is shown and asked before it is done, though
// that end was not recorded yet.
func TestWhatFollowsFromAnEndIsAsked(t *testing.T) {
	b := afterwards(t)
	var asked []string
	res, diags := b.apply("2027-03-20 18:00", func(o *runner.ApplyOptions) {
		o.Confirm = func(p *plans.Plan) bool {
			for i := range p.Changes {
				asked = append(asked, p.Changes[i].Address())
			}
			return false
		}
	})
	if b.want(); len(asked) != 1 || asked[0] != "acme/Move/upgrade" || res.Confirmed {
		t.Errorf("it asks about %q of %+v", asked, res.Plan)
	}
	if !tells(diags, "apply-relieved", "acme/Copy/copy succeeded") {
		t.Errorf("nobody is told what was recorded: %v", diags)
	}
}

// It has ended when its note says so, and not when somebody looks.
func TestEndIsDatedByItsNote(t *testing.T) {
	b := afterwards(t)
	notes, _ := filepath.Glob(filepath.Join(b.notesDir(), "*.json"))
	ended := b.instant("2027-03-14 07:00")
	if err := os.Chtimes(notes[0], ended, ended); err != nil {
		t.Fatal(err)
	}
	b.must("2027-03-16 18:00")
	if it := b.item(copied); it.State != ledger.Done || !it.At.Equal(ended) {
		t.Errorf("it is %v since %v", it.State, it.At)
	}
	b.sound()
}

// A plan shows what an apply would do at once, and what it takes for granted.
func TestPlanKnowsHowACommandEnded(t *testing.T) {
	const instant = "2027-03-20 18:00"
	b := afterwards(t)
	plan, diags := b.planned(instant)
	if diags.HasErrors() || len(plan.Waiting) != 0 {
		t.Fatalf("it waits for %+v, %v", plan.Waiting, diags)
	}
	if got := shown(plan); !slices.Equal(got, []string{"run acme/Move/upgrade"}) {
		t.Errorf("it shows %q", got)
	}
	if !tells(diags, "ends-unrecorded", "acme/Copy/copy succeeded") {
		t.Errorf("nobody is told what is not recorded: %v", diags)
	}
	if s := b.status("acme"); s.Items[0].State != plans.ItemDone {
		t.Errorf("status says %+v", s.Items[0])
	}
	b.wantState(copied, ledger.Running) // looking records nothing

	saved := b.save(plan)
	if res, diags := b.apply(instant, func(o *runner.ApplyOptions) { o.Saved = saved }); res.Stale || diags.HasErrors() {
		t.Errorf("what was saved is refused: %v", diags)
	}
	b.want("run acme/Move/upgrade #1")
	b.wantState(copied, ledger.Done)
}
