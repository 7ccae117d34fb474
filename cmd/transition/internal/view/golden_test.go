package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	formats "transition/schema/json"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares output with a file of testdata. A JSON document is also held
// against its schema, with no field beyond it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// conforms checks a document against the schema of a name.
func conforms(t *testing.T, schema string, document []byte) {
	t.Helper()
	text, ok := formats.Schema(schema)
	if !ok {
		t.Fatalf("there is no schema %q", schema)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schema, closed(doc)); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("%v\n%s", err, document)
	}
}

// closed refuses fields that a schema does not name. The published schemas let
// them pass, but nothing may be printed that they do not describe.
func closed(schema any) any {
	switch s := schema.(type) {
	case map[string]any:
		for _, v := range s {
			closed(v)
		}
		if _, ok := s["properties"]; ok && s["type"] == "object" {
			if _, ok := s["additionalProperties"]; !ok {
				s["additionalProperties"] = false
			}
		}
	case []any:
		for _, v := range s {
			closed(v)
		}
	}
	return schema
}

// goldenJSON is golden for a document of a schema.
func goldenJSON(t *testing.T, schema, name string, got []byte) {
	t.Helper()
	conforms(t, schema, got)
	golden(t, name, got)
}

// text runs a view and returns what it wrote.
func text(t *testing.T, show func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := show(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSchemasRefuseUnknownFields(t *testing.T) {
	text, _ := formats.Schema("version")
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(closed(doc))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), `"additionalProperties":false`) {
		t.Error("the test's schemas would let any field pass")
	}
}
