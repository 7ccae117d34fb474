//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// story is a plan directory in which the program runs, on a clock that stands.
type story struct {
	*testing.T
	dir string
	now time.Time
	env []string // NAME=VALUE, besides that of the test
	// secret is what must never be said; empty: there is no secret.
	secret string
}

func (s *story) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *story) remove(name string) {
	s.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.Fatal(err)
	}
}

// command is the program at the present instant.
func (s *story) command(args ...string) *exec.Cmd {
	cmd := exec.Command("transition", args...)
	cmd.Dir = s.dir
	cmd.Env = append(append(os.Environ(), s.env...),
		"TEST_NOW="+s.now.Format(time.RFC3339),
		"GORACE=atexit_sleep_ms=0", // the race detector would make every run a second longer
	)
	return cmd
}

// run expects an exit code and returns what was written to stdout.
func (s *story) run(want int, args ...string) string {
	s.Helper()
	out, got := s.try(args...)
	if got != want {
		s.Fatalf("transition %v: exit code %d, want %d", args, got, want)
	}
	return out
}

func (s *story) try(args ...string) (string, int) {
	s.Helper()
	var out, talk bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.Fatal(err)
	}
	if s.secret != "" && strings.Contains(out.String()+talk.String(), s.secret) {
		s.Errorf("transition %v tells a secret", args)
	}
	if cmd.ProcessState.ExitCode() == 1 {
		s.Logf("transition %v: %s", args, talk.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// quiet waits until no command runs any more whose runner was killed.
func (s *story) quiet() {
	s.Helper()
	for strings.Contains(s.run(0, "plan"), "still runs as") {
	}
}

// standing is what status -json says.
type standing struct {
	Tenants []struct {
		ID, Phase, Status string
		Items             []struct{ Address, State, Reason string }
	}
}

func (s *story) status() standing {
	s.Helper()
	out, code := s.try("status", "-json")
	var all standing
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 && code != 3 {
		s.Fatalf("status -json: exit code %d, %v", code, err)
	}
	return all
}
