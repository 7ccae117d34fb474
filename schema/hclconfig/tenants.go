package hclconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
	"transition/schema/diag"
)

// attributeKeys lists the names that a tenant block writes, as far as they are
// literal.
func attributeKeys(n *node) []string {
	var names []string
	for _, pair := range attributePairs(n) {
		if name, ok := keyOf(pair.Key); ok {
			names = append(names, name)
		}
	}
	return names
}

func attributePairs(n *node) []hcl.KeyValuePair {
	a := n.attrs["attributes"]
	if a == nil {
		return nil
	}
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		return nil
	}
	return pairs
}

func keyOf(e hcl.Expression) (string, bool) {
	if word := hcl.ExprAsKeyword(e); word != "" {
		return word, true
	}
	return literal(e)
}

func (l *loader) readTenants() {
	nodes := l.root.each("tenant")
	l.evaluate(nodes...)
	for _, n := range nodes {
		if l.tenantID(n) {
			l.cfg.Tenants[n.name()] = l.tenant(n)
		}
	}
}

func (l *loader) tenant(n *node) *schema.TenantBlock {
	t := &schema.TenantBlock{
		ID:         n.name(),
		Attributes: l.tenantAttributes(n),
		Batch:      l.batches[value[ref](n, "batch").name],
		Zone:       value[*time.Location](n, "time_zone"),
		Locale:     value[string](n, "locale"),
		Hold:       l.requireText(n, "hold"),
		Range:      rangeOf(n.def),
		BatchRange: n.rangeAt("batch"),
	}
	if t.Locale != "" {
		l.checkLocale(n, "locale", t.Locale)
	}
	zone := t.Zone
	if zone == nil && t.Batch != nil {
		zone = t.Batch.Zone
	}
	if zone == nil {
		zone = l.cfg.Zone
	}
	t.Cutover = l.instant(n, "cutover", zone)
	return t
}

// tenantAttributes reads what the plan writes of a tenant: pair by pair where
// they stand as such, so that each mistake has its own place.
func (l *loader) tenantAttributes(n *node) map[string]schema.Cell {
	a := n.attrs["attributes"]
	if a == nil {
		return nil
	}
	cells := make(map[string]schema.Cell)
	set := func(name string, v cty.Value, rng hcl.Range) {
		at := l.cfg.Columns.Index(name)
		if at < 0 {
			l.unknownColumn(n, name, rng)
			return
		}
		if cell, ok := l.cell(n, &l.cfg.Columns.List[at], v, rng); ok {
			cells[name] = cell
		}
	}
	pairs := attributePairs(n)
	for _, pair := range pairs {
		name, okName := keyOf(pair.Key)
		v, ok := l.constant(n, pair.Value)
		if okName && ok {
			set(name, v, pair.Value.Range())
		}
	}
	if pairs == nil {
		l.wholeAttributes(n, a, set)
	}
	return cells
}

// wholeAttributes reads attributes that are not written pair by pair, such as a
// local. The names in it must be columns of an inventory.
func (l *loader) wholeAttributes(n *node, a *hcl.Attribute, set func(string, cty.Value, hcl.Range)) {
	v, ok := l.constant(n, a.Expr)
	if !ok || v.IsNull() {
		return
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		s, _ := n.spec.Attribute(a.Name)
		l.wrongType(n, s, v)
		return
	}
	values := v.AsValueMap()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		set(name, values[name], a.Expr.Range())
	}
}

func (l *loader) unknownColumn(n *node, name string, rng hcl.Range) {
	if l.columnsUnknown {
		return
	}
	hint := didYouMean(name, l.cfg.Columns.Names())
	if hint == "" {
		hint = "Write new attributes as attributes = { name = value }, or add the column to an inventory."
	}
	l.report(n, rng, diag.Diagnostic{
		Code: "unknown-column", Summary: "Unknown attribute of a tenant",
		Detail: fmt.Sprintf("No inventory has a column %q.", name), Hint: hint,
	})
}

// maxTenantID is how long a tenant's id may be, in bytes.
const maxTenantID = 256

// tenantID checks the label of a tenant block as inventories check their keys.
func (l *loader) tenantID(n *node) bool {
	id := n.name()
	switch {
	case id == "", len(id) > maxTenantID, !utf8.ValidString(id), strings.TrimSpace(id) != id, strings.ContainsAny(id, "/*?"):
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
	default:
		return true
	}
	l.report(n, n.nameAt(), diag.Diagnostic{
		Code: "bad-tenant-id", Summary: "A tenant has an id that cannot be used",
		Detail: "An id has at most 256 bytes of characters that can be seen, no space at its ends, and none of / * ?, which mean something in addresses.",
		Hint:   `Write an id of letters, digits, dots and dashes, as in "contoso.com".`,
	})
	return false
}
