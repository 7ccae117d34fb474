package view

import (
	"fmt"
	"strings"

	"transition/plans"
	"transition/schema/mailbox"
)

// Effects says what a plan would do to the world, as one phrase without a full
// stop: "send 312 messages to 298 addresses, run 40 commands, 0 tenants pass
// the point of no return". What there is none of is left out, but for the point
// of no return of a plan that has one.
func Effects(p *plans.Plan, noReturn bool) string {
	messages, addresses := 0, make(map[string]struct{})
	for i := range p.Changes {
		c := &p.Changes[i]
		if (c.Kind == plans.Send || c.Kind == plans.Ask) && !c.Detail.Doubted {
			messages += len(c.Detail.Recipients)
			addAddresses(addresses, c.Detail.Recipients)
		}
	}
	var parts []string
	if messages > 0 {
		parts = append(parts, sending(messages, len(addresses)))
	}
	n, asks, doubted := counts(p)
	if words := commanding(n); words != "" {
		parts = append(parts, words)
	}
	if asks > 0 {
		parts = append(parts, fmt.Sprintf("ask about %d that %s", asks, plural(asks, "has begun", "have begun")))
	}
	if doubted > 0 {
		parts = append(parts, fmt.Sprintf("take %d for unknown that may have happened", doubted))
	}
	if len(parts) == 0 {
		return "only be recorded"
	}
	if words := passingWords(p, noReturn); words != "" {
		parts = append(parts, words)
	}
	return strings.Join(parts, ", ")
}

// counts counts the changes of each kind, and apart from them those that only ask
// about what has begun, and those that are not done since they may have happened.
func counts(p *plans.Plan) (n map[plans.Kind]int, asks, doubted int) {
	n = p.Count()
	for i := range p.Changes {
		switch c := &p.Changes[i]; {
		case c.Detail.Doubted:
			n[c.Kind]--
			doubted++
		case c.Inquiry() != plans.NoInquiry:
			n[c.Kind]--
			asks++
		}
	}
	return n, asks, doubted
}

func sending(messages, addresses int) string {
	return fmt.Sprintf("send %s to %s", count(messages, "message", "messages"), count(addresses, "address", "addresses"))
}

// commanding counts every command, those of locks too: "run 84 commands (80 to
// lock, 4 to unlock)".
func commanding(n map[plans.Kind]int) string {
	all := n[plans.Run] + n[plans.Lock] + n[plans.Unlock] + n[plans.Undo]
	if all == 0 {
		return ""
	}
	words := "run " + count(all, "command", "commands")
	var parts []string
	for _, k := range []plans.Kind{plans.Lock, plans.Unlock, plans.Undo} {
		if n[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n[k], k))
		}
	}
	if len(parts) > 0 {
		words += " (" + strings.Join(parts, ", ") + ")"
	}
	return words
}

// passingWords counts who passes the point of no return; nothing of a plan that
// has none.
func passingWords(p *plans.Plan, noReturn bool) string {
	n := 0
	for i := range p.Changes {
		if p.Changes[i].Detail.PassesPONR {
			n++
		}
	}
	if n == 0 && !noReturn {
		return ""
	}
	return passes(n)
}

func passes(n int) string {
	return count(n, "tenant passes", "tenants pass") + " the point of no return"
}

// addAddresses collects distinct mailboxes.
func addAddresses(set map[string]struct{}, recipients []string) {
	for _, r := range recipients {
		set[mailbox.Fold(r)] = struct{}{}
	}
}
