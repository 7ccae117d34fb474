package plans

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/schema"
	"transition/schema/toffset"
)

// edit is one difference between the plan that was adopted last and the present
// one, as tenants with one T and zone see it.
type edit struct {
	kind editKind
	item *schema.Item // nil: it is gone
	then *schema.Item // what it was; nil: it is new
	key  string       // PHASE/ITEM
	text string       // what is said of it behind the key
}

type editKind uint8

const (
	editDue     editKind = iota // it is due at another instant
	editRelease                 // the lock is given back at another instant
	editDoes                    // it does something else
	editNew
	editGone
)

// mostEdits bounds how many edits the reason of a change names.
const mostEdits = 3

// pattern is the edits that a tenant is affected by, as far as its reason tells
// them apart.
type pattern struct {
	first [mostEdits]int
	n     int
}

// editsOf lists the edits for the tenants of a line.
func (d *Decider) editsOf(l *line) []edit {
	var all []edit
	for _, it := range d.cfg.Items {
		all = append(all, d.editsOfItem(l, it)...)
	}
	for _, p := range d.before.gone {
		all = append(all, edit{editGone, nil, p.Item, p.key, "is gone"})
	}
	return all
}

func (d *Decider) editsOfItem(l *line, it *schema.Item) []edit {
	then, key := d.before.items[it.Index], it.Key()
	if then == nil {
		return []edit{{editNew, it, nil, key, "is new"}}
	}
	var all []edit
	if from, to := l.was.Items[then.Index].At, l.Items[it.Index].At; !from.Equal(to) {
		all = append(all, edit{editDue, it, then, key, "due " + d.rescheduled(from, to, l.Zone)})
	}
	if from, to := released(l.was, then), released(l.Timeline, it); isLock(then) && isLock(it) && !from.Equal(to) {
		all = append(all, edit{editRelease, it, then, key, "released " + d.rescheduled(from, to, l.Zone)})
	}
	if then.Digest != it.Digest {
		all = append(all, edit{editDoes, it, then, key, "has changed"})
	}
	return all
}

// released is when a lock is given back; zero: the item is none.
func released(tl *timeline.Timeline, it *schema.Item) time.Time {
	lock, ok := it.Does.(*schema.Lock)
	if !ok {
		return time.Time{}
	}
	return tl.Phases[lock.ReleaseIn.Index].Opens
}

// rescheduled names two instants, as shortly as tells them apart.
func (d *Decider) rescheduled(from, to time.Time, zone *time.Location) string {
	layout, year := "Mon 2 Jan", d.now.In(zone).Year()
	a, b := from.In(zone), to.In(zone)
	if dated(from) && a.Year() != year || dated(to) && b.Year() != year {
		layout += " 2006"
	}
	if dated(from) && dated(to) && a.Format(time.TimeOnly) != b.Format(time.TimeOnly) {
		layout += " 15:04"
	}
	one, other := instantWords(from, layout, zone), instantWords(to, layout, zone)
	if one == other { // they differ by seconds, or by what the clocks say twice
		one, other = toffset.ShowLocal(from, zone), toffset.ShowLocal(to, zone)
	}
	return one + " -> " + other
}

func dated(t time.Time) bool { return !t.IsZero() && t.Before(never) }

func instantWords(t time.Time, layout string, zone *time.Location) string {
	switch {
	case t.IsZero():
		return "at once"
	case !dated(t):
		return "without a date"
	default:
		return t.In(zone).Format(layout)
	}
}

// edited says by which edits the tenant that was just decided is affected; it is
// empty if it is by none.
func (d *Decider) edited(r *ledger.Record, out *Decision) string {
	var p pattern
	for i := range out.line.edits {
		if !d.affects(&out.line.edits[i], r, out) {
			continue
		}
		if p.n < mostEdits {
			p.first[p.n] = i
		}
		p.n++
	}
	if p.n == 0 {
		return ""
	}
	return out.line.reason(p)
}

// affects reports whether an edit is about something that is not done with for
// the tenant that was just decided.
func (d *Decider) affects(e *edit, r *ledger.Record, out *Decision) bool {
	if e.kind == editGone {
		return d.unfinished(e, r.Item(e.key))
	}
	rec := d.rec[e.item.Index]
	unbegun := rec == nil || rec.State == ledger.None
	switch e.kind {
	case editDue:
		return unbegun && d.unfinished(e, rec)
	case editRelease:
		return d.unfinished(e, rec) && (unbegun || rec.Obligation)
	case editNew:
		return unbegun && d.unfinished(e, rec) && !leftOut(e.item, out)
	default:
		return d.unfinished(e, rec)
	}
}

// unfinished reports whether there is anything left to do of an item, of which rec is
// recorded, as it is now or as it was.
func (d *Decider) unfinished(e *edit, rec *ledger.Item) bool {
	if rec != nil && rec.State != ledger.None {
		return !rec.State.Settled() || rec.Obligation
	}
	return e.item != nil && d.forTenant(e.item) || e.then != nil && d.before.applied(e.then, &d.env)
}

// leftOut reports whether the plan says of an item, in a line of its own, that it
// will not come.
func leftOut(it *schema.Item, out *Decision) bool {
	return slices.ContainsFunc(out.Actions, func(a Action) bool {
		return a.Item == it && (a.Kind == Skip || a.Kind == Missed)
	})
}

// reason puts edits into words, once for all tenants of the line.
func (l *line) reason(p pattern) string {
	if text, ok := l.reasons[p]; ok {
		return text
	}
	var texts []string
	for _, i := range p.first[:min(p.n, mostEdits)] {
		texts = append(texts, l.edits[i].key+" "+l.edits[i].text)
	}
	if more := p.n - mostEdits; more > 0 {
		texts = append(texts, "and "+strconv.Itoa(more)+" more")
	}
	text := strings.Join(texts, ", ")
	if l.reasons == nil {
		l.reasons = make(map[pattern]string)
	}
	l.reasons[p] = text
	return text
}

// adopt notes that the plan has changed for a placed tenant, in one change that
// the adoption of the plan as a whole records. It returns how many changes it has
// added to those of the tenant, which begin at first.
func (c *computation) adopt(task *Task, r *ledger.Record, out *Decision, first int) int {
	if c.d.before == nil || !c.assume || !c.in.Within.Whole() || task.Outside || task.Place != nil || r.Batch == "" || r.Leaving() {
		return 0
	}
	c.result.Inserts = c.result.Inserts || slices.ContainsFunc(out.Actions, func(a Action) bool { return a.Inserted })
	reason := c.d.edited(r, out)
	if reason == "" {
		return 0
	}
	for i := range task.Steps {
		if s := &task.Steps[i]; s.Change.Kind == Adopt { // it gets another zone as well
			s.Change.Reason += ", " + reason
			c.plan.Changes[first+i] = s.Change
			return 0
		}
	}
	c.change(Change{Kind: Adopt, Tenant: r.ID, Batch: r.Batch, At: c.in.Now, Reason: reason})
	return 1
}
