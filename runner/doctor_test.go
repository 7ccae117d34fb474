package runner_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/action/note"
	"transition/runner/process"
)

// examined is what doctor finds of the state: what is well, and each trouble as its
// severity, code, detail and hint.
func (b *bench) examined() (well, troubles []string) {
	b.tb.Helper()
	p := b.load()
	defer p.Close()
	for _, f := range p.Examine(b.tb.Context(), runner.ExamineOptions{}) {
		switch d := f.Trouble; {
		case f.Area != runner.AreaState:
		case f.Well != "":
			well = append(well, f.Well)
		default:
			troubles = append(troubles, fmt.Sprintf("%s %s: %s. %s %s", d.Severity, d.Code, d.Summary, d.Detail, d.Hint))
		}
	}
	return well, troubles
}

// finds wants doctor to name a trouble of the state, with words of it and of what to
// do, and to call the state sound or not.
func (b *bench) finds(sound bool, words ...string) {
	b.tb.Helper()
	well, troubles := b.examined()
	if sound != slices.ContainsFunc(well, func(s string) bool { return strings.Contains(s, " is sound; ") }) {
		b.tb.Errorf("well is %q", well)
	}
	for _, t := range troubles {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(t, w) }) {
			return
		}
	}
	b.tb.Errorf("nothing of %q is in\n%s", words, strings.Join(troubles, "\n"))
}

// onDisk is a real state, in which something is recorded.
func onDisk(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, plan, "acme,a@a.example")
	b.real("2027-03-01 18:00")
	b.now()
	if _, troubles := b.examined(); len(troubles) > 0 {
		t.Fatalf("before anything is wrong, doctor finds %q", troubles)
	}
	return b
}

func (b *bench) replaceFile(name string, content []byte) {
	b.tb.Helper()
	if err := os.RemoveAll(name); err != nil {
		b.tb.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		b.tb.Fatal(err)
	}
}

func (b *bench) content(name string) []byte {
	b.tb.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		b.tb.Fatal(err)
	}
	return content
}

// Doctor says of a state that nothing can be recorded in, or that may be an old one,
// what it is, and does not call it sound.
func TestDoctorNamesWhatIsWrongWithTheState(t *testing.T) {
	tests := map[string]struct {
		harm  func(b *bench)
		sound bool
		words []string
	}{
		"a mark that cannot be read": {
			func(b *bench) { b.replaceFile(b.statePath()+".mark", []byte("scribble")) }, false,
			[]string{"error state-unmarked: ", "state.db.mark", "it holds no mark", "remove that file", "restore the newest backup"},
		},
		"a mark that is a directory": {
			func(b *bench) {
				if err := os.Remove(b.statePath() + ".mark"); err != nil {
					b.tb.Fatal(err)
				}
				if err := os.Mkdir(b.statePath()+".mark", 0o700); err != nil {
					b.tb.Fatal(err)
				}
			}, false,
			[]string{"error state-unmarked: ", "it is a directory", "remove that directory"},
		},
		"an emptied mark": {
			func(b *bench) { b.replaceFile(b.statePath()+".mark", nil) }, true,
			[]string{"warning mark-missing: ", "holds nothing of it", "nothing need be done", "transition state restore FILE."},
		},
		"no mark": {
			func(b *bench) { os.Remove(b.statePath() + ".mark") }, true, []string{"warning mark-missing: ", "is not there"},
		},
		"no lineage": {
			func(b *bench) {
				if err := os.Remove(filepath.Join(b.dir, ".transition.lineage")); err != nil {
					b.tb.Fatal(err)
				}
			}, true,
			[]string{"warning lineage-missing: ", "Restore it from version control", ">.transition.lineage"},
		},
		"a backup in its place": {
			func(b *bench) { b.replaceFile(b.statePath(), b.content(b.backup())) }, false,
			[]string{"error state-backup: ", "was written by state backup", "transition state restore"},
		},
		"a restoration that was cut off": {
			func(b *bench) { b.cutOffRestoration() }, false,
			[]string{"error state-older: ", "A restoration was cut off", "Nothing is missing", "Restore the copy again"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := onDisk(t)
			test.harm(b)
			b.finds(test.sound, test.words...)
		})
	}
}

// Doctor says so of a state that cannot be written, whatever it is that cannot: the
// file, its directory, its mark or its lock.
func TestDoctorKnowsAStateThatCannotBeWritten(t *testing.T) {
	for _, name := range []string{"state.db", "", "state.db.mark", "state.db.lock"} {
		t.Run("answered/"+name, func(t *testing.T) {
			b := onDisk(t)
			locked := filepath.Join(filepath.Dir(b.statePath()), name)
			b.mayWrite = func(asked string) error {
				if asked != locked {
					return nil
				}
				return &fs.PathError{Op: "write", Path: asked, Err: errors.New("the disk is read-only")}
			}
			b.finds(false, "error state-read-only: ", locked+" may not be written", "the disk is read-only", "writable for whoever applies")
		})
		t.Run("asked/"+name, func(t *testing.T) {
			if os.Geteuid() == 0 || runtime.GOOS == "windows" {
				t.Skip("there is nothing that this user may not write")
			}
			b := onDisk(t)
			locked := filepath.Join(filepath.Dir(b.statePath()), name)
			info, err := os.Stat(locked)
			if err == nil {
				err = os.Chmod(locked, info.Mode().Perm()&^0o222)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(locked, info.Mode().Perm()) })
			b.finds(false, "error state-read-only: ", locked+" may not be written", "permission denied")
		})
	}
}

