package hclconfig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
)

// partAddress reads the address of a part of this plan or of an earlier one:
// phase.Lock.admin, or the same in quotes.
func (l *loader) partAddress(n *node, a *spec.Attribute, e hcl.Expression) (any, bool) {
	steps, ok := traversal(e)
	if !ok {
		steps, ok = quotedSteps(e)
	}
	if ok {
		if r, ok := refOf(steps); ok {
			return r, true
		}
	}
	l.report(n, e.Range(), diag.Diagnostic{
		Code: "bad-reference", Summary: "Not a reference",
		Detail: fmt.Sprintf(`The attribute %q names a tenant, batch, phase or item, and this does not.`, a.Name),
		Hint:   partHint(steps),
	})
	return nil, false
}

// quotedSteps reads an address in quotes.
func quotedSteps(e hcl.Expression) ([]string, bool) {
	text, ok := literal(e)
	if !ok {
		return nil, false
	}
	path, diags := hclsyntax.ParseTraversalAbs([]byte(text), "", firstPos())
	if diags.HasErrors() {
		return nil, false
	}
	return stepsOf(path)
}

func refOf(steps []string) (schema.Ref, bool) {
	if slices.Contains(steps, "") {
		return schema.Ref{}, false
	}
	switch {
	case len(steps) == 2 && steps[0] == "tenant":
		return schema.Ref{Kind: schema.RefTenant, Name: steps[1]}, true
	case len(steps) == 2 && steps[0] == "batch":
		return schema.Ref{Kind: schema.RefBatch, Name: steps[1]}, true
	case len(steps) == 2 && steps[0] == "phase":
		return schema.Ref{Kind: schema.RefPhase, Name: steps[1]}, true
	case len(steps) == 3 && steps[0] == "phase":
		return schema.Ref{Kind: schema.RefItem, Name: steps[1] + "/" + steps[2]}, true
	default:
		return schema.Ref{}, false
	}
}

// partHint knows two habits: an id with dots, and the kind of an item before its
// name.
func partHint(steps []string) string {
	switch {
	case len(steps) > 2 && steps[0] == "tenant":
		return fmt.Sprintf("Did you mean tenant[%q]?", strings.Join(steps[1:], "."))
	case len(steps) == 4 && steps[0] == "phase" && slices.Contains(spec.ItemBlocks(), steps[2]):
		return fmt.Sprintf("Did you mean phase.%s.%s?", steps[1], steps[3])
	default:
		return `Write tenant.NAME, tenant["NAME"], batch.NAME, phase.NAME or phase.NAME.ITEM.`
	}
}

// partText is a part as people write it.
func partText(r schema.Ref) string {
	switch r.Kind {
	case schema.RefTenant:
		if !hclsyntax.ValidIdentifier(r.Name) {
			return fmt.Sprintf("tenant[%q]", r.Name)
		}
		return "tenant." + r.Name
	case schema.RefBatch:
		return "batch." + r.Name
	case schema.RefPhase:
		return "phase." + r.Name
	case schema.RefItem:
		return "phase." + strings.ReplaceAll(r.Name, "/", ".")
	default:
		return r.Name
	}
}

// kindOf is what a part is, in a word.
func kindOf(r schema.Ref) string {
	switch r.Kind {
	case schema.RefTenant:
		return "tenant"
	case schema.RefBatch:
		return "batch"
	case schema.RefPhase:
		return "phase"
	case schema.RefItem:
		return "item"
	default:
		return "part"
	}
}

// similarPart asks whether another part of the kind was meant.
func similarPart(r schema.Ref, parts map[schema.Ref]bool) string {
	var names []string
	for part := range parts {
		if part.Kind == r.Kind {
			names = append(names, partText(part))
		}
	}
	slices.Sort(names)
	if s := diag.Suggest(partText(r), names); s != "" {
		return fmt.Sprintf("Did you mean %s?", s)
	}
	return fmt.Sprintf("Write the %s into the plan, or another name here.", kindOf(r))
}
