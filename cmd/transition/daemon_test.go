//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Applies go on for as long as the daemon does, for time and for edits.
func TestRunAppliesWhatIsEdited(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	b.start(now, "run", "-settle=0", "-auto-approve")
	b.line("adatum/Announcement/notice  done")
	b.line("Next Fri 2 Mar 18:00 PST")
	b.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n")
	if line := b.line("fabrikam/Announcement/notice"); !strings.HasPrefix(line, "Fri 10 Feb 04:00:00 PST (12:00 UTC)  > send") {
		t.Errorf("an event is told as %q", line)
	}

	// While it sleeps, people may apply.
	b.line("Enrolled 1")
	b.run(0, "apply", "-auto-approve")
	if rest, talk := b.end(syscall.SIGTERM, 0); rest+talk != "" {
		t.Errorf("it also says\n%s%s", rest, talk)
	}
}

// slowWork is work that waits for the file go.
const slowWork = `phase "Announcement" {
  work "slow" {
    exec { command = ["./bin/upgrade", tenant.id] }
  }
`

// slow makes the plan one in which the tenant adatum has to wait.
func (b *background) slow() {
	b.Helper()
	b.run(0, "init")
	b.edit("phase \"Announcement\" {\n", slowWork)
	b.append("slow.adatum", "")
}

// event is a line of -json.
type event struct {
	Type    string
	Message string `json:"@message"`
	Changes struct{ Operation string }
}

// events reads lines of JSON until one is of a type.
func (b *background) events(kind string) event {
	b.Helper()
	for b.lines.Scan() {
		var e event
		if err := json.Unmarshal(b.lines.Bytes(), &e); err != nil {
			b.Fatalf("%v in %q", err, b.lines.Text())
		}
		if e.Type == kind {
			return e
		}
	}
	b.Fatalf("stdout ended without %s\n%s", kind, b.talk.String())
	return event{}
}