// cutOffRestoration leaves the mark of a restoration before its copy had its place.
func (b *bench) cutOffRestoration() {
	b.tb.Helper()
	name := b.statePath() + ".mark"
	var newest map[string]any
	var slot []byte
	for part := range slices.Chunk(b.content(name), 512) {
		line, _, _ := bytes.Cut(part, []byte("} "))
		var m map[string]any
		if err := json.Unmarshal(append(bytes.Clone(line), '}'), &m); err == nil && (newest == nil || m["serial"].(float64) >= newest["serial"].(float64)) {
			newest, slot = m, bytes.Clone(part)
		}
	}
	newest["serial"], newest["facts"], newest["restores"] = newest["serial"].(float64)+1, newest["facts"].(float64)+1, true
	line, err := json.Marshal(newest)
	if err != nil {
		b.tb.Fatal(err)
	}
	next := fmt.Appendf(nil, "%-511s\n", fmt.Sprintf("%s %08x", line, crc32.ChecksumIEEE(line)))
	b.replaceFile(name, append(next, slot...))
}

// An old file that is copied over a state while the -wal file of that lies beside it
// is mixed with it: doctor says what has probably happened.
func TestDoctorKnowsAStateThatWasCopiedOver(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	clock := b.real("2027-03-01 18:00")
	b.now()
	old := b.content(b.statePath())
	var rows strings.Builder
	for i := range 300 {
		fmt.Fprintf(&rows, "t%d,t%d@a.example\n", i, i)
	}
	b.write("tenants.csv", "id,email\nacme,a@a.example\n"+rows.String())
	b.now()
	clock.Set(b.instant("2027-03-13 18:00"))
	var once sync.Once
	b.fake.do = func(action.Request) action.Outcome {
		once.Do(b.kill)
		return succeeded
	}
	b.now()
	b.revive()
	if info, err := os.Stat(b.statePath() + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("the killed apply has left no log: %v, %v", info, err)
	}
	b.replaceFile(b.statePath(), old)
	b.finds(false, "error state-mixed: ", "state.db-wal", "was copied over", "restore the newest backup")
}

// What a running or ended command tells of an attempt is not called unknown as well.
func TestDoctorCallsOnlyUnknownWhatNobodyKnows(t *testing.T) {
	b, p := orphaned(t, plan)
	open := func() bool {
		_, troubles := b.examined()
		return strings.Contains(strings.Join(troubles, "\n"), "attempts-open")
	}
	if open() {
		t.Error("its command still runs")
	}
	p.set(process.Unseen)
	if !open() {
		t.Error("it may run elsewhere")
	}
	p.set(process.Gone)
	if !open() {
		t.Error("nobody saw its end")
	}
	if err := note.Ended(filepath.Join(b.notesDir(), "1-1.json"), succeeded); err != nil {
		t.Fatal(err)
	}
	if open() {
		t.Error("its end is noted")
	}
}

// While the plan is wrong, doctor names the locks that are held.
func TestDoctorNamesHeldLocksUnderAWrongPlan(t *testing.T) {
	b := locked(t, guarded)
	b.write("wrong.transition.hcl", "phase {}\n")
	p, wrong := runner.Open(runner.Options{Dir: b.dir, Clock: b.clock, Actions: b.fake.actions()})
	defer p.Close()
	var people []string
	for _, f := range p.Examine(t.Context(), runner.ExamineOptions{Loaded: wrong}) {
		if f.Area == runner.AreaPeople {
			people = append(people, f.Well+f.Trouble.Code+" "+f.Trouble.Detail)
		}
	}
	if len(people) != 1 || !strings.HasPrefix(people[0], "locks-held The plan is invalid, and 1 lock is held") {
		t.Errorf("of people it says %q", people)
	}
}

// Of a command that outlives its runner, doctor says what comes of its end only while
// its item waits for that.
func TestDoctorAdvisesNoAnswerForWhatIsAnswered(t *testing.T) {
	b, p := orphaned(t, plan)
	p.set(process.Runs)
	b.finds(true, "warning still-running: ", "which the next apply records")
	b.resolve(ledger.AnswerDone, copied)
	b.finds(true, "warning still-running: ", "is recorded already", "Nothing waits for it")
	if _, troubles := b.examined(); strings.Contains(strings.Join(troubles, "\n"), "which the next apply records") {
		t.Errorf("it still says\n%s", strings.Join(troubles, "\n"))
	}
}
