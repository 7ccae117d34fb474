package view

import (
	"fmt"
	"strings"

	"transition/plans"
	"transition/schema/addr"
)

// partWords says which part of everything a plan is; nothing of a whole one.
func partWords(p *plans.Plan) string {
	if p.Within.Whole() {
		return ""
	}
	var flags []string
	for _, sel := range p.Within.Targets {
		flags = append(flags, "-target="+sel.String())
	}
	for _, sel := range p.Within.Excludes {
		flags = append(flags, "-exclude="+sel.String())
	}
	return "In part: " + strings.Join(flags, " ")
}

// leftWords counts what a part leaves out; nothing of a whole plan.
func leftWords(p *plans.Plan) string {
	if p.Within.Whole() {
		return ""
	}
	by := "-target"
	switch {
	case len(p.Within.Targets) == 0:
		by = "-exclude"
	case len(p.Within.Excludes) > 0:
		by = "-target and -exclude"
	}
	return fmt.Sprintf("%s left out by %s", count(p.LeftOut, "change is", "changes are"), by)
}

// partJSON is which part of everything a plan is.
type partJSON struct {
	Targets  []string `json:"targets"`
	Excludes []string `json:"excludes"`
	LeftOut  int      `json:"left_out"`
}

// toPartJSON is null for a whole plan.
func toPartJSON(p *plans.Plan) *partJSON {
	if p.Within.Whole() {
		return nil
	}
	return &partJSON{selectors(p.Within.Targets), selectors(p.Within.Excludes), p.LeftOut}
}

func selectors(list []addr.Selector) []string {
	out := make([]string, 0, len(list))
	for _, sel := range list {
		out = append(out, sel.String())
	}
	return out
}
