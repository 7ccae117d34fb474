package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// events decides the messages that are sent when something has happened.
func (w *walk) events() {
	for _, ev := range w.d.cfg.Events {
		c := ev.Does.(*schema.Communication)
		h, ok := w.happened(c)
		if !ok || !w.applies(ev) {
			continue
		}
		if rec := w.d.rec[ev.Index]; w.overtaken(ev, rec) {
			continue
		} else if h.told {
			w.correct(ev, c, rec, h)
		} else {
			w.announce(ev, c, rec, h)
		}
	}
}

// overtaken gives up a message about an earlier date of which nobody knows whether
// it has arrived: another one has to go out now.
func (w *walk) overtaken(ev *schema.Item, rec *ledger.Item) bool {
	if rec == nil || rec.Epoch == w.r.Epoch || rec.State != ledger.Lost {
		return false
	}
	w.act(Action{Kind: Skip, Item: ev, At: w.d.now, Reason: "overtaken by another date"})
	return true
}

// happening is an event of the tenant at hand.
type happening struct {
	at     time.Time
	reason string
	about  string // the address of the item that it happened to; empty: of none
	told   bool   // it makes untrue what people were told
}

// happened reports whether an event is one of the tenant's present epoch, and
// since when.
func (w *walk) happened(c *schema.Communication) (happening, bool) {
	r, now := w.r, w.d.now
	switch c.On {
	case schema.OnRescheduled:
		return happening{at: now, told: true}, r.T.After(now) && !r.Leaving()
	case schema.OnWithdrawn:
		if r.Left != nil {
			return happening{at: r.Left.At, reason: w.whyLeft(), told: true}, true
		}
		return happening{at: now, reason: "there is no date any more", told: true}, r.T.IsZero() && r.Back == nil
	case schema.OnRolledBack:
		if r.Back == nil || r.Left != nil {
			return happening{}, false
		}
		return happening{at: r.Back.At, reason: r.Back.Reason, told: true}, true
	case schema.OnPlaced:
		return happening{at: r.PlacedAt, reason: "placed"}, r.Batch != "" && r.Epoch == 1 && !r.Leaving()
	case schema.OnHeld:
		if r.Hold == nil || !r.Hold.Active(now) || r.Back != nil {
			return happening{}, false
		}
		return happening{at: r.Hold.Since, reason: r.Hold.Reason}, true
	case schema.OnMissed:
		return w.newest(func(s ledger.State) bool { return s == ledger.Late })
	case schema.OnError:
		return w.trouble()
	case schema.OnCompleted:
		last := w.d.cfg.Phases[len(w.d.cfg.Phases)-1]
		done := w.out.Phase == last && w.out.Status == Complete && len(w.out.Actions) == 0 && !r.T.IsZero() && !r.Leaving()
		return happening{at: now, reason: "completed"}, done
	default:
		return happening{}, false
	}
}

// trouble is the last thing that went wrong: an item that failed, or whose
// outcome nobody knows, or a lock that is held past its release_by.
func (w *walk) trouble() (happening, bool) {
	h, ok := w.newest(func(s ledger.State) bool { return s == ledger.Error || s == ledger.Lost })
	for _, it := range w.d.locks {
		by := w.line.Items[it.Index].ReleaseBy
		if w.obliged(it) && after(w.d.now, by) && !by.Before(h.at) {
			h, ok = w.to(it, by, w.overdue(by)), true
		}
	}
	return h, ok
}

// newest is the last item of the plan that came into a state.
func (w *walk) newest(in func(ledger.State) bool) (happening, bool) {
	var h happening
	for _, it := range w.d.cfg.Items {
		rec := w.d.rec[it.Index]
		if rec == nil {
			continue
		}
		for _, try := range []*ledger.Try{&rec.Try, rec.Release} {
			if try != nil && in(try.State) && !try.At.Before(h.at) {
				h = w.to(it, try.At, try.Reason)
			}
		}
	}
	return h, !h.at.IsZero()
}

// to is what happened to an item.
func (w *walk) to(it *schema.Item, at time.Time, reason string) happening {
	return happening{at: at, reason: it.Key() + ": " + reason, about: w.r.ID + "/" + it.Key()}
}

// correct sends the message to exactly those who may hold a date that is no
// longer true, and who have not had it in this epoch.
func (w *walk) correct(ev *schema.Item, c *schema.Communication, rec *ledger.Item, h happening) {
	if rec != nil && rec.Epoch != w.r.Epoch {
		rec = nil // of an earlier date
	}
	wrong := misled(w.r, w.present())
	if len(wrong) == 0 || rec != nil && rec.State == ledger.Waived { // a person lets it stand
		w.showEvent(ev, rec)
		return
	}
	if h.reason == "" {
		h.reason = "T is " + w.local(w.r.T) + " now"
	}
	w.d.env.Reason, w.d.env.OldT = h.reason, w.d.now
	// Of a tenant that left, the row is gone: a text that needs it gives way.
	if !c.Builtin && w.r.Left == nil && !w.legible(ev, c) {
		w.out.Status = Error
		return
	}
	w.tell(ev, rec, Addressees(w.r, ev.Key(), wrong), h)
}

// showEvent shows a message that everybody has had.
func (w *walk) showEvent(ev *schema.Item, rec *ledger.Item) {
	if rec != nil && rec.State.Settled() {
		w.show(ev, settledStates[rec.State], rec.At, rec.Reason)
	}
}

// present is the T that is true for the tenant; zero: none is.
func (w *walk) present() time.Time {
	if w.r.Leaving() {
		return time.Time{}
	}
	return w.r.T
}

// announce sends the message to its recipients, once for each event.
func (w *walk) announce(ev *schema.Item, c *schema.Communication, rec *ledger.Item, h happening) {
	if rec != nil && rec.State.Settled() && (c.On == schema.OnPlaced || c.On == schema.OnCompleted || !rec.At.Before(h.at)) {
		w.showEvent(ev, rec)
		return
	}
	if rec != nil && rec.State.Settled() {
		rec = nil // of an earlier event
	}
	w.d.env.Reason, w.d.env.Address = h.reason, h.about
	everybody, ok := w.recipients(ev, c)
	if !ok || !w.legible(ev, c) {
		w.out.Status = Error
		return
	}
	w.tell(ev, rec, everybody, h)
}

// tell sends an event's message to whom it is still missing.
func (w *walk) tell(ev *schema.Item, rec *ledger.Item, everybody []string, h happening) {
	a := doing(ev)
	a.At, a.Attempt, a.Reason = h.at, 1, h.reason
	var status PhaseStatus
	left := everybody
	if rec != nil && len(rec.Parts) > 0 {
		var who []string
		again, who, st := w.undelivered(a, rec)
		status, left = st, w.remaining(who, everybody, rec)
		a = again
	}
	w.out.Status = max(w.out.Status, status)
	if len(left) == 0 {
		return
	}
	w.show(ev, ItemDue, h.at, h.reason)
	a.Reason, a.About = h.reason, h.about
	a.Everybody, a.Recipients, a.Attempt = sorted(everybody), sorted(left), max(a.Attempt, 1)
	w.act(a)
	w.out.Status = max(w.out.Status, Pending)
}
