package runner

import (
	"slices"
	"strings"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema/addr"
	"transition/schema/diag"
)

// Choice is what somebody wants of a plan. The zero Choice is the plan as it is.
type Choice struct {
	Within plans.Scope
	// Replace are items that are done with and wanted again.
	Replace []addr.Address
	By      string // who wants it
}

// made reports whether anything was chosen.
func (c Choice) made() bool { return !c.Within.Whole() || len(c.Replace) > 0 }

// chosenDue refuses a choice where only time decides.
func chosenDue() diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "choice-of-due", Summary: "What time makes due is not chosen from",
		Detail: "With -auto-approve=due everything is done that is due under the adopted plan, and nothing else.",
		Hint:   "Leave -target, -exclude and -replace out, or apply a part by hand: transition apply -target=SELECTOR",
	}
}

// strangers says of selectors that cover nobody which ones may have been meant.
func (p *Project) strangers(unknown []addr.Selector) diag.List {
	var l diag.List
	for _, sel := range unknown {
		l.Add(p.nobody(sel))
	}
	return l
}

// inPart reports whether the apply leaves something of the plan out. A saved plan
// says itself what it was made of.
func (a *applying) inPart() bool { return !a.choice.Within.Whole() }

// replaced takes out of the choice what was recorded: it is due once, and no more
// often.
func (a *applying) replaced(done []addr.Address) {
	a.choice.Replace = slices.DeleteFunc(slices.Clone(a.choice.Replace), func(x addr.Address) bool {
		return slices.Contains(done, x)
	})
}

// itemAddress is the address of the item that a fact is about.
func itemAddress(f *ledger.Fact) addr.Address {
	phase, item, _ := strings.Cut(f.Item, "/")
	return addr.Address{Tenant: f.Tenant, Phase: phase, Item: item}
}
