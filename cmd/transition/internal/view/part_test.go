package view_test

import (
	"bytes"
	"testing"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/schema/addr"
)

// parted is the weekend's plan, with twelve changes left out.
func parted(t *testing.T) *plans.Plan {
	p := weekend(t)
	p.Within = plans.Scope{
		Targets:  []addr.Selector{{Batch: "wave1"}, {Tenant: "wing*"}},
		Excludes: []addr.Selector{{Tenant: "*", Phase: "SecondaryPrep", Item: "*"}},
	}
	p.LeftOut = 12
	return p
}

func TestPlanInPart(t *testing.T) {
	golden(t, "part.txt", text(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, parted(t), view.PlanOptions{}) }))
	golden(t, "part.md", markdown(t, parted(t), ""))
	goldenJSON(t, "plan", "part.json", text(t, func(b *bytes.Buffer) error { return view.PlanJSON(b, parted(t)) }))
}

func TestApplyInPartSaysSoBeforeItAsks(t *testing.T) {
	golden(t, "part_apply.txt", text(t, func(b *bytes.Buffer) error {
		return view.NewApply(b, view.Screen{}, view.ApplyOptions{Talk: b}).Plan(parted(t))
	}))
}

func TestWhatNoSelectorLeavesOutIsCounted(t *testing.T) {
	tests := map[string]plans.Scope{
		"part_target.txt":  {Targets: []addr.Selector{{Tenant: "contoso"}}},
		"part_exclude.txt": {Excludes: []addr.Selector{{Tenant: "contoso"}}},
	}
	for name, within := range tests {
		quiet := &plans.Plan{Name: "bpos-s", Now: weekend(t).Now, Zone: weekend(t).Zone, Within: within, LeftOut: 1}
		golden(t, name, text(t, func(b *bytes.Buffer) error { return view.Plan(b, view.Screen{}, quiet, view.PlanOptions{}) }))
	}
}
