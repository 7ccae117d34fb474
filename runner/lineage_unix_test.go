//go:build unix

package runner_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"transition/runner"
)

// Nobody ever writes into the pipe: whoever reads it waits for ever.
func TestPipesAreNotRead(t *testing.T) {
	tests := map[string]struct{ path, code string }{
		"lineage": {lineageFile, "lineage-file"},
		"state":   {".transition/state.db", "no-state-file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := planDir(t)
			path := filepath.Join(dir, tt.path)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, openState(t, dir, runner.NeedState), tt.code, "regular file")
		})
	}
}
