//go:build crashpoint && linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"transition/runner/defecttest"
)

// traced is a plan with one message and one command, as a rehearsal, so that the
// binary that everybody builds can act on it at any time.
const traced = `
transition "traced" {}
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}
batch "all" {
  cutover = "2012-03-09 18:00"
  match   = true
}
channel "smtp" "server" {
  host            = "127.0.0.1"
  port            = %d
  tls             = "none"
  from            = "moves@example.org"
  redirect_all_to = "staging@example.org"
}
phase "Tell" {
  opens = "T-30d"
  communication "mail" {
    channel = channel.smtp.server
    to      = ["it@example.com"]
    subject = "You move"
    body    = "Soon."
  }
}
phase "Copy" {
  opens = "T-7d"
  work "copy" {
    exec { command = ["sh", "effect.sh"] }
  }
}
`

// Between the intent of an effect and the first that anybody outside can see of it,
// the system was told to bring the intent to the disk, and has said that it is
// there. A build whose commits do not wait for the disk must be found out.
func TestIntentIsOnTheDiskFirst(t *testing.T) {
	if out, err := exec.Command("strace", "-f", "-e", "trace=execve", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		fmt.Printf("power cut: NOT TESTED, since strace cannot be used here: %v %s\n", err, out)
		t.Skip("strace cannot be used")
	}
	for _, tt := range []struct {
		name  string
		edits []defecttest.Edit
		sound bool
	}{
		{"as built", nil, true},
		{"commits that do not wait", []defecttest.Edit{{"runner/store/sqlite/connect.go", `v.Set("_synchronous", "FULL")`, `v.Set("_synchronous", "OFF")`}}, false},
		{"commits that wait for checkpoints only", []defecttest.Edit{{"runner/store/sqlite/connect.go", `v.Set("_synchronous", "FULL")`, `v.Set("_synchronous", "NORMAL")`}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(t.TempDir(), "transition")
			goTool(t, "build", "-overlay", defecttest.Overlay(t, "../..", tt.edits), "-o", binary, ".")
			effects, early := unsynced(t, trace(t, binary))
			if len(effects) != 2 {
				t.Fatalf("the effects are %q, want a connection and a process", effects)
			}
			if tt.sound && len(early) > 0 || !tt.sound && len(early) != 2 {
				t.Errorf("before their intent was on the disk: %q", early)
			}
		})
	}
}

// trace applies the plan under strace, and returns what that has written.
func trace(t *testing.T, binary string) string {
	t.Helper()
	mails, dir := newMailServer(t), t.TempDir()
	for name, text := range map[string]string{
		"plan.transition.hcl": fmt.Sprintf(traced, mails.port), "tenants.csv": "id\nadatum\n", "effect.sh": "true\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	calls := filepath.Join(t.TempDir(), "calls")
	cmd := exec.Command("strace", "-f", "-y", "-s", "200", "-o", calls, "-e", "trace=fdatasync,fsync,pwrite64,write,connect,sendto,execve",
		binary, "apply", "-rehearse=2012-03-05", "-auto-approve", "-parallelism=1")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || len(mails.all()) != 1 {
		t.Fatalf("%v, %d messages\n%s", err, len(mails.all()), out)
	}
	content, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// call is a line of strace: who, and what.
var call = regexp.MustCompile(`^(\d+) +(?:<\.\.\. )?(\w+)(.*)$`)

// unsynced lists the effects in a trace, and those of them that came while some of
// the -wal file that was written before was not on the disk.
func unsynced(t *testing.T, trace string) (effects, early []string) {
	t.Helper()
	written, dirty := false, false // since the last effect; since the last wait
	syncing := make(map[string]bool)
	lines := bufio.NewScanner(strings.NewReader(trace))
	for lines.Scan() {
		m := call.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		who, name, rest := m[1], m[2], m[3]
		wal, effect := strings.Contains(rest, "state.db-wal>"), false
		switch name {
		case "pwrite64", "write":
			written, dirty = written || wal, dirty || wal
		case "fdatasync", "fsync":
			syncing[who] = syncing[who] || wal
			if syncing[who] && strings.HasSuffix(rest, " = 0") {
				dirty, syncing[who] = false, false
			}
		case "connect":
			effect = strings.Contains(rest, "sin_addr=")
		case "execve":
			effect = strings.Contains(rest, `"effect.sh"`) && !strings.HasSuffix(rest, "ENOENT (No such file or directory)")
		}
		if !effect {
			continue
		}
		effects = append(effects, lines.Text())
		if !written {
			t.Errorf("no intent was written before %s", lines.Text())
		}
		if dirty {
			early = append(early, lines.Text())
		}
		written = false
	}
	return effects, early
}
