package view_test

import (
	"bytes"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
)

// Who has not agreed is grouped whatever was said, and no command is offered that
// agrees for several.
func TestNobodyIsOfferedToAgreeForMany(t *testing.T) {
	p := &plans.Plan{Name: "x", Now: march(time.UTC, 24, 10, 0)}
	wait := func(id, reason string, a plans.Answers) {
		p.Waiting = append(p.Waiting, plans.Wait{
			Kind: plans.WaitHold, Tenant: id, Batch: "wave", Address: id + "/consent/answer", Reason: reason, Answers: a,
		})
	}
	open, no := plans.Answers{Yes: true, No: true}, plans.Answers{Yes: true}
	wait("a", "has not agreed yet (consent)", open)
	wait("b", "has not agreed yet (consent)", open)
	wait("c", "does not agree: after the audit", no)
	wait("d", "does not agree: too dear", no)
	wait("e", "silence counts as consent from Sat 3 Apr", plans.Answers{No: true})
	shows(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, p, view.PlanOptions{}) },
		[]string{
			"- held      2 tenants  consent/answer  wave  has not agreed yet (consent)  a, b\n             -> transition approve|reject TENANT/consent/answer -reason=...",
			"does not agree: after the audit (1 of 2) and 1 other reason  c, d\n             -> transition approve TENANT/consent/answer",
			"-> transition reject e/consent/answer",
		}, "approve|reject batch.wave", "Needs a person")
}
