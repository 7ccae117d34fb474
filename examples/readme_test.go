package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A README shows real output: each ```console block holds commands after "$ ",
// each followed by what it prints, and they are run here in the same order.
//
// The blocks of one README share one copy of the examples. With -update the
// output is written anew.
func TestReadmesShowRealOutput(t *testing.T) {
	needsUnix(t)
	for file, dir := range map[string]string{
		"../README.md":             ".",
		"bpos-s/README.md":         "examples/bpos-s",
		"postponed-wave/README.md": "examples/postponed-wave",
		"quickstart/README.md":     "examples/quickstart",
	} {
		t.Run(strings.TrimPrefix(file, "../"), func(t *testing.T) {
			root := t.TempDir()
			for _, name := range plans(t) {
				copyTo(t, filepath.Join(root, "examples", name), name)
			}
			checkReadme(t, file, filepath.Join(root, filepath.FromSlash(dir)))
		})
	}
}

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

func checkReadme(t *testing.T, file, dir string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	found := 0
	now := console.ReplaceAllStringFunc(readme, func(block string) string {
		found++
		body := console.FindStringSubmatch(block)[1]
		return "```console\n" + replay(t, dir, body) + "```"
	})
	switch {
	case found == 0:
		t.Errorf("%s shows no output", file)
	case stable(now) == stable(readme):
	case *update:
		mustWrite(t, file, now)
	default:
		t.Errorf("%s shows what the tool does not print. It should be (go test ./examples -update writes it):\n%s",
			file, cmp.Diff(strings.Split(stable(readme), "\n"), strings.Split(stable(now), "\n")))
	}
}

// replay runs the commands of a block and returns the block as it should be.
func replay(t *testing.T, dir, block string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(block) {
		cmd, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "$ ")
		if !ok {
			continue
		}
		b.WriteString("$ " + cmd + "\n")
		b.WriteString(shown(t, dir, cmd))
	}
	return b.String()
}

// shown is what a command prints, both streams together, as a terminal shows it.
func shown(t *testing.T, dir, cmd string) string {
	t.Helper()
	cmd = strings.ReplaceAll(cmd, "go run ./cmd/transition", "transition")
	env := []string{"PATH=" + filepath.Dir(transition) + string(os.PathListSeparator) + os.Getenv("PATH")}
	r := command(t, dir, env, "sh", "-c", "{ "+cmd+"\n} 2>&1")
	return trimmed(r.stdout)
}

// trimmed is text without blanks at the ends of lines and without empty lines
// at its end.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	s = strings.TrimRight(strings.Join(lines, "\n"), "\n")
	if s == "" {
		return ""
	}
	return s + "\n"
}

// volatile is what differs from one run to the next: how many attempts shared a
// transaction, and which of those that ran side by side are named.
var volatile = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`serial \d+`), "serial N"},
	{regexp.MustCompile(`(?m)^(  [>!?x] .*  )[a-z]+, [a-z, ]+, \.\.\.$`), "${1}tenants"},
}

// effects are lines about attempts, in the order in which these ended.
var effects = regexp.MustCompile(`(?m)(^  [>!?x] .*\n)+`)

// stable is text without what differs from one run to the next.
func stable(s string) string {
	for _, v := range volatile {
		s = v.pattern.ReplaceAllString(s, v.instead)
	}
	return effects.ReplaceAllStringFunc(s, func(lines string) string {
		sorted := strings.SplitAfter(lines, "\n")
		slices.Sort(sorted)
		return strings.Join(sorted, "")
	})
}

// The plan that the README shows is one.
func TestReadmeShowsAValidPlan(t *testing.T) {
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(string(data), -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no plan")
	}
	dir := copyOf(t, "quickstart")
	mustWrite(t, filepath.Join(dir, "quickstart.transition.hcl"), blocks[0][1])
	must(t, 0, dir, "fmt", "-check")
	must(t, 0, dir, "validate")
}

// A second walk through the example whose plan is edited begins with fresh files.
func TestAWalkBeginsAfresh(t *testing.T) {
	needsUnix(t)
	data, err := os.ReadFile("postponed-wave/README.md")
	if err != nil {
		t.Fatal(err)
	}
	begin := regexp.MustCompile("(?m)^rm -rf /tmp/postponed-wave .*$").FindString(string(data))
	if begin == "" {
		t.Fatal("the README does not say how to begin")
	}
	dir := copyOf(t, "postponed-wave")
	begin = strings.ReplaceAll(begin, "/tmp/postponed-wave", filepath.Join(t.TempDir(), "walk"))
	walk := begin + " && ls -A && transition validate >/dev/null && transition apply -rehearse=2027-03-01 -auto-approve >/dev/null && echo edited >wave.transition.hcl"
	for range 2 {
		if got := shown(t, dir, walk); got != "bin\nmail\nstudios.csv\nwave.transition.hcl\n" {
			t.Errorf("the walk begins with\n%s", got)
		}
	}
}
