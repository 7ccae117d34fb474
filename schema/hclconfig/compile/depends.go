package compile

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Dependence is what the value of an expression depends on beside its own text.
type Dependence struct {
	// Known are the values of the parts that do not depend on a tenant, in order:
	// of variables and locals, and of what is made of them. They have no marks.
	Known []cty.Value
	// Names are those whose values differ from tenant to tenant, each once and as
	// far as it is written: T, tenant.seats; tenant where all of it is meant.
	Names []string
	// Files are the paths of the files that are read, each once.
	Files []string
}

// DependsOn finds out what an expression depends on. Of one with mistakes it
// tells what comes before them.
func DependsOn(e hcl.Expression, s *Scope) Dependence {
	n, diags := native(e)
	if diags.HasErrors() {
		return Dependence{}
	}
	return dependsOn(n, s)
}

// TemplateDependsOn is DependsOn for the text of a message.
func TemplateDependsOn(src []byte, filename string, start hcl.Pos, s *Scope) Dependence {
	n, diags := parseTemplate(src, filename, start)
	if diags.HasErrors() {
		return Dependence{}
	}
	return dependsOn(n, s)
}

func dependsOn(e hclsyntax.Expression, s *Scope) Dependence {
	quiet := *s
	quiet.Named, quiet.Secret = nil, nil
	r := newResolver(&quiet)
	r.seen = &Dependence{}
	r.resolve(e)
	return *r.seen
}

func (d *Dependence) know(v cty.Value) {
	if d != nil {
		v, _ = v.UnmarkDeep()
		d.Known = append(d.Known, v)
	}
}

func (d *Dependence) name(name string) {
	if d != nil && !slices.Contains(d.Names, name) {
		d.Names = append(d.Names, name)
	}
}

func (d *Dependence) file(path cty.Value) {
	path, _ = path.Unmark()
	if d == nil || path.Type() != cty.String || path.IsNull() || !path.IsKnown() {
		return
	}
	if name := path.AsString(); !slices.Contains(d.Files, name) {
		d.Files = append(d.Files, name)
	}
}
