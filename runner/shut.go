package runner

import (
	"cmp"
	"fmt"
	"slices"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
)

// shut are the channels that have taken nothing since the last look at the time,
// whoever a message was for, each with what it said.
type shut map[*schema.Channel]string

// putOff makes of an attempt that a channel would take from nobody one that is
// made again, and lets nothing else go that way.
func (e *engine) putOff(r result, f *ledger.Fact) {
	next := f.At.Add(r.outcome.RetryAfter)
	f.Kind, f.Next = ledger.Failed, &next // of its budget it has used nothing up: the plan's bounds in time decide
	c := e.p.channelTo(r.entry.action.Item, r.entry.record, r.entry.recipient)
	if _, known := e.shut[c]; !known {
		e.shut[c], e.shutting = f.Reason, true
		e.p.log.Error("channel shut", "channel", c.Name, "reason", f.Reason)
	}
}

// shun withdraws what was to go by a channel that was just found shut.
func (e *engine) shun() {
	if !e.shutting {
		return
	}
	e.shutting = false
	all := make(map[*task]bool, len(e.tasks))
	for _, t := range e.tasks {
		all[t] = !t.begins()
	}
	for _, t := range e.inOrder(all) {
		if all[t] {
			e.decide(t)
		}
	}
}

// closed reports whether what an item sends to a recipient cannot go out now.
func (e *engine) closed(it *schema.Item, r *ledger.Record, recipient string) bool {
	if len(e.shut) == 0 || recipient == "" {
		return false
	}
	_, is := e.shut[e.p.channelTo(it, r, recipient)]
	return is
}

// report says once for each channel that it takes nothing.
func (s shut) report(p *Project) (diags diag.List) {
	for c, said := range s {
		diags.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "channel-shut", Summary: "The mail server takes nothing from this channel",
			Detail:  fmt.Sprintf("Channel %q: %s. After that nothing was tried that goes this way: all of it stays due.", c.Name, said),
			Hint:    "Put the channel right, its username and password above all, and see whether the server takes them with: transition doctor -connect. Then apply again.",
			Subject: c.Range,
		})
	}
	slices.SortFunc(diags, func(a, b diag.Diagnostic) int { return cmp.Compare(a.Detail, b.Detail) })
	diags.Fill(p.Config.Sources)
	return diags
}
