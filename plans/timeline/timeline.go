// Package timeline turns offsets into instants: for one T and one zone, every
// edge of every phase and item; and it tells which dates of a plan cannot come
// out.
package timeline

import (
	"time"

	"transition/schema"
	"transition/schema/toffset"
)

// Timeline holds the instants that follow from one T in one zone, aligned with
// the phases and items of a configuration. An instant that the plan does not
// set is the zero time. A timeline is never changed once it is built.
type Timeline struct {
	T      time.Time
	Zone   *time.Location
	Phases []Phase // by Phase.Index
	Items  []Item  // by Item.Index
	// FirstBy and FinalBy are the last instants at which the first and the
	// final notice are early enough.
	FirstBy, FinalBy time.Time
}

// Phase is the instants of one phase.
type Phase struct{ Opens, Closes, LatestStart, MustEnd time.Time }

// Item is the instants of one item. At is its own offset, else when its phase
// opens; LateUntil its own, else when its phase closes.
type Item struct{ At, LateUntil, ReleaseBy, Expires time.Time }

// Build resolves a timeline. With the zero T, which is no date, all instants
// are the zero time.
func Build(cfg *schema.Config, t time.Time, zone *time.Location) *Timeline {
	tl := &Timeline{
		T: t, Zone: zone,
		Phases: make([]Phase, len(cfg.Phases)),
		Items:  make([]Item, len(cfg.Items)),
	}
	if t.IsZero() {
		return tl
	}
	for i, p := range cfg.Phases {
		tl.Phases[i] = Phase{
			Opens:       tl.at(p.Opens),
			Closes:      tl.at(closesAt(cfg, p)),
			LatestStart: tl.at(p.LatestStart),
			MustEnd:     tl.at(p.MustEnd),
		}
	}
	for i, it := range cfg.Items {
		tl.Items[i] = tl.item(it)
	}
	tl.FirstBy = tl.noticeBy(cfg.Notice.First)
	tl.FinalBy = tl.noticeBy(cfg.Notice.Final)
	return tl
}

// item resolves the item's own offsets and takes the rest from its phase.
func (tl *Timeline) item(it *schema.Item) Item {
	phase := &tl.Phases[it.Phase.Index]
	item := Item{At: phase.Opens, LateUntil: phase.Closes}
	if it.At != nil {
		item.At = tl.at(it.At)
	}
	if it.LateUntil != nil {
		item.LateUntil = tl.at(it.LateUntil)
	}
	switch does := it.Does.(type) {
	case *schema.Lock:
		item.ReleaseBy = tl.at(does.ReleaseBy)
	case *schema.Approval:
		item.Expires = tl.at(does.Expires)
	case *schema.Communication, *schema.Work:
	}
	return item
}

// at resolves an offset; nil is the zero time.
func (tl *Timeline) at(o *toffset.Offset) time.Time {
	if o == nil {
		return time.Time{}
	}
	at, _ := o.From(tl.T, tl.Zone)
	return at
}

func (tl *Timeline) noticeBy(d toffset.Duration) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.Before(tl.T, tl.Zone)
}

// closesAt is when a phase closes. Phases with one offset, which are told apart
// by their attribute after, close together: else all but the last of them would
// close at the very instant at which they open.
func closesAt(cfg *schema.Config, p *schema.Phase) *toffset.Offset {
	if p.Opens == nil || p.Closes == nil || *p.Closes != *p.Opens {
		return p.Closes
	}
	for _, next := range cfg.Phases[p.Index+1:] {
		if next.Opens != nil && *next.Opens == *p.Opens {
			return closesAt(cfg, next)
		}
	}
	return p.Closes
}

// dueAt is when an item falls due; nil: at once.
func dueAt(it *schema.Item) *toffset.Offset {
	if it.At != nil {
		return it.At
	}
	return it.Phase.Opens
}

// lateAt is when an item's window ends; nil: never.
func lateAt(cfg *schema.Config, it *schema.Item) *toffset.Offset {
	if it.LateUntil != nil {
		return it.LateUntil
	}
	return closesAt(cfg, it.Phase)
}
