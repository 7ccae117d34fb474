package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/toffset"
)

// Answers are what a tenant may say of being moved. The zero value: nothing.
type Answers struct{ Yes, No bool }

// AnswerFacts are what is recorded of a tenant's answer to being moved. said
// holds who recorded it, when and why. Without facts, why says what the answer
// comes up against.
//
// Who does not agree any more after the phase that it had agreed to has begun,
// leaves: what was done is taken back.
func AnswerFacts(cfg *schema.Config, r *ledger.Record, yes bool, said ledger.Fact) (facts []ledger.Fact, why string) {
	said.Item = schema.ConsentKey
	switch {
	case cfg.Consent == nil:
		return nil, "is asked of nobody: the plan has no consent block"
	case r.Left != nil:
		return nil, "is not asked of a tenant that has left the transition; resume it first"
	case Passed(cfg, r):
		return nil, "comes too late: the tenant is past the point of no return"
	case r.Consent != nil && r.Consent.Yes == yes:
		return nil, "is known already: " + spoken(r.Consent)
	}
	if yes {
		said.Kind = ledger.Consented
		if cfg.Consent.Mode == schema.OptOut && r.Consent == nil {
			return nil, onlySilence(cfg, r)
		}
		return []ledger.Fact{said}, ""
	}
	said.Kind = ledger.Objected
	facts = []ledger.Fact{said}
	if r.Back == nil && Entered(cfg, r) {
		leave := WithdrawFact(r, nil, "does not agree: "+said.Reason, said.By, said.At)
		facts = append(facts, leave)
	}
	return facts, ""
}

// onlySilence says why a yes is not recorded where silence is the only one.
func onlySilence(cfg *schema.Config, r *ledger.Record) string {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = cfg.Zone
	}
	words := "is given by silence alone (mode = \"opt_out\"), and counted from the first notice"
	if from := YesBySilence(cfg.Consent, r, zone); !from.IsZero() {
		words = "is given by silence alone (mode = \"opt_out\"), from " + toffset.ShowLocal(from, zone)
	}
	return words + "; only an objection is recorded"
}

// spoken is an answer with who recorded it.
func spoken(c *ledger.Consent) string {
	word := "objected"
	if c.Yes {
		word = "agreed"
	}
	return word + ", says " + c.By + ": " + c.Reason
}

// showConsent lists what the tenant has answered before the phase that it has to
// agree to.
func (w *walk) showConsent() {
	c := w.d.cfg.Consent
	if c == nil || !w.d.explain {
		return
	}
	s := w.answer(c)
	s.Phase, s.Item, s.Source = schema.ConsentPhase, schema.ConsentItem, source(c.Range)
	i := slices.IndexFunc(w.out.Items, func(s ItemStatus) bool {
		return slices.ContainsFunc(w.d.cfg.Phases[c.Phase.Index:], func(p *schema.Phase) bool { return p.Name == s.Phase })
	})
	if i < 0 {
		i = len(w.out.Items)
	}
	w.out.Items = slices.Insert(w.out.Items, i, s)
}

// answer is how the tenant's answer stands, like an item.
func (w *walk) answer(c *schema.Consent) ItemStatus {
	said := w.r.Consent
	yes := time.Time{}
	if c.Mode != schema.OptIn {
		yes = YesBySilence(c, w.r, w.line.Zone)
	}
	switch {
	case w.assent.stand == objects:
		return ItemStatus{State: ItemFailed, At: said.At, Reason: spoken(said), Answers: Answers{Yes: true}}
	case said != nil && !said.Yes:
		return ItemStatus{State: ItemSkipped, At: said.At, Reason: spoken(said)}
	case said != nil && c.Mode != schema.OptOut:
		return ItemStatus{State: ItemDone, At: said.At, Reason: spoken(said)}
	case w.assent.stand != agreed:
		h := w.dissent()
		s := ItemStatus{State: ItemWaiting, At: w.assent.from, Reason: h.Reason, Answers: h.Answers}
		if opens := w.line.Phases[c.Phase.Index].Opens; s.At.IsZero() && opens.Before(never) {
			s.At = opens
		}
		return s
	case !yes.IsZero() && !w.d.now.Before(yes):
		return ItemStatus{State: ItemDone, At: yes, Reason: "silence counts as consent"}
	default:
		return ItemStatus{State: ItemSkipped, Reason: "is not asked any more"}
	}
}
