package hclconfig

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"transition/schema/diag"
)

// mostSuggested is how many locals are looked at for the one that was meant.
const mostSuggested = 50

// local is a named value of the plan.
type local struct {
	node *node
	attr *hcl.Attribute
	uses []string // names of other locals, sorted

	misspelt bool // it names a local that there is not
}

// readLocals evaluates the locals, each after those that it uses.
func (l *loader) readLocals() {
	locals := l.collectLocals()
	names := slices.Sorted(maps.Keys(locals))
	index := make(map[string]int, len(names))
	for i, name := range names {
		index[name] = i
	}
	edges := func(i int) []int {
		var out []int
		for _, use := range locals[names[i]].uses {
			out = append(out, index[use])
		}
		return out
	}
	values := make(map[string]cty.Value, len(names))
	if cycle := findCycle(len(names), edges); cycle != nil {
		l.localCycle(locals, names, cycle)
		l.valuesUnknown = true
		for _, name := range names {
			values[name] = cty.DynamicVal
		}
	} else {
		l.evaluateLocals(locals, names, values)
	}
	l.scope.Consts["local"] = cty.ObjectVal(values)
}

func (l *loader) collectLocals() map[string]*local {
	locals := make(map[string]*local)
	for _, n := range l.root.each("locals") {
		for _, name := range slices.Sorted(maps.Keys(n.attrs)) {
			attr := n.attrs[name]
			if first := locals[name]; first != nil {
				l.report(n, attr.NameRange, diag.Diagnostic{
					Code: "duplicate-name", Summary: "A name is used twice",
					Detail: fmt.Sprintf("There is another local.%s in %s, line %d.", name, first.attr.Range.Filename, first.attr.Range.Start.Line),
					Hint:   "Rename one of the two, or remove it.",
				})
				continue
			}
			locals[name] = &local{node: n, attr: attr}
		}
	}
	for _, x := range locals {
		x.uses, x.misspelt = usedLocals(x.attr.Expr, locals)
	}
	return locals
}

// usedLocals lists the locals that an expression names, and reports whether it
// names some that there are not. One that uses the object local itself uses all of
// them.
func usedLocals(e hcl.Expression, locals map[string]*local) (uses []string, misspelt bool) {
	used := make(map[string]bool)
	for _, path := range e.Variables() {
		if path.RootName() != "local" {
			continue
		}
		if len(path) > 1 {
			if step, ok := path[1].(hcl.TraverseAttr); ok {
				if locals[step.Name] == nil {
					misspelt = true
				} else {
					used[step.Name] = true
				}
				continue
			}
		}
		for name := range locals {
			used[name] = true
		}
	}
	return slices.Sorted(maps.Keys(used)), misspelt
}

// evaluateLocals fills values. An expression sees the locals that it uses; one
// that misspells a name sees the first ones beside them, so that it is told which
// there are.
func (l *loader) evaluateLocals(locals map[string]*local, names []string, values map[string]cty.Value) {
	for _, name := range names {
		values[name] = cty.DynamicVal
	}
	first := names[:min(len(names), mostSuggested)]
	done := make(map[string]bool, len(names))
	var visit func(string)
	visit = func(name string) {
		if done[name] || l.more > 0 { // nobody reads what else is wrong
			return
		}
		done[name] = true
		x := locals[name]
		used := make(map[string]cty.Value, len(x.uses))
		for _, use := range x.uses {
			visit(use)
			used[use] = values[use]
		}
		if x.misspelt {
			for _, other := range first {
				used[other] = values[other]
			}
		}
		l.scope.Consts["local"] = cty.ObjectVal(used)
		v, ok := l.marked(x.node, x.attr.Expr)
		if !ok {
			l.valuesUnknown = true
			return
		}
		values[name] = v
	}
	for _, name := range names {
		visit(name)
	}
}

func (l *loader) localCycle(locals map[string]*local, names []string, cycle []int) {
	first := locals[names[cycle[0]]]
	l.report(first.node, first.attr.NameRange, diag.Diagnostic{
		Code: "cycle", Summary: "A circle",
		Detail: fmt.Sprintf("These locals use each other in a circle, so that none can be evaluated first: %s.",
			arrows(cycle, func(i int) string { return "local." + names[i] })),
		Hint: "Write one of them without the others.",
	})
}
