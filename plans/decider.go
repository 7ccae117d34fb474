package plans

import (
	"cmp"
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/schema"
)

// never is later than every instant of a plan: what has no date opens then.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Gate says whether a batch may go on after the one that it waits for.
type Gate struct {
	Known  bool
	Open   bool
	Reason string    // while it is not open
	Until  time.Time // when a soak ends; zero: not known
	Opened time.Time // zero: it is not open, or nobody was waited for
}

// Decider decides what follows for one tenant at a time. It is not safe for
// concurrent use.
type Decider struct {
	cfg *schema.Config
	now time.Time
	// live: somebody applies at present, so that what runs in the record runs.
	// Otherwise its outcome is unknown.
	live bool
	// explain: fill Decision.Items with reasons, for people.
	explain bool
	scope   Scope // see Narrow
	// alone: tenants of which something is open that the plan does not have are
	// left alone, see Narrow. Otherwise that is a mistake of the plan.
	alone bool

	byKey   []*schema.Item // sorted by Item.Key
	keys    []string
	frees   [][]*schema.Item // by phase: locks that are released in it
	locks   []*schema.Item
	resends []*schema.Item // messages that are sent again in their new time when T changes
	notices []awaited      // messages that count as a notice
	batches map[string]*schema.Batch
	lines   map[lineKey]*line
	undated *line
	gates   map[*schema.Batch]Gate
	room    room
	// breakers are those of the batches, by every name that a batch has had; nil:
	// the plan has none.
	breakers map[string]*breaker
	// awaited marks the phases whose completion some batch waits for.
	awaited []bool

	env schema.Env
	// Of the tenant at hand, by Item.Index.
	rec   []*ledger.Item
	freed []bool // locks whose release its phase has decided
	// gone is an item that the plan has no more though it must not be forgotten:
	// something of it is open, or it has begun and a lock is held.
	gone string

	before  *before // the plan that was adopted last; nil: it is no other one
	orphans Orphans
	beside  Beside
	lacks   *ledger.Restoration // what may have happened unrecorded; nil: nothing
	// outlived counts those that run under each limit.
	outlived map[*schema.Limit]int
}

// awaited is an item with what must be settled before it.
type awaited struct {
	item   *schema.Item
	before []*schema.Item
}

type lineKey struct {
	t    int64
	zone *time.Location
}

// line is a timeline with what later falls due on it, counted over all tenants
// that share it.
type line struct {
	*timeline.Timeline
	due     []int // by Item.Index
	unlocks []int // by Item.Index

	// Of a plan that was edited since it was adopted last.
	was     *timeline.Timeline // what the plan of then made of T
	edits   []edit
	reasons map[pattern]string
}

// NewDecider makes a Decider for a configuration and an instant.
func NewDecider(cfg *schema.Config, now time.Time, live bool) *Decider {
	d := &Decider{
		cfg: cfg, now: now, live: live,
		byKey:    slices.Concat(cfg.Items, cfg.Events),
		frees:    make([][]*schema.Item, len(cfg.Phases)),
		batches:  make(map[string]*schema.Batch, len(cfg.Batches)),
		lines:    make(map[lineKey]*line),
		gates:    make(map[*schema.Batch]Gate),
		breakers: newBreakers(cfg),
		awaited:  make([]bool, len(cfg.Phases)),
		rec:      make([]*ledger.Item, len(cfg.Items)+len(cfg.Events)),
		freed:    make([]bool, len(cfg.Items)),
	}
	slices.SortFunc(d.byKey, func(a, b *schema.Item) int { return cmp.Compare(a.Key(), b.Key()) })
	for _, it := range d.byKey {
		d.keys = append(d.keys, it.Key())
	}
	for _, it := range cfg.Items {
		if l, ok := it.Does.(*schema.Lock); ok {
			d.locks = append(d.locks, it)
			d.frees[l.ReleaseIn.Index] = append(d.frees[l.ReleaseIn.Index], it)
		}
		if c, ok := it.Does.(*schema.Communication); ok && c.OnReschedule == schema.RescheduleResend {
			d.resends = append(d.resends, it)
		}
		if isNotice(it) {
			d.notices = append(d.notices, awaited{it, timeline.Before(cfg, it)})
		}
	}
	for _, b := range cfg.Batches {
		d.batches[b.Name] = b
		if b.After != nil {
			d.awaited[b.After.Reached.Index] = true
		}
	}
	d.undated = d.newLine(undated(cfg))
	return d
}

