package runner_test

import (
	"database/sql"
	"encoding/json"
	"errors"
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
	"transition/runner/action/command"
	"transition/runner/action/note"
	"transition/runner/process"
	"transition/schema/diag"
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
		if r.Tenant == "acme" {
			b.started(r)
			b.kill()
		}
		return succeeded
	}
	b.must("2027-03-13 18:00", alone)
	b.revive()
	b.fake.do = nil
	b.fake.taken()
	p.set(process.Runs)
	return b, p
}

// started notes the process of a command, as who starts it does.
func (b *bench) started(r action.Request) {
	id, _ := b.table.Identify(4711, command.Marks(r))
	if err := note.Started(r.Note, id); err != nil {
		b.tb.Error(err)
	}
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
	b.notes(0)
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

// Whether it may be repeated or not: beside what may run elsewhere only a person
// begins anything.
func TestRepeatWaitsForAPersonWhileItMayRunElsewhere(t *testing.T) {
	b, p := orphaned(t, repeated)
	p.set(process.Unseen)
	if s := b.status("acme"); s.Items[0].State != plans.ItemUnknown || !strings.Contains(s.Items[0].Reason, "on elsewhere cannot be seen from here: look there for process 4711") {
		t.Errorf("it is shown as %+v", s.Items[0])
	}
	for range 2 {
		b.must("2027-03-13 18:00")
		b.want()
		b.wantState(copied, ledger.Lost)
	}
	p.set(process.Runs) // and is seen by whoever comes back to that machine
	_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, copied)
	if !diags.HasErrors() {
		t.Error("it is begun beside itself")
	}
	p.set(process.Unseen)
	b.resolve(ledger.AnswerRetry, copied)
	b.must("2027-03-13 18:00")
	b.want("run " + copied + " #1")
	b.notes(0)
}

// notes counts the notes that are left.
func (b *bench) notes(want int) {
	b.tb.Helper()
	left, err := os.ReadDir(b.notesDir())
	if err != nil || len(left) != want {
		b.tb.Errorf("%v is left, %v", left, err)
	}
}

func (b *bench) notesDir() string { return b.statePath() + ".running" }

// strange makes the note one of an attempt that the state has lost.
func (b *bench) strange() {
	b.tb.Helper()
	file := filepath.Join(b.notesDir(), "1-1.json")
	text, err := os.ReadFile(file)
	if err != nil {
		b.tb.Fatal(err)
	}
	text = []byte(strings.ReplaceAll(string(text), "KEY=", "KEY=not"))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.tb.Fatal(err)
	}
}

// After an older state was restored the numbers of attempts come again. The note of
// another attempt says nothing of the one that has its number.
func TestNoteOfAnotherAttemptSaysNothing(t *testing.T) {
	b, _ := orphaned(t, plan)
	b.strange()
	b.must("2027-03-13 18:00")
	b.want()
	b.wantState(copied, ledger.Lost)
	b.notes(1) // its command runs, though for nobody

	_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, copied)
	if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "process 4711") {
		t.Errorf("-retry is answered with %v", diags)
	}
}

// Nor is its item begun while its command runs, and when that has ended nothing is
// recorded of it.
func TestNothingIsBegunBesideACommandThatTheStateHasLost(t *testing.T) {
	b, p := orphaned(t, repeated)
	b.strange()
	for range 2 {
		res := b.must("2027-03-13 18:00")
		b.want()
		if w := res.After.Waiting; len(w) != 1 || w[0].Kind != plans.WaitRunning || !strings.Contains(w[0].Reason, "still runs as process 4711") {
			t.Errorf("there wait %+v", w)
		}
	}
	if s := b.status("acme"); s.Items[0].State != plans.ItemRunning || !s.Items[0].Outlives {
		t.Errorf("it is shown as %+v", s.Items[0])
	}
	p.set(process.Gone)
	b.must("2027-03-13 18:00")
	b.want("run " + copied + " #2")
	b.notes(0)
}

