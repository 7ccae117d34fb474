// Package examples_test shows that every example does what its README says:
// with the binary that a user would have, in a copy of the example.
package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var (
	update     = flag.Bool("update", false, "write the output that the READMEs show anew")
	transition string // the binary, built by TestMain
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "transition-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	transition = filepath.Join(dir, "transition")
	if runtime.GOOS == "windows" {
		transition += ".exe"
	}
	build := exec.Command("go", "build", "-o", transition, "../cmd/transition")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the binary:", err)
		return 1
	}
	return m.Run()
}

// plans are the examples that are plan directories, by name.
func plans(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/*.transition.hcl")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if dir := filepath.Dir(f); len(names) == 0 || names[len(names)-1] != dir {
			names = append(names, dir)
		}
	}
	if len(names) == 0 {
		t.Fatal("found no example")
	}
	return names
}

// leftovers are what trying an example out in place leaves in it.
var leftovers = []string{".transition", "outbox", "work", "old/linden"}

// copyOf copies an example, without what somebody may have left in it.
func copyOf(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	copyTo(t, dir, name)
	return dir
}

func copyTo(t *testing.T, dir, name string) {
	t.Helper()
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(name, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			for _, l := range leftovers {
				if filepath.ToSlash(rel) == l {
					return fs.SkipDir
				}
			}
			return os.MkdirAll(filepath.Join(dir, rel), 0o755)
		}
		return copyFile(filepath.Join(dir, rel), path)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unlock(dir) })
}

func copyFile(to, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

// unlock makes every directory writable again, so that it can be removed.
func unlock(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
}

type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\nstdout:\n%s\nstderr:\n%s", r.code, r.stdout, r.stderr)
}

// run runs the binary in dir.
func run(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return command(t, dir, nil, transition, args...)
}

// must runs the binary and wants the exit code.
func must(t *testing.T, code int, dir string, args ...string) result {
	t.Helper()
	r := run(t, dir, args...)
	if r.code != code {
		t.Fatalf("transition %s: want exit %d, got %v", strings.Join(args, " "), code, r)
	}
	return r
}

// command runs a program in dir; env is added to the environment.
func command(t *testing.T, dir string, env []string, name string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(environ(), env...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// environ is the environment without what would change the output.
func environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TRANSITION_") })
	return append(env, "NO_COLOR=1", "TZ=UTC")
}

// needs skips a test where a program is not installed that the example uses.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("the example runs %s, which is not installed here", p)
		}
	}
}

// needsUnix skips a test whose commands are executed by their #! line.
func needsUnix(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the example's commands are shell scripts, which Windows cannot execute")
	}
	needs(t, "sh")
}

// tenant is a tenant as `status -json` tells it.
type tenant struct {
	ID     string  `json:"id"`
	Batch  *string `json:"batch"`
	Phase  *string `json:"phase"`
	Status string  `json:"status"`
	Held   *struct {
		Reason string `json:"reason"`
	} `json:"held"`
}

// where is the tenant's phase and status, in the words of the seed.
func (t tenant) where() string {
	if t.Phase == nil {
		return t.Status
	}
	return *t.Phase + " " + t.Status
}

func (t tenant) reason() string {
	if t.Held == nil {
		return ""
	}
	return t.Held.Reason
}

// status asks where every tenant is, and wants the exit code.
func status(t *testing.T, code int, dir string) map[string]tenant {
	t.Helper()
	r := must(t, code, dir, "status", "-json")
	var doc struct {
		Tenants []tenant `json:"tenants"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatalf("status -json: %v\n%v", err, r)
	}
	all := make(map[string]tenant, len(doc.Tenants))
	for _, tn := range doc.Tenants {
		all[tn.ID] = tn
	}
	return all
}

func TestEveryExampleIsFormattedAndValid(t *testing.T) {
	for _, name := range plans(t) {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, name)
			must(t, 0, dir, "fmt", "-check")
			must(t, 0, dir, "validate")
		})
	}
}

// Looking at an example leaves nothing behind.
func TestEveryExampleCanBePlannedWithoutState(t *testing.T) {
	now := map[string]string{"bpos-s": "2012-01-10", "quickstart": "2027-04-19", "ci": "2031-03-10"}
	for _, name := range plans(t) {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, name)
			before := files(t, dir)
			must(t, 2, dir, "plan", "-now="+now[name], "-detailed-exitcode")
			must(t, 0, dir, "timeline")
			if after := files(t, dir); after != before {
				t.Errorf("plan and timeline changed the directory:\nbefore %s\nafter  %s", before, after)
			}
		})
	}
}

// files lists all files below dir.
func files(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		list = append(list, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, " ")
}
