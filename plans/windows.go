package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// ahead looks at a phase whose time has not come.
func (w *walk) ahead(p *schema.Phase, opens time.Time) {
	if p.Hard && w.dead() {
		w.out.Dead = true
		w.closing(p)
	} else {
		w.out.later(opens, w.d.now)
	}
	for _, it := range p.Items {
		rec := w.d.rec[it.Index]
		switch {
		case rec != nil && (ongoing(it, rec) || rec.State == ledger.Error || w.d.explain && rec.State != ledger.None && rec.State != ledger.Retrying):
			w.recorded(it, rec)
		case w.d.explain && rec != nil && rec.State == ledger.Retrying: // when its phase opens again
			w.show(it, ItemRetrying, w.line.Items[it.Index].At, rec.Reason)
			w.out.Items[it.Index].NextAttempt = finite(latest(rec.Next, opens))
		case w.d.explain:
			w.show(it, ItemWaiting, w.line.Items[it.Index].At, w.waitsFor())
		}
	}
}

// waitsFor is what an item waits for whose time has not come.
func (w *walk) waitsFor() string {
	if w.r.T.IsZero() {
		return "waits for a batch"
	}
	return "waits for its time"
}

// closing notes when the windows of a phase pass that the tenant cannot enter:
// that they are missed is recorded then.
func (w *walk) closing(p *schema.Phase) {
	for _, it := range p.Items {
		if w.d.rec[it.Index] == nil && w.applies(it) {
			w.bounds(it, false)
		}
	}
	for _, it := range w.d.frees[p.Index] {
		if w.obliged(it) && w.failure == "" {
			w.out.later(w.line.Phases[p.Index].Opens, w.d.now) // a release is never held back
		}
	}
}

// shut looks at the items of a hard phase that the tenant may not enter though
// its time has come: their windows pass all the same.
func (w *walk) shut(p *schema.Phase) {
	for _, it := range p.Items {
		rec := w.d.rec[it.Index]
		if rec != nil && rec.State != ledger.None {
			w.recorded(it, rec)
			continue
		}
		if !w.applies(it) {
			w.show(it, ItemSkipped, w.line.Items[it.Index].At, "not for this tenant")
			continue
		}
		inserted := rec == nil && w.inserted(it)
		if inserted && it.Phase.OnInsert != schema.InsertRun && !w.d.now.Before(w.line.Items[it.Index].At) {
			w.insert(it, w.line.Items[it.Index].At)
			continue
		}
		again := inserted || rec != nil && rec.Again
		if b, passed := w.passed(it, false, again); passed && w.expire(it, w.because(b)) {
			continue
		}
		w.blockedUntil(it)
		w.show(it, ItemWaiting, w.line.Items[it.Index].At, w.why())
	}
}

// blockedUntil notes what comes of an item that is due and may not begin: it
// begins when what blocks it ends, or it is missed.
func (w *walk) blockedUntil(it *schema.Item) {
	h := w.held
	if h == nil {
		h = w.blocked
	}
	if h == nil || h.Until.IsZero() {
		w.bounds(it, false)
		return
	}
	w.out.comes(h.Until, doing(it).Kind, w.d.now)
}

func (w *walk) why() string {
	if w.blocked != nil {
		return w.blocked.Reason
	}
	if w.stuck != nil {
		return "waits for phase " + w.stuck.Name
	}
	return ""
}

// passed reports whether an item can no longer begin at this instant: since
// when, and why. A final bound is one that late cannot stretch.
func (w *walk) passed(it *schema.Item, begun, again bool) (b bound, passed bool) {
	p, now := w.line.Phases[it.Phase.Index], w.d.now
	until := w.line.Items[it.Index].LateUntil
	switch {
	case w.uncertain(it):
		return bound{}, false
	case !begun && after(now, p.LatestStart) && !w.inDoubt(it.Phase):
		return bound{p.LatestStart, "had not begun by " + w.local(p.LatestStart) + " (latest_start)", true}, true
	case after(now, p.MustEnd):
		return bound{p.MustEnd, "not done by " + w.local(p.MustEnd) + " (must_end)", true}, true
	case !again && after(now, until):
		return bound{until, "had not begun by " + w.local(until), false}, true
	default:
		return bound{}, false
	}
}

// bound is an instant after which something may not begin any more.
type bound struct {
	at     time.Time
	reason string
	final  bool
}

// because adds to a bound why the tenant was kept from beginning before it.
func (w *walk) because(b bound) bound {
	if w.cause != nil && !w.cause.Since.After(b.at) {
		b.reason += ": " + w.cause.Reason
	}
	return b
}

// after reports whether now is later than an instant that may not be set.
func after(now, t time.Time) bool { return !t.IsZero() && now.After(t) }

// expire notes what becomes of an item whose window has passed, and reports
// whether that settles it for now.
func (w *walk) expire(it *schema.Item, b bound) bool {
	switch {
	case it.Late == schema.LateHold || b.final:
		w.act(Action{Kind: Missed, Item: it, At: b.at, Reason: b.reason})
		w.miss(it, b.reason, w.d.now)
		w.show(it, ItemMissed, w.line.Items[it.Index].At, b.reason)
		return true
	case it.Late == schema.LateSkip:
		w.act(Action{Kind: Skip, Item: it, At: b.at, Reason: b.reason})
		w.show(it, ItemSkipped, w.line.Items[it.Index].At, b.reason)
		return true
	default:
		return false
	}
}
