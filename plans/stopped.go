package plans

import (
	"slices"

	"transition/plans/ledger"
	"transition/schema"
)

// noteStopped counts a tenant for whom nothing new begins.
func (d *Decider) noteStopped(r *ledger.Record, out *Decision) {
	switch {
	case out.Stopped == nil:
	case out.Stopped == out.Held:
		d.breakers[r.Batch].keep()
	default:
		d.breakers[r.Batch].stopped++
	}
}

// breakerWaits lists the open breakers that keep anybody back, now or later. One
// of a batch that has come to its end keeps nobody.
func (d *Decider) breakerWaits() []Wait {
	var waits []Wait
	for _, batch := range d.Broken() {
		b := d.breakers[batch.Name]
		if b.stopped == 0 {
			continue
		}
		kept := "no tenant is kept back yet"
		if b.kept > 0 {
			kept = count(b.kept, "tenant is", "tenants are") + " kept back"
		}
		waits = append(waits, Wait{
			Kind: WaitBreaker, Batch: batch.Name, Address: ledger.BatchID(batch.Name),
			Reason: b.reason() + "; " + kept, Since: b.open.Since,
		})
	}
	return waits
}

// stoppedBy is the breaker that keeps the tenant from beginning anything new. Past
// the point of no return it goes on to the end.
func (w *walk) stoppedBy() *Held {
	open := w.d.open(w.r.Batch)
	if open != nil && slices.ContainsFunc(w.d.cfg.Phases, func(p *schema.Phase) bool { return p.PointOfNoReturn && w.begun(p) }) {
		return nil
	}
	return open
}

// breaks reports whether a breaker keeps an item back that is due: in a phase that
// has not begun for the tenant, nothing begins.
func (w *walk) breaks(it *schema.Item, begun bool) bool {
	if w.breaker == nil || begun {
		return false
	}
	w.kept = true
	w.bounds(it, begun)
	w.show(it, ItemWaiting, w.line.Items[it.Index].At, w.breaker.Reason)
	return true
}

// breaksQuestion reports whether a breaker keeps back the message of an approval
// that is open, and that nobody was asked for yet.
func (w *walk) breaksQuestion(it *schema.Item, rec *ledger.Item) bool {
	asked := slices.ContainsFunc(rec.Parts, func(p ledger.Part) bool { return p.Attempt != 0 })
	if w.breaker == nil || asked || w.begun(it.Phase) {
		return false
	}
	w.kept = true
	return true
}

// stop notes the breaker that keeps the tenant back, now or later.
func (w *walk) stop() {
	p := w.out.Phase
	if p == nil || p.Index < len(w.d.cfg.Phases)-1 || w.out.Status != Complete {
		w.out.Stopped = w.breaker
	}
}

// stops reports whether a breaker keeps a phase from beginning when its time comes.
func (d *Decider) stops(p *schema.Phase, out *Decision) bool {
	if out.Stopped == nil {
		return false
	}
	w := walk{d: d}
	return !w.begun(p)
}