// newLine gives messages that are sent on events a place without any bounds
// behind the others.
func (d *Decider) newLine(tl *timeline.Timeline) *line {
	l := &line{Timeline: tl, due: make([]int, len(tl.Items)), unlocks: make([]int, len(tl.Items))}
	tl.Phases = append(tl.Phases, timeline.Phase{})
	tl.Items = append(tl.Items, make([]timeline.Item, len(d.cfg.Events))...)
	return l
}

// undated is the timeline of a tenant without T: only what needs no date comes. A
// message that tells T needs one.
func undated(cfg *schema.Config) *timeline.Timeline {
	tl := &timeline.Timeline{
		Zone:   cfg.Zone,
		Phases: make([]timeline.Phase, len(cfg.Phases)),
		Items:  make([]timeline.Item, len(cfg.Items)),
	}
	for i, p := range cfg.Phases {
		if p.Opens != nil {
			tl.Phases[i].Opens = never
		}
	}
	for i, it := range cfg.Items {
		c, _ := it.Does.(*schema.Communication)
		if it.At != nil || it.Phase.Opens != nil || c != nil && c.TellsT {
			tl.Items[i].At = never
		}
	}
	return tl
}

// line returns the timeline of a T in a zone, built once.
func (d *Decider) line(t time.Time, zone *time.Location) *line {
	if t.IsZero() {
		return d.undated
	}
	k := lineKey{t.UnixNano(), zone}
	l, ok := d.lines[k]
	if !ok {
		l = d.newLine(timeline.Build(d.cfg, t, zone))
		d.lines[k] = l
		d.compareLine(l)
	}
	return l
}

// Zone is the zone in which a tenant's offsets are resolved.
func Zone(cfg *schema.Config, t *schema.Tenant, b *schema.Batch) *time.Location {
	switch {
	case t != nil && t.Zone != nil:
		return t.Zone
	case b != nil && b.Zone != nil:
		return b.Zone
	default:
		return cfg.Zone
	}
}

// index puts the recorded items where the configuration has them. Both sides
// are sorted by key, so one walk does it. Items that the plan no longer has are
// left out.
func (d *Decider) index(r *ledger.Record) {
	clear(d.rec)
	d.gone = ""
	var locked time.Time   // when the first lock was begun that may be held
	var begun *ledger.Item // the last that has begun of what the plan has no more
	i := 0
	for j := range r.Items {
		it := &r.Items[j]
		for i < len(d.keys) && d.keys[i] < it.Key {
			i++
		}
		if i < len(d.keys) && d.keys[i] == it.Key {
			d.rec[d.byKey[i].Index] = it
			if it.Obligation && !isLock(d.byKey[i]) {
				d.gone = it.Key // it was a lock
			}
		} else if isOpen(it) {
			d.gone = it.Key
		} else if hasBegun(it) && (begun == nil || it.At.After(begun.At)) {
			begun = it
		}
		if it.Obligation {
			locked = earliest(locked, it.First)
		}
	}
	if begun != nil && !locked.IsZero() && !begun.At.Before(locked) {
		d.gone = begun.Key // what has begun behind a lock decides whether it may be opened
	}
}

// Knows reports whether the plan has all that is open of a tenant, and all that
// decides whether a lock of it may be opened.
func (d *Decider) Knows(r *ledger.Record) bool {
	d.index(r)
	return d.gone == ""
}

// resend forgets of messages that were sent for an earlier T, and whose new time
// came after that T changed, that they were sent.
func (d *Decider) resend(r *ledger.Record, l *line) {
	for _, it := range d.resends {
		rec := d.rec[it.Index]
		if rec != nil && rec.State == ledger.Done && rec.Epoch < r.Epoch && l.Items[it.Index].At.After(r.PlacedAt) {
			d.rec[it.Index] = nil
		}
	}
}

// Now is the instant that is decided for.
func (d *Decider) Now() time.Time { return d.now }

// SetNow makes the decider decide for another instant from now on.
func (d *Decider) SetNow(now time.Time) { d.now = now }

// Batch finds a batch of the plan; nil: there is none of that name.
func (d *Decider) Batch(name string) *schema.Batch { return d.batches[name] }

// Applying returns the decider for whoever applies: what runs then is its own.
func (d *Decider) Applying() *Decider {
	d.live = true
	return d
}

// isOpen reports whether something of an item is not ended: a lock that may be
// item finds an item of the plan by PHASE/ITEM; nil: it has none.
func (d *Decider) item(key string) *schema.Item {
	i, ok := slices.BinarySearch(d.keys, key)
	if !ok {
		return nil
	}
	return d.byKey[i]
}

func isLock(it *schema.Item) bool {
	_, ok := it.Does.(*schema.Lock)
	return ok
}
