package inventory

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/schema"
	"transition/schema/diag"
)

// files makes a plan directory of texts.
func files(texts map[string]string) fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return fsys
}

func from(name, source string) *schema.Inventory {
	at := diag.Range{File: "main.transition.hcl", Start: diag.Pos{Line: 2, Column: 12}}
	return &schema.Inventory{Name: name, Source: source, SourceRange: at, Key: "id", KeyRange: at, Range: at}
}

// config is a plan of one inventory, tenants.csv, with these columns.
func config(columns ...schema.Column) *schema.Config {
	return &schema.Config{
		Inventories: []*schema.Inventory{from("tenants", "tenants.csv")},
		Columns:     schema.NewColumns(columns),
	}
}

func text(name string) schema.Column    { return schema.Column{Name: name} }
func numbers(name string) schema.Column { return schema.Column{Name: name, Type: schema.NumberType} }
func flag(name string) schema.Column    { return schema.Column{Name: name, Type: schema.Bool} }

// lines shows every tenant as its place, id, cells, zone and locale.
func lines(t *testing.T, fsys fs.FS, cfg *schema.Config) []string {
	t.Helper()
	s, diags := Open(fsys, cfg)
	if len(diags) > 0 {
		t.Fatalf("Open: %+v", diags)
	}
	var got []string
	diags = s.Each(func(tn *schema.Tenant) bool {
		line := fmt.Sprintf("%s:%d %s", tn.Row.File, tn.Row.Start.Line, tn.ID)
		for _, c := range tn.Cells {
			line += " " + cellText(c)
		}
		if tn.Zone != nil {
			line += " @" + tn.Zone.String()
		}
		if tn.Locale != "" {
			line += " #" + tn.Locale
		}
		got = append(got, line)
		return true
	})
	if len(diags) > 0 {
		t.Fatalf("Each: %+v", diags)
	}
	if s.Len() != len(got) {
		t.Errorf("Len is %d, Each gave %d", s.Len(), len(got))
	}
	return got
}

func cellText(c schema.Cell) string {
	switch {
	case !c.Valid:
		return "null"
	case c.Num != 0:
		return fmt.Sprintf("%s=%g", c.Text, c.Num)
	default:
		return fmt.Sprintf("%q", c.Text)
	}
}

