// Package json holds the JSON Schemas (draft 2020-12) of everything that the
// tool prints for machines.
//
// Each schema stands for itself and lets unknown fields pass, as readers should:
// fields are added without notice, while none is removed or changes its meaning
// within one major format_version.
package json

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.schema.json
var files embed.FS

const ending = ".schema.json"

// Names lists the schemas in alphabetical order, as in "plan".
func Names() []string {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil // an embedded directory can always be read
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ending)
	}
	return names
}

// Schema returns the schema of a name; false: there is none.
func Schema(name string) ([]byte, bool) {
	b, err := files.ReadFile(name + ending)
	return b, err == nil
}
