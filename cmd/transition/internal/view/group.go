package view

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"transition/plans"
)

// sampleSize is how many tenants of a group are named.
const sampleSize = 3

// changeKey is what the changes of one group have in common.
type changeKey struct {
	kind               plans.Kind
	batch, phase, item string
	reason, into       string
}

// changeGroup is changes that differ in nothing but their tenant.
type changeGroup struct {
	changeKey
	count     int
	tenants   []string // the first few
	first     time.Time
	t         time.Time // of Place
	messages  int
	addresses map[string]struct{}
	passing   int
}

// key is PHASE/ITEM, or empty for changes of the tenant as a whole.
func (g *changeGroup) key() string {
	if g.item == "" {
		return ""
	}
	return g.phase + "/" + g.item
}

// groupChanges puts changes together, by kind and in the order in which each
// group first appears.
func groupChanges(changes []plans.Change) []*changeGroup {
	index := make(map[changeKey]*changeGroup)
	var all []*changeGroup
	for i := range changes {
		c := &changes[i]
		k := changeKey{c.Kind, c.Batch, c.Phase, c.Item, c.Reason, c.Detail.Into}
		g := index[k]
		if g == nil {
			g = &changeGroup{changeKey: k, first: c.At, t: c.Detail.T}
			index[k] = g
			all = append(all, g)
		}
		g.add(c)
	}
	slices.SortStableFunc(all, func(a, b *changeGroup) int { return cmp.Compare(a.kind, b.kind) })
	return all
}

func (g *changeGroup) add(c *plans.Change) {
	g.count++
	if len(g.tenants) < sampleSize {
		g.tenants = append(g.tenants, c.Tenant)
	}
	if c.Detail.PassesPONR {
		g.passing++
	}
	if len(c.Detail.Recipients) == 0 {
		return
	}
	if g.addresses == nil {
		g.addresses = make(map[string]struct{})
	}
	g.messages += len(c.Detail.Recipients)
	addAddresses(g.addresses, c.Detail.Recipients)
}

// waitKey is what those who wait in one group have in common.
type waitKey struct {
	kind                plans.WaitKind
	batch, item, reason string
}

// waitGroup is tenants that wait for the same.
type waitGroup struct {
	waitKey
	count   int
	first   *plans.Wait
	tenants []string
}

// groupWaits puts together who waits for the same, in order of appearance.
func groupWaits(waits []plans.Wait) []*waitGroup {
	index := make(map[waitKey]*waitGroup)
	var all []*waitGroup
	for i := range waits {
		w := &waits[i]
		_, item, _ := strings.Cut(w.Address, "/")
		k := waitKey{w.Kind, w.Batch, item, w.Reason}
		g := index[k]
		if g == nil {
			g = &waitGroup{waitKey: k, first: w}
			index[k] = g
			all = append(all, g)
		}
		g.count++
		if len(g.tenants) < sampleSize {
			g.tenants = append(g.tenants, w.Tenant)
		}
	}
	return all
}
