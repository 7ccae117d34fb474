package hclconfig

import (
	"fmt"
	"slices"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
	"transition/schema/toffset"
)

// readItems builds the items of a phase, without what refers to other items.
func (l *loader) readItems(n *node) {
	p := l.phases[n.name()]
	l.items[p] = make(map[string]*schema.Item)
	for _, c := range l.distinctItems(n) {
		item := l.item(c, p)
		l.items[p][item.Name], l.blocks[item] = item, c
		p.Items = append(p.Items, item)
	}
}

// distinctItems lists the items of a phase by name, whatever their kind, each
// name once.
func (l *loader) distinctItems(n *node) []*node {
	list := n.each(spec.ItemBlocks()...)
	byName := make(map[string]*node)
	for _, c := range list {
		l.identifier(c)
		if first := byName[c.name()]; first != nil {
			l.duplicate(c, first)
			continue
		}
		byName[c.name()] = c
	}
	return slices.DeleteFunc(list, func(c *node) bool { return byName[c.name()] != c })
}

func (l *loader) item(n *node, p *schema.Phase) *schema.Item {
	item := &schema.Item{
		Name:      n.name(),
		Phase:     p,
		Range:     rangeOf(n.def),
		At:        optional[toffset.Offset](n, "at"),
		LateUntil: optional[toffset.Offset](n, "late_until"),
		Late:      lateOf(value[string](n, "late")),
		When:      value[schema.Expr[bool]](n, "when"),
		Retry:     l.retryOf(n),
		Limit:     l.limits[value[ref](n, "limit").name],
	}
	switch n.spec.Name {
	case "communication":
		item.Does = l.communication(n)
	case "work":
		item.Does = &schema.Work{
			Effect: l.ownEffect(n), Poll: l.poll(n.block("poll")), Probe: l.probe(n.block("probe")),
			Undo: l.undo(n.block("undo"), item.Retry),
		}
		l.checkAgain(n, item)
	case "lock":
		item.Does = l.lock(n)
	case "approval":
		item.Does = l.approval(n)
	}
	return item
}

// checkAgain warns of work that may be tried again, and never is.
func (l *loader) checkAgain(n *node, item *schema.Item) {
	if value[string](n, "delivery") != "at_least_once" || item.Retry.MaxAttempts > 1 {
		return
	}
	l.report(n, n.at("delivery"), diag.Diagnostic{
		Severity: diag.Warning, Code: "never-again", Summary: "Nothing is tried again",
		Detail: "An attempt of unknown outcome may be repeated, and the work has one attempt only: it waits for a person all the same.",
		Hint:   `Give it a retry with max_attempts of 2 or more, or leave delivery out.`,
	})
}

func lateOf(word string) schema.Late {
	switch word {
	case "run":
		return schema.LateRun
	case "skip":
		return schema.LateSkip
	case "collapse":
		return schema.LateCollapse
	default:
		return schema.LateHold
	}
}

// retryOf is never nil: without a policy there is one attempt.
func (l *loader) retryOf(n *node) *schema.Retry {
	name := value[ref](n, "retry").name
	if !n.written("retry") {
		name = l.defaults.retry
	}
	if r := l.retries[name]; r != nil {
		return r
	}
	return &schema.Retry{MaxAttempts: 1}
}

// undo reads how work is taken back: as often as the work itself is tried, unless
// it has a policy of its own.
func (l *loader) undo(n *node, retry *schema.Retry) *schema.Undo {
	if n == nil {
		return nil
	}
	if n.written("retry") {
		retry = l.retryOf(n)
	}
	return &schema.Undo{
		Effect: l.ownEffect(n), Poll: l.poll(n.block("poll")), Probe: l.probe(n.block("probe")),
		Retry: retry, Range: rangeOf(n.def),
	}
}

func (l *loader) communication(n *node) *schema.Communication {
	c := &schema.Communication{
		Channel: l.channelOf(n),
		To:      addresses(value[schema.Expr[[]string]](n, "to"), true),
		Cc:      addresses(value[schema.Expr[[]string]](n, "cc"), false),
		Bcc:     addresses(value[schema.Expr[[]string]](n, "bcc"), false),
		ReplyTo: value[schema.Expr[string]](n, "reply_to"),
		Message: l.messageOf(n),
		Notice:  value[bool](n, "notice"),

		OnReschedule: onReschedule(value[string](n, "on_reschedule")),
		On:           schema.Event(value[string](n, "on")),
	}
	l.checkIgnored(n, c)
	c.TellsT = c.Notice || l.mentions(c.Message, "T", "postpone_until")
	for _, name := range []string{"to", "cc", "bcc"} {
		l.checkRecipients(n, name)
	}
	l.checkAddress(n, "reply_to", c.ReplyTo)
	return c
}

// checkIgnored refuses a message on which people rely and that nobody corrects.
func (l *loader) checkIgnored(n *node, c *schema.Communication) {
	if c.OnReschedule != schema.RescheduleIgnore || !c.Notice && !slices.Contains(told(), c.On) {
		return
	}
	d := diag.Diagnostic{
		Code: "contradiction", Summary: "A notice that is never corrected",
		Detail: "Whoever has a notice of T is always told when T changes: on_reschedule = \"ignore\" is for messages that only mention T.",
		Hint:   "Remove on_reschedule, or notice.",
	}
	if !c.Notice {
		d.Detail = fmt.Sprintf("The message on %q tells people which date is true, and they are always told when that changes.", c.On)
		d.Hint = "Remove on_reschedule."
	}
	l.report(n, n.at("on_reschedule"), d)
}

func onReschedule(word string) schema.OnReschedule {
	switch word {
	case "resend":
		return schema.RescheduleResend
	case "ignore":
		return schema.RescheduleIgnore
	default:
		return schema.RescheduleCorrect
	}
}

// channelOf is the channel that is written, else the default one.
func (l *loader) channelOf(n *node) *schema.Channel {
	name := value[ref](n, "channel").name
	if !n.written("channel") {
		name = l.defaults.channel
		if name == "" {
			l.report(n, n.def, diag.Diagnostic{
				Code: "no-channel", Summary: "A message without a channel",
				Detail: "Nothing says how the message is sent: it names no channel, and there is no default.",
				Hint:   "Write channel = channel.KIND.NAME here, or into the block defaults of the transition.",
			})
		}
	}
	return l.channels[name]
}

func (l *loader) approval(n *node) *schema.Approval {
	a := &schema.Approval{
		By:      value[[]string](n, "by"),
		Prompt:  value[schema.Expr[string]](n, "prompt"),
		Expires: optional[toffset.Offset](n, "expires"),
	}
	if ask := n.block("ask"); ask != nil {
		a.Ask = &schema.Ask{Channel: l.channelOf(ask), To: addresses(value[schema.Expr[[]string]](ask, "to"), true)}
		l.checkRecipients(ask, "to")
	}
	return a
}

func (l *loader) lock(n *node) *schema.Lock {
	lock := &schema.Lock{
		ReleaseIn: l.phases[value[ref](n, "release_in").name],
		ReleaseBy: optional[toffset.Offset](n, "release_by"),
		Probe:     l.probe(n.block("probe")),
	}
	if c := n.block("acquire"); c != nil {
		lock.Acquire = l.effect(c, 0, "")
	}
	if c := n.block("release"); c != nil {
		lock.Release = l.effect(c, 0, "")
	}
	return lock
}
