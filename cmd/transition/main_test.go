package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"transition/runner/clock"
)

// TestMain lets scripts run the program from this test binary. Its clock is a
// matter of the test alone: it stands still at the instant of TEST_NOW, or is the
// machine's where TEST_NOW is empty.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"transition": func() { os.Exit(run(testClock())) },
	})
}

func testClock() clock.Clock {
	text := os.Getenv("TEST_NOW")
	if text == "" {
		return clock.System()
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic("TEST_NOW: " + err.Error())
	}
	return clock.Still(now)
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TEST_NOW", "2012-02-10T12:00:00Z")
			env.Setenv("NO_COLOR", "1")
			return os.CopyFS(filepath.Join(env.WorkDir, "plan"), os.DirFS("testdata/plan"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and expects an exit code: exits 2 transition plan ….
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
