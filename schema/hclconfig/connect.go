package hclconfig

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
)

// connectItems resolves what items of a phase say of other items, and puts them
// into the order in which they run.
func (l *loader) connectItems(n *node) {
	p := l.phases[n.name()]
	for _, c := range n.each(spec.ItemBlocks()...) {
		item := l.items[p][c.name()]
		if item == nil || item.Range != rangeOf(c.def) {
			continue // its name was used before
		}
		item.After = l.resolveItems(c, p, value[[]ref](c, "after"))
		if lock, ok := item.Does.(*schema.Lock); ok {
			l.connectLock(c, p, lock)
		}
	}
	if l.itemCycle(n, p) {
		waitForApprovals(p)
		p.Items = orderItems(p.Items)
	}
	for _, item := range p.Items {
		item.Index = len(l.cfg.Items)
		l.cfg.Items = append(l.cfg.Items, item)
	}
}

// resolveItems finds items of a phase by what n says in after.
func (l *loader) resolveItems(n *node, p *schema.Phase, refs []ref) []*schema.Item {
	var found []*schema.Item
	for _, r := range refs {
		item := l.items[p][r.name]
		if item != nil && (r.kind == "" || r.kind == item.Kind()) {
			if !slices.Contains(found, item) {
				found = append(found, item)
			}
			continue
		}
		l.report(n, r.rng, diag.Diagnostic{
			Code: "unknown-reference", Summary: "Unknown reference",
			Detail: fmt.Sprintf("The phase %q has no item %s.", p.Name, r), Hint: l.similarItem(p, r),
		})
	}
	return found
}

func (l *loader) similarItem(p *schema.Phase, r ref) string {
	names := slices.Sorted(maps.Keys(l.items[p]))
	if item := l.items[p][r.name]; item != nil {
		return fmt.Sprintf("Did you mean %s.%s?", item.Kind(), item.Name)
	}
	if s := diag.Suggest(r.name, names); s != "" {
		return fmt.Sprintf("Did you mean %s.%s?", l.items[p][s].Kind(), s)
	}
	for _, other := range l.cfg.Phases {
		if l.items[other][r.name] != nil {
			return fmt.Sprintf("There is one in phase %q; items wait for items of their own phase, and phases for phases.", other.Name)
		}
	}
	if len(names) == 0 {
		return "Remove it: the phase has no items."
	}
	return fmt.Sprintf("The phase has %s.", quoted(names, "and"))
}

func (l *loader) connectLock(n *node, p *schema.Phase, lock *schema.Lock) {
	if in := lock.ReleaseIn; in != nil {
		if in.Index <= p.Index {
			l.report(n, n.at("release_in"), diag.Diagnostic{
				Code: "lock-without-release", Summary: "A lock without a way to its release",
				Detail: fmt.Sprintf("The phase %q does not come after %q, so the lock would be held for ever.", in.Name, p.Name),
				Hint:   "Name a later phase.",
			})
		}
		if c := n.block("release"); c != nil {
			lock.ReleaseAfter = l.resolveItems(c, in, value[[]ref](c, "after"))
		}
	}
	if r := value[ref](n, "discharged_by"); r.name != "" {
		lock.DischargedBy = l.discharge(n, p, r)
	}
}

// discharge finds the work whose success ends a lock. It cannot run before the
// lock is taken.
func (l *loader) discharge(n *node, p *schema.Phase, r ref) *schema.Item {
	var found []*schema.Item
	for _, phase := range l.cfg.Phases[p.Index:] {
		if item := l.items[phase][r.name]; item != nil && item.Kind() == "work" {
			found = append(found, item)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		l.report(n, r.rng, diag.Diagnostic{
			Code: "contradiction", Summary: "A lock that is discharged before it is taken",
			Detail: fmt.Sprintf("The work %q is done before the phase %q, so its success cannot end the lock.", r.name, p.Name),
			Hint:   "Name work of the same phase or of a later one.",
		})
	default:
		l.report(n, r.rng, diag.Diagnostic{
			Code: "ambiguous-reference", Summary: "A reference to several items",
			Detail: fmt.Sprintf("The phases %q and %q both have work %q.", found[0].Phase.Name, found[1].Phase.Name, r.name),
			Hint:   "Rename one of them.",
		})
	}
	return nil
}

// itemCycle reports true when no items of the phase wait for each other in a
// circle.
func (l *loader) itemCycle(n *node, p *schema.Phase) bool {
	index := make(map[*schema.Item]int, len(p.Items))
	for i, item := range p.Items {
		index[item] = i
	}
	cycle := findCycle(len(p.Items), func(i int) []int {
		var out []int
		for _, before := range p.Items[i].After {
			out = append(out, index[before])
		}
		return out
	})
	if cycle == nil {
		return true
	}
	first := p.Items[cycle[0]]
	for _, c := range n.children {
		if c.name() == first.Name {
			l.cycle(c, "after", "items", arrows(cycle, func(i int) string { return p.Items[i].Name }))
			break
		}
	}
	return false
}

// waitForApprovals makes the other items of a phase wait for its approvals,
// except for those that the approval itself waits for.
func waitForApprovals(p *schema.Phase) {
	for _, a := range p.Items {
		if _, ok := a.Does.(*schema.Approval); !ok {
			continue
		}
		for _, item := range p.Items {
			if _, other := item.Does.(*schema.Approval); other || slices.Contains(item.After, a) || reaches(a, item) {
				continue
			}
			item.After = append(item.After, a)
		}
	}
}

// reaches reports whether from waits for to, directly or not.
func reaches(from, to *schema.Item) bool {
	seen := map[*schema.Item]bool{from: true}
	for queue := []*schema.Item{from}; len(queue) > 0; {
		item := queue[0]
		queue = queue[1:]
		for _, before := range item.After {
			if before == to {
				return true
			}
			if !seen[before] {
				seen[before] = true
				queue = append(queue, before)
			}
		}
	}
	return false
}

// orderItems sorts items so that each comes after those that it waits for; among
// the others by their offsets, then by name.
func orderItems(items []*schema.Item) []*schema.Item {
	rest := slices.SortedStableFunc(slices.Values(items), func(a, b *schema.Item) int {
		return cmp.Or(cmp.Compare(due(a), due(b)), cmp.Compare(a.Name, b.Name))
	})
	placed := make(map[*schema.Item]bool, len(items))
	ordered := make([]*schema.Item, 0, len(items))
	for len(rest) > 0 {
		next := slices.IndexFunc(rest, func(i *schema.Item) bool {
			return !slices.ContainsFunc(i.After, func(before *schema.Item) bool { return !placed[before] })
		})
		next = max(next, 0) // there is always one without a circle
		placed[rest[next]] = true
		ordered = append(ordered, rest[next])
		rest = slices.Delete(rest, next, next+1)
	}
	return ordered
}

// due is how long after T an item is due, nominally.
func due(item *schema.Item) time.Duration {
	at := item.At
	if at == nil {
		at = item.Phase.Opens
	}
	if at == nil {
		return 0
	}
	if at.HasClock {
		return at.Nominal() + at.Clock
	}
	return at.Nominal()
}
