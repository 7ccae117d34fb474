package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Time comes in as a value: whoever reads the machine's clock elsewhere makes
// that part of the project behave differently in a rehearsal and in a test.
// Conformance suites (storetest, actiontest) are tests themselves.
func TestOnlyTheClockReadsTheClock(t *testing.T) {
	forbidden := map[string][]string{
		"":      {"Now", "Since", "Until", "Sleep"},
		"plans": {"After", "AfterFunc", "NewTicker", "NewTimer", "Tick"},
	}
	for folder, calls := range forbidden {
		for _, file := range sources(t, folder) {
			if strings.HasPrefix(file, "runner/clock/") || strings.Contains(file, "test/") {
				continue
			}
			for _, name := range timeCalls(t, file) {
				if slices.Contains(calls, name) {
					t.Errorf("%s calls time.%s; it must get the time from its caller, or from a clock.Clock", file, name)
				}
			}
		}
	}
}

// sources lists the Go files of a folder that are no tests, as paths from the
// project's root.
func sources(t *testing.T, folder string) []string {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != root:
			return fs.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			rel, err := filepath.Rel(root, name)
			files = append(files, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// timeCalls lists the functions of package time that a file mentions.
func timeCalls(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && pkg.Obj == nil {
			names = append(names, sel.Sel.Name)
		}
		return true
	})
	return names
}
