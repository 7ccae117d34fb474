package spec

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// FormatVersion is the version of what JSON writes. Its first number rises when
// a reader of an older version could misunderstand it.
const FormatVersion = "1.0"

type documentV1 struct {
	FormatVersion string    `json:"format_version"`
	Blocks        []blockV1 `json:"blocks"`
}

type blockV1 struct {
	Name       string        `json:"name"`
	Kind       string        `json:"kind,omitempty"`
	Labels     []string      `json:"labels"`
	Doc        string        `json:"doc"`
	Min        int           `json:"min"`
	Max        *int          `json:"max"` // null: any number
	Support    string        `json:"support"`
	AnyName    bool          `json:"any_attribute,omitempty"`
	Choose     []string      `json:"exactly_one_of,omitempty"`
	Attributes []attributeV1 `json:"attributes"`
	Blocks     []blockV1     `json:"blocks"`
}

type attributeV1 struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Doc         string   `json:"doc"`
	Required    bool     `json:"required"`
	Default     any      `json:"default"` // null: none, or as default_text says
	DefaultText string   `json:"default_text,omitempty"`
	OneOf       []string `json:"one_of,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Refers      []string `json:"refers_to,omitempty"`
	PerTenant   bool     `json:"per_tenant"`
	Support     string   `json:"support"`
}

// JSON writes the description of the language for editors and other machines.
func JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(documentV1{FormatVersion: FormatVersion, Blocks: blocksV1(Plan().Blocks)}); err != nil {
		return fmt.Errorf("write the description of the language: %w", err)
	}
	return nil
}

func blocksV1(list []*Block) []blockV1 {
	out := make([]blockV1, 0, len(list))
	for _, b := range list {
		v := blockV1{
			Name: b.Name, Kind: b.Kind, Labels: b.Labels, Doc: b.Doc, Min: b.Min, Support: b.Support.String(), AnyName: b.Open,
			Choose: b.Choose, Attributes: attributesV1(b.Attributes), Blocks: blocksV1(b.Blocks),
		}
		if b.Max > 0 {
			v.Max = &b.Max
		}
		if v.Labels == nil {
			v.Labels = []string{}
		}
		out = append(out, v)
	}
	return out
}

func attributesV1(list []Attribute) []attributeV1 {
	out := make([]attributeV1, 0, len(list))
	for i := range list {
		a := &list[i]
		v := attributeV1{
			Name: a.Name, Type: string(a.Type), Doc: a.Doc, Required: a.Required, Default: a.Default, DefaultText: a.DefaultDoc,
			OneOf: a.OneOf, Refers: a.Refers, PerTenant: a.PerTenant, Support: a.Support.String(),
		}
		if a.Bounds != nil {
			v.Minimum = finite(a.Bounds.Least)
			v.Maximum = finite(a.Bounds.Most)
		}
		out = append(out, v)
	}
	return out
}

// finite returns nil for an infinite number, which JSON cannot express.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return &x
}
