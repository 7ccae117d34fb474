package inventory

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"transition/schema"
	"transition/schema/diag"
)

// told is what a person sees of a diagnostic.
type told struct {
	Code, At, Snippet string
	Says              string // part of the detail or the hint
}

func seen(diags diag.List, want []told) []told {
	var got []told
	for i, d := range diags {
		at := fmt.Sprintf("%s:%d:%d", d.Subject.File, d.Subject.Start.Line, d.Subject.Start.Column)
		says := d.Detail + " " + d.Hint
		if i < len(want) && strings.Contains(says, want[i].Says) {
			says = want[i].Says
		}
		got = append(got, told{d.Code, at, d.Snippet, says})
	}
	return got
}

// head is the first row of the files with mistakes.
const head = "id,name,seats,berry,ring,time_zone\n"

type badFile struct {
	csv  string
	want []told
}

func refuse(t *testing.T, tests map[string]badFile) {
	t.Helper()
	ring := schema.Column{Name: "ring", OneOf: []string{"pilot", "broad"}}
	name := schema.Column{Name: "name", Required: true}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			s, diags := Open(files(map[string]string{"tenants.csv": test.csv}), config(name, numbers("seats"), flag("berry"), ring))
			if s != nil {
				t.Error("the source can be read in spite of the mistakes")
			}
			if diff := cmp.Diff(test.want, seen(diags, test.want)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMistakesInCells(t *testing.T) {
	refuse(t, map[string]badFile{
		"wrong types": {
			head + "a,Änne,many,yes,pilot,\nb,Bob,\"1,5\",1,pilot,\n",
			[]told{
				{"wrong-type", "tenants.csv:2:8", "a,Änne,many,yes,pilot,", `"many" is none. The same is wrong in 1 more row: line 3 ("1,5").`},
				{"wrong-type", "tenants.csv:2:13", "a,Änne,many,yes,pilot,", "Write true or false"},
			},
		},
		"a comma for the point": {
			head + "b,Bob,\"1,5\",1,pilot,\n",
			[]told{{"wrong-type", "tenants.csv:2:7", `b,Bob,"1,5",1,pilot,`, "Write 1.5"}},
		},
		"a mistake of a whole column is told once, with examples": {
			head + "a,A,v,,,\nb,B,w,,,\nc,C,x,,,\nd,D,y,,,\ne,E,z,,,\nf,F,1,,,\n",
			[]told{{"wrong-type", "tenants.csv:2:5", "a,A,v,,,", `in 4 more rows: line 3 ("w"), line 4 ("x"), line 5 ("y") and 1 further.`}},
		},
		"outside one_of": {
			head + "a,A,,,pilo,\n",
			[]told{
				{"not-one-of", "tenants.csv:2:7", "a,A,,,pilo,", `Did you mean "pilot"?`},
			},
		},
		"required": {
			head + "a,,1,,,\n",
			[]told{{"missing-value", "tenants.csv:2:3", "a,,1,,,", `Column "name" is required`}},
		},
	})
}

// refuseCells wants a cell of a file's only row to be refused with these words.
func refuseCells(t *testing.T, code string, row func(cell string) string, cells map[string]string) {
	t.Helper()
	for cell, says := range cells {
		t.Run(cell, func(t *testing.T) {
			_, diags := Open(files(map[string]string{"tenants.csv": head + row(cell) + "\n"}), config(numbers("seats")))
			if len(diags) != 1 || diags[0].Code != code || !strings.Contains(diags[0].Detail+" "+diags[0].Hint, says) {
				t.Errorf("got %+v, want %s that says %s", diags, code, says)
			}
		})
	}
}

func TestCellsThatAreRefused(t *testing.T) {
	refuseCells(t, "wrong-type", func(cell string) string { return "a,A," + cell + ",,," }, map[string]string{
		"NaN": `"NaN" is none`, "Inf": `"Inf" is none`, "0x10": `"0x10" is none`,
		"1_000": `"1_000" is none`, "1e999": `"1e999" is none`, " 1": "Write 1,",
	})
	refuseCells(t, "unknown-time-zone", func(cell string) string { return "a,A,,,," + cell }, map[string]string{
		"Europe/Atlantis": "Europe/Atlantis", "Local": "Local", "../passwd": "passwd",
	})
	refuseCells(t, "bad-tenant-id", func(cell string) string { return cell + ",A,,,," }, map[string]string{
		"a/b": "slash", "a*": "* or ?", "\" a\"": "space", "a\u202eb": "cannot be seen",
		strings.Repeat("x", 257): "longer than 256", "batch.a": "names batches",
	})
}

func TestMistakesInRows(t *testing.T) {
	refuse(t, map[string]badFile{
		"too few and too many cells": {
			head + "a,A,1\nb,B,,,,,\n",
			[]told{
				{"short-row", "tenants.csv:2:5", "a,A,1", "has 3 cells"},
				{"long-row", "tenants.csv:3:9", "b,B,,,,,", "has 7 cells"},
			},
		},
		"ids": {
			head + ",A,,,,\na/b,A,,,,\na*,A,,,,\n",
			[]told{
				{"empty-key", "tenants.csv:2:1", ",A,,,,", "nothing in its key column"},
				{"bad-tenant-id", "tenants.csv:3:1", "a/b,A,,,,", `in 1 more row: line 4 ("a*").`},
			},
		},
		"encodings": {
			head + "a,M\xfcller,,,,\nb,nul\x00,,,,\nc\xff,C,,,,\n",
			[]told{
				{"bad-encoding", "tenants.csv:2:3", "a,M\ufffdller,,,,", "CSV UTF-8"},
				{"bad-text", "tenants.csv:3:3", "b,nul\ufffd,,,,", "NUL"},
				{"bad-encoding", "tenants.csv:4:1", "c\ufffd,C,,,,", "CSV UTF-8"},
			},
		},
		"more duplicates": {
			head + "b,B,,,,\na,A,,,,\nb,B,,,,\n\nb,B,,,,\n",
			[]told{{"duplicate-key", "tenants.csv:4:1", "b,B,,,,", `in 1 more row: line 6 ("b").`}},
		},
		"a duplicate names the first": {
			head + "b,B,,,,\na,A,,,,\nb,B,,,,\n\n",
			[]told{
				{"duplicate-key", "tenants.csv:4:1", "b,B,,,,", "in line 2 already"},
			},
		},
		"quotes inside of a cell": {
			head + "a,An \"Co\",,,,\nb,\"B\"x,,,,\nc,C,x,,,\n",
			[]told{
				{"bad-quotes", "tenants.csv:2:6", `a,An "Co",,,,`, "in 1 more row: line 3."},
				{"wrong-type", "tenants.csv:4:5", "c,C,x,,,", "numbers"},
			},
		},
		"a quote never closed": {
			head + "a,A,,,,\nb,\"B,,,,\nc,C,,,,\n",
			[]told{{"bad-quotes", "tenants.csv:3:1", `b,"B,,,,`, "not closed"}},
		},
		"mistakes in a file out of order, once each": {
			head + "b,B,x,,,\na,A,y,,,\n",
			[]told{
				{"wrong-type", "tenants.csv:2:5", "b,B,x,,,", `"x" is none. The same is wrong in 1 more row: line 3 ("y").`},
			},
		},
		"after a byte order mark and a cell of two lines": {
			"\ufeff" + head + "a,\"A\r\nB\",x,,,\n",
			[]told{{"wrong-type", "tenants.csv:3:4", `B",x,,,`, `"x"`}},
		},
	})
}

func TestMistakesInHeaders(t *testing.T) {
	tests := map[string]struct {
		csv  string
		want []told
	}{
		"empty":             {"", []told{{"empty-inventory", "tenants.csv:1:1", "", "no first row"}}},
		"only blank lines":  {"\n\r\n\n", []told{{"empty-inventory", "tenants.csv:1:1", "", "no first row"}}},
		"empty name":        {"id,,b\n", []told{{"empty-column-name", "tenants.csv:1:4", "id,,b", "Column 2"}}},
		"trailing comma":    {"id,b,\n", []told{{"empty-column-name", "tenants.csv:1:6", "id,b,", "separator at the end"}}},
		"duplicate":         {"id,b,b \n", []told{{"duplicate-column", "tenants.csv:1:6", "id,b,b ", "2 and 3"}}},
		"bad quotes":        {"id,\"b\n", []told{{"bad-quotes", "tenants.csv:1:6", `id,"b`, "whole cell"}}},
		"UTF-16":            {"\xff\xfei\x00d\x00", []told{{"bad-encoding", "tenants.csv:1:1", "\ufffd\ufffdi\ufffdd\ufffd", "UTF-16"}}},
		"line ends of 1999": {"id,name\ra,Ann\r", []told{{"bad-column-name", "tenants.csv:1:4", "id,name\ufffda,Ann", "line of its own"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fsys := files(map[string]string{"tenants.csv": test.csv})
			names, diags := Header(fsys, from("tenants", "tenants.csv"))
			if diff := cmp.Diff(test.want, seen(diags, test.want)); diff != "" || names != nil {
				t.Errorf("diagnostics of Header (-want +got):\n%s", diff)
			}
			_, again := Open(fsys, config())
			if diff := cmp.Diff(diags, again); diff != "" {
				t.Errorf("Open tells something else than Header:\n%s", diff)
			}
		})
	}
}

func TestColumnsThatMustBeThere(t *testing.T) {
	cfg := config(schema.Column{Name: "mail", Required: true})
	_, diags := Open(files(map[string]string{"tenants.csv": "Id,name\na,A\n"}), cfg)
	want := []told{
		{"missing-key-column", "main.transition.hcl:2:12", "", `Did you mean "Id"?`},
		{"missing-column", "tenants.csv:1:1", "Id,name", `Column "mail" is required`},
	}
	if diff := cmp.Diff(want, seen(diags, want)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestMistakesInPaths(t *testing.T) {
	fsys := files(map[string]string{"data/tenants.csv": "id\n", "notes.txt": ""})
	fsys["pipe.csv"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	tests := []struct{ source, code, says string }{
		{"data/tenant.csv", "missing-inventory", `Did you mean "data/tenants.csv"?`},
		{"data/customers.csv", "missing-inventory", "Beside it lie: data/tenants.csv"},
		{"date/tenants.csv", "missing-inventory", `no directory "date"`},
		{"data", "not-a-file", "is a directory"},
		{"pipe.csv", "not-a-file", "not a regular file"},
		{"../tenants.csv", "bad-inventory-path", "inside of the plan directory"},
		{"data/../../tenants.csv", "bad-inventory-path", "inside of the plan directory"},
		{"/etc/passwd", "bad-inventory-path", "inside of the plan directory"},
		{`data\tenants.csv`, "bad-inventory-path", "forward slashes"},
	}
	for _, test := range tests {
		t.Run(test.source, func(t *testing.T) {
			_, diags := Header(fsys, from("tenants", test.source))
			want := []told{{test.code, "main.transition.hcl:2:12", "", test.says}}
			if diff := cmp.Diff(want, seen(diags, want)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if diags[0].Where != `inventory "tenants"` {
				t.Errorf("the diagnostic is about %s", diags[0].Where)
			}
		})
	}
}

func TestLinksOutOfTheDirectoryAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(os.DevNull, dir+"/tenants.csv"); err != nil {
		t.Skipf("this system makes no symbolic links: %v", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, diags := Header(root.FS(), from("tenants", "tenants.csv")); len(diags) != 1 || diags[0].Code != "unreadable-inventory" {
		t.Errorf("got %+v, want one diagnostic that the file cannot be read", diags)
	}
}

func TestDuplicatesAcrossInventories(t *testing.T) {
	cfg := config()
	cfg.Inventories = append(cfg.Inventories, from("west", "west.csv"))
	fsys := files(map[string]string{
		"tenants.csv": "id\na\nb\nc\n",
		"west.csv":    "id\nd\nb\na\n",
	})
	_, diags := Open(fsys, cfg)
	want := []told{
		{"duplicate-key", "west.csv:4:1", "a", `line 2 of "tenants.csv" already, and nobody could tell which of the two rows is right. The same is wrong in 1 more row: line 3 ("b").`},
	}
	if diff := cmp.Diff(want, seen(diags, want)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestBlockWithoutRowNeedsRequiredAttributes(t *testing.T) {
	cfg := config(schema.Column{Name: "mail", Required: true})
	at := diag.Range{File: "main.transition.hcl", Start: diag.Pos{Line: 9, Column: 1}}
	cfg.Tenants = map[string]*schema.TenantBlock{"z": {ID: "z", Range: at}}
	_, diags := Open(files(map[string]string{"tenants.csv": "id,mail\na,a@x\n"}), cfg)
	want := []told{{"missing-value", "main.transition.hcl:9:1", "", "Write mail"}}
	if diff := cmp.Diff(want, seen(diags, want)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	_, diags = Open(files(map[string]string{"tenants.csv": "id,mail\nz,\"z\n"}), cfg)
	if len(diags) != 1 || diags[0].Code != "bad-quotes" {
		t.Errorf("got %+v, want nothing about the block while its row cannot be read", diags)
	}
}

func TestManyMistakesAreCounted(t *testing.T) {
	for name, first := range map[string]string{"sorted": "0", "unsorted": "9"} {
		t.Run(name, func(t *testing.T) {
			var columns []schema.Column
			header, cells := "id", ""
			for i := range 25 {
				columns = append(columns, numbers(fmt.Sprintf("n%02d", i)))
				header, cells = header+","+columns[i].Name, cells+",x"
			}
			csv := header + "\n" + first + "1" + cells + "\n02" + cells + "\n03" + cells + "\n"
			_, diags := Open(files(map[string]string{"tenants.csv": csv}), config(columns...))
			if len(diags) != 21 {
				t.Fatalf("got %d diagnostics, want 20 and one that counts the rest", len(diags))
			}
			last := diags[20]
			if last.Code != "more-mistakes" || !strings.Contains(last.Detail, "15 more") {
				t.Errorf("the last diagnostic is %+v", last)
			}
		})
	}
}

// FuzzOpen asserts that no file makes the reader panic, that what it accepts
// comes back whole, in order and the same each time, and that everything it
// refuses has a place.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{
		"id,name\na,Ann\nb,Bob\n", "id;name\nb;\"B;\"\na;A", "\ufeffid\tn\r\nc\t1\r\n\r\na\t2\r\n", "id,name\nb,\"x\n\ny\"\na,\"\"\"\"\n",
		"id\n\"", "id,n\na,1,\n", "\xff\xfe", "id,name\na,\x00\n", "id\na\na\n", "id,name\r\nb,x\r\na,y\r",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, csv string) {
		fsys := files(map[string]string{"tenants.csv": csv})
		s, diags := Open(fsys, config(text("name"), numbers("n")))
		if s == nil {
			if !diags.HasErrors() {
				t.Fatal("refused without a reason")
			}
			for _, d := range diags {
				if d.Subject.IsZero() || d.Detail == "" || d.Subject.Start.Column < 1 {
					t.Fatalf("a diagnostic without a place: %+v", d)
				}
			}
			return
		}
		last, n := "", 0
		diags = s.Each(func(tn *schema.Tenant) bool {
			if tn.ID <= last {
				t.Fatalf("%q comes after %q", tn.ID, last)
			}
			last = tn.ID
			n++
			return true
		})
		if len(diags) > 0 || n != s.Len() {
			t.Fatalf("%d of %d tenants, %+v", n, s.Len(), diags)
		}
	})
}
