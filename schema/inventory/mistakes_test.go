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
				{"wrong-type", "tenants.csv:2:8", "a,Änne,many,yes,pilot,", `"many" is none`},
				{"wrong-type", "tenants.csv:2:13", "a,Änne,many,yes,pilot,", "Write true or false"},
				{"wrong-type", "tenants.csv:3:7", `b,Bob,"1,5",1,pilot,`, "Write 1.5"},
			},
		},
		"what Go takes for numbers": {
			head + "a,A,NaN,,,\nb,B,Inf,,,\nc,C,0x10,,,\nd,D,1_000,,,\ne,E,1e999,,,\nf,F, 1,,,\n",
			[]told{
				{"wrong-type", "tenants.csv:2:5", "a,A,NaN,,,", `"NaN" is none`},
				{"wrong-type", "tenants.csv:3:5", "b,B,Inf,,,", `"Inf" is none`},
				{"wrong-type", "tenants.csv:4:5", "c,C,0x10,,,", `"0x10" is none`},
				{"wrong-type", "tenants.csv:5:5", "d,D,1_000,,,", `"1_000" is none`},
				{"wrong-type", "tenants.csv:6:5", "e,E,1e999,,,", `"1e999" is none`},
				{"wrong-type", "tenants.csv:7:5", "f,F, 1,,,", "Write 1,"},
			},
		},
		"outside one_of": {
			head + "a,A,,,pilo,\nb,B,,,x,\n",
			[]told{
				{"not-one-of", "tenants.csv:2:7", "a,A,,,pilo,", `Did you mean "pilot"?`},
				{"not-one-of", "tenants.csv:3:7", "b,B,,,x,", `allows "pilot", "broad"`},
			},
		},
		"required": {
			head + "a,,1,,,\n",
			[]told{{"missing-value", "tenants.csv:2:3", "a,,1,,,", `Column "name" is required`}},
		},
		"unknown zone": {
			head + "a,A,,,,Europe/Atlantis\nb,B,,,,Local\nc,C,,,,../passwd\n",
			[]told{
				{"unknown-time-zone", "tenants.csv:2:8", "a,A,,,,Europe/Atlantis", "Europe/Atlantis"},
				{"unknown-time-zone", "tenants.csv:3:8", "b,B,,,,Local", "Local"},
				{"unknown-time-zone", "tenants.csv:4:8", "c,C,,,,../passwd", "passwd"},
			},
		},
	})
}

func TestMistakesInRows(t *testing.T) {
	long := strings.Repeat("x", 257)
	refuse(t, map[string]badFile{
		"too few and too many cells": {
			head + "a,A,1\nb,B,,,,,\n",
			[]told{
				{"short-row", "tenants.csv:2:5", "a,A,1", "has 3 cells"},
				{"long-row", "tenants.csv:3:9", "b,B,,,,,", "has 7 cells"},
			},
		},
		"ids": {
			head + ",A,,,,\na/b,A,,,,\na*,A,,,,\n\" a\",A,,,,\na\u202eb,A,,,,\n" + long + ",A,,,,\n",
			[]told{
				{"empty-key", "tenants.csv:2:1", ",A,,,,", "nothing in its key column"},
				{"bad-tenant-id", "tenants.csv:3:1", "a/b,A,,,,", "slash"},
				{"bad-tenant-id", "tenants.csv:4:1", "a*,A,,,,", "* or ?"},
				{"bad-tenant-id", "tenants.csv:5:1", `" a",A,,,,`, "space"},
				{"bad-tenant-id", "tenants.csv:6:1", "a\ufffdb,A,,,,", "cannot be seen"},
				{"bad-tenant-id", "tenants.csv:7:1", long + ",A,,,,", "longer than 256"},
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
		"duplicates, each naming the first": {
			head + "b,B,,,,\na,A,,,,\nb,B,,,,\n\nb,B,,,,\n",
			[]told{
				{"duplicate-key", "tenants.csv:4:1", "b,B,,,,", "in line 2 already"},
				{"duplicate-key", "tenants.csv:6:1", "b,B,,,,", "in line 2 already"},
			},
		},
		"quotes inside of a cell": {
			head + "a,An \"Co\",,,,\nb,\"B\"x,,,,\nc,C,x,,,\n",
			[]told{
				{"bad-quotes", "tenants.csv:2:6", `a,An "Co",,,,`, "doubled"},
				{"bad-quotes", "tenants.csv:3:5", `b,"B"x,,,,`, "doubled"},
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
				{"wrong-type", "tenants.csv:2:5", "b,B,x,,,", `"x"`},
				{"wrong-type", "tenants.csv:3:5", "a,A,y,,,", `"y"`},
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
		{"duplicate-key", "west.csv:3:1", "b", `line 3 of "tenants.csv"`},
		{"duplicate-key", "west.csv:4:1", "a", `line 2 of "tenants.csv"`},
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
	for name, row := range map[string]string{"sorted": "%03d", "unsorted": "9%03d"} {
		t.Run(name, func(t *testing.T) {
			var csv strings.Builder
			csv.WriteString("id,n\n")
			for i := range 100 {
				fmt.Fprintf(&csv, row+",x\n", i)
			}
			if name == "unsorted" {
				csv.WriteString("0,1\n")
			}
			_, diags := Open(files(map[string]string{"tenants.csv": csv.String()}), config(numbers("n")))
			if len(diags) != 21 {
				t.Fatalf("got %d diagnostics, want 20 and one that counts the rest", len(diags))
			}
			last := diags[20]
			if last.Code != "more-mistakes" || !strings.Contains(last.Detail, "80 more") {
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