// What else is wrong with the state is no reason to take a command for nobody's.
func TestNoteCountsThoughTheHistoryIsDamaged(t *testing.T) {
	b, _ := orphaned(t, repeated)
	db, err := sql.Open("sqlite", b.statePath())
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `DROP TRIGGER facts_update;
UPDATE facts SET body = body || ' ' WHERE seq = (SELECT min(seq) FROM facts WHERE tenant = 'acme');
CREATE TRIGGER facts_update BEFORE UPDATE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are never changed'); END`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	b.must("2027-03-13 18:00")
	b.want()
	b.notes(1)
}

// Without the notes nobody knows what runs: nothing is begun, and nobody is asked.
func TestNothingIsBegunWithoutTheNotes(t *testing.T) {
	b, _ := orphaned(t, repeated)
	kept := b.notesDir() + ".kept"
	if err := errors.Join(os.Rename(b.notesDir(), kept), os.WriteFile(b.notesDir(), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, diags diag.List) {
		t.Helper()
		if !diags.HasErrors() || !strings.Contains(diags.Errors()[0].Detail, b.notesDir()) || diags.Errors()[0].Hint == "" {
			t.Errorf("%s: %v", what, diags)
		}
	}
	_, diags := b.planned("2027-03-13 18:00")
	refused("plan", diags)
	_, diags = b.apply("2027-03-13 18:00")
	refused("apply", diags)
	_, diags = b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, copied)
	refused("resolve", diags)
	b.want()
	b.wantState(copied, ledger.Running)
	if err := errors.Join(os.Remove(b.notesDir()), os.Rename(kept, b.notesDir())); err != nil {
		t.Fatal(err)
	}
	b.must("2027-03-13 18:00")
	b.want()
	b.wantState(copied, ledger.Running)
}

// One note that cannot be read: its command may run, and the note is kept.
func TestUnreadableNoteIsNoEnd(t *testing.T) {
	harms := map[string]func(file string) error{
		"a directory": func(file string) error { return os.Mkdir(file, 0o700) },
		"emptied":     func(file string) error { return os.WriteFile(file, nil, 0o600) },
	}
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			b, p := orphaned(t, repeated)
			file := filepath.Join(b.notesDir(), "1-1.json")
			if err := errors.Join(os.Rename(file, file+".kept"), harm(file)); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				b.must("2027-03-13 18:00")
				b.want()
				b.wantState(copied, ledger.Lost)
			}
			if why := b.item(copied).Reason; !strings.Contains(why, "its note cannot be read") {
				t.Errorf("it is unknown since %s", why)
			}
			if diags := b.open(runner.NeedWrite, "").Unlock(t.Context()); len(diags) != 1 || !strings.Contains(diags[0].Detail, file) {
				t.Errorf("unlock says %v", diags)
			}
			if err := errors.Join(os.Remove(file), os.Rename(file+".kept", file)); err != nil {
				t.Fatal(err)
			}
			p.set(process.Gone)
			b.must("2027-03-13 18:00")
			b.notes(0)
		})
	}
}

// A command that certainly did not begin is known for that, though its runner died
// before it could say so.
func TestWhatDidNotBeginIsKnownFromItsNote(t *testing.T) {
	b, p := newBench(t, plan, "acme,a@a.example"), &processes{}
	b.table = p
	b.fake.do = func(r action.Request) action.Outcome {
		r.Command = &action.Command{Argv: []string{"/nowhere/copy"}, Dir: t.TempDir()}
		out := (&command.Executor{Now: time.Now}).Do(t.Context(), r)
		b.kill()
		return out
	}
	b.must("2027-03-13 18:00", alone)
	b.revive()
	b.fake.do = nil
	b.fake.taken()
	b.apply("2027-03-13 18:00")
	b.want()
	b.wantState(copied, ledger.Error)
	if why := b.item(copied).Reason; why != "there is no file /nowhere/copy" {
		t.Errorf("it has failed since %s", why)
	}
	diags := b.open(runner.NeedState, "").History(t.Context(), "acme", func(f ledger.Fact) {
		if f.Kind == ledger.Failed && !f.NotBegun {
			t.Errorf("it is recorded as begun: %+v", f)
		}
	})
	if diags.HasErrors() {
		t.Error(diags)
	}
}

