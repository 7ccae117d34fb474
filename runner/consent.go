package runner

import (
	"slices"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// asksConsent reports whether a selector covers what a tenant answers to being
// moved. It does so only when its phase is written out: nobody agrees for a tenant
// by an asterisk. Without a consent block a phase of the plan may have that name.
func (p *Project) asksConsent(s addr.Selector) bool {
	return s.Phase == schema.ConsentPhase && s.Items(schema.ConsentPhase, schema.ConsentItem) &&
		!slices.ContainsFunc(p.Config.Phases, func(ph *schema.Phase) bool { return ph.Name == schema.ConsentPhase })
}

// consentHint tells who may have meant a tenant's answer where that has its address.
func (p *Project) consentHint(v Verb, d diag.Diagnostic) diag.Diagnostic {
	if (v.Kind == Approve || v.Kind == Reject) && p.Config.Consent != nil && !p.asksConsent(v.Selector) {
		d.Hint += ". What a tenant answers to being moved is recorded under TENANT/" + schema.ConsentKey + "."
	}
	return d
}

// consentWord are the facts of what a tenant answers, as a person records it.
func (p *Project) consentWord(v Verb, r *ledger.Record, f ledger.Fact) ([]ledger.Fact, []Left) {
	facts, why := []ledger.Fact(nil), "is what the tenant answers: record it with approve or reject"
	switch {
	case v.Kind == Approve && r.Consent != nil && !r.Consent.Yes && v.Selector.Tenant != r.ID:
		why = "does not agree; name the tenant to say that it does now"
	case v.Kind != Resolve:
		facts, why = plans.AnswerFacts(p.Config, r, v.Kind == Approve, f)
	}
	if why != "" {
		return nil, []Left{{r.ID + "/" + schema.ConsentKey, why}}
	}
	return facts, nil
}
