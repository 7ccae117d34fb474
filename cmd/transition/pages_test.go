package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What these pages say is shown by a test must be.
func TestPagesNameTestsThatExist(t *testing.T) {
	there := tests(t)
	for _, name := range []string{"SECURITY.md", "RELIABILITY.md"} {
		page, err := os.ReadFile("../../.github/" + name)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+|\\w+\\.txtar|q\\d\\d_\\w+)[`/]").FindAllSubmatch(page, -1)
		if len(named) == 0 {
			t.Errorf("%s names no test", name)
		}
		for _, test := range named {
			if !there[string(test[1])] {
				t.Errorf("%s: there is no %s", name, test[1])
			}
		}
	}
}

// tests are the names of all tests, scripts and archives.
func tests(t *testing.T) map[string]bool {
	there := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, ".txtar"):
			there[filepath.Base(path)] = true
			there[strings.TrimSuffix(filepath.Base(path), ".txtar")] = true
		case strings.HasSuffix(path, "_test.go"):
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, found := range declared.FindAllSubmatch(source, -1) {
				there[string(found[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}
