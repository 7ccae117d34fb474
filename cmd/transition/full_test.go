//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const fillsUp = `
transition "full" {}
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}
batch "all" {
  cutover = "2012-03-09 18:00"
  match   = true
}
phase "Copy" {
  opens = "T-7d"
  work "copy" {
    exec { command = ["sh", "-c", "echo $TRANSITION_TENANT >>journal"] }
  }
}
`

// There is room for so many pages, from too few for anything to enough: whatever
// has happened by then was intended on the disk, and in the end everything has
// happened once.
func TestDiskThatFillsUp(t *testing.T) {
	t.Parallel()
	tenants := []string{"adatum", "contoso", "fabrikam", "litware"}
	begun, kept := 0, 0
	for pages := 20; ; pages += 5 {
		s := &story{T: t, dir: t.TempDir(), now: time.Date(2012, 3, 5, 12, 0, 0, 0, time.UTC)}
		s.write("plan.transition.hcl", fillsUp)
		s.write("tenants.csv", "id\n"+strings.Join(tenants, "\n")+"\n")
		s.run(0, "init")
		cmd := s.command()
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", fmt.Sprintf("ulimit -f %d; exec transition apply -auto-approve -parallelism=2", 8*pages)}
		out, err := cmd.CombinedOutput()
		if err == nil {
			if begun < 2 || kept < 1 {
				t.Errorf("it has failed %d times after something had happened, and kept outcomes %d times", begun, kept)
			}
			return
		}
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "Make room") && !strings.Contains(string(out), "state push") {
			t.Fatalf("with %d pages: %v\n%s", pages, err, out)
		}
		if pages > 200 {
			t.Fatal("there is never room enough")
		}
		did := s.journal()
		for _, tenant := range tenants {
			if did[tenant] {
				begun++
				if !strings.Contains(s.run(0, "history", tenant), "began") {
					t.Errorf("with %d pages, %s was copied, and that was never intended", pages, tenant)
				}
			}
		}
		files, err := filepath.Glob(filepath.Join(s.dir, ".transition", "errored-*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			kept++
			s.run(0, "state", "push", file)
		}
		s.run(0, "state", "verify")
		s.run(0, "apply", "-auto-approve")
		if did = s.journal(); len(did) != len(tenants) {
			t.Errorf("with %d pages, in the end only %v were copied", pages, did)
		}
	}
}

// journal is who was copied; nobody twice.
func (s *story) journal() map[string]bool {
	s.Helper()
	content, err := os.ReadFile(filepath.Join(s.dir, "journal"))
	if err != nil && !os.IsNotExist(err) {
		s.Fatal(err)
	}
	did := make(map[string]bool)
	for line := range strings.Lines(string(content)) {
		tenant := strings.TrimSpace(line)
		if did[tenant] {
			s.Errorf("%s was copied twice", tenant)
		}
		did[tenant] = true
	}
	return did
}
