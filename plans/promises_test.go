package plans_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
)

// once fails when an effect has succeeded before.
func (e *journey) once(a *plans.Action, tenant, to string) {
	k := e.effect(a.Item.Key(), a.Op, tenant, to)
	if a.Item.Phase.Name == schema.EventPhase {
		k += fmt.Sprint(" ", e.w.records[tenant].Epoch)
	}
	if e.done[k] {
		e.rt.Fatalf("%s: %s happened twice\n%s", e.w.now, k, strings.Join(e.w.effects, "\n"))
	}
	e.done[k] = true
}

// effect tells the effects of one item of a tenant apart.
func (e *journey) effect(key string, op ledger.Op, tenant, to string) string {
	generation := 0
	if rec := e.w.records[tenant].Item(key); rec != nil {
		generation = rec.Generation
		if rec.Alias != "" {
			key = rec.Alias
		}
	}
	return fmt.Sprint(tenant, " ", key, " ", op, " ", to, " ", generation)
}

// date is what a message says of T, and whether it does.
func (e *journey) date(a *plans.Action, tenant string) (string, bool) {
	c, ok := a.Item.Does.(*schema.Communication)
	switch {
	case !ok:
		return "", false
	case c.On == schema.OnWithdrawn || c.On == schema.OnRolledBack:
		return "none", true
	default:
		tells := c.TellsT || slices.ContainsFunc(a.Carries, func(it *schema.Item) bool { return it.Does.(*schema.Communication).TellsT })
		return e.w.records[tenant].T.UTC().Format(time.RFC3339), tells
	}
}

// falseDates fails when a recipient's last word is not true, unless a message
// that would say so waits for its retry or for a person.
func (e *journey) falseDates(r *ledger.Record) {
	want := "none"
	if !r.T.After(e.w.now) && !r.T.IsZero() {
		return // nobody is told a date that has come
	}
	if !r.T.IsZero() && !r.Leaving() {
		want = r.T.UTC().Format(time.RFC3339)
	}
	for who, last := range e.told {
		if who[0] != r.ID || last.date == want || slices.ContainsFunc(r.Items, func(it ledger.Item) bool {
			return it.OfEvent() && (!it.State.Settled() && it.State != ledger.None || it.State == ledger.Waived) // a person lets it stand
		}) {
			continue
		}
		e.rt.Fatalf("%s: %s was told %s last, and it is %s\n%s\n%s", e.w.now, who[1], last.date, want, strings.Join(e.w.effects, "\n"), e.draft.Text())
	}
}

// look holds an effect against the record, before it happens.
func (e *journey) look(a *plans.Action, r *ledger.Record) {
	if a.Op == ledger.Release {
		e.lookAtRelease(a, r)
		return
	}
	if a.Op == ledger.Undo {
		e.lookAtUndo(a, r)
		return
	}
	p := a.Item.Phase
	rec := r.Item(a.Item.Key())
	if !p.PointOfNoReturn || a.Op != ledger.Run || rec != nil && (rec.Attempts > 0 || rec.Again) {
		return
	}
	opens, _ := p.Opens.From(r.T, zoneOf(r))
	latest, _ := p.LatestStart.From(r.T, zoneOf(r))
	if begun := slices.ContainsFunc(p.Items, func(it *schema.Item) bool {
		rec := r.Item(it.Key())
		return rec != nil && (rec.Attempts > 0 || rec.State == ledger.Waived || rec.State == ledger.Done)
	}); !begun && (e.w.now.Before(opens) || e.w.now.After(latest)) {
		e.rt.Fatalf("%s: %s/%s begins, and its window is %s to %s", e.w.now, r.ID, a.Item.Key(), opens, latest)
	}
}

