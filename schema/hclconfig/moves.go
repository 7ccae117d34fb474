package hclconfig

import (
	"fmt"
	"slices"

	"transition/schema"
	"transition/schema/diag"
)

// change is a moved or removed block whose addresses could be read.
type change struct {
	n        *node
	from, to schema.Ref // to is zero for removed
}

func (c change) moved() bool { return c.to != schema.Ref{} }

// readChanges reads what the plan says of its earlier versions, and holds it
// against the plan as it is. Which tenants there are is not known here.
func (l *loader) readChanges() {
	moved, removed := l.changes("moved"), l.changes("removed")
	for _, c := range moved {
		l.cfg.Moves = append(l.cfg.Moves, &schema.Move{From: c.from, To: c.to, Range: rangeOf(c.n.def)})
	}
	for _, c := range removed {
		l.cfg.Removals = append(l.cfg.Removals, &schema.Removal{
			From: c.from, OnActive: onActive(value[string](c.n, "on_active")), Range: rangeOf(c.n.def),
		})
	}
	if l.moveCycle(moved) {
		return
	}
	parts, all := l.parts(), slices.Concat(moved, removed)
	for i, c := range all {
		l.checkFrom(c, all[:i], parts)
	}
	for i, c := range moved {
		l.checkTo(c, moved[:i], all, parts)
	}
}

// changes lists the blocks of a kind in the order in which they are written.
func (l *loader) changes(kind string) []change {
	var list []change
	nodes := l.root.each(kind)
	l.evaluate(nodes...)
	for _, n := range nodes {
		c := change{n: n, from: value[schema.Ref](n, "from"), to: value[schema.Ref](n, "to")}
		if c.from.Kind != 0 && c.moved() == (kind == "moved") {
			list = append(list, c)
		}
	}
	return list
}

func onActive(word string) schema.OnActive {
	switch word {
	case "finish":
		return schema.ActiveFinish
	case "abandon":
		return schema.ActiveAbandon
	default:
		return schema.ActiveRefuse
	}
}

// parts is everything that the plan has and a change may name.
func (l *loader) parts() map[schema.Ref]bool {
	parts := make(map[schema.Ref]bool)
	for id := range l.cfg.Tenants {
		parts[schema.Ref{Kind: schema.RefTenant, Name: id}] = true
	}
	for _, b := range l.cfg.Batches {
		parts[schema.Ref{Kind: schema.RefBatch, Name: b.Name}] = true
	}
	for _, p := range l.cfg.Phases {
		parts[schema.Ref{Kind: schema.RefPhase, Name: p.Name}] = true
	}
	for _, item := range slices.Concat(l.cfg.Items, l.cfg.Events) {
		parts[schema.Ref{Kind: schema.RefItem, Name: item.Key()}] = true
	}
	return parts
}

// moveCycle reports moves that lead back to where they began.
func (l *loader) moveCycle(moved []change) bool {
	cycle := findCycle(len(moved), func(i int) []int {
		if next := slices.IndexFunc(moved, func(c change) bool { return c.from == moved[i].to }); next >= 0 {
			return []int{next}
		}
		return nil
	})
	if cycle == nil {
		return false
	}
	n := moved[cycle[0]].n
	l.report(n, n.at("from"), diag.Diagnostic{
		Code: "cycle", Summary: "A circle",
		Detail: fmt.Sprintf("These moves lead back to where they begin, so that nothing has a new name: %s.",
			arrows(cycle, func(i int) string { return partText(moved[i].from) })),
		Hint: "Remove one of the blocks moved.",
	})
	return true
}

// checkFrom refuses what has not gone, and what was said to have gone before.
func (l *loader) checkFrom(c change, before []change, parts map[schema.Ref]bool) {
	name := partText(c.from)
	if i := slices.IndexFunc(before, func(b change) bool { return b.from == c.from }); i >= 0 {
		l.report(c.n, c.n.at("from"), diag.Diagnostic{
			Code: "duplicate-change", Summary: "Two changes of one part",
			Detail: fmt.Sprintf("What became of %s is said in %s, line %d already, and only one of the two can be.", name, before[i].n.def.Filename, before[i].n.def.Start.Line),
			Hint:   "Remove one of the two.",
		})
		return
	}
	switch {
	case !parts[c.from]:
	case !c.moved():
		l.report(c.n, c.n.at("from"), diag.Diagnostic{
			Code: "still-there", Summary: "A removed part that is still there",
			Detail: fmt.Sprintf("This says that %s was removed, and the plan still has it.", name),
			Hint:   "Remove its block from the plan, or remove this one.",
		})
	case c.from.Kind != schema.RefTenant:
		l.report(c.n, c.n.at("from"), diag.Diagnostic{
			Code: "still-there", Summary: "A moved part that is still there",
			Detail: fmt.Sprintf("This says that %s has become %s, and the plan still has %s.", name, partText(c.to), name),
			Hint:   fmt.Sprintf("Rename its block to that of %s, or remove this one.", partText(c.to)),
		})
	}
}

// checkTo refuses a move to nowhere, to something of another kind, and to where
// something else has moved.
func (l *loader) checkTo(c change, before, all []change, parts map[schema.Ref]bool) {
	n := c.n
	other := slices.IndexFunc(before, func(b change) bool { return b.to == c.to && b.from.Kind == b.to.Kind })
	switch {
	case c.from.Kind != c.to.Kind:
		l.report(n, n.at("to"), diag.Diagnostic{
			Code: "contradiction", Summary: "A move to something of another kind",
			Detail: fmt.Sprintf("%s is a %s, and %s is a %s: what is recorded of the one means nothing for the other.",
				partText(c.from), kindOf(c.from), partText(c.to), kindOf(c.to)),
			Hint: fmt.Sprintf("Name the %s that it has become, or write removed { from = %s }.", kindOf(c.from), partText(c.from)),
		})
	case c.from.OfEvents() != c.to.OfEvents():
		l.report(n, n.at("to"), diag.Diagnostic{
			Code: "contradiction", Summary: "A move to something of another kind",
			Detail: fmt.Sprintf("One of %s and %s is sent when something happens, the other has its place in a phase: what is recorded of the one means nothing for the other.",
				partText(c.from), partText(c.to)),
			Hint: fmt.Sprintf("Write removed { from = %s }.", partText(c.from)),
		})
	case other >= 0:
		l.report(n, n.at("to"), diag.Diagnostic{
			Code: "duplicate-change", Summary: "Two moves to one place",
			Detail: fmt.Sprintf("%s has become %s as well, in %s, line %d, and two histories do not make one.",
				partText(before[other].from), partText(c.to), before[other].n.def.Filename, before[other].n.def.Start.Line),
			Hint: "Keep the one whose history goes on, and write removed for the other.",
		})
	case c.to.Kind == schema.RefTenant, parts[l.cfg.Now(c.to)], l.cfg.Removed(c.to) != nil:
	case slices.ContainsFunc(all, func(next change) bool { return next.from == c.to }):
	default:
		l.report(n, n.at("to"), diag.Diagnostic{
			Code: "unknown-reference", Summary: "Unknown reference",
			Detail: fmt.Sprintf("This says that %s has become %s, and the plan has no %s.", partText(c.from), partText(c.to), partText(c.to)),
			Hint:   similarPart(c.to, parts),
		})
	}
}
