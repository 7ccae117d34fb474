package spec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/schema/spec"
)

var update = flag.Bool("update", false, "write what the tests find into testdata")

// walk visits every block with the titles around it.
func walk(b *spec.Block, path string, visit func(*spec.Block, string)) {
	for _, n := range b.Blocks {
		at := strings.TrimPrefix(path+" / "+n.Title(), " / ")
		visit(n, at)
		walk(n, at, visit)
	}
}

func TestPlan_EveryPartIsDescribed(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z_]*$`)
	sentence := regexp.MustCompile(`^[A-Z].*[.]$`)
	walk(spec.Plan(), "", func(b *spec.Block, at string) {
		if !name.MatchString(b.Name) || !sentence.MatchString(b.Doc) {
			t.Errorf("%s: name %q, doc %q", at, b.Name, b.Doc)
		}
		for i := range b.Attributes {
			a := &b.Attributes[i]
			if !name.MatchString(a.Name) || !sentence.MatchString(a.Doc) || a.Type == "" {
				t.Errorf("%s: %s: type %q, doc %q", at, a.Name, a.Type, a.Doc)
			}
			if a.Name != "description" && (a.Required == (a.DefaultText() != "required") || a.DefaultText() == "") {
				t.Errorf("%s: %s: neither required nor with a default: %q", at, a.Name, a.DefaultText())
			}
		}
	})
}

func TestPlan_NamesAreDistinct(t *testing.T) {
	check := func(b *spec.Block, at string) {
		var names []string
		for _, n := range b.Blocks {
			names = append(names, n.Name+" "+n.Kind)
		}
		for i := range b.Attributes {
			names = append(names, b.Attributes[i].Name+" ")
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s: a name is there twice: %v", at, names)
		}
	}
	check(spec.Plan(), "plan")
	walk(spec.Plan(), "", check)
}

func TestPlan_DefaultsAreAllowed(t *testing.T) {
	walk(spec.Plan(), "", func(b *spec.Block, at string) {
		for i := range b.Attributes {
			a := &b.Attributes[i]
			if text, ok := a.Default.(string); ok && len(a.OneOf) > 0 && !slices.Contains(a.OneOf, text) {
				t.Errorf("%s: %s: the default %q is none of %v", at, a.Name, text, a.OneOf)
			}
			if x, ok := a.Default.(int); ok && !a.Bounds.Contains(float64(x)) {
				t.Errorf("%s: %s: the default %d is not %s", at, a.Name, x, a.Bounds)
			}
			if a.Support == spec.DefaultOnly && a.Default == nil {
				t.Errorf("%s: %s: only its default is supported, and it has none", at, a.Name)
			}
			for _, kind := range a.Refers {
				if kind != "work" && !slices.Contains(spec.ItemBlocks(), kind) && len(spec.Plan().Nested(kind)) == 0 {
					t.Errorf("%s: %s refers to a block %q, which does not exist", at, a.Name, kind)
				}
			}
		}
		for _, choice := range b.Choose {
			if len(b.Nested(choice)) != 1 {
				t.Errorf("%s: no block %q to choose", at, choice)
			}
		}
	})
}

func TestReferences_AreDeterministic(t *testing.T) {
	var markdown, asJSON, again bytes.Buffer
	if err := spec.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if err := spec.JSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	if err := spec.JSON(&again); err != nil || again.String() != asJSON.String() {
		t.Errorf("two runs differ: %v", err)
	}
	golden(t, "testdata/reference.md", markdown.String())
}

// TestReferences_NameEverything holds both references to the description itself.
func TestReferences_NameEverything(t *testing.T) {
	var markdown bytes.Buffer
	if err := spec.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	walk(spec.Plan(), "", func(b *spec.Block, at string) {
		section, ok := sectionOf(markdown.String(), at)
		if !ok {
			t.Errorf("no section for %s", at)
		}
		for i := range b.Attributes {
			if !strings.Contains(section, "| `"+b.Attributes[i].Name+"` |") {
				t.Errorf("%s: no row for %s", at, b.Attributes[i].Name)
			}
		}
	})
}

// sectionOf is the text from the heading of a block to the next heading.
func sectionOf(text, title string) (string, bool) {
	_, rest, ok := strings.Cut(text, "# "+title+"\n")
	section, _, _ := strings.Cut(rest, "\n#")
	return section, ok
}

func TestJSON_NamesEverything(t *testing.T) {
	var out bytes.Buffer
	if err := spec.JSON(&out); err != nil {
		t.Fatal(err)
	}
	type block struct {
		Name, Kind string
		Attributes []struct{ Name, Type, Doc, Support string }
		Blocks     []block
	}
	var doc struct {
		FormatVersion string `json:"format_version"`
		Blocks        []block
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.FormatVersion != spec.FormatVersion {
		t.Errorf("format_version %q", doc.FormatVersion)
	}
	var compare func([]*spec.Block, []block)
	compare = func(want []*spec.Block, got []block) {
		if len(want) != len(got) {
			t.Fatalf("%d blocks, want %d", len(got), len(want))
		}
		for i, b := range want {
			if got[i].Name != b.Name || got[i].Kind != b.Kind || len(got[i].Attributes) != len(b.Attributes) {
				t.Errorf("%s: got %+v", b.Title(), got[i])
				continue
			}
			for j := range b.Attributes {
				a, g := &b.Attributes[j], got[i].Attributes[j]
				if g.Name != a.Name || g.Type != string(a.Type) || g.Doc != a.Doc || g.Support != a.Support.String() {
					t.Errorf("%s: got %+v, want %+v", b.Title(), g, a)
				}
			}
			compare(b.Blocks, got[i].Blocks)
		}
	}
	compare(spec.Plan().Blocks, doc.Blocks)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", file, diff)
	}
}
