package hclconfig

import (
	"fmt"
	"math"
	"slices"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

func (l *loader) readBatches() {
	nodes := l.root.each("batch")
	l.evaluate(nodes...)
	for _, n := range nodes {
		l.identifier(n)
		b := l.batch(n)
		l.batches[b.Name] = b
		l.cfg.Batches = append(l.cfg.Batches, b)
	}
	for _, n := range nodes {
		if after := n.block("after"); after != nil {
			l.batches[n.name()].After = l.after(after)
		}
	}
	l.batchCycle(nodes)
}

func (l *loader) batch(n *node) *schema.Batch {
	b := &schema.Batch{
		Name:     n.name(),
		Range:    rangeOf(n.def),
		TRange:   n.rangeAt("cutover"),
		Zone:     l.cfg.Zone,
		Match:    value[schema.Expr[bool]](n, "match"),
		Priority: value[schema.Expr[schema.Number]](n, "priority"),
		Weight:   value[schema.Expr[float64]](n, "weight"),
		Capacity: math.Inf(1),
	}
	if zone := value[*time.Location](n, "time_zone"); zone != nil {
		b.Zone = zone
	}
	if capacity := optional[float64](n, "capacity"); capacity != nil {
		b.Capacity = *capacity
	}
	b.EnrolUntil = l.cfg.Notice.First.BeforeT()
	if until := optional[toffset.Offset](n, "enrol_until"); until != nil {
		b.EnrolUntil = *until
	}
	b.Breaker = l.defaults.breaker
	if own := n.block("breaker"); own != nil {
		b.Breaker = l.breaker(own)
	}
	b.T = l.instant(n, "cutover", b.Zone)
	l.checkWeight(n, b)
	return b
}

// checkWeight reports a weight below nothing that is the same for every tenant.
func (l *loader) checkWeight(n *node, b *schema.Batch) {
	if !n.written("weight") || !b.Weight.IsConst() || b.Weight.Value >= 0 {
		return
	}
	a, _ := n.spec.Attribute("weight")
	l.inBounds(n, a, b.Weight.Value)
}

func (l *loader) after(n *node) *schema.After {
	a := &schema.After{
		Batch:   l.batches[value[ref](n, "batch").name],
		Reached: l.phases[value[ref](n, "reached").name],
		AtLeast: value[float64](n, "at_least"),
		Soak:    value[toffset.Duration](n, "soak"),
		Holds:   l.phases[value[ref](n, "holds").name],
		Range:   rangeOf(n.def),
		Soaks:   n.rangeAt("soak"),
	}
	if a.Reached == nil && len(l.cfg.Phases) > 0 {
		a.Reached = l.cfg.Phases[len(l.cfg.Phases)-1]
	}
	if a.Holds == nil && !n.written("holds") {
		a.Holds = l.firstHard(n)
	}
	return a
}

func (l *loader) firstHard(n *node) *schema.Phase {
	if p := l.firstPhase(func(p *schema.Phase) bool { return p.Hard }); p != nil {
		return p
	}
	if len(l.cfg.Phases) > 0 {
		l.report(n, n.def, diag.Diagnostic{
			Code: "nothing-held", Summary: "A batch that waits in no phase",
			Detail: "A batch that waits is held before the first hard phase, and the plan has none.",
			Hint:   "Write holds = phase.NAME.",
		})
	}
	return nil
}

// firstPhase is the first phase of a kind, or nil.
func (l *loader) firstPhase(is func(*schema.Phase) bool) *schema.Phase {
	if at := slices.IndexFunc(l.cfg.Phases, is); at >= 0 {
		return l.cfg.Phases[at]
	}
	return nil
}

// breaker reads when a batch is stopped. One without a bound would never stop
// anything.
func (l *loader) breaker(n *node) *schema.Breaker {
	b := &schema.Breaker{
		MaxErrors: optional[int](n, "max_errors"),
		MaxRatio:  optional[float64](n, "max_error_ratio"),
		MinSample: value[int](n, "min_sample"),
		Range:     rangeOf(n.def),
	}
	switch {
	case !n.written("max_errors") && !n.written("max_error_ratio"):
		l.report(n, n.def, diag.Diagnostic{
			Code: "missing-attribute", Summary: "An attribute is missing",
			Detail: "A breaker has a bound, max_errors or max_error_ratio, and here is none, so that it would never stop anything.",
			Hint:   `Write for example max_errors = 3, or max_error_ratio = "5%".`,
		})
	case n.written("min_sample") && !n.written("max_error_ratio"):
		l.report(n, n.at("min_sample"), diag.Diagnostic{
			Code: "contradiction", Summary: "A sample without a share",
			Detail: "min_sample says from how many attempts on the share of max_error_ratio counts, and there is no max_error_ratio.",
			Hint:   "Remove min_sample, or write max_error_ratio.",
		})
	}
	return b
}

// batchCycle reports batches that wait for each other, or for themselves.
func (l *loader) batchCycle(nodes []*node) {
	index := make(map[string]int, len(nodes))
	for i, n := range nodes {
		index[n.name()] = i
	}
	cycle := findCycle(len(nodes), func(i int) []int {
		after := nodes[i].block("after")
		if after == nil || after.values["batch"] == nil {
			return nil
		}
		return []int{index[value[ref](after, "batch").name]}
	})
	if cycle == nil {
		return
	}
	n := nodes[cycle[0]].block("after")
	l.report(n, n.at("batch"), diag.Diagnostic{
		Code: "cycle", Summary: "A circle",
		Detail: fmt.Sprintf("These batches wait for each other in a circle, so that none can begin: %s.",
			arrows(cycle, func(i int) string { return "batch." + nodes[i].name() })),
		Hint: "Remove one of the blocks after.",
	})
}

func (l *loader) readConstraints() {
	nodes := l.root.each("constraint")
	l.evaluate(nodes...)
	for _, n := range nodes {
		l.identifier(n)
		l.cfg.Constraints = append(l.cfg.Constraints, &schema.Constraint{
			Name:        n.name(),
			BlockedWhen: value[schema.Expr[bool]](n, "blocked_when"),
			Reason:      value[schema.Expr[string]](n, "reason"),
			OnViolation: onViolation(value[string](n, "on_violation")),
			Range:       rangeOf(n.def),
		})
	}
}

func onViolation(word string) schema.OnViolation {
	switch word {
	case "warn":
		return schema.ViolationWarn
	case "eject":
		return schema.ViolationEject
	default:
		return schema.ViolationHold
	}
}
