package hclconfig

import (
	"cmp"
	"fmt"
	"slices"

	"transition/schema"
	"transition/schema/diag"
)

// told lists the events of which there is exactly one communication each, and
// which reach those who hold a date that is no longer true.
func told() []schema.Event {
	return []schema.Event{schema.OnRescheduled, schema.OnWithdrawn, schema.OnRolledBack}
}

// readEvents builds the communications that are sent when something happens, and
// adds those that the plan leaves to the program.
func (l *loader) readEvents() {
	nodes := l.root.each("communication")
	l.evaluate(nodes...)
	phase := &schema.Phase{Name: schema.EventPhase, Index: -1, OnInsert: schema.InsertSkip}
	written := make(map[schema.Event]*node)
	for _, n := range nodes {
		l.identifier(n)
		l.checkEvent(n, written)
		l.cfg.Events = append(l.cfg.Events, l.event(n, phase))
	}
	for _, on := range told() {
		if written[on] == nil {
			l.cfg.Events = append(l.cfg.Events, l.builtin(on, phase))
		}
	}
	slices.SortStableFunc(l.cfg.Events, func(a, b *schema.Item) int { return cmp.Compare(a.Name, b.Name) })
}

// numberEvents gives events the indexes behind all phases and items, once those
// are known.
func (l *loader) numberEvents() {
	for i, item := range l.cfg.Events {
		item.Index = len(l.cfg.Items) + i
		item.Phase.Index = len(l.cfg.Phases)
	}
}

// event has no window, so it can never be late.
func (l *loader) event(n *node, phase *schema.Phase) *schema.Item {
	return &schema.Item{
		Name:  n.name(),
		Phase: phase,
		Range: rangeOf(n.def),
		Late:  schema.LateRun,
		When:  value[schema.Expr[bool]](n, "when"),
		Retry: l.retryOf(n),
		Does:  l.communication(n),
	}
}

// builtin stands for an event that the plan has no text for.
func (l *loader) builtin(on schema.Event, phase *schema.Phase) *schema.Item {
	retry := l.retries[l.defaults.retry]
	if retry == nil {
		retry = &schema.Retry{MaxAttempts: 1}
	}
	return &schema.Item{
		Name:  string(on),
		Phase: phase,
		Late:  schema.LateRun,
		When:  schema.Const(true),
		Retry: retry,
		Does: &schema.Communication{
			On: on, Builtin: true, TellsT: on == schema.OnRescheduled, OnReschedule: schema.RescheduleCorrect,
		},
	}
}

// checkEvent holds a communication against the rules for its event, and notes it
// in written if there may be no other one.
func (l *loader) checkEvent(n *node, written map[schema.Event]*node) {
	on := schema.Event(value[string](n, "on"))
	if on == "" {
		return // what is wrong with it was reported
	}
	if reserved := schema.Event(n.name()); reserved != on && slices.Contains(told(), reserved) {
		l.takenName(n, on)
	}
	if !slices.Contains(told(), on) {
		l.requireTo(n, on)
		return
	}
	if first := written[on]; first != nil {
		l.secondEvent(n, first, on)
		return
	}
	written[on] = n
	if value[bool](n, "notice") && on != schema.OnRescheduled {
		l.report(n, n.at("notice"), diag.Diagnostic{
			Code: "contradiction", Summary: "A notice of no date",
			Detail: fmt.Sprintf("A notice announces T, and a tenant that gets the message on %q has none any more.", on),
			Hint:   "Remove notice.",
		})
	}
}

func (l *loader) takenName(n *node, on schema.Event) {
	l.report(n, n.nameAt(), diag.Diagnostic{
		Code: "reserved-name", Summary: "A name that has a meaning already",
		Detail: fmt.Sprintf("The name %q belongs to the message with on = %q, which every plan has, and this one has on = %q.", n.name(), n.name(), on),
		Hint:   "Give the communication another name, or write the event that it is named after.",
	})
}

func (l *loader) requireTo(n *node, on schema.Event) {
	if n.written("to") {
		return
	}
	l.report(n, n.def, diag.Diagnostic{
		Code: "missing-attribute", Summary: "An attribute is missing",
		Detail: fmt.Sprintf("A communication with on = %q must have the attribute \"to\": only on rescheduled, withdrawn and rolled_back it would go to those who were told a date.", on),
		Hint:   "Write to = [tenant.admin_email], with a column of your inventory.",
	})
}

func (l *loader) secondEvent(again, first *node, on schema.Event) {
	l.report(again, again.at("on"), diag.Diagnostic{
		Code: "duplicate-event", Summary: "Two messages on one event",
		Detail: fmt.Sprintf("There may be one communication with on = %q, since it tells people which date is true, and %q in %s, line %d, is one already.",
			on, first.name(), first.def.Filename, first.def.Start.Line),
		Hint: "Remove one of the two, or join their texts.",
	})
}
