//go:build unix

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files reads the files of a directory and of those in it.
func (b *background) files() map[string]string {
	b.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(b.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, b.dir+"/")] = string(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// with is a directory with some of the files of another one.
func with(t *testing.T, files map[string]string, names ...string) *background {
	t.Helper()
	b := &background{T: t, dir: filepath.Join(t.TempDir(), "plan")}
	for _, name := range names {
		path := filepath.Join(b.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return b
}

// However far an init has come when it was killed, the next one brings it to its
// end.
func TestInitGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	const lineage, state = ".transition.lineage", ".transition/state.db"
	const mark = state + ".mark" // it comes with the first that writes
	whole := with(t, nil)
	out := whole.run(0, "init")
	files := whole.files()
	delete(files, mark)
	var written []string // in order
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "wrote "); ok {
			written = append(written, name)
		}
	}
	if len(written) != len(files)-2 {
		t.Fatalf("of %q only %q was written", slices.Sorted(maps.Keys(files)), written)
	}
	goesOn := func(b *background) {
		t.Helper()
		b.run(0, "init")
		b.run(0, "plan")
		is := b.files()
		delete(is, mark)
		for _, name := range written {
			if is[name] != files[name] {
				t.Errorf("%s is\n%s", name, is[name])
			}
		}
		if len(is) != len(written)+2 || strings.Contains(is[lineage], " ") || is[state] == "" {
			t.Errorf("there are %q, and the lineage is %q", slices.Sorted(maps.Keys(is)), is[lineage])
		}
		b.run(1, "init")
	}
	for n := range len(written) + 1 {
		goesOn(with(t, files, written[:n]...))
	}
	files[lineage] = strings.TrimSpace(files[lineage]) + " unfinished\n"
	files[state+".new-1"], files[state+".new-1-journal"] = files[state][:100], "x"
	for _, more := range [][]string{nil, {state + ".new-1", state + ".new-1-journal"}, {state + ".new-1", state}} {
		names := slices.Concat(written, []string{lineage}, more)
		b := with(t, files, names...)
		for _, command := range []string{"plan", "status", "apply"} {
			if out := b.run(1, command); !strings.Contains(out, "to its end: transition init") {
				t.Errorf("%s says\n%s", command, out)
			}
		}
		goesOn(b)
		if more != nil && more[len(more)-1] == state && b.files()[lineage] != strings.Replace(files[lineage], " unfinished", "", 1) {
			t.Error("the state that was made is another one's now")
		}
	}
}
