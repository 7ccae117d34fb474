//go:build crashpoint && linux

package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The stories of testdata/crash are told once without an accident, and then once
// for each accident: at each step, at each crash point that it comes by, the
// program is killed, started again, and in the end everything must be as it would
// have been. TRANSITION_CRASH_ALL=1 kills at every passage of every point, else
// at the first, the second and the last of a story.
//
// What is checked, by the numbers of the invariants:
//
//	I1   one open attempt for each item           state verify, the schema
//	I2   no effect without an intent before it    crashed.witness
//	I3   nothing twice                            crashed.witness
//	I4   what succeeded has happened              crashed.witness
//	I5   nothing before its time                  crashed.compare, after each step
//	I6   nothing out of order                     crashed.inOrder
//	I7   nothing by whoever was replaced          TestReplacedHolderHasNoEffects
//	I8   serial, lineage, chain                   crashed.history, state verify
//	I9   an end, and "No changes."                crashed.end
//	I10  a second apply changes nothing           crashed.end
//	I11  no secret anywhere                       story.secret, crashed.end
//	I12  plan has no effect and writes nothing    crashed.look
func TestCrash(t *testing.T) {
	files, err := filepath.Glob("testdata/crash/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no stories")
	}
	var all tally
	t.Cleanup(func() {
		if all.told == len(files) && !t.Failed() {
			all.covers(t)
		}
		fmt.Printf("crash matrix: %d points, %d kills, duplicates %d, losses %d\n",
			len(all.points), all.kills, all.duplicates, all.losses)
	})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, file, &all)
			s.tell()
			all.mu.Lock()
			all.told++
			all.mu.Unlock()
			for _, a := range s.accidents() {
				t.Run(a.String(), func(t *testing.T) { s.suffer(t, a) })
			}
		})
	}
}

// tally counts over all stories.
type tally struct {
	mu                        sync.Mutex
	told                      int
	points                    map[string]int // kills, by point
	kills, duplicates, losses int
}

func (c *tally) killed(point string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.points == nil {
		c.points = make(map[string]int)
	}
	c.points[point]++
	c.kills++
}

func (c *tally) twice() { c.mu.Lock(); c.duplicates++; c.mu.Unlock() }
func (c *tally) never() { c.mu.Lock(); c.losses++; c.mu.Unlock() }

// covers wants a kill at every point that there is.
func (c *tally) covers(t *testing.T) {
	for _, p := range crashPoints(t) {
		if c.points[p] == 0 {
			t.Errorf("no story is killed at %s", p)
		}
	}
}

// crashPoints lists the names in the sources.
func crashPoints(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, file := range sources(t, "") {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || fmt.Sprint(sel.X) != "crashpoint" || sel.Sel.Name != "Hit" {
				return true
			}
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the name of a crash point is no constant", file)
				return true
			}
			name, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
			return true
		})
	}
	slices.Sort(names)
	for i := range len(names) - 1 {
		if names[i] == names[i+1] {
			t.Errorf("two places are called %s", names[i])
		}
	}
	return names
}

// A binary that was built as everybody builds it has no crash points.
func TestReleaseHasNoCrashPoints(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "transition")
	goTool(t, "build", "-o", binary, ".")
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range append(crashPoints(t), "TRANSITION_CRASH", "TRANSITION_REACHED") {
		if strings.Contains(string(content), word) {
			t.Errorf("the binary holds %q", word)
		}
	}
}

// accident is a kill at the count-th passage of a point in a step.
type accident struct {
	step  int
	point string
	count int
	again string // a point at which the restart is killed, too; "": none
}

func (a accident) String() string {
	name := fmt.Sprintf("%d/%s/%d", a.step, a.point, a.count)
	if a.again != "" {
		name += "/" + a.again
	}
	return name
}

// accidents lists what is to happen in a story that was told once.
func (s *scene) accidents() []accident {
	at := make(map[string][]accident)
	for i := range s.steps {
		for point, n := range s.moments[i].reached {
			for count := range n {
				at[point] = append(at[point], accident{step: i, point: point, count: count + 1})
			}
		}
	}
	var out []accident
	for point, list := range at {
		slices.SortFunc(list, func(a, b accident) int { return cmp.Or(a.step-b.step, a.count-b.count) })
		if point == "begin.after_commit" {
			last := list[len(list)-1]
			for _, last.again = range []string{"settle.before_commit", "settle.after_commit"} {
				out = append(out, last)
			}
		}
		if n := len(list); n > 3 && os.Getenv("TRANSITION_CRASH_ALL") == "" {
			list = []accident{list[0], list[1], list[n-1]}
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b accident) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

// goTool runs the go command.
func goTool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}
