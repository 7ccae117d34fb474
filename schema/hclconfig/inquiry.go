package hclconfig

import (
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
)

// poll reads how long work is asked about; nil: there is no such block.
func (l *loader) poll(n *node) *schema.Poll {
	if n == nil {
		return nil
	}
	p := &schema.Poll{
		Every: value[time.Duration](n, "every"), Timeout: value[time.Duration](n, "timeout"), Effect: l.question(n),
		Done: value[schema.Expr[bool]](n, "done"), Failed: value[schema.Expr[bool]](n, "failed"),
		Progress: value[schema.Expr[string]](n, "progress"), Range: rangeOf(n.def),
	}
	if p.Every > 0 && p.Timeout > 0 && p.Timeout <= p.Every {
		l.report(n, n.at("timeout"), diag.Diagnostic{
			Code: "contradiction", Summary: "A poll that never asks in time",
			Detail: "It gives the work up when it would ask for the first time, or before, so that it could never be told that the work has ended.",
			Hint:   "Write a timeout that is longer than every.",
		})
	}
	return p
}

// probe reads how an unknown outcome is cleared up; nil: there is no such block.
func (l *loader) probe(n *node) *schema.Probe {
	if n == nil {
		return nil
	}
	if n.parent.block("poll") != nil && !n.written("done") {
		l.report(n, n.def, diag.Diagnostic{
			Code: "missing-attribute", Summary: "A probe that would end long work too early",
			Detail: "The work has a poll, so that it goes on after it was started. Without done, exit code 0 or 2xx would mean that it has ended.",
			Hint:   `Write done as the poll does, for example done = result.json.state == "done".`,
		})
	}
	return &schema.Probe{
		Effect: l.question(n), Done: value[schema.Expr[bool]](n, "done"), NotDone: value[schema.Expr[bool]](n, "not_done"),
		Range: rangeOf(n.def),
	}
}

// question reads the effect of a block that only asks: to ask twice does no harm,
// and whoever asks waits no longer than spec.AskTimeout.
func (l *loader) question(n *node) schema.Effect {
	return l.effect(n, orStandard(0, spec.AskTimeout), "at_least_once")
}