func zoneOf(r *ledger.Record) *time.Location {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// lookAtRelease fails when something behind the lock stands that has begun: it is
// neither done with nor taken back.
func (e *journey) lookAtRelease(a *plans.Action, r *ledger.Record) {
	rec := r.Item(a.Item.Key())
	if rec == nil || !rec.Obligation {
		e.rt.Fatalf("%s: %s/%s is released, and was not locked", e.w.now, r.ID, a.Item.Key())
	}
	in := a.Item.Does.(*schema.Lock).ReleaseIn
	for _, it := range e.w.cfg.Items {
		behind := r.Item(it.Key())
		after := it.Phase.Index > a.Item.Phase.Index || slices.Contains(it.After, a.Item)
		if !after || it.Phase.Index >= in.Index || behind == nil || behind.Attempts == 0 {
			continue
		}
		if _, message := it.Does.(*schema.Communication); message {
			continue
		}
		if _, lock := it.Does.(*schema.Lock); lock && behind.Obligation || a.Undone && !lock && behind.State == ledger.Done ||
			!behind.State.Settled() && behind.State != ledger.None && behind.State != ledger.Returned {
			e.rt.Fatalf("%s: %s/%s is released while %s stands (%d)\n%s", e.w.now, r.ID, a.Item.Key(), it.Key(), behind.State, strings.Join(e.w.effects, "\n"))
		}
	}
}

// reasons fails when a tenant neither moves nor says why.
func (e *journey) reasons() {
	_, err := plans.Survey(e.w.input(), func(s *plans.TenantStatus) {
		last := e.w.cfg.Phases[len(e.w.cfg.Phases)-1].Name
		if s.Phase == last && s.Status == plans.Complete || !s.Next.IsZero() || s.Held != nil {
			return
		}
		if !slices.ContainsFunc(s.Items, func(it plans.ItemStatus) bool {
			return it.State == plans.ItemFailed || it.State == plans.ItemUnknown || it.State == plans.ItemMissed
		}) {
			e.rt.Fatalf("%s: %s stands in %s %s without a reason\n%s", e.w.now, s.ID, s.Phase, s.Status, e.draft.Text())
		}
	})
	if err != nil {
		e.rt.Fatal(err)
	}
}

// TestOnlyWhatWasDoneIsUndone rolls everybody back at some instant, whatever has
// become of their work by then.
func TestOnlyWhatWasDoneIsUndone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := newJourney(t, rt)
		for range rapid.IntRange(6, 16).Draw(rt, "applies") {
			e.w.now = e.w.now.Add(time.Duration(rapid.IntRange(1, 10*24).Draw(rt, "hours")) * time.Hour)
			e.apply(false)
			e.orphans()
			if rapid.Bool().Draw(rt, "people") {
				e.answer()
			}
		}
		for r := range e.w.sorted() {
			if r.T.IsZero() || plans.Passed(e.w.cfg, r) {
				continue
			}
			r.Apply(ledger.Fact{At: e.w.now, Tenant: r.ID, Kind: ledger.RolledBack, Epoch: r.Epoch + 1, By: "ann", Reason: "not now"})
		}
		e.apply(false)
		e.end()
	})
}

// lookAtUndo fails when work is undone that nobody has done: it has only failed,
// and stands behind no lock that is held.
func (e *journey) lookAtUndo(a *plans.Action, r *ledger.Record) {
	rec := r.Item(a.Item.Key())
	locked := slices.ContainsFunc(e.w.cfg.Items, func(it *schema.Item) bool {
		lock := r.Item(it.Key())
		return isLock(it) && it.Phase.Index < a.Item.Phase.Index && lock != nil && lock.Obligation
	})
	if !locked && rec.State != ledger.Done && !e.worked[e.effect(rec.Key, ledger.Run, r.ID, "")] {
		e.rt.Fatalf("%s: %s/%s is undone, and never succeeded\n%s", e.w.now, r.ID, rec.Key, strings.Join(e.w.effects, "\n"))
	}
}

// undone fails when a tenant that has gone back has work done still that the plan
// can undo.
func (e *journey) undone(r *ledger.Record) {
	if !r.Leaving() || r.Left != nil && r.Left.Stays {
		return
	}
	for _, it := range e.w.cfg.Items {
		work, ok := it.Does.(*schema.Work)
		if rec := r.Item(it.Key()); ok && work.Undo != nil && rec != nil && rec.State == ledger.Done {
			e.rt.Fatalf("%s/%s is not undone\n%s", r.ID, it.Key(), strings.Join(e.w.effects, "\n"))
		}
	}
}
