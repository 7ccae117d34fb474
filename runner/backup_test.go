package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"transition/plans/ledger"
	"transition/runner"
)

// greeting has a message at a date and two that follow from what happens.
const greeting = head + `
batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true
}

phase "Tell" {
  opens = "T-7d"

  communication "notice" {
    channel = channel.maildir.post
    to      = [tenant.email, "boss@a.example"]
    subject = "Soon"
    body    = "Soon."
  }
}

phase "Move" {
  opens = "T"

  work "upgrade" {
    exec { command = ["upgrade"] }
  }
}

communication "welcome" {
  on      = "placed"
  channel = channel.maildir.post
  to      = [tenant.email]
  subject = "Hello"
  body    = "Hello."
}
`

// backup copies the state, and returns the name of the copy.
func (b *bench) backup() string {
	b.tb.Helper()
	p := b.open(runner.NeedState, "")
	defer p.Close()
	res, diags := p.Backup(b.tb.Context(), "", false)
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return res.File
}

// restore restores a copy; empty: what lies there.
func (b *bench) restore(file string) runner.Restored {
	b.tb.Helper()
	p := b.load()
	defer p.Close()
	res, diags := p.Restore(b.tb.Context(), runner.RestoreOptions{File: file, Accept: true, By: "ann"})
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return res
}

// TestNobodyIsGreetedAnew restores a backup from before anybody was written to. What
// was sent since is not sent again, by nothing that follows; what was not due yet
// goes its way.
func TestNobodyIsGreetedAnew(t *testing.T) {
	ways := map[string]func(b *bench, backup string){
		"restored":       func(b *bench, backup string) { b.restore(backup) },
		"lost meanwhile": func(b *bench, backup string) { os.Remove(b.statePath()); b.restore(backup) },
		"copied": func(b *bench, backup string) {
			content, err := os.ReadFile(backup)
			if err != nil {
				b.tb.Fatal(err)
			}
			if err := os.WriteFile(b.statePath(), content, 0o600); err != nil {
				b.tb.Fatal(err)
			}
			if diags := b.load().OpenState(b.tb.Context(), runner.NeedRehearse, b.instant("2027-03-13 18:00")); !diags.HasErrors() || diags[0].Code != "state-backup" {
				b.tb.Errorf("an apply to a backup: %v", diags)
			}
			b.restore("")
		},
	}
	for name, restore := range ways {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, greeting)
			b.must("2027-03-01 18:00")
			backup := b.backup()
			b.write("tenants.csv", "id,email\nacme,a@a.example\n")
			b.must("2027-03-02 18:00")
			b.must("2027-03-13 18:00")
			b.want("send acme/Tell/notice #1", "send acme/Tell/notice #1", "send acme/on/welcome #1")
			restore(b, backup)
			b.must("2027-03-13 18:00")
			b.want()
			for _, item := range []string{"acme/Tell/notice", "acme/on/welcome"} {
				if s := b.state(item); s != ledger.Lost {
					t.Errorf("%s is %v, want unknown", item, s)
				}
			}
			b.must("2027-03-14 18:00")
			b.want()
			b.resolve(ledger.AnswerDone, "acme/Tell/notice")
			b.resolve(ledger.AnswerRetry, "acme/on/welcome")
			b.must("2027-03-20 18:00")
			b.want("run acme/Move/upgrade #1", "send acme/on/welcome #1")
		})
	}
}

func (b *bench) statePath() string { return filepath.Join(b.dir, ".transition", "state.db") }

// Whoever reads or records is warned of a state that has no mark beside it: an old copy
// would not be known for one.
func TestStateWithoutAMarkIsWarnedOf(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	mark := b.statePath() + ".mark"
	says := func(when, want string) {
		t.Helper()
		for _, need := range []runner.Need{runner.NeedNone, runner.NeedState, runner.NeedWrite} {
			p := b.load()
			diags := p.OpenState(t.Context(), need, time.Time{})
			p.Close()
			if strings.Join(codes(diags), " ") != want || diags.HasErrors() {
				t.Errorf("%s, for need %d: %v", when, need, diags)
			}
		}
	}
	b.real("2027-03-01 18:00")
	says("before anything is recorded", "")
	os.Remove(mark)
	says("before anything is recorded, without its mark", "mark-missing")
	b.now()
	says("once it is marked", "")
	for _, harm := range []func(){
		func() { os.Remove(mark) },
		func() { b.replaceFile(mark, nil) },
		func() {
			other := newBench(t, plan, "acme,a@a.example")
			other.real("2027-03-01 18:00")
			other.now()
			b.replaceFile(mark, other.content(other.statePath()+".mark"))
		},
	} {
		harm()
		says("without its mark", "mark-missing")
	}
	aside := b.statePath() + ".aside"
	if err := os.Rename(b.statePath(), aside); err != nil {
		t.Fatal(err)
	}
	os.Remove(mark)
	if res := b.restore(aside); res.Lost == nil {
		t.Error("what is restored as advised lacks nothing")
	}
	says("once it is restored", "")
	os.Remove(mark)
	b.hold("acme")
	says("once something is recorded", "")
}

