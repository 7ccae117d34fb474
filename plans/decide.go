package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// Decide says what follows for one tenant from the plan, its record and the
// instant. It is the one place where that is decided: plan, apply, status and
// every other command ask it. The decision is valid until the next call with
// the same out.
func (d *Decider) Decide(t *schema.Tenant, r *ledger.Record, out *Decision) {
	out.reset(len(d.cfg.Phases), len(d.rec), d.explain)
	d.index(r)
	batch := d.batches[r.Batch]
	w := walk{d: d, out: out, t: t, r: r, batch: batch, held: d.hold(t, r), missed: -1}
	clear(d.freed)
	zone := Zone(d.cfg, t, batch)
	w.line = d.line(r.T, zone)
	out.line = w.line
	d.resend(r, w.line)
	d.env = schema.Env{Tenant: t, T: r.T, Zone: zone, Batch: r.Batch, PostponeUntil: PostponeUntil(d.cfg, r.T, zone)}
	w.consent()
	switch {
	case r.Left != nil && r.Left.Stays:
		w.stay()
	case r.Leaving():
		w.goBack()
	default:
		w.breaker = w.stoppedBy()
		for _, p := range d.cfg.Phases {
			w.phase(p)
			if out.NeedsGate != nil {
				return
			}
		}
		w.collapse()
		w.wayOut()
	}
	if r.Left == nil || !r.Left.Stays {
		w.events()
	}
	slices.SortStableFunc(out.Actions, func(a, b Action) int { return a.Item.Index - b.Item.Index })
	w.obligations()
	w.finish()
	w.showDoubts()
	if d.explain { // of events only what has happened is shown
		out.Items = slices.DeleteFunc(out.Items, func(s ItemStatus) bool { return s.Item == "" })
	}
	w.showConsent()
}

// hold is what a person, or the plan itself, says against the tenant going on.
func (d *Decider) hold(t *schema.Tenant, r *ledger.Record) *Held {
	if r.Hold.Active(d.now) {
		return &Held{Reason: r.Hold.Reason, By: r.Hold.By, Since: r.Hold.Since, Until: r.Hold.Until, Resumable: true}
	}
	if t != nil && t.Block != nil && t.Block.Hold != "" {
		return &Held{Reason: t.Block.Hold, Source: source(t.Block.Range)}
	}
	return nil
}

// walk is one tenant's way through the phases.
type walk struct {
	d     *Decider
	out   *Decision
	t     *schema.Tenant
	r     *ledger.Record
	batch *schema.Batch
	line  *line
	held  *Held // by a person or the plan
	// breaker keeps the tenant from beginning anything new; nil: none does.
	breaker *Held
	kept    bool // it does so with something that is due

	assent assent // to being moved

	// stuck is the first hard phase that is not Complete; what stands in the
	// way of every later one.
	stuck   *schema.Phase
	blocked *Held // why the first hard phase whose time has come is not entered
	// failure is the first item in a hard phase that waits for a person.
	failure  string
	failedAt time.Time
	// returned is a lock that was given back before its time.
	returned *schema.Item
	shutOut  bool   // the phase at hand was entered, and may not be begun now
	cause    *Held  // why the phase at hand is not entered, unless an earlier one is why
	missed   int    // index of the last phase with a missed item; -1: none
	passes   bool   // an action takes the tenant past the point of no return
	late     []late // communications that look for a message to go out with
}

// phase decides one phase: whether it is entered, and its items.
func (w *walk) phase(p *schema.Phase) {
	opens := w.line.Phases[p.Index].Opens
	if w.d.now.Before(opens) {
		w.ahead(p, opens)
		if p.Hard && w.stuck == nil {
			w.stuck = p
		}
		return
	}
	releases := w.releases(p)
	w.out.Status = max(w.out.Status, releases)
	begun := w.begun(p)
	w.cause = nil
	w.shutOut = p.Hard && !begun && !w.enter(p)
	if w.out.NeedsGate != nil {
		return
	}
	if w.shutOut && !w.asked(p) {
		w.shut(p)
		return
	}
	w.out.Phase = p
	status := max(releases, w.items(p, begun))
	w.out.Status = max(w.out.Status, status)
	if p.Hard && w.stuck == nil && (status != Complete || w.returned != nil) {
		w.stuck = p
	}
	if w.stuck == nil && w.out.Status == Complete {
		w.reached(p, opens)
	}
}