// A plan that is wrong is reported once, and applied again when it is right.
func TestRunReportsAWrongPlanOnce(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	b.start(now, "run", "-settle=0", "-auto-approve", "-json")
	b.events("next")
	b.edit(`batch "wave"`, `bach "wave"`)
	if e := b.events("diagnostic"); !strings.HasPrefix(e.Message, "Error: ") {
		t.Errorf("the mistake is told as %q", e.Message)
	}
	b.edit(`bach "wave"`, `batch "wave"`)
	b.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n")
	for b.lines.Scan() {
		var e event
		if err := json.Unmarshal(b.lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "diagnostic" {
			t.Errorf("it also says %q", e.Message)
		}
		if e.Type == "apply_complete" && strings.HasPrefix(e.Message, "fabrikam/Announcement/notice") {
			break
		}
	}
	b.end(syscall.SIGTERM, 0)
}

func TestRunDrains(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.slow()
	b.start(now, "run", "-settle=0", "-auto-approve", "-json")
	for !strings.HasPrefix(b.events("apply_start").Message, "adatum/Announcement/slow") {
	}
	b.signal(syscall.SIGTERM)
	b.events("interrupted")
	b.run(4, "apply", "-auto-approve") // it still holds the right to
	b.append("go", "")
	for !strings.HasPrefix(b.events("apply_complete").Message, "adatum/Announcement/slow") {
	}
	if _, talk := b.ended(0); talk != "" {
		t.Errorf("stderr says\n%s", talk)
	}
	if out := b.run(0, "status"); strings.Contains(out, "unknown") {
		t.Errorf("what was drained is\n%s", out)
	}
}

func TestRunInterruptedTwice(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.slow()
	b.start(now, "run", "-settle=0", "-auto-approve", "-json")
	for !strings.HasPrefix(b.events("apply_start").Message, "adatum/Announcement/slow") {
	}
	b.signal(os.Interrupt)
	b.events("interrupted")
	b.signal(os.Interrupt)
	b.ended(130)
	b.run(3, "status")
}

// Whoever needs a person at the end says so.
func TestRunEndsWithThreeWhenAPersonIsNeeded(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.slow()
	b.append("exit.adatum", "1")
	b.append("go", "")
	b.start(now, "run", "-settle=0", "-auto-approve")
	b.line("adatum/Announcement/slow  failed")
	b.line("1 needs a person.")
	b.end(syscall.SIGTERM, 3)
}

func TestRunWaitsForWhoAppliesAlready(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.slow()
	b.start(now, "apply", "-auto-approve", "-json")
	for !strings.HasPrefix(b.events("apply_start").Message, "adatum/Announcement/slow") {
	}
	second := &background{T: t, dir: b.dir}
	second.start(now, "run", "-settle=0", "-auto-approve", "-json")
	if e := second.events("diagnostic"); e.Message != "Error: Somebody else applies at present" {
		t.Errorf("it says %q", e.Message)
	}
	second.append("mail/notice.md", "This wakes it.\n")
	b.append("go", "")
	b.ended(0)
	second.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n")
	for second.events("change_summary").Changes.Operation != "apply" {
	}
	second.end(syscall.SIGTERM, 0)
}

func TestRunRehearses(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.start("", "run", "-settle=0", "-auto-approve", "-rehearse=2012-02-01", "-speed=1000000")
	b.line("contoso/Announcement/notice  done")
	// Nobody approves. However fast time goes, everything happens at its own.
	b.line("Fri 9 Mar 18:00:01 PST (Sat 02:00 UTC)  ! missed    adatum/Lock/admin")
	if rest, _ := b.ended(3); !strings.Contains(rest, "Fri 9 Mar 22:00:01 PST (Sat 06:00 UTC)  Nothing more falls due by itself. 4 need a person.") {
		t.Errorf("in the end it says\n%s", rest)
	}
	if out := b.run(3, "status", "contoso"); !strings.Contains(out, "rehearsal") {
		t.Errorf("the state is no rehearsal:\n%s", out)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want int
		says string
	}{
		{[]string{"-auto-approve=all"}, 64, "The flag -auto-approve cannot be \"all\""},
		{[]string{"-rehearse=2012-02-01"}, 1, "No plan was adopted yet"},
		{[]string{"-auto-approve", "-speed=2"}, 64, "-speed needs a rehearsal"},
		{[]string{"-auto-approve", "-rehearse=2012-02-01", "-speed=0"}, 64, "-speed cannot be 0"},
		{[]string{"-auto-approve", "-rehearse=2012-02-01", "-speed=NaN"}, 64, "-speed cannot be NaN"},
		{[]string{"-auto-approve", "-rehearse=someday"}, 64, "help instants"},
		{[]string{"-auto-approve", "-settle=-1s"}, 64, "-settle cannot be -1s"},
		{[]string{"-auto-approve", "-parallelism=0"}, 64, "-parallelism cannot be 0"},
		{[]string{"-auto-approve"}, 1, "There is no recorded state"},
	}
	b := newBackground(t)
	for _, tt := range tests {
		if out := b.run(tt.want, append([]string{"run"}, tt.args...)...); !strings.Contains(out, tt.says) {
			t.Errorf("run %v does not say %q:\n%s", tt.args, tt.says, out)
		}
	}
	b.edit(`batch "wave"`, `bach "wave"`)
	if out := b.run(1, "run", "-auto-approve", "-rehearse=2012-02-01"); !strings.Contains(out, "Did you mean") {
		t.Errorf("run of a wrong plan says:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(b.dir, ".transition")); err == nil {
		t.Error("there is a state now")
	}
}

func TestRunEndsWithOneWhileThePlanIsWrong(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	b.run(0, "apply", "-auto-approve")
	b.start(now, "run", "-settle=0", "-auto-approve", "-json")
	b.events("next")
	b.edit(`batch "wave"`, `bach "wave"`)
	b.events("diagnostic")
	b.end(syscall.SIGTERM, 1)
}

// Edits are told once, and left to people.
func TestRunLeavesEdits(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	b.run(0, "apply", "-auto-approve")
	b.start(now, "run", "-settle=0", "-json")
	b.events("next")
	b.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n")
	if e := b.events("diagnostic"); e.Message != "Warning: The plan on disk would change more" {
		t.Errorf("the edit is told as %q", e.Message)
	}
	rest, _ := b.end(syscall.SIGTERM, 3)
	if strings.Contains(rest, "fabrikam") {
		t.Errorf("the edit was taken:\n%s", rest)
	}
}

func TestRunWaitsUntilAPlanIsAdopted(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	b.start(now, "run", "-settle=0", "-json")
	if e := b.events("diagnostic"); e.Message != "Error: No plan was adopted yet" {
		t.Errorf("it says %q", e.Message)
	}
	b.run(0, "apply", "-auto-approve")
	b.edit("Moves three", "Moves some") // which wakes it
	b.events("next")
	b.end(syscall.SIGTERM, 0)
}

// While the plan is wrong, locks are given back at their time, and nothing else
// happens; then everything goes on.
func TestRunGivesLocksBackThoughThePlanIsWrong(t *testing.T) {
	t.Parallel()
	for _, approve := range []string{"-auto-approve=due", "-auto-approve"} {
		b := newBackground(t)
		b.edit("  approval \"go\" {\n    prompt = \"May ${tenant.id} move?\"\n  }\n", "")
		for _, at := range []string{"2012-02-10", "2012-03-08 18:00", "2012-03-09 18:00"} {
			b.run(0, "apply", "-auto-approve", "-rehearse="+at)
		}
		b.edit(`batch "wave"`, `bach "wave"`)
		b.start("", "run", "-settle=0", approve, "-rehearse=2012-03-09 19:00", "-speed=1000000")
		b.line("Sat 10 Mar 18:00:00 PST (Sun 02:00 UTC)  > unlock    adatum/Lock/admin  done")
		b.line("Unlocked 2.")
		b.edit(`bach "wave"`, `batch "wave"`)
		b.line("adatum/Done/cleanup  done")
		if _, talk := b.ended(0); strings.Count(talk, "Did you mean") != 1 {
			t.Errorf("%s: it says\n%s", approve, talk)
		}
	}
}

// A lock that only a part of an edited plan has taken is given back at its time,
// whether the plan directory is right or wrong.
func TestRunGivesBackWhatAPartHasLocked(t *testing.T) {
	t.Parallel()
	for _, wrong := range []bool{false, true} {
		b := newBackground(t)
		b.edit("  approval \"go\" {\n    prompt = \"May ${tenant.id} move?\"\n  }\n", "")
		b.run(0, "apply", "-auto-approve", "-rehearse=2012-02-10")
		b.edit(`lock "admin"`, `lock "mailbox"`)
		b.run(0, "apply", "-auto-approve", "-rehearse=2012-03-08 18:00", "-target=batch.wave")
		if wrong {
			b.edit(`batch "wave"`, `bach "wave"`)
		}
		b.start("", "run", "-rehearse=2012-03-09 21:59", "-speed=1000000")
		b.line("Fri 9 Mar 22:00:01 PST (Sat 06:00 UTC)  > unlock    adatum/Lock/mailbox  done")
		b.line("Unlocked 2.")
		if wrong {
			b.end(syscall.SIGTERM, 1)
		} else {
			b.ended(3)
		}
	}
}

// A backup that is put back under it knows nothing of what has happened since.
func TestRunEndsWhenTheStateGoesBack(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	state := filepath.Join(b.dir, ".transition", "state.db")
	backup, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	b.start(now, "run", "-settle=0", "-auto-approve", "-json")
	b.events("next")
	for err == nil { // until the apply has closed the state
		_, err = os.Stat(state + "-wal")
	}
	if err := os.WriteFile(state, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	b.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n") // which wakes it
	if e := b.events("diagnostic"); e.Message != "Error: The recorded state is not the newest" {
		t.Errorf("it says %q", e.Message)
	}
	if rest, _ := b.ended(1); strings.Contains(rest, "apply_start") {
		t.Errorf("then it goes on:\n%s", rest)
	}
}

// What was just written is young, even at the start.
func TestRunTakesWhatHasSettled(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.run(0, "init")
	b.start(now, "run", "-auto-approve", "-settle=300ms", "-json")
	if e := b.events("unsettled"); !strings.HasPrefix(e.Message, "The plan directory counts once it has stood unchanged for 300ms; written to last: ") {
		t.Errorf("it says %q", e.Message)
	}
	b.events("apply_complete")
	b.end(syscall.SIGTERM, 0)

	b.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n")
	b.start(now, "run", "-auto-approve", "-settle=1h")
	b.line("Next Fri 2 Mar 18:00 PST")
	rest, talk := b.end(syscall.SIGTERM, 0)
	if strings.Contains(rest, "fabrikam") || strings.Count(talk, "\n") != 1 || !strings.Contains(talk, "unchanged for 1h0m0s") {
		t.Errorf("of what may be half it says\n%s%s", rest, talk)
	}
}
