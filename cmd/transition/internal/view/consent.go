package view

import (
	"strings"

	"transition/plans"
	"transition/schema"
)

// consentAnswer is the command that records what a tenant answers to being moved.
func consentAnswer(a plans.Answers, address string) string {
	var verbs []string
	if a.Yes {
		verbs = append(verbs, "approve")
	}
	if a.No {
		verbs = append(verbs, "reject")
	}
	return "transition " + strings.Join(verbs, "|") + " " + shell(address) + " -reason=..."
}

// consentAddress is the address of the answer of a group's tenant. No command is
// offered that answers for several of them.
func (g *waitGroup) consentAddress() string {
	if g.count == 1 {
		return g.first.Address
	}
	return "TENANT/" + schema.ConsentKey
}
