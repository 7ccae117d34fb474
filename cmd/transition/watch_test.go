//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// background is a command of the program that stays until it is told to end.
type background struct {
	*testing.T
	dir   string
	cmd   *exec.Cmd
	lines *bufio.Scanner // of stdout
	talk  bytes.Buffer
}

// patience is how long a command may stay; none should need a tenth of it.
const patience = time.Minute

// now is the instant at which the program's clock stands.
const now = "2012-02-10T12:00:00Z"

// newBackground is a directory with the files of testdata/plan.
func newBackground(t *testing.T) *background {
	t.Helper()
	b := &background{T: t, dir: t.TempDir()}
	if err := os.CopyFS(b.dir, os.DirFS("testdata/plan")); err != nil {
		t.Fatal(err)
	}
	return b
}

// stay starts a command in such a directory.
func stay(t *testing.T, args ...string) *background {
	t.Helper()
	b := newBackground(t)
	b.start(now, args...)
	return b
}

// run runs another command there and expects an exit code.
func (b *background) run(want int, args ...string) string {
	b.Helper()
	var out bytes.Buffer
	cmd := b.command(now, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the exit code says it
	if got := cmd.ProcessState.ExitCode(); got != want {
		b.Fatalf("transition %v: exit code %d, want %d\n%s", args, got, want, out.String())
	}
	return out.String()
}

func (b *background) command(now string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.Context(), "transition", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "TEST_NOW="+now, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// start starts the command, whose clock stands at an instant, or goes if that is
// empty.
func (b *background) start(now string, args ...string) {
	b.Helper()
	b.cmd = b.command(now, args...)
	b.cmd.Stderr = &b.talk
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	b.lines = bufio.NewScanner(out)
	if err := b.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = b.cmd.Process.Kill() })
	b.Cleanup(func() { late.Stop() })
}

// edit replaces a text in the plan, as sed -i does.
func (b *background) edit(old, new string) {
	b.Helper()
	name := filepath.Join(b.dir, "plan.transition.hcl")
	before, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	after := strings.Replace(string(before), old, new, 1)
	if after == string(before) {
		b.Fatalf("the plan has no %q", old)
	}
	if err := os.WriteFile(name+".tmp", []byte(after), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		b.Fatal(err)
	}
}

// line expects a line that holds a text, after any number of others.
func (b *background) line(text string) string {
	b.Helper()
	for b.lines.Scan() {
		if strings.Contains(b.lines.Text(), text) {
			return b.lines.Text()
		}
	}
	_ = b.cmd.Wait()
	b.Fatalf("stdout ended without %q\n%s", text, b.talk.String())
	return ""
}

func (b *background) signal(sig os.Signal) {
	b.Helper()
	if err := b.cmd.Process.Signal(sig); err != nil {
		b.Fatal(err)
	}
}

// end sends a signal and expects an exit code. It returns what else was printed,
// on stdout and on stderr.
func (b *background) end(sig os.Signal, want int) (rest, talk string) {
	b.Helper()
	b.signal(sig)
	return b.ended(want)
}

// ended is end for a command that ends by itself, or is about to.
func (b *background) ended(want int) (rest, talk string) {
	b.Helper()
	var all strings.Builder
	for b.lines.Scan() {
		all.WriteString(b.lines.Text() + "\n")
	}
	_ = b.cmd.Wait() // the exit code says it
	if got := b.cmd.ProcessState.ExitCode(); got != want {
		b.Errorf("exit code %d, want %d\n%s%s", got, want, all.String(), b.talk.String())
	}
	return all.String(), b.talk.String()
}

func TestValidateWatch(t *testing.T) {
	t.Parallel()
	b := stay(t, "validate", "-watch")
	b.line("--- Fri 10 Feb 04:00:00 PST (12:00 UTC)  The plan is valid. Waiting for changes.")
	b.edit(`batch "wave"`, `bach "wave"`)
	b.line("The plan has 1 error")
	b.edit(`bach "wave"`, `batch "wave"`)
	b.line("The plan is valid.")
	rest, talk := b.end(os.Interrupt, 130)
	if rest != "" {
		t.Errorf("after the interrupt it says\n%s", rest)
	}
	if n := strings.Count(talk, "Did you mean"); n != 1 {
		t.Errorf("the mistake was explained %d times:\n%s", n, talk)
	}
}

func TestValidateWatchPrintsALineOfJSONForEachCheck(t *testing.T) {
	t.Parallel()
	b := stay(t, "validate", "-watch", "-json")
	valid := func() (v struct {
		Valid       bool `json:"valid"`
		Diagnostics []struct{ Code string }
	}) {
		t.Helper()
		if !b.lines.Scan() {
			t.Fatal(b.talk.String())
		}
		if err := json.Unmarshal(b.lines.Bytes(), &v); err != nil {
			t.Fatalf("%v in %q", err, b.lines.Text())
		}
		return v
	}
	if v := valid(); !v.Valid {
		t.Errorf("the plan is not valid: %v", v)
	}
	b.edit("wave", "wave\n")
	if v := valid(); v.Valid || len(v.Diagnostics) == 0 {
		t.Errorf("a broken plan: %v", v)
	}
	if rest, talk := b.end(syscall.SIGTERM, 130); rest+talk != "" {
		t.Errorf("it also says\n%s%s", rest, talk)
	}
}

func TestValidateWatchFollowsEverythingThatIsRead(t *testing.T) {
	t.Parallel()
	b := stay(t, "validate", "-watch")
	b.line("The plan is valid.")
	if err := os.Rename(filepath.Join(b.dir, "mail"), filepath.Join(b.dir, "letters")); err != nil {
		t.Fatal(err)
	}
	b.line("error")
	if err := os.Rename(filepath.Join(b.dir, "letters"), filepath.Join(b.dir, "mail")); err != nil {
		t.Fatal(err)
	}
	b.line("The plan is valid.")
	b.append("tenants.csv", "half a row\n")
	b.line("error")
	b.end(os.Interrupt, 130)
}

// append adds lines to a file.
func (b *background) append(name, text string) {
	b.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
