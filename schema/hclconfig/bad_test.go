package hclconfig_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"transition/schema/diag"
	"transition/schema/hclconfig"
)

var update = flag.Bool("update", false, "write what the tests find into testdata")

// TestBadPlans loads each archive of testdata/bad, and compares what is told of
// its mistakes with its section "want": code, place, summary and hint.
func TestBadPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive := parseArchive(t, file)
			_, diags := hclconfig.Load(mapFS(archive), hclconfig.Options{Version: "1.0.0"})
			checkComplete(t, diags)
			got := lines(diags)
			if *update {
				writeSection(t, file, archive, "want", got)
				return
			}
			if diff := cmp.Diff(section(archive, "want"), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// checkComplete holds every diagnostic to what people are promised: a place with
// its line, a sentence, and what to write instead.
func checkComplete(t *testing.T, diags diag.List) {
	t.Helper()
	if len(diags) == 0 {
		t.Error("no diagnostics")
	}
	for _, d := range diags {
		if d.Code == "" || d.Summary == "" || d.Detail == "" || d.Severity == 0 {
			t.Errorf("incomplete: %+v", d)
		}
		if d.Hint == "" && d.Code != "syntax" && d.Code != "invalid-variable" {
			t.Errorf("no hint: %s: %s", d.Code, d.Detail)
		}
		if d.Subject.IsZero() || d.Subject.Start.Line == 0 {
			t.Errorf("no place: %s: %s", d.Code, d.Detail)
		}
	}
}

func lines(diags diag.List) string {
	var b strings.Builder
	for _, d := range diags {
		if d.Severity == diag.Warning {
			b.WriteString("(warning) ")
		}
		where := ""
		if d.Where != "" {
			where = " in " + d.Where
		}
		fmt.Fprintf(&b, "%s %s:%d:%d%s\n  %s: %s\n  | %s\n", d.Code, d.Subject.File, d.Subject.Start.Line, d.Subject.Start.Column, where,
			d.Summary, d.Detail, d.Hint)
	}
	return b.String()
}

func parseArchive(t testing.TB, file string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func mapFS(archive *txtar.Archive) fs.FS {
	fsys := fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name != "want" {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

func section(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func writeSection(t *testing.T, file string, archive *txtar.Archive, name, content string) {
	t.Helper()
	out := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if f.Name != name {
			out.Files = append(out.Files, f)
		}
	}
	out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(content)})
	if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
		t.Fatal(err)
	}
}
