package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "transition"

// layers are the folders from the bottom to the top; each may import itself and
// what stands before it.
var layers = []string{"schema", "plans", "runner", "cmd"}

// fence keeps a package, or everything below a path that ends in "/", within
// parts of the project.
type fence struct {
	imports string
	only    []string // where it may be imported; nil: nowhere in within
	within  string   // the part of the project that the fence stands in; "": all
	because string
}

var fences = []fence{
	{"github.com/hashicorp/hcl/", []string{"schema/hclconfig"}, "", "a plan's syntax is known in one place only"},
	{"github.com/zclconf/go-cty/", []string{"schema/hclconfig"}, "", "a plan's syntax is known in one place only"},
	{"github.com/fsnotify/", []string{"runner/watch"}, "", "watching files is one package's job"},
	{"github.com/spf13/", []string{"cmd"}, "", "only the faces know the command line"},
	{"modernc.org/", []string{"runner/store/sqlite"}, "", "only the store knows its database"},
	{"database/sql", []string{"runner/store/sqlite"}, "", "only the store knows its database"},
	{"os", nil, "plans", "decisions are values in, values out"},
	{"os/", nil, "plans", "decisions are values in, values out"},
	{"net", nil, "plans", "decisions are values in, values out"},
	{"net/", nil, "plans", "decisions are values in, values out"},
	{"io/fs", nil, "plans", "decisions are values in, values out"},
	{"log", nil, "plans", "what was decided is returned, not logged"},
	{"log/", nil, "plans", "what was decided is returned, not logged"},
	{"github.com/hashicorp/go-hclog", nil, "plans", "what was decided is returned, not logged"},
	{"sync", nil, "plans", "nothing in a decision runs beside it"},
	{"sync/", nil, "plans", "nothing in a decision runs beside it"},
	{"math/rand", nil, "plans", "randomness is a seed in the data"},
	{"math/rand/", nil, "plans", "randomness is a seed in the data"},
	{"crypto/rand", nil, "plans", "randomness is a seed in the data"},
	{"os/exec", []string{"runner/action/command", "runner/keeper"}, "runner", "processes are one action's job, and that of what keeps them"},
	{"net/http", []string{"runner/action/webhook"}, "runner", "requests are one action's job"},
	{"net/smtp", nil, "", "messages are sent by the project's own client, which knows what an answer means"},
}

// covers reports whether the fence is about an import.
func (f fence) covers(imported string) bool {
	if strings.HasSuffix(f.imports, "/") {
		return strings.HasPrefix(imported, f.imports)
	}
	return imported == f.imports
}

// below reports whether a package lies in a folder of the project.
func below(pkg, folder string) bool {
	return folder == "" || pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// broken says why a package may not import another one; "": it may.
func broken(pkg, imported string) string {
	if inner, ok := strings.CutPrefix(imported, modulePath+"/"); ok {
		from, to := slices.Index(layers, top(pkg)), slices.Index(layers, top(inner))
		if from >= 0 && to > from {
			return "imports go one way: cmd > runner > plans > schema"
		}
		return ""
	}
	for _, f := range fences {
		allowed := func(folder string) bool { return below(pkg, folder) }
		if f.covers(imported) && below(pkg, f.within) && !slices.ContainsFunc(f.only, allowed) {
			return f.because
		}
	}
	return ""
}

func top(pkg string) string {
	first, _, _ := strings.Cut(pkg, "/")
	return first
}

// imports yields each import of each file of the project; tests may import
// whatever they need from outside, so theirs are told apart.
func imports(t *testing.T, each func(file, pkg, imported string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			each(filepath.ToSlash(rel), path.Dir(filepath.ToSlash(rel)), imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsGoOneWay(t *testing.T) {
	seen := 0
	imports(t, func(file, pkg, imported string) {
		seen++
		inside := strings.HasPrefix(imported, modulePath+"/")
		if strings.HasSuffix(file, "_test.go") && !inside {
			return
		}
		if why := broken(pkg, imported); why != "" {
			t.Errorf("%s must not import %s: %s", file, imported, why)
		}
	})
	if seen < 100 {
		t.Errorf("only %d imports were found; the test looks at the wrong place", seen)
	}
}

func TestFencesHold(t *testing.T) {
	tests := []struct {
		pkg, imported string
		broken        bool
	}{
		{"schema", "transition/plans", true},
		{"schema/diag", "transition/cmd/transition/internal/view", true},
		{"plans", "transition/runner/store", true},
		{"runner", "transition/plans", false},
		{"cmd/transition", "transition/schema/addr", false},
		{"plans", "os", true},
		{"plans/ledger", "net/http", true},
		{"plans", "github.com/hashicorp/hcl/v2", true},
		{"schema/hclconfig", "github.com/hashicorp/hcl/v2/hclsyntax", false},
		{"schema/hclconfig/compile", "github.com/zclconf/go-cty/cty", false},
		{"runner", "os/exec", true},
		{"runner/action/command", "os/exec", false},
		{"plans", "time", false},
	}
	for _, tt := range tests {
		if why := broken(tt.pkg, tt.imported); (why != "") != tt.broken {
			t.Errorf("%s importing %s: %q", tt.pkg, tt.imported, why)
		}
	}
}
