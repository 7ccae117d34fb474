package view

import (
	"fmt"
	"strings"

	"transition/plans"
)

// Effects says what a plan would do to the world, as one phrase without a full
// stop: "send 312 messages to 298 addresses, run 40 commands, 0 tenants pass
// the point of no return".
func Effects(p *plans.Plan) string {
	var messages, passing int
	addresses := make(map[string]struct{})
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Detail.PassesPONR {
			passing++
		}
		if c.Kind == plans.Send || c.Kind == plans.Ask {
			messages += len(c.Detail.Recipients)
			addAddresses(addresses, c.Detail.Recipients)
		}
	}
	n := p.Count()
	parts := []string{
		sending(messages, len(addresses)),
		"run " + count(n[plans.Run], "command", "commands"),
	}
	if n[plans.Lock] > 0 {
		parts = append(parts, "take "+count(n[plans.Lock], "lock", "locks"))
	}
	if n[plans.Unlock] > 0 {
		parts = append(parts, "release "+count(n[plans.Unlock], "lock", "locks"))
	}
	return strings.Join(append(parts, passes(passing)), ", ")
}

func sending(messages, addresses int) string {
	return fmt.Sprintf("send %s to %s", count(messages, "message", "messages"), count(addresses, "address", "addresses"))
}

func passes(n int) string {
	return count(n, "tenant passes", "tenants pass") + " the point of no return"
}

// addAddresses collects distinct addresses; case does not tell two apart.
func addAddresses(set map[string]struct{}, recipients []string) {
	for _, r := range recipients {
		set[strings.ToLower(r)] = struct{}{}
	}
}
