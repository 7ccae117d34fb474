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

// groupsShown bounds the lines of a grouped plan; groups with effects outside of
// the record are never left out.
const groupsShown = 60

// changeKey is what the changes of one group have in common. Prompts, errors and
// recipients are not among it: they can differ from tenant to tenant.
type changeKey struct {
	kind               plans.Kind
	batch, phase, item string
	reason             string // of Adopt: it is the change
	inquiry            plans.Inquiry
	doubted            bool
}

func changeKeyOf(c *plans.Change) changeKey {
	k := changeKey{kind: c.Kind, batch: c.Batch, phase: c.Phase, item: c.Item, inquiry: c.Inquiry(), doubted: c.Detail.Doubted}
	if c.Kind == plans.Adopt {
		k.reason = c.Reason
	}
	return k
}

// key is PHASE/ITEM, or empty for changes of the tenant as a whole.
func (k *changeKey) key() string {
	if k.item == "" {
		return ""
	}
	return k.phase + "/" + k.item
}

// place is where a group stands among others.
type place struct {
	changeKey
	t, due time.Time // T of Place; when the earliest fell due
}

// compare puts what has effects outside of the record first, then goes by kind,
// by date and by name.
func (a *place) compare(b *place) int {
	return cmp.Or(
		-cmp.Compare(btoi(a.kind.Outside()), btoi(b.kind.Outside())), cmp.Compare(a.kind, b.kind),
		a.t.Compare(b.t), cmp.Compare(a.batch, b.batch), a.due.Compare(b.due),
		cmp.Compare(a.phase, b.phase), cmp.Compare(a.item, b.item), cmp.Compare(a.reason, b.reason), cmp.Compare(a.inquiry, b.inquiry),
		cmp.Compare(btoi(a.doubted), btoi(b.doubted)),
	)
}

// seen moves the place to the earliest instant of its changes.
func (a *place) seen(c *plans.Change) {
	if a.due.IsZero() || c.At.Before(a.due) {
		a.due = c.At
	}
	if a.t.IsZero() {
		a.t = c.Detail.T
	}
}

func placeOf(c *plans.Change) place {
	return place{changeKey: changeKeyOf(c), t: c.Detail.T, due: c.At}
}

// kept is how many of the sorted groups are shown.
func kept[G any](groups []G, outside func(G) bool) int {
	n := 0
	for n < len(groups) && outside(groups[n]) {
		n++
	}
	return max(n, min(len(groups), groupsShown))
}

// changeGroup is changes that are shown as one line.
type changeGroup struct {
	place
	count     int
	tenants   []string // the first few
	why       reasons
	messages  int
	addresses map[string]struct{}
	passing   int
}

// groupChanges puts changes together, by kind, batch and item; edits of the plan by
// what they change.
func groupChanges(changes []plans.Change) []*changeGroup {
	index := make(map[changeKey]*changeGroup)
	var all []*changeGroup
	for i := range changes {
		c := &changes[i]
		p := placeOf(c)
		g := index[p.changeKey]
		if g == nil {
			g = &changeGroup{place: p, why: make(reasons)}
			index[p.changeKey] = g
			all = append(all, g)
		}
		g.add(c)
	}
	slices.SortFunc(all, func(a, b *changeGroup) int { return a.compare(&b.place) })
	return all
}

func (g *changeGroup) add(c *plans.Change) {
	g.count++
	g.seen(c)
	g.why.add(joined(intoWords(c), c.Reason))
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

// intoWords names the message that carries a collapsed one, unless the reason
// does.
func intoWords(c *plans.Change) string {
	if c.Detail.Into == "" || strings.Contains(c.Reason, c.Detail.Into) {
		return ""
	}
	return "into " + c.Detail.Into
}

// waitKey is what those who wait in one group have in common.
type waitKey struct {
	kind        plans.WaitKind
	batch, item string
	final       bool
	movable     bool
	byHand      bool
	resumable   bool
	answers     plans.Answers
	reason      string // of a hold, which has no item, and of a command, whose process it names
}

// waitGroup is tenants that wait for the same. One that waits for several of its
// recipients is one tenant.
type waitGroup struct {
	waitKey
	count        int // of tenants
	waits        int
	last         string // address
	first        *plans.Wait
	tenants      []string
	why          reasons
	since, until time.Time // zero: not known, or not the same for all
}

func newWaitGroup(w *plans.Wait) *waitGroup {
	_, item, _ := strings.Cut(w.Address, "/")
	k := waitKey{kind: w.Kind, batch: w.Batch, item: item, final: w.Final, movable: w.Movable, byHand: w.ByHand, resumable: w.Resumable, answers: w.Answers}
	if w.Kind == plans.WaitHold && item == "" || w.Kind == plans.WaitRunning {
		k.reason = w.Reason
	}
	return &waitGroup{waitKey: k, first: w, since: w.Since, until: w.Until, why: make(reasons)}
}

// groupWaits puts together who waits for the same: the most urgent kind first,
// then the largest group.
func groupWaits(waits []plans.Wait) []*waitGroup {
	index := make(map[waitKey]*waitGroup)
	var all []*waitGroup
	for i := range waits {
		fresh := newWaitGroup(&waits[i])
		g := index[fresh.waitKey]
		if g == nil {
			g = fresh
			index[g.waitKey] = g
			all = append(all, g)
		}
		g.add(&waits[i])
	}
	slices.SortStableFunc(all, func(a, b *waitGroup) int {
		return cmp.Or(cmp.Compare(urgency(a.kind), urgency(b.kind)), cmp.Compare(b.count, a.count))
	})
	return all
}

func (g *waitGroup) add(w *plans.Wait) {
	g.waits++
	g.why.add(w.Reason)
	if g.last != w.Address { // those of one address follow each other
		g.last = w.Address
		g.count++
		if len(g.tenants) < sampleSize {
			g.tenants = append(g.tenants, w.Tenant)
		}
	}
	if !w.Since.Equal(g.since) {
		g.since = time.Time{}
	}
	if !w.Until.Equal(g.until) {
		g.until = time.Time{}
	}
}

// addressesOf counts the addresses that wait, each once.
func addressesOf(waits []plans.Wait, belongs func(plans.WaitKind) bool) int {
	n, last := 0, ""
	for i := range waits {
		if belongs(waits[i].Kind) && waits[i].Address != last { // they are in order
			n, last = n+1, waits[i].Address
		}
	}
	return n
}

// urgency is the place of a kind among those who wait.
func urgency(k plans.WaitKind) int {
	return slices.Index([]plans.WaitKind{
		plans.WaitBreaker, plans.WaitUnknown, plans.WaitError, plans.WaitMissed, plans.WaitLock,
		plans.WaitApproval, plans.WaitRunning, plans.WaitRetry, plans.WaitPoll, plans.WaitLimit, plans.WaitHold,
	}, k)
}

// selector covers the tenants of the group, and no others that wait.
func (g *waitGroup) selector() string {
	who := "*"
	switch {
	case g.count == 1:
		return g.first.Address
	case g.batch != "":
		who = "batch." + g.batch
	}
	if g.item == "" {
		return who
	}
	return who + "/" + g.item
}
