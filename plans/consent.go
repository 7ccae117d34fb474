package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/toffset"
)

// stand is how a tenant stands to being moved.
type stand uint8

const (
	agreed     stand = iota // or nobody asks
	objects                 // it does not agree
	unanswered              // it has not said, and only a word is a yes
	unaware                 // silence will be a yes, and no notice was delivered yet
	silent                  // its silence becomes a yes in time
	belated                 // its silence cannot become a yes in time
)

// assent is a tenant's stand to what comes.
type assent struct {
	stand stand
	phase *schema.Phase // the first that it does not enter as it stands
	from  time.Time     // of silent and belated: when silence is a yes; zero: it has had no notice
	lapse time.Time     // of unanswered: when the plan lets go of it; zero: it does not
}

// consent finds out how the tenant stands to being moved, and what comes of it
// by time alone.
func (w *walk) consent() {
	c := w.d.cfg.Consent
	if c == nil || w.r.Leaving() {
		return
	}
	w.assent = w.standing(c)
	switch w.assent.stand {
	case objects, unanswered, belated:
		w.out.Barred = w.assent.phase
	case agreed, unaware, silent:
	}
	if w.assent.stand == unanswered && w.held == nil {
		w.out.comes(w.assent.lapse, Withdraw, w.d.now)
	}
}

func (w *walk) standing(c *schema.Consent) assent {
	said := w.r.Consent
	if said != nil && said.Yes && c.Mode != schema.OptOut {
		return assent{}
	}
	phase, entered := w.toAgree(c)
	switch {
	case phase == nil:
		return assent{}
	case said != nil && !said.Yes:
		return assent{stand: objects, phase: phase}
	case c.Mode != schema.OptIn:
		return w.silence(c, phase)
	case entered:
		return assent{stand: unanswered, phase: phase}
	default:
		return assent{stand: unanswered, phase: phase, lapse: lapse(c, w.r, w.line)}
	}
}

// toAgree is the first phase for which the tenant has still to agree, and
// whether it has begun one before it. nil: it is too late to ask.
func (w *walk) toAgree(c *schema.Consent) (first *schema.Phase, entered bool) {
	for _, p := range w.d.cfg.Phases[c.Phase.Index:] {
		switch {
		case !p.Hard || len(p.Items) == 0:
		case w.begun(p) && p.PointOfNoReturn:
			return nil, true
		case w.begun(p):
			first, entered = nil, true
		case first == nil:
			first = p
		}
	}
	return first, entered
}

// Entered reports whether a tenant has begun a phase that it has to agree to.
func Entered(cfg *schema.Config, r *ledger.Record) bool {
	return slices.ContainsFunc(cfg.Items, func(it *schema.Item) bool {
		if _, asks := it.Does.(*schema.Approval); asks || !it.Phase.Hard || it.Phase.Index < cfg.Consent.Phase.Index {
			return false
		}
		rec := r.Item(it.Key())
		return rec != nil && hasBegun(rec)
	})
}

// lapse is when the plan lets go of a tenant that has not answered; zero: it does
// not. Whoever got its date after the phase had opened could not answer in time.
func lapse(c *schema.Consent, r *ledger.Record, l *line) time.Time {
	opens := l.Phases[c.Phase.Index].Opens
	if !c.Withdraw || r.Consent != nil || r.T.IsZero() || !r.PlacedAt.Before(opens) {
		return time.Time{}
	}
	return opens
}

// thePlan is who withdraws a tenant that has not answered.
const thePlan = "the plan"

// lapsed is the step of a tenant that has not answered in time, where the plan
// lets go of it. Nobody is let go whom a person holds, or who was let in before.
func (c *computation) lapsed(t *schema.Tenant, r *ledger.Record, zone *time.Location) []Step {
	rule := c.in.Config.Consent
	if rule == nil || !rule.Withdraw {
		return nil
	}
	at := lapse(rule, r, c.d.line(r.T, zone))
	if at.IsZero() || c.in.Now.Before(at) || c.d.hold(t, r) != nil || Entered(c.in.Config, r) {
		return nil
	}
	return c.withdrawal(r, RowOf(c.in.Config.Columns, t), unagreedBy(at, zone), thePlan)
}

func unagreedBy(at time.Time, zone *time.Location) string {
	return "has not agreed by " + toffset.ShowLocal(at, zone)
}

// unagreed says why a tenant may not enter a phase for want of its consent; nil:
// it may.
func (w *walk) unagreed(p *schema.Phase) *Held {
	if w.assent.stand == agreed || p.Index < w.d.cfg.Consent.Phase.Index {
		return nil
	}
	return w.dissent()
}

// unwilling says as early as it can be known that a tenant will be held for want
// of its consent, whatever time brings.
func (w *walk) unwilling() *Held {
	if s := w.assent.stand; s != objects && s != belated || w.r.T.IsZero() {
		return nil
	}
	return w.dissent()
}

// dissent says in what way a tenant has not agreed.
func (w *walk) dissent() *Held {
	c := w.d.cfg.Consent
	h := &Held{Source: source(c.Range), Since: w.waitsSince(), Answers: Answers{Yes: c.Mode != schema.OptOut, No: true}}
	switch a := w.assent; a.stand {
	case objects:
		h.Reason = "does not agree: " + w.r.Consent.Reason
		h.Since, h.By, h.Answers = w.r.Consent.At, w.r.Consent.By, Answers{Yes: true}
	case unanswered:
		h.Reason = "has not agreed yet (consent)"
		if !a.lapse.IsZero() && !w.d.now.Before(a.lapse) {
			h.Reason = unagreedBy(a.lapse, w.line.Zone) + ": the next apply withdraws it"
		}
	case unaware:
		h.Reason = "has had no notice yet, from which silence could count as consent"
	case silent:
		h.Reason, h.Until = "silence counts as consent from "+w.local(a.from), a.from
	case belated:
		h.Reason = "has had no notice yet: " + c.OptOutAfter.String() + " of silence cannot end in time"
		if !a.from.IsZero() {
			h.Reason = "silence counts as consent from " + w.local(a.from) + ", too late"
		}
		h.Reason += " for phase " + a.phase.Name + ", which may begin until " + w.local(w.latest(a.phase))
	case agreed:
	}
	return h
}

// waitsSince is since when the tenant could have entered the phase that it has not
// agreed to: since it opened, or since the tenant got its date. The zero time: that
// lies ahead.
func (w *walk) waitsSince() time.Time {
	opens := w.line.Phases[w.assent.phase.Index].Opens
	switch {
	case w.d.now.Before(opens):
		return time.Time{}
	case w.r.PlacedAt.After(opens):
		return w.r.PlacedAt
	default:
		return opens
	}
}
