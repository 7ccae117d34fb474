package hclconfig

import (
	"cmp"
	"fmt"
	"slices"

	"transition/schema/diag"
	"transition/schema/toffset"
)

// orderPhases sorts phases by their offsets, the one without an offset first,
// and those of one offset by what they say of each other. It reports what leaves
// the order open.
func (l *loader) orderPhases(nodes []*node) []*node {
	var first, rest []*node
	for _, n := range nodes {
		switch {
		case n.values["opens"] != nil:
			rest = append(rest, n)
		case n.written("opens"):
			// What is wrong with its offset was reported; where it belongs is unknown.
			rest = append(rest, n)
		default:
			first = append(first, n)
		}
	}
	l.checkFirst(first)
	slices.SortStableFunc(rest, func(a, b *node) int { return cmp.Compare(nominal(a), nominal(b)) })
	l.checkAfter(nodes)
	for from := 0; from < len(rest); {
		to := from + 1
		for to < len(rest) && nominal(rest[to]) == nominal(rest[from]) {
			to++
		}
		l.orderEqual(rest[from:to])
		from = to
	}
	return append(first, rest...)
}

func nominal(n *node) int64 {
	return int64(value[toffset.Offset](n, "opens").Nominal())
}

func (l *loader) checkFirst(first []*node) {
	for _, n := range first[min(1, len(first)):] {
		l.report(n, n.def, diag.Diagnostic{
			Code: "two-first-phases", Summary: "Two phases without an offset",
			Detail: fmt.Sprintf("Only the first phase may have no opens, and the phase %q has none already.", first[0].name()),
			Hint:   `Write when it opens, as in opens = "T-60d".`,
		})
	}
}

// checkAfter reports an after that contradicts the offsets, and circles.
func (l *loader) checkAfter(nodes []*node) {
	index := make(map[string]int, len(nodes))
	for i, n := range nodes {
		index[n.name()] = i
	}
	edges := func(i int) []int {
		if before := value[ref](nodes[i], "after"); before.name != "" {
			return []int{index[before.name]}
		}
		return nil
	}
	if cycle := findCycle(len(nodes), edges); cycle != nil {
		n := nodes[cycle[0]]
		l.cycle(n, "after", "phases", arrows(cycle, func(i int) string { return "phase." + nodes[i].name() }))
		return
	}
	for i, n := range nodes {
		for _, at := range edges(i) {
			l.checkContradiction(n, nodes[at])
		}
	}
}

func (l *loader) checkContradiction(n, before *node) {
	opens, other := optional[toffset.Offset](n, "opens"), optional[toffset.Offset](before, "opens")
	switch {
	case n.written("opens") && opens == nil, before.written("opens") && other == nil:
		return // reported
	case opens == nil:
		l.contradiction(n, fmt.Sprintf("The phase has no opens and is the first of all, and after names %q.", before.name()))
	case other == nil:
		return
	default:
		if c, certain := toffset.Order(*other, *opens); c > 0 && certain {
			l.contradiction(n, fmt.Sprintf("The phase %q opens at %s, which is later than %s.", before.name(), other, opens))
		}
	}
}

func (l *loader) contradiction(n *node, detail string) {
	l.report(n, n.at("after"), diag.Diagnostic{
		Code: "contradiction", Summary: "An order that contradicts the offsets",
		Detail: detail, Hint: "Remove after, or change one of the offsets: phases run in the order of their offsets.",
	})
}

func (l *loader) cycle(n *node, name, what, path string) {
	l.report(n, n.at(name), diag.Diagnostic{
		Code: "cycle", Summary: "A circle",
		Detail: fmt.Sprintf("These %s wait for each other in a circle, so that none can begin: %s.", what, path),
		Hint:   "Remove one of them from after.",
	})
}

// orderEqual sorts phases of one nominal offset in place. Each must be told from
// the next, by after or by a time of day.
func (l *loader) orderEqual(group []*node) {
	if len(group) == 1 {
		return
	}
	for i := range group {
		for j := i; j < len(group); j++ {
			if !waitsForAny(group[j], group[i:]) {
				n := group[j]
				copy(group[i+1:j+1], group[i:j])
				group[i] = n
				break
			}
		}
	}
	for i := 1; i < len(group); i++ {
		if decided := comesBefore(group[i-1], group[i]); !decided && group[i-1].values["opens"] != nil && group[i].values["opens"] != nil {
			l.sameOffset(group[i], group[i-1])
		}
	}
}

func waitsForAny(n *node, others []*node) bool {
	return slices.ContainsFunc(others, func(o *node) bool { return o != n && comesBefore(o, n) })
}

// comesBefore reports whether a is known to come directly before b, which has
// the same nominal offset.
func comesBefore(a, b *node) bool {
	if value[ref](b, "after").name == a.name() {
		return true
	}
	x, y := value[toffset.Offset](a, "opens"), value[toffset.Offset](b, "opens")
	return x.HasClock && y.HasClock && x.Clock < y.Clock
}

func (l *loader) sameOffset(n, other *node) {
	l.report(n, n.at("opens"), diag.Diagnostic{
		Code: "same-offset", Summary: "Two phases with the same offset",
		Detail: fmt.Sprintf("The phases %q and %q open at the same offset, and neither says which comes first.", other.name(), n.name()),
		Hint:   fmt.Sprintf("Write after = phase.%s into one of them, or another offset.", other.name()),
	})
}