// asked reports whether an approval of the phase was ever opened: the tenant has
// entered it then, though nothing of it may have begun.
func (w *walk) asked(p *schema.Phase) bool {
	for _, it := range p.Items {
		rec := w.d.rec[it.Index]
		if _, asks := it.Does.(*schema.Approval); asks && rec != nil && rec.State != ledger.None && rec.State != ledger.Late {
			return true
		}
	}
	return false
}

// begun reports whether anything of the phase was ever begun for the tenant: it
// has entered then, whatever has changed since.
func (w *walk) begun(p *schema.Phase) bool {
	for _, it := range p.Items {
		if _, asks := it.Does.(*schema.Approval); asks {
			continue // to ask is no attempt
		}
		if rec := w.d.rec[it.Index]; rec != nil && hasBegun(rec) {
			return true
		}
	}
	return false
}

// hasBegun reports whether an attempt of the item was ever made, or a person has
// said that it is done. To waive what was never begun begins nothing.
func hasBegun(rec *ledger.Item) bool {
	if rec.Attempt != 0 || len(rec.Parts) > 0 {
		return true
	}
	switch rec.State {
	case ledger.None, ledger.Late, ledger.Omitted, ledger.Merged, ledger.Waived:
		return false
	default:
		return true
	}
}

// enter reports whether a hard phase whose offset has come may be entered, and
// notes why not.
func (w *walk) enter(p *schema.Phase) bool {
	if w.stuck != nil {
		w.block(w.behind())
		return false
	}
	if !slices.ContainsFunc(p.Items, w.unsettled) {
		return true // there is nothing to keep the tenant from
	}
	reason := w.held
	if reason == nil {
		reason = w.constrained()
	}
	if reason == nil {
		reason = w.gated(p)
	}
	if reason == nil {
		reason = w.unagreed(p)
	}
	if reason == nil && p.NeedsNotice() {
		reason = w.unnoticed()
	}
	w.cause = reason
	if reason == nil {
		reason = w.tooLateFor(p)
	}
	if reason == nil || w.out.NeedsGate != nil {
		return w.out.NeedsGate == nil
	}
	w.block(reason)
	w.stuck = p
	return false
}

// tooLateFor says that what is left to do in the phase may not begin any more.
// A phase that has nothing for the tenant is never too late, nor one that may have
// begun.
func (w *walk) tooLateFor(p *schema.Phase) *Held {
	latest := w.line.Phases[p.Index].LatestStart
	if !after(w.d.now, latest) || w.inDoubt(p) || !slices.ContainsFunc(p.Items, w.left) {
		return nil
	}
	return &Held{
		Reason: "missed: had not begun by " + w.local(latest) + " (latest_start)",
		Source: source(p.LatestRange),
	}
}

func (w *walk) unsettled(it *schema.Item) bool { return !w.settled(it) }

// left reports whether an item has still to be begun for the tenant. To ask for
// an approval is no beginning.
func (w *walk) left(it *schema.Item) bool {
	_, asks := it.Does.(*schema.Approval)
	return !asks && !w.settled(it)
}

// block notes why the tenant does not move; the first reason is the real one.
func (w *walk) block(h *Held) {
	if w.blocked == nil {
		w.blocked = h
	}
}

