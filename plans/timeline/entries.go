package timeline

import (
	"slices"
	"time"

	"transition/schema"
	"transition/schema/toffset"
)

// Edge is a named instant of a phase or an item.
type Edge string

// The edges.
const (
	Opens       Edge = "opens"
	Closes      Edge = "closes"
	LatestStart Edge = "latest_start"
	MustEnd     Edge = "must_end"
	At          Edge = "at"
	LateUntil   Edge = "late_until"
	ReleaseBy   Edge = "release_by"
)

// Entry is one line of what the command timeline shows.
type Entry struct {
	Batch, Phase, Item string // Item is empty for an edge of the phase itself
	Edge               Edge
	Offset             string
	At                 time.Time
	Zone               *time.Location
	Note               string // what a change of the clocks did; empty: nothing
}

// Entries lists every instant of a batch in order of time, at one instant in
// the order of phases and items. Without a date there is none.
func Entries(cfg *schema.Config, b *schema.Batch) []Entry {
	if b.T.IsZero() {
		return nil
	}
	all := edges(cfg)
	entries := make([]Entry, 0, len(all))
	for _, e := range all {
		at, _ := e.offset.From(b.T, b.Zone)
		entry := Entry{
			Batch: b.Name, Phase: e.phase.Name, Edge: e.edge, Offset: e.offset.String(),
			At: at, Zone: b.Zone, Note: e.offset.Note(b.T, b.Zone),
		}
		if e.item != nil {
			entry.Item = e.item.Name
		}
		entries = append(entries, entry)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return entries
}

// edge is an offset in a plan, with what it is the offset of.
type edge struct {
	phase  *schema.Phase
	item   *schema.Item // nil for an edge of the phase itself
	edge   Edge
	offset toffset.Offset
}

// edges lists all offsets of a plan in the order of phases and items.
func edges(cfg *schema.Config) []edge {
	var all []edge
	for _, p := range cfg.Phases {
		add := func(it *schema.Item, name Edge, o *toffset.Offset) {
			if o != nil {
				all = append(all, edge{phase: p, item: it, edge: name, offset: *o})
			}
		}
		add(nil, Opens, p.Opens)
		add(nil, LatestStart, p.LatestStart)
		add(nil, MustEnd, p.MustEnd)
		add(nil, Closes, closesAt(cfg, p))
		for _, it := range p.Items {
			add(it, At, dueAt(it))
			add(it, LateUntil, lateAt(cfg, it))
			if lock, ok := it.Does.(*schema.Lock); ok {
				add(it, ReleaseBy, lock.ReleaseBy)
			}
		}
	}
	return all
}
