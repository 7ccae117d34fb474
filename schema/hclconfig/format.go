package hclconfig

import (
	"bytes"
	"encoding/json"
	"path"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"transition/schema"
	"transition/schema/diag"
)

// Format gives a plan file in its canonical form: the spaces that hclwrite
// would write, or the indentation of JSON. A file with mistakes of syntax comes
// back as it is, with the mistakes.
func Format(src []byte, filename string) ([]byte, diag.List) {
	l := &loader{cfg: &schema.Config{Sources: map[string][]byte{filename: src}}}
	if len(src) > MaxFileSize {
		l.fileTooLarge(filename)
		return src, l.diags
	}
	if _, ok := l.parse(filename, src, asFound); !ok {
		l.diags.Fill(l.cfg.Sources)
		l.diags.Sort()
		return src, l.diags
	}
	if path.Ext(filename) != ".json" {
		return hclwrite.Format(src), nil
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(src), "", "  "); err != nil {
		return src, nil // what only hcl's parser accepts stays as it is
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
