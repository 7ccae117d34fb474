package compile

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"transition/schema"
)

// EventNames are the roots that the texts of an event may name beside those of
// every text, for [Scope.Allow].
func EventNames(on schema.Event) map[string]bool {
	names := make(map[string]bool)
	for _, root := range []string{rootOldT, rootReason, rootAddress} {
		for _, event := range eventsOf(root) {
			if event == on {
				names[root] = true
			}
		}
	}
	return names
}

// eventsOf lists the events whose texts may name a root; nil if it is not one of
// those for events.
func eventsOf(root string) []schema.Event {
	switch root {
	case rootOldT:
		return []schema.Event{schema.OnRescheduled, schema.OnWithdrawn, schema.OnRolledBack}
	case rootReason:
		return []schema.Event{schema.OnWithdrawn, schema.OnRolledBack, schema.OnHeld, schema.OnMissed, schema.OnError}
	case rootAddress:
		return []schema.Event{schema.OnMissed, schema.OnError}
	default:
		return nil
	}
}

// eventName reports a name that only texts of other events may use.
func (r *resolver) eventName(e *hclsyntax.ScopeTraversalExpr, root string, events []schema.Event) {
	var words []string
	for _, event := range events {
		words = append(words, fmt.Sprintf("%q", event))
	}
	last := len(words) - 1
	detail := fmt.Sprintf("%q has a value only in the subject and body of a communication with on = %s or %s.", root, strings.Join(words[:last], ", "), words[last])
	if _, ok := r.scope.tenant().attrs[root]; ok {
		detail += fmt.Sprintf(" Did you mean %q?", rootTenant+"."+root)
	} else {
		detail += " Write it there, or leave it out here."
	}
	r.report(e.SrcRange, codeNotAllowed, "A name is not known here", detail)
}
