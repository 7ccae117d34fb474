//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A stranger's plan may be made to end the process, or to fill the memory of the
// machine that validates it. Whatever it is, the program says what is wrong with
// it, in little time and memory.
func TestHostilePlans(t *testing.T) {
	for i, p := range hostilePlans() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range p.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			hostile(t, dir, p.code, "validate")
			if i%5 == 0 { // which reads them as validate does
				hostile(t, dir, p.code, "plan")
			}
		})
	}
}

const (
	mostMemory = 256 << 20
	// mostCPU is far above what the slowest of the plans takes, and far below what
	// one without a bound would.
	mostCPU = 6
)

// hostile runs a command and expects it to end with 1 and a diagnostic whose code
// begins so, or with 0 if that is empty.
func hostile(t *testing.T, dir, code, name string) {
	t.Helper()
	var out, talk bytes.Buffer
	// A limit of the system, since the program's own would not hold for itself.
	cmd := exec.Command("sh", "-c", `ulimit -t "$1"; exec transition "$2" -json`, "sh", fmt.Sprint(mostCPU), name)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TEST_NOW="+now, "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	s := cmd.ProcessState
	t.Logf("%s: %v, %d MiB", name, s.UserTime()+s.SystemTime(), peakMemory(s)>>20)
	want, says := 1, fmt.Sprintf(`"code":"%s`, code)
	if code == "" {
		want, says = 0, "format_version"
	}
	if s.ExitCode() != want || !strings.Contains(out.String(), says) {
		t.Errorf("%s ends with %v, without %s:\n%.2000s\n%.2000s", name, s, code, out.String(), talk.String())
	}
	if want == 1 && (talk.Len() > 0 || out.Len() > 1<<20) {
		t.Errorf("%s says %d bytes, and\n%.2000s", name, out.Len(), talk.String())
	}
	if peak := peakMemory(s); peak > mostMemory && !raced {
		t.Errorf("%s takes %d MiB", name, peak>>20)
	}
}
