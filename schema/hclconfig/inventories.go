package hclconfig

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/inventory"
)

// readTenantColumns reads the inventories' blocks and first rows, and joins the
// columns with the attributes that tenant blocks write.
func (l *loader) readTenantColumns() {
	columns := make(map[string]schema.Column)
	for _, n := range l.root.each("inventory") {
		l.identifier(n)
		l.evaluate(n)
		inv := l.inventory(n)
		l.cfg.Inventories = append(l.cfg.Inventories, inv)
		for _, c := range inv.Columns {
			l.join(n, columns, c)
		}
	}
	for _, inv := range l.cfg.Inventories {
		for _, name := range l.header(inv) {
			if _, declared := columns[name]; !declared {
				columns[name] = schema.Column{Name: name}
			}
		}
	}
	for _, n := range l.root.each("tenant") {
		for _, name := range attributeKeys(n) {
			if _, known := columns[name]; !known {
				columns[name] = schema.Column{Name: name}
			}
		}
	}
	list := slices.SortedFunc(maps.Values(columns), func(a, b schema.Column) int { return cmp.Compare(a.Name, b.Name) })
	l.cfg.Columns = schema.NewColumns(list)
	l.scope.Columns = l.cfg.Columns
}

func (l *loader) inventory(n *node) *schema.Inventory {
	inv := &schema.Inventory{
		Name:        n.name(),
		Source:      l.requireText(n, "source"),
		SourceRange: n.rangeAt("source"),
		Key:         l.requireText(n, "key"),
		KeyRange:    n.rangeAt("key"),
		MaxRemovals: value[float64](n, "max_removals"),
		Range:       rangeOf(n.def),
	}
	if ext := strings.ToLower(path.Ext(inv.Source)); inv.Source != "" && ext != ".csv" {
		l.notYet(n, n.at("source"), fmt.Sprintf("An inventory whose name ends in %q, not .csv,", ext))
		inv.Source = ""
	}
	for _, c := range n.each("column") {
		inv.Columns = append(inv.Columns, l.column(c))
	}
	return inv
}

// header reads the first row. What is wrong with it makes every attribute of a
// tenant unknown, so that none may be called so.
func (l *loader) header(inv *schema.Inventory) []string {
	if inv.Source == "" || l.overspent { // how to read it may not be known then
		l.columnsUnknown = true
		return nil
	}
	names, diags := inventory.Header(l.fsys, inv)
	l.diags = append(l.diags, diags...)
	if diags.HasErrors() {
		l.columnsUnknown = true
		return names
	}
	if inv.Key != "" && !slices.Contains(names, inv.Key) {
		hint := didYouMean(inv.Key, names)
		if hint == "" {
			hint = fmt.Sprintf("It has the columns %s.", quoted(names, "and"))
		}
		l.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "missing-key-column", Summary: "An inventory has no key column",
			Detail:  fmt.Sprintf("The first row of %q has no column %q, which is to hold the tenants' ids.", path.Clean(inv.Source), inv.Key),
			Hint:    hint,
			Subject: inv.KeyRange, Where: fmt.Sprintf("inventory %q", inv.Name),
		})
	}
	return names
}

// join adds a declared column to those of the other inventories. The same name
// means the same attribute, so it has one type.
func (l *loader) join(n *node, columns map[string]schema.Column, c schema.Column) {
	first, twice := columns[c.Name]
	if twice && first.Type != c.Type {
		l.report(n, hcl.Range{}, diag.Diagnostic{
			Code: "column-conflict", Summary: "A column with two types",
			Detail:  fmt.Sprintf("The column %q is declared with another type in %s, line %d, and tenants of both have one attribute of that name.", c.Name, first.Range.File, first.Range.Start.Line),
			Hint:    "Declare it with the same type in both.",
			Subject: c.Range,
		})
		return
	}
	if !twice {
		columns[c.Name] = c
	}
}

func (l *loader) column(n *node) schema.Column {
	c := schema.Column{Name: n.name(), Required: value[bool](n, "required"), Range: rangeOf(n.def), OneOf: value[[]string](n, "one_of")}
	if c.Name == "" {
		l.identifier(n)
	}
	if t := n.attrs["type"]; t != nil {
		c.Type = l.columnType(n, t.Expr)
	}
	d := n.attrs["default"]
	if d == nil {
		return c
	}
	if v, ok := l.constant(n, d.Expr); ok && !v.IsNull() {
		if cell, ok := l.cell(n, &c, v, d.Expr.Range()); ok {
			c.Default = &cell
		}
	}
	return c
}

func (l *loader) columnType(n *node, e hcl.Expression) schema.Type {
	word := hcl.ExprAsKeyword(e)
	if word == "" {
		word, _ = literal(e)
	}
	switch word {
	case "string":
		return schema.String
	case "number":
		return schema.NumberType
	case "bool":
		return schema.Bool
	}
	l.report(n, e.Range(), diag.Diagnostic{
		Code: "bad-type", Summary: "Not a type",
		Detail: "A column has the type string, number or bool, and this is none of them.",
		Hint:   orList(didYouMean(word, []string{"string", "number", "bool"}), []string{"string", "number", "bool"}),
	})
	return schema.String
}

// cell converts a value to a column's type.
func (l *loader) cell(n *node, c *schema.Column, v cty.Value, rng hcl.Range) (schema.Cell, bool) {
	if v.IsNull() {
		return schema.Cell{}, true
	}
	cell, ok := cellOf(c.Type, v)
	if !ok {
		l.report(n, rng, diag.Diagnostic{
			Code: "wrong-type", Summary: "Wrong type",
			Detail: fmt.Sprintf("The column %q is a %s, and this is %s.", c.Name, typeWord(c.Type), friendly(v)),
			Hint:   "Write a value of that type, or null.",
		})
		return schema.Cell{}, false
	}
	if len(c.OneOf) > 0 && !slices.Contains(c.OneOf, cell.Text) {
		l.report(n, rng, diag.Diagnostic{
			Code: "not-one-of", Summary: "A value that is not allowed here",
			Detail: fmt.Sprintf("The column %q allows %s, and this is %q.", c.Name, quoted(c.OneOf, "and"), cell.Text),
			Hint:   orList(didYouMean(cell.Text, c.OneOf), c.OneOf),
		})
		return schema.Cell{}, false
	}
	return cell, true
}

func typeWord(t schema.Type) string {
	switch t {
	case schema.NumberType:
		return "number"
	case schema.Bool:
		return "bool"
	case schema.String:
		return "string"
	default:
		return "string"
	}
}

// cellOf writes numbers as the inventory does, so that a tenant reads the same
// from either.
func cellOf(t schema.Type, v cty.Value) (schema.Cell, bool) {
	switch t {
	case schema.NumberType:
		x, ok := floatOf(v)
		return schema.Cell{Valid: ok, Text: strconv.FormatFloat(x, 'f', -1, 64), Num: x}, ok
	case schema.Bool:
		b, err := convert.Convert(v, cty.Bool)
		if err != nil || b.IsNull() {
			return schema.Cell{}, false
		}
		return schema.Cell{Valid: true, Text: strconv.FormatBool(b.True())}, true
	default:
		text, ok := textOf(v)
		return schema.Cell{Valid: ok, Text: text}, ok
	}
}
