package runner_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/process"
)

// processes is a table in which a test decides who lives.
type processes struct {
	mu   sync.Mutex
	life process.Life
}

func (p *processes) set(l process.Life) { p.mu.Lock(); p.life = l; p.mu.Unlock() }

func (p *processes) Identify(pid int, marks []string) (process.Identity, bool) {
	return process.Identity{PID: pid, Start: "7", Host: "elsewhere", Marks: marks}, true
}

func (p *processes) Look(process.Identity) (int, process.Life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 4711, p.life
}

// orphaned is a bench whose runner died while the copy of acme ran, which goes on.
func orphaned(t *testing.T, plan string, tenants ...string) (*bench, *processes) {
	b, p := newBench(t, plan, append(tenants, "acme,a@a.example")...), &processes{}
	b.table = p
	b.fake.do = func(r action.Request) action.Outcome {
		r.Started(4711)
		b.kill()
		return succeeded
	}
	b.must("2027-03-13 18:00")
	b.revive()
	b.fake.do = nil
	b.fake.taken()
	p.set(process.Runs)
	return b, p
}

const copied = "acme/Copy/copy"

// repeated is a plan that may copy more than once.
var repeated = strings.Replace(plan, `["copy", tenant.id] }`, `["copy", tenant.id] }
    delivery = "at_least_once"`, 1)

func TestWhatOutlivesItsRunnerIsRepeatedWhenItHasEnded(t *testing.T) {
	b, p := orphaned(t, repeated)
	res := b.must("2027-03-13 18:00")
	b.want()
	if res.Polling != 1 || len(res.After.Waiting) != 1 || res.After.Waiting[0].Kind != plans.WaitRunning {
		t.Errorf("%d go on, and %+v wait", res.Polling, res.After.Waiting)
	}
	p.set(process.Gone)
	b.must("2027-03-13 18:00")
	b.want("run " + copied + " #2")
	if left, err := os.ReadDir(b.statePath() + ".running"); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// A state that was copied to another machine: nothing can be said of the command.
func TestWhatRunsElsewhereIsUnknown(t *testing.T) {
	b, p := orphaned(t, plan)
	p.set(process.Unseen)
	b.must("2027-03-13 18:00")
	b.want()
	b.wantState(copied, ledger.Lost)
	if why := b.item(copied).Reason; !strings.Contains(why, "whether it still runs on elsewhere cannot be seen") {
		t.Errorf("it is unknown since %s", why)
	}
}

// What is recorded as unknown may run all the same, as when it was seen from
// another machine first.
func TestUnknownThatRunsIsNotTriedAgain(t *testing.T) {
	b, p := orphaned(t, plan)
	notes := filepath.Join(b.dir, ".transition", "state.db.running")
	if err := os.CopyFS(notes+".kept", os.DirFS(notes)); err != nil {
		t.Fatal(err)
	}
	p.set(process.Unseen)
	b.must("2027-03-13 18:00")
	if err := os.CopyFS(notes, os.DirFS(notes+".kept")); err != nil {
		t.Fatal(err)
	}
	p.set(process.Runs)
	_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, copied)
	if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "process 4711") {
		t.Errorf("-retry is answered with %v", diags)
	}
	b.resolve(ledger.AnswerDone, copied)
	b.wantState(copied, ledger.Done)
}

// An applier that is at work for long sees by itself that the command has ended.
func TestEndIsSeenDuringLongWork(t *testing.T) {
	b, p := newBench(t, tides, "acme,a@a.example", "beta,b@b.example"), &processes{}
	b.table = p
	clock := b.real("2027-03-13 18:00")
	b.fake.do = func(r action.Request) action.Outcome {
		r.Started(4711)
		b.kill()
		return succeeded
	}
	b.now()
	b.revive()
	p.set(process.Runs)
	clock.Set(b.instant("2027-03-14 00:00"))
	d := long(b, "beta/Copy/copy")
	go func() {
		<-d.inside
		p.set(process.Gone)
		clock.Advance(time.Minute)
		for deadline := time.Now().Add(patience); b.state(copied) != ledger.Lost; {
			if time.Now().After(deadline) {
				t.Error("the end is not seen")
				break
			}
		}
		close(d.proceed)
	}()
	b.now(onward)
	b.wantState("beta/Copy/copy", ledger.Done)
}

func TestStillRunningIsWarnedOf(t *testing.T) {
	b, p := orphaned(t, plan)
	project := b.open(runner.NeedWrite, "")
	diags := project.Unlock(t.Context())
	if len(diags) != 1 || diags[0].Code != "still-running" || !strings.Contains(diags[0].Detail, copied+" runs as process 4711") {
		t.Errorf("unlock says %v", diags)
	}
	p.set(process.Gone)
	if diags := project.StillRunning(t.Context()); len(diags) > 0 {
		t.Errorf("of what has ended it says %v", diags)
	}
}

// What a probe finds while the command still runs says nothing about its end.
func TestProbeWaitsForTheEnd(t *testing.T) {
	b, p := orphaned(t, strings.Replace(plan, `["copy", tenant.id] }`, `["copy", tenant.id] }
    probe {
      exec { command = ["copied"] }
    }`, 1))
	b.must("2027-03-13 18:00")
	b.want()
	if s := b.status("acme"); s.Items[0].State != plans.ItemRunning || !s.Items[0].Outlives {
		t.Errorf("it is shown as %+v", s.Items[0])
	}
	p.set(process.Gone)
	b.must("2027-03-13 18:00")
	b.want("ask about run " + copied + " #1")
}

// An item gets another name while its command runs on: what was recorded under the
// old name is all about the new one, also an outcome that comes late.
func TestWhatOutlivesItsRunnerIsRenamedWithItsItem(t *testing.T) {
	for name, plan := range map[string]string{"at_most_once": plan, "at_least_once": repeated} {
		t.Run(name, func(t *testing.T) {
			b, p := orphaned(t, plan)
			b.write("p.transition.hcl", strings.Replace(plan, `phase "Copy" {`, `moved {
  from = phase.Copy
  to   = phase.Prep
}

phase "Prep" {`, 1))
			b.must("2027-03-13 18:00")
			b.want() // not beside itself
			b.wantState("acme/Prep/copy", ledger.Lost)
			p.set(process.Gone)
			b.must("2027-03-13 18:00")
			if items := b.record("acme").Items; len(items) != 1 {
				t.Errorf("there are %d histories: %+v", len(items), items)
			}
			b.late(ledger.Fact{Kind: ledger.Succeeded, Tenant: "acme", Item: "Copy/copy", Op: ledger.Run, Attempt: b.item("acme/Prep/copy").Attempt})
			b.wantState("acme/Prep/copy", ledger.Done)
			b.sound()
		})
	}
}

// late records an outcome that could not be recorded when it came.
func (b *bench) late(f ledger.Fact) {
	b.tb.Helper()
	p := b.open(runner.NeedWrite, "")
	f.At = p.Now()
	text, err := json.Marshal(map[string]any{"format_version": "1.0", "lineage": b.lineage(), "serial": 1, "facts": []ledger.Fact{f}})
	if err != nil {
		b.tb.Fatal(err)
	}
	file := filepath.Join(b.tb.TempDir(), "errored.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.tb.Fatal(err)
	}
	if res, diags := p.Push(b.tb.Context(), file); diags.HasErrors() || len(res.Touched) != 1 {
		b.tb.Errorf("push: %v %v %v", res.Touched, res.Left, diags)
	}
}
