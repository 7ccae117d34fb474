//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What becomes of a state under a daemon is told, and nothing is made in its place:
// whoever was greeted is not greeted anew. When it is back, everything goes on.
func TestRunWaitsForItsState(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lose func(path string) error
		says string
	}{
		"deleted": {os.Remove, "Error: The recorded state of this plan is not here"},
		"emptied": {func(path string) error { return os.Truncate(path, 0) }, "Error: The recorded state is damaged"},
		"overwritten": {func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("no state\n", 1000)), 0o600)
		}, "Error: The recorded state is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackground(t)
			b.run(0, "init")
			b.run(0, "apply", "-auto-approve")
			b.start(now, "run", "-settle=0", "-auto-approve", "-json")
			b.events("next")
			state := filepath.Join(b.dir, ".transition", "state.db")
			for err := error(nil); err == nil; { // until the apply has closed it
				_, err = os.Stat(state + "-wal")
			}
			content, err := os.ReadFile(state)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.lose(state); err != nil {
				t.Fatal(err)
			}
			left, _ := os.ReadFile(state)
			b.append("tenants.csv", "fabrikam,it@fabrikam.example,5\n") // which wakes it
			if e := b.events("diagnostic"); e.Message != tt.says {
				t.Errorf("it says %q", e.Message)
			}
			if is, err := os.ReadFile(state); string(is) != string(left) || (name == "deleted") != os.IsNotExist(err) {
				t.Errorf("the lost state is %d bytes now, %v", len(is), err)
			}
			if err := os.WriteFile(state, content, 0o600); err != nil {
				t.Fatal(err)
			}
			b.append("mail/notice.md", "This wakes it.\n")
			for !strings.HasPrefix(b.events("apply_complete").Message, "fabrikam/Announcement/notice") {
			}
			if err := tt.lose(state); err != nil {
				t.Fatal(err)
			}
			b.append("mail/notice.md", "And this.\n")
			b.events("diagnostic")
			b.end(syscall.SIGTERM, 1) // it is not well, and says so
			letters, err := filepath.Glob(filepath.Join(b.dir, "outbox", "new", "*"))
			if err != nil || len(letters) != 3 {
				t.Errorf("there are %d letters, %v", len(letters), err)
			}
		})
	}
}

// A state that goes in the middle of an effect: what came of that is kept beside it,
// nothing else begins, and in the end it has happened once.
func TestRunLosesItsStateInTheMiddle(t *testing.T) {
	t.Parallel()
	b := newBackground(t)
	b.slow()
	b.start(now, "run", "-settle=0", "-auto-approve", "-json", "-parallelism=1")
	for !strings.HasPrefix(b.events("apply_start").Message, "adatum/Announcement/slow") {
	}
	state := filepath.Join(b.dir, ".transition", "state.db")
	if err := os.Rename(state, state+".aside"); err != nil {
		t.Fatal(err)
	}
	b.append("go", "")
	if e := b.events("diagnostic"); e.Message != "Error: The recorded state is damaged" {
		t.Errorf("it says %q", e.Message)
	}
	if rest, talk := b.end(syscall.SIGTERM, 1); strings.Contains(rest, "apply_start") {
		t.Errorf("then it goes on:\n%s%s", rest, talk)
	}
	b.run(1, "status")
	b.run(1, "apply", "-auto-approve")
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("there is a state again: %v", err)
	}
	if err := os.Rename(state+".aside", state); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(b.dir, ".transition", "errored-*.json"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("what was kept is %q, %v", kept, err)
	}
	b.run(0, "state", "push", kept[0])
	b.run(0, "state", "verify")
	b.run(0, "apply", "-auto-approve")
	log, err := os.ReadFile(filepath.Join(b.dir, "upgrade.log"))
	if n := strings.Count(string(log), "adatum"); err != nil || n != 1 {
		t.Errorf("it has happened %d times, %v", n, err)
	}
}
