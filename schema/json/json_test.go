package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"transition/schema/json"
)

func TestSchemasCompile(t *testing.T) {
	for _, name := range json.Names() {
		text, ok := json.Schema(name)
		if !ok {
			t.Fatalf("schema %s is listed and not there", name)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(name, doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := c.Compile(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := json.Schema("nothing"); ok {
		t.Error("a schema that does not exist was found")
	}
}

// Schemas stand for themselves, so what they share is written in each of them;
// it must be the same everywhere.
func TestSharedDefinitionsAgree(t *testing.T) {
	seen := make(map[string]string) // definition to its text
	for _, name := range json.Names() {
		text, _ := json.Schema(name)
		var doc struct {
			Defs map[string]stdjson.RawMessage `json:"$defs"`
		}
		if err := stdjson.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		for def, body := range doc.Defs {
			if other, ok := seen[def]; ok && other != string(body) {
				t.Errorf("%s defines %q differently than another schema", name, def)
			}
			seen[def] = string(body)
		}
	}
}