func TestRows(t *testing.T) {
	columns := []schema.Column{text("name"), numbers("seats"), flag("berry")}
	tests := map[string]struct {
		csv  string
		want []string
	}{
		"in order": {
			"id,name,seats,berry\na,Ann,1,true\nb,Bob,2,0\n",
			[]string{`tenants.csv:2 a "Ann" 1=1 "true"`, `tenants.csv:3 b "Bob" 2=2 "false"`},
		},
		"out of order": {
			"id,name,seats,berry\nc,Cid,3,1\na,Ann,1,TRUE\nb,Bob,2,FALSE",
			[]string{`tenants.csv:3 a "Ann" 1=1 "true"`, `tenants.csv:4 b "Bob" 2=2 "false"`, `tenants.csv:2 c "Cid" 3=3 "true"`},
		},
		"out of order, quoted newlines, CRLF, blank lines": {
			"id,name,seats,berry\r\n\r\nb,\"Bob\r\nand \"\"Co\"\"\",2,0\r\n\r\na,Ann,1,1\r\n",
			[]string{`tenants.csv:6 a "Ann" 1=1 "true"`, `tenants.csv:3 b "Bob\nand \"Co\"" 2=2 "false"`},
		},
		"byte order of ids": {
			"id,name,seats,berry\nB,,,\nZ,,,\na,,,\nä,,,\n",
			[]string{`tenants.csv:2 B "" null null`, `tenants.csv:3 Z "" null null`, `tenants.csv:4 a "" null null`, `tenants.csv:5 ä "" null null`},
		},
		"byte order mark, semicolons, quoted separators, non-ASCII": {
			"\ufeffid;name;seats;berry\nb;\"Müller; Söhne, Köln\";7;0\na;Łódź 株式会社;8;1\n",
			[]string{`tenants.csv:3 a "Łódź 株式会社" 8=8 "true"`, `tenants.csv:2 b "Müller; Söhne, Köln" 7=7 "false"`},
		},
		"tabs": {
			"id\tname\tseats\tberry\na\tAnn, Inc; Ltd\t1\t1\n",
			[]string{`tenants.csv:2 a "Ann, Inc; Ltd" 1=1 "true"`},
		},
		"separators in a quoted header": {
			"id,\"a;b;c;d\",name,seats,berry\na,x,Ann,1,1\n",
			[]string{`tenants.csv:2 a "Ann" 1=1 "true"`},
		},
		"columns in another order, one unknown to the plan": {
			"berry,other,seats,name,id\n1,x,5,Ann,a\n",
			[]string{`tenants.csv:2 a "Ann" 5=5 "true"`},
		},
		"columns missing from the file": {
			"id\na\n",
			[]string{`tenants.csv:2 a null null null`},
		},
		"only a header": {"id,name,seats,berry\n", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := lines(t, files(map[string]string{"tenants.csv": test.csv}), config(columns...))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("tenants (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNumbersReadAsExpressionsPrintThem(t *testing.T) {
	tests := []struct{ written, want string }{
		{"0", `"0"`}, {"-0", `"0"`}, {"0.0", `"0"`}, {"12", "12=12"}, {"-3", "-3=-3"}, {"+4", "4=4"},
		{"007", "7=7"}, {"1.50", "1.5=1.5"}, {"1.5e3", "1500=1500"}, {".5", "0.5=0.5"},
		{"123456789012345678", "123456789012345678=1.2345678901234568e+17"},
	}
	for _, test := range tests {
		got := lines(t, files(map[string]string{"tenants.csv": "id,n\na," + test.written + "\n"}), config(numbers("n")))
		if want := "tenants.csv:2 a " + test.want; got[0] != want {
			t.Errorf("%s: got %s, want %s", test.written, got[0], want)
		}
	}
}

func TestDefaultsFillEmptyCells(t *testing.T) {
	ring := schema.Column{Name: "ring", Required: true, Default: &schema.Cell{Valid: true, Text: "broad"}, OneOf: []string{"pilot", "broad"}}
	seats := schema.Column{Name: "seats", Type: schema.NumberType, Default: &schema.Cell{Valid: true, Text: "5", Num: 5}}
	csv := "id,ring\na,pilot\nb,\n"
	got := lines(t, files(map[string]string{"tenants.csv": csv}), config(ring, seats))
	want := []string{`tenants.csv:2 a "pilot" 5=5`, `tenants.csv:3 b "broad" 5=5`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}

func TestZoneAndLocaleColumns(t *testing.T) {
	csv := "id,time_zone,locale\na,Europe/Berlin,de\nb,,\nc,Europe/Berlin,pt-BR\n"
	got := lines(t, files(map[string]string{"tenants.csv": csv}), config())
	want := []string{"tenants.csv:2 a @Europe/Berlin #de", "tenants.csv:3 b", "tenants.csv:4 c @Europe/Berlin #pt-BR"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}

func TestInventoriesAndBlocksMerge(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(text("name"), schema.Column{Name: "mail", Required: true})
	cfg.Inventories = append(cfg.Inventories, from("west", "./west/more.csv"))
	block := func(id string, line int, attributes map[string]schema.Cell) *schema.TenantBlock {
		return &schema.TenantBlock{ID: id, Attributes: attributes, Range: diag.Range{File: "main.transition.hcl", Start: diag.Pos{Line: line}}}
	}
	cfg.Tenants = map[string]*schema.TenantBlock{
		"d": block("d", 7, map[string]schema.Cell{"mail": {Valid: true, Text: "d@x"}}),
		"b": block("b", 8, map[string]schema.Cell{"name": {Valid: true, Text: "Bea"}, "mail": {Valid: true, Text: "b@x"}}),
		"z": block("z", 9, map[string]schema.Cell{"mail": {Valid: true, Text: "z@x"}}),
	}
	cfg.Tenants["b"].Zone, cfg.Tenants["b"].Locale = tokyo, "ja"
	fsys := files(map[string]string{
		"tenants.csv":   "id,name,mail\ne,Eve,e@x\na,Ann,a@x\n",
		"west/more.csv": "id,mail,time_zone,locale\nb,,Europe/Berlin,de\nc,c@x,,\nf,f@x,,\n",
	})
	want := []string{
		`tenants.csv:3 a "Ann" "a@x"`,
		`west/more.csv:2 b "Bea" "b@x" @Asia/Tokyo #ja`,
		`west/more.csv:3 c null "c@x"`,
		`main.transition.hcl:7 d null "d@x"`,
		`tenants.csv:2 e "Eve" "e@x"`,
		`west/more.csv:4 f null "f@x"`,
		`main.transition.hcl:9 z null "z@x"`,
	}
	if diff := cmp.Diff(want, lines(t, fsys, cfg)); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}

func TestEachStopsAndStartsAgain(t *testing.T) {
	s, diags := Open(files(map[string]string{"tenants.csv": "id\nb\na\nc\n"}), config())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for range 2 {
		var got []string
		if diags := s.Each(func(tn *schema.Tenant) bool { got = append(got, tn.ID); return len(got) < 2 }); len(diags) > 0 {
			t.Fatal(diags)
		}
		if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
			t.Errorf("tenants (-want +got):\n%s", diff)
		}
	}
}

func TestEachNoticesAChangedFile(t *testing.T) {
	tests := map[string]string{
		"a row more":       "id,n\na,1\nb,2\nc,3\n",
		"a row less":       "id,n\na,1\n",
		"rows swapped":     "id,n\nb,2\na,1\n",
		"another header":   "id,m\na,1\nb,2\n",
		"a cell got wrong": "id,n\na,1\nb,x\n",
	}
	for name, after := range tests {
		t.Run(name, func(t *testing.T) {
			fsys := files(map[string]string{"tenants.csv": "id,n\na,1\nb,2\n"})
			s, diags := Open(fsys, config(numbers("n")))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			fsys["tenants.csv"] = &fstest.MapFile{Data: []byte(after)}
			if diags := s.Each(func(*schema.Tenant) bool { return true }); !diags.HasErrors() {
				t.Error("the change went unnoticed")
			}
			delete(fsys, "tenants.csv")
			if diags := s.Each(func(*schema.Tenant) bool { return true }); !diags.HasErrors() {
				t.Error("the loss of the file went unnoticed")
			}
		})
	}
}

func TestHeaderReadsTheFirstRowOnly(t *testing.T) {
	fsys := files(map[string]string{"tenants.csv": "\ufeffid; name ;\"seats\r\nsold\"\r\n\"unclosed"})
	_, diags := Header(fsys, from("tenants", "tenants.csv"))
	if len(diags) != 1 || diags[0].Code != "bad-column-name" {
		t.Errorf("got %+v, want one diagnostic about the newline in a name", diags)
	}
	fsys = files(map[string]string{"tenants.csv": "\ufeffid; name ;\"sold; seats\"\r\n\"unclosed"})
	got, diags := Header(fsys, from("tenants", "tenants.csv"))
	if diff := cmp.Diff([]string{"id", "name", "sold; seats"}, got); diff != "" || len(diags) > 0 {
		t.Errorf("columns (-want +got):\n%s%+v", diff, diags)
	}
}

func BenchmarkRead(b *testing.B) {
	columns := []schema.Column{
		text("name"), text("admin_email"), text("ring"), numbers("seats"), flag("blackberry"), text("region"), text("time_zone"),
	}
	const n = 100_000
	for name, step := range map[string]int{"sorted": 1, "unsorted": 7919} {
		var csv strings.Builder
		csv.WriteString("id,name,admin_email,ring,seats,blackberry,region,time_zone\n")
		for i := range n {
			k := i * step % n
			fmt.Fprintf(&csv, "tenant-%07d,\"Tenant, %d\",admin@tenant-%d.example,wave%d,%d,%t,emea,Europe/Berlin\n", k, k, k, k%9, k%5000, k%7 == 0)
		}
		fsys := files(map[string]string{"tenants.csv": csv.String()})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(csv.Len()))
			for b.Loop() {
				s, diags := Open(fsys, config(columns...))
				if len(diags) > 0 {
					b.Fatal(diags)
				}
				s.Each(func(*schema.Tenant) bool { return true })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tenant")
		})
	}
}