// TestAnOldCopyOfTheStateIsRefused puts yesterday's file into the place of today's.
func TestAnOldCopyOfTheStateIsRefused(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	old, err := os.ReadFile(b.statePath())
	if err != nil {
		t.Fatal(err)
	}
	b.must("2027-03-13 18:00")
	b.fake.taken()
	if err := os.WriteFile(b.statePath(), old, 0o600); err != nil {
		t.Fatal(err)
	}
	diags := b.load().OpenState(t.Context(), runner.NeedRehearse, b.instant("2027-03-13 18:00"))
	if !diags.HasErrors() || diags[0].Code != "state-older" || !strings.Contains(diags[0].Detail, "are missing, up to Sat 13 Mar") {
		t.Fatalf("an apply: %v", diags)
	}
	if diags := b.load().OpenState(t.Context(), runner.NeedNone, time.Time{}); len(diags) != 1 || diags.HasErrors() || diags[0].Code != "state-older" {
		t.Errorf("a plan: %v", diags)
	}
	p := b.load()
	if _, diags := p.Restore(t.Context(), runner.RestoreOptions{By: "ann"}); !diags.HasErrors() || !strings.Contains(diags[0].Hint, "-accept-rollback") {
		t.Errorf("a restoration that nobody has accepted: %v", diags)
	}
	if res := b.restore(""); res.Lost == nil || res.Until.IsZero() {
		t.Errorf("restored %+v", res)
	}
	b.must("2027-03-13 18:00")
	b.want()
	if s := b.state("acme/Copy/copy"); s != ledger.Lost {
		t.Errorf("the copy is %v, want unknown", s)
	}
}

// TestRestoreOfTheNewest lacks nothing, and makes nothing unknown.
func TestRestoreOfTheNewest(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	if res := b.restore(b.backup()); res.Lost != nil || len(res.Missing) > 0 {
		t.Errorf("restored %+v", res)
	}
	b.must("2027-03-13 18:00")
	b.want("run acme/Copy/copy #1")
}

// TestRestoreKnowsWhatHasBegun: the present state can still be read.
func TestRestoreKnowsWhatHasBegun(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	backup := b.backup()
	b.must("2027-03-13 18:00")
	if res := b.restore(backup); len(res.Missing) != 1 || res.Missing[0] != "acme/Copy/copy" {
		t.Errorf("missing %q", res.Missing)
	}
}

// TestALockThatMayBeTakenIsNotForgotten: it was taken in what is lost.
func TestALockThatMayBeTakenIsNotForgotten(t *testing.T) {
	b := newBench(t, guarded, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	backup := b.backup()
	b.must(whenLocked)
	b.fake.taken()
	b.restore(backup)
	b.must(whenLocked)
	b.want()
	if it := b.record("acme").Item("Lock/door"); it.State != ledger.Lost || !it.Obligation {
		t.Errorf("the lock is %+v", it)
	}
	b.resolve(ledger.AnswerDone, "acme/Lock/door")
	b.must(whenMoved)
	b.must(whenFreed)
	b.want("release acme/Lock/door #1", "run acme/Finish/cleanup #1", "run acme/Move/upgrade #1")
}

// A state without its mark that is restored in place may be an old one: what it does
// not have is not done again.
func TestNobodyIsGreetedAnewWithoutAMark(t *testing.T) {
	b := newBench(t, greeting)
	c := b.real("2027-03-01 18:00")
	b.now()
	old := b.content(b.statePath())
	b.write("tenants.csv", "id,email\nacme,a@a.example\n")
	for _, at := range []string{"2027-03-02 18:00", "2027-03-13 18:00"} {
		c.Set(b.instant(at))
		b.now()
	}
	b.want("send acme/Tell/notice #1", "send acme/Tell/notice #1", "send acme/on/welcome #1")
	b.replaceFile(b.statePath(), old)
	if err := os.Remove(b.statePath() + ".mark"); err != nil {
		t.Fatal(err)
	}
	if res := b.restore(""); res.Lost == nil || !res.Until.Equal(b.instant("2027-03-13 18:00")) {
		t.Errorf("it lacks %+v, until %v", res.Lost, res.Until)
	}
	b.now()
	b.want()
}