// With the command that ends its keeper a person would end the supervision of all.
func TestKeeperIsNotShownAsTheCommand(t *testing.T) {
	b, p := orphaned(t, plan)
	p.set(process.Gone)
	b.table = keeperOnly{p}
	if err := note.Keeper(filepath.Join(b.notesDir(), "1-1.json"), process.Identity{PID: 42}); err != nil {
		t.Fatal(err)
	}
	const words = "about to begin or has just ended; process 42 on elsewhere sees to it"
	_, diags := b.say(runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerRetry}, copied)
	diags = append(diags, b.open(runner.NeedWrite, "").StillRunning(t.Context())...)
	if len(diags) != 2 {
		t.Fatal(diags)
	}
	for _, d := range diags {
		if text := d.Detail + d.Hint; !strings.Contains(text, words) || strings.Contains(text, process.End(42)) {
			t.Errorf("got %+v", d)
		}
	}
	b.must("2027-03-13 18:00")
	b.wantState(copied, ledger.Running)
}

// keeperOnly is a table in which the keeper lives, which has process 42.
type keeperOnly struct{ *processes }

func (k keeperOnly) Look(id process.Identity) (int, process.Life) {
	if id.PID == 42 {
		return 42, process.Runs
	}
	return k.processes.Look(id)
}

// A command that outlives its runner keeps its share of the limit.
func TestOrphanTakesItsShareOfTheLimit(t *testing.T) {
	narrow := strings.Replace(plan, "max_in_flight = 2", "max_in_flight = 1", 1)
	b, p := orphaned(t, narrow, "beta,b@b.example")
	res := b.must("2027-03-13 18:00")
	b.want()
	if w := res.After.Waiting; len(w) != 2 || w[1].Kind != plans.WaitLimit || w[1].Reason != "limit copies is full (1 of 1)" {
		t.Errorf("there wait %+v", w)
	}
	p.set(process.Gone)
	b.must("2027-03-13 18:00")
	b.want("run beta/Copy/copy #1")
}

// Whoever found no room begins when it has ended, though others still work.
func TestOrphanGivesItsShareBack(t *testing.T) {
	limited := strings.Replace(strings.Replace(tides, `["copy", tenant.id] }`, `["copy", tenant.id] }
    limit = limit.copies`, 1), "phase \"Copy\"", "limit \"copies\" { max_in_flight = 2 }\n\nphase \"Copy\"", 1)
	b, p := newBench(t, limited, "acme,a@a.example", "beta,b@b.example", "gamma,c@c.example"), &processes{}
	b.table = p
	clock := b.real("2027-03-13 18:00")
	b.fake.do = func(r action.Request) action.Outcome {
		b.started(r)
		b.kill()
		return succeeded
	}
	b.now()
	b.revive()
	p.set(process.Runs)
	clock.Set(b.instant("2027-03-14 00:00"))
	begun := make(chan struct{})
	b.fake.do = func(r action.Request) action.Outcome {
		switch r.Tenant {
		case "beta":
			p.set(process.Gone)
			for deadline := time.Now().Add(patience); ; {
				select {
				case <-begun:
					return succeeded
				case <-time.After(time.Millisecond):
					clock.Advance(time.Minute)
				}
				if time.Now().After(deadline) {
					t.Error("nobody takes the share")
					return succeeded
				}
			}
		case "gamma":
			close(begun)
		}
		return succeeded
	}
	b.now(onward)
	b.wantState(copied, ledger.Lost)
	b.wantState("gamma/Copy/copy", ledger.Done)
}

// What is recorded as unknown may run all the same, as when it was seen from
// another machine first.
func TestUnknownThatRunsIsNotTriedAgain(t *testing.T) {
	b, p := orphaned(t, plan)
	p.set(process.Unseen)
	b.must("2027-03-13 18:00")
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
		b.started(r)
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
	p.set(process.Unseen)
	if diags := project.StillRunning(t.Context()); len(diags) != 1 || diags[0].Code != "runs-elsewhere" || !strings.Contains(diags[0].Detail, "process 4711 on elsewhere") {
		t.Errorf("of what cannot be seen it says %v", diags)
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
			b.write("p.transition.hcl", renamed(plan))
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
