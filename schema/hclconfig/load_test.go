package hclconfig_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transition/schema/diag"
	"transition/schema/hclconfig"
)

const (
	full     = "testdata/full.txtar"
	fullJSON = "testdata/full_json.txtar"
)

func TestLoad_JSONMeansTheSame(t *testing.T) {
	native := describe(t, mustLoad(t, full, hclconfig.Options{}))
	asJSON := describe(t, mustLoad(t, fullJSON, hclconfig.Options{}))
	if diff := cmp.Diff(native, asJSON); diff != "" {
		t.Errorf("(-native +json)\n%s", diff)
	}
}

// TestLoad_MeaningOfEverything compares what the plan with all parts means with a
// golden file that people have read.
func TestLoad_MeaningOfEverything(t *testing.T) {
	archive := parseArchive(t, full)
	got := describe(t, mustLoad(t, full, hclconfig.Options{}))
	if *update {
		writeSection(t, full, archive, "want", got)
		return
	}
	if diff := cmp.Diff(section(archive, "want"), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestLoad_OrderMeansNothing spreads the blocks of plans over files in any order.
func TestLoad_OrderMeansNothing(t *testing.T) {
	for _, file := range []string{seed, full} {
		archive := parseArchive(t, file)
		want := describe(t, mustLoad(t, file, hclconfig.Options{}))
		blocks, others := splitBlocks(mapFS(archive).(fstest.MapFS))
		rapid.Check(t, func(r *rapid.T) {
			cfg, diags := hclconfig.Load(spread(r, blocks, others), hclconfig.Options{})
			if len(diags) > 0 {
				r.Fatalf("%s:\n%s", file, lines(diags))
			}
			if diff := cmp.Diff(want, describe(t, cfg)); diff != "" {
				r.Fatalf("%s (-want +got)\n%s", file, diff)
			}
		})
	}
}

// TestLoad_OrderMeansNothingForMistakes does the same with every bad plan that
// has no mistake of syntax; only places may differ.
func TestLoad_OrderMeansNothingForMistakes(t *testing.T) {
	for _, name := range []string{"unknown_reference", "unknown_name", "same_offset", "tenant_attributes", "not_yet", "variable_types", "effects", "two_messages"} {
		fsys := mapFS(parseArchive(t, "testdata/bad/"+name+".txtar")).(fstest.MapFS)
		_, diags := hclconfig.Load(fsys, hclconfig.Options{})
		want := told(diags)
		blocks, others := splitBlocks(fsys)
		rapid.Check(t, func(r *rapid.T) {
			_, diags := hclconfig.Load(spread(r, blocks, others), hclconfig.Options{})
			if diff := cmp.Diff(want, told(diags)); diff != "" {
				r.Fatalf("%s (-want +got)\n%s", name, diff)
			}
		})
	}
}

// told is what diagnostics say, without places.
func told(diags diag.List) []string {
	var list []string
	for _, d := range diags {
		if d.Code != "column-conflict" { // it names the place of the other column
			list = append(list, strings.Join([]string{d.Code, d.Where, d.Summary, d.Detail, d.Hint}, "|"))
		}
	}
	slices.Sort(list)
	return list
}

// splitBlocks takes plan files apart at the ends of their outermost blocks.
func splitBlocks(fsys fstest.MapFS) (blocks []string, others fstest.MapFS) {
	others = fstest.MapFS{}
	for name, f := range fsys {
		if !strings.HasSuffix(name, ".transition.hcl") {
			others[name] = f
			continue
		}
		var block strings.Builder
		for line := range strings.Lines(string(f.Data)) {
			block.WriteString(line)
			opened := !strings.HasPrefix(line, " ") && strings.Contains(line, "{")
			if strings.HasPrefix(line, "}") || opened && strings.Contains(line, "}") {
				blocks = append(blocks, block.String())
				block.Reset()
			}
		}
	}
	slices.Sort(blocks)
	return blocks, others
}

func spread(r *rapid.T, blocks []string, others fstest.MapFS) fs.FS {
	fsys := fstest.MapFS{}
	for name, f := range others {
		fsys[name] = f
	}
	for _, block := range rapid.Permutation(blocks).Draw(r, "order") {
		name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "file") + ".transition.hcl"
		f := fsys[name]
		if f == nil {
			f = &fstest.MapFile{}
			fsys[name] = f
		}
		f.Data = append(f.Data, block...)
	}
	return fsys
}

func FuzzLoad(f *testing.F) {
	for _, file := range []string{seed, full} {
		for name, content := range mapFS(parseArchive(f, file)).(fstest.MapFS) {
			f.Add(name, content.Data)
		}
	}
	f.Add("main.transition.hcl.json", []byte(section(parseArchive(f, fullJSON), "main.transition.hcl.json")))
	f.Add("x.auto.hclvars", []byte("days = [1, 2"))
	base := mapFS(parseArchive(f, seed)).(fstest.MapFS)
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if !fs.ValidPath(name) || len(content) > 1<<16 {
			return
		}
		fsys := fstest.MapFS{"tenants.csv": base["tenants.csv"], name: {Data: content}}
		cfg, diags := hclconfig.Load(fsys, hclconfig.Options{Vars: []string{"days=3"}})
		if cfg == nil {
			t.Fatal("no configuration")
		}
		for _, d := range diags {
			if d.Code == "" || d.Summary == "" || d.Severity == 0 {
				t.Fatalf("incomplete: %+v", d)
			}
		}
		if formatted, diags := hclconfig.Format(content, "x.transition.hcl"); !diags.HasErrors() {
			if _, again := hclconfig.Format(formatted, "x.transition.hcl"); again.HasErrors() {
				t.Fatalf("formatting broke the file:\n%s", formatted)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	fsys := mapFS(parseArchive(b, seed))
	for b.Loop() {
		if _, diags := hclconfig.Load(fsys, hclconfig.Options{}); len(diags) > 0 {
			b.Fatal(lines(diags))
		}
	}
}
