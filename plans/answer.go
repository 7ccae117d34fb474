package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/toffset"
)

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
