// Package defecttest builds programs with deliberate defects, which the tests that
// find none must be able to find. The defects are made in copies of the sources,
// for one build: nothing of them is in the program, or in a switch for it.
package defecttest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Edit is a file, relative to the root of the edits, a text that stands in it once,
// and the text that takes its place.
type Edit [3]string

// Overlay makes the file that -overlay of the go command takes, and returns its
// name. An edit whose place is gone fails the test.
func Overlay(t testing.TB, root string, edits []Edit) string {
	t.Helper()
	dir := t.TempDir()
	texts := make(map[string]string)
	for _, e := range edits {
		file, old, new := e[0], e[1], e[2]
		name, err := filepath.Abs(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		if texts[name] == "" {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(content)
		}
		if n := strings.Count(texts[name], old); n != 1 {
			t.Fatalf("%s holds %d times\n%s", file, n, old)
		}
		texts[name] = strings.Replace(texts[name], old, new, 1)
	}
	replaced := make(map[string]string)
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, text := range texts {
		replaced[name] = write(filepath.Base(name), []byte(text))
	}
	description, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	return write("overlay.json", description)
}
