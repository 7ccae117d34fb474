package plans

import (
	"slices"

	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/schema"
)

// before is the plan that was adopted last, held against the one that is to be
// adopted now.
type before struct {
	cfg *schema.Config
	// items is what each item was, by the Item.Index that it has now; nil: it is
	// new.
	items []*schema.Item
	gone  []past // items that the plan has no more, in order
	// phases is what each phase was, by the Phase.Index that it has now; nil: it
	// is new.
	phases []*pastPhase
	// columns is the place of each column then among those of now, -1 without one;
	// nil: they are the same.
	columns []int

	row schema.Tenant // the tenant at hand, with the columns of then
	env schema.Env
}

// past is an item of the plan that was adopted last.
type past struct {
	*schema.Item
	key string
	now *schema.Item // what it is now; nil: it is gone
}

type pastPhase struct {
	*schema.Phase
	items []past
}

// compareWith makes the decider see what has changed since a plan was adopted. It
// comes before the first decision.
func (d *Decider) compareWith(cfg *schema.Config) {
	b := &before{
		cfg: cfg, items: make([]*schema.Item, len(d.cfg.Items)), phases: make([]*pastPhase, len(d.cfg.Phases)),
		columns: columnsOf(cfg.Columns, d.cfg.Columns),
	}
	phases := make(map[string]*schema.Phase, len(d.cfg.Phases))
	for _, p := range d.cfg.Phases {
		phases[p.Name] = p
	}
	names := NewRenames(d.cfg)
	for _, p := range cfg.Phases {
		was := &pastPhase{Phase: p}
		for _, it := range p.Items {
			was.items = append(was.items, b.pair(d, it, names.Key(it.Key())))
		}
		if now := phases[d.cfg.Now(schema.Ref{Kind: schema.RefPhase, Name: p.Name}).Name]; now != nil {
			b.phases[now.Index] = was
		}
	}
	d.before = b
	d.compareLine(d.undated)
}

// compareLine works out what the edits mean for the tenants of a line.
func (d *Decider) compareLine(l *line) {
	if d.before != nil {
		l.was = d.before.timeline(l)
		l.edits = d.editsOf(l)
	}
}

// pair finds what an item has become: it is known by the key that it has now.
func (b *before) pair(d *Decider, it *schema.Item, key string) past {
	p := past{Item: it, key: key}
	if i, ok := slices.BinarySearch(d.keys, p.key); ok {
		p.now = d.byKey[i]
		b.items[p.now.Index] = it
	} else {
		b.gone = append(b.gone, p)
	}
	return p
}

// columnsOf finds the columns of then among those of now; nil: they are the same.
func columnsOf(then, now *schema.Columns) []int {
	same := len(then.List) == len(now.List)
	places := make([]int, len(then.List))
	for i := range then.List {
		c := &then.List[i]
		places[i] = now.Index(c.Name)
		if j := places[i]; j >= 0 && now.List[j].Type != c.Type {
			places[i] = -1
		}
		same = same && places[i] == i
	}
	if same {
		return nil
	}
	return places
}

// timeline is what the plan of then made of a line's T in its zone.
func (b *before) timeline(l *line) *timeline.Timeline {
	if l.T.IsZero() {
		return undated(b.cfg)
	}
	return timeline.Build(b.cfg, l.T, l.Zone)
}

// applied reports whether an item of then was for the tenant of an Env. What has
// no value any more may have been.
func (b *before) applied(it *schema.Item, env *schema.Env) bool {
	if it.When.IsConst() {
		return !it.When.IsSet() || it.When.Value
	}
	b.env = *env
	b.env.Tenant, b.env.Phase = b.tenant(env.Tenant), it.Phase.Name
	yes, err := it.When.For(&b.env)
	return yes || err != nil
}

// tenant is a tenant with the columns of then.
func (b *before) tenant(t *schema.Tenant) *schema.Tenant {
	if b.columns == nil {
		return t
	}
	cells := b.row.Cells[:0]
	for _, place := range b.columns {
		if place < 0 {
			cells = append(cells, schema.Cell{})
			continue
		}
		cells = append(cells, t.Cells[place])
	}
	b.row = *t
	b.row.Cells = cells
	return &b.row
}

// completed reports whether the tenant had completed the soft phase of a new item
// before that came into the plan: all that there was to do is settled, or time has
// ended it. Who got his T just now comes late, and has not been there.
func (w *walk) completed(it *schema.Item) bool {
	b := w.d.before
	if b == nil || b.items[it.Index] != nil {
		return false
	}
	p := b.phases[it.Phase.Index]
	switch {
	case p == nil || p.Hard:
		return false
	case len(p.items) > 0 && !slices.ContainsFunc(p.items, w.unfinished):
		return true
	default:
		return w.r.PlacedAt.Before(w.d.now) && w.over(p)
	}
}

// unfinished reports whether an item of the plan of then was still to be done.
func (w *walk) unfinished(p past) bool {
	rec := w.r.Item(p.key)
	if p.now != nil {
		rec = w.d.rec[p.now.Index]
	}
	if rec == nil || rec.State == ledger.None {
		return w.d.before.applied(p.Item, &w.d.env)
	}
	return !rec.State.Settled()
}

// over reports whether a phase of then has closed, or a later one was entered.
func (w *walk) over(p *pastPhase) bool {
	was := w.line.was
	if closes := was.Phases[p.Index].Closes; !closes.IsZero() && !w.d.now.Before(closes) {
		return true
	}
	for _, later := range w.d.before.cfg.Phases[p.Index+1:] {
		if !later.Hard && !w.d.now.Before(was.Phases[later.Index].Opens) {
			return true
		}
	}
	return false
}