// behind is the reason of a tenant that an earlier phase keeps back.
func (w *walk) behind() *Held {
	if w.failure != "" {
		return &Held{Reason: w.failure, Since: w.failedAt, Source: source(w.stuck.Range)}
	}
	if w.kept {
		return w.breaker
	}
	if w.out.Status >= InProgress || w.moves() {
		return nil // it moves, or tries to
	}
	if w.returned != nil {
		return &Held{
			Reason: w.returned.Key() + " was given back before its time: take it again (resolve -retry), or go on without it (-waive)",
			Source: source(w.returned.Range),
		}
	}
	return &Held{Reason: "waits for phase " + w.stuck.Name, Source: source(w.stuck.Range)}
}

// moves reports whether something of the phase that keeps the tenant back may
// begin now.
func (w *walk) moves() bool {
	return slices.ContainsFunc(w.out.Actions, func(a Action) bool {
		return a.Item.Phase == w.stuck && a.Kind.Outside()
	})
}

// constrained is the first constraint of the plan that blocks the tenant.
func (w *walk) constrained() *Held {
	for _, c := range w.d.cfg.Constraints {
		if c.OnViolation == schema.ViolationWarn && w.r.Batch != "" {
			continue
		}
		blocked, err := c.BlockedWhen.For(&w.d.env)
		if err != nil {
			w.problem(c.BlockedWhen.Range, "constraint "+c.Name, err)
			continue
		}
		if !blocked {
			continue
		}
		reason, err := c.Reason.For(&w.d.env)
		if err != nil {
			w.problem(c.Reason.Range, "constraint "+c.Name, err)
		}
		return &Held{Reason: reason, Source: source(c.Range)}
	}
	return nil
}

// gated asks whether the tenant's batch waits for another one. A gate that is
// not known yet makes the whole decision wait.
func (w *walk) gated(p *schema.Phase) *Held {
	if w.batch == nil || w.batch.After == nil || p.Index < w.batch.After.Holds.Index {
		return nil
	}
	g := w.d.gates[w.batch]
	switch {
	case !g.Known:
		w.out.NeedsGate = w.batch
		return nil
	case g.Open:
		return nil
	}
	w.out.later(g.Until, w.d.now)
	return &Held{Reason: g.Reason, Until: g.Until, Source: source(w.batch.After.Range)}
}

// dead reports whether the tenant cannot enter any further hard phase unless a
// person does something.
func (w *walk) dead() bool {
	return w.failure != "" || w.kept || w.blocked != nil && w.blocked.Until.IsZero() ||
		w.held != nil && w.held.Until.IsZero()
}

func (w *walk) act(a Action) {
	if w.beside(&a) {
		return
	}
	if !WayBack(a.Op) { // nothing holds a release back
		a.MustEnd = w.line.Phases[a.Item.Phase.Index].MustEnd
	}
	w.out.Actions = append(w.out.Actions, a)
}

// miss notes that an item's window has passed.
func (w *walk) miss(it *schema.Item, reason string, since time.Time) {
	w.missed = max(w.missed, it.Phase.Index)
	w.fail("missed: "+it.Key()+" "+reason, it, since)
}

// fail makes an item's reason the one that keeps the tenant back.
func (w *walk) fail(reason string, it *schema.Item, since time.Time) {
	w.out.Status = Error
	if it.Phase.Hard && w.failure == "" {
		w.failure, w.failedAt = reason, since
	}
}

// reached notes when a phase became Complete, for batches that wait for it.
func (w *walk) reached(p *schema.Phase, opens time.Time) {
	if !w.d.awaited[p.Index] {
		return
	}
	at := opens
	for _, it := range p.Items {
		if rec := w.d.rec[it.Index]; rec != nil && rec.At.After(at) {
			at = rec.At
		}
	}
	for _, it := range w.d.frees[p.Index] {
		if rec := w.d.rec[it.Index]; rec != nil && rec.Release != nil && rec.Release.At.After(at) {
			at = rec.Release.At
		}
	}
	w.out.Reached[p.Index] = at
}
