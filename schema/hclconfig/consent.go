package hclconfig

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// transitionBlock is a block in the transition, or nil.
func (l *loader) transitionBlock(name string) *node {
	if n := l.root.block("transition"); n != nil {
		return n.block(name)
	}
	return nil
}

func (l *loader) readPostpone() {
	n := l.transitionBlock("postpone")
	if n == nil {
		return
	}
	l.cfg.Postpone = &schema.Postpone{
		Max:      value[int](n, "max"),
		Until:    value[toffset.Offset](n, "until"),
		MinShift: value[toffset.Duration](n, "min_shift"),
		End:      l.instant(n, "end", l.cfg.Zone),
		Range:    rangeOf(n.def),
	}
	if c, certain := toffset.Order(l.cfg.Postpone.Until, toffset.Offset{}); c > 0 && certain {
		l.report(n, n.at("until"), diag.Diagnostic{
			Code: "contradiction", Summary: "A deadline after the move",
			Detail: fmt.Sprintf("At %s a tenant has moved, and there is nothing to postpone any more.", l.cfg.Postpone.Until),
			Hint:   `Write T, or an instant before it such as "T-14d".`,
		})
	}
	if l.cfg.Postpone.Max > 0 {
		l.checkPostponeTold()
	}
}

// checkPostponeTold warns when those who may postpone learn of it, with their
// first notice, without learning until when.
func (l *loader) checkPostponeTold() {
	if slices.ContainsFunc(l.cfg.Events, func(e *schema.Item) bool { return l.tellsDeadline(e) }) {
		return
	}
	first := l.firstNotice()
	if first == nil {
		return
	}
	for _, text := range textsOf(first.Does.(*schema.Communication).Message) {
		if l.named[text]["postpone_until"] {
			continue
		}
		l.report(nil, hcl.Range{}, diag.Diagnostic{
			Severity: diag.Warning, Code: "postpone-untold", Summary: "A notice without the deadline to postpone",
			Detail:  fmt.Sprintf("Tenants may postpone, but the text of %s.%s, their earliest notice, does not say until when.", first.Phase.Name, first.Name),
			Hint:    `Write for example ${formatdate("D MMMM YYYY", postpone_until)} into it.`,
			Subject: text.Range, Where: fmt.Sprintf("communication %q of phase %q", first.Name, first.Phase.Name),
		})
	}
}

func (l *loader) tellsDeadline(event *schema.Item) bool {
	c, ok := event.Does.(*schema.Communication)
	return ok && c.Notice && l.mentions(c.Message, "postpone_until")
}

// firstNotice is the notice of the phases that is due first, or nil.
func (l *loader) firstNotice() *schema.Item {
	var first *schema.Item
	for _, item := range l.cfg.Items {
		c, ok := item.Does.(*schema.Communication)
		if ok && c.Notice && (first == nil || opened(first) && due(item) < due(first)) {
			first = item
		}
	}
	return first
}

// opened reports whether an item has an offset; items of the first phase need not.
func opened(item *schema.Item) bool { return item.At != nil || item.Phase.Opens != nil }

// readConsent comes after the phases, one of which it keeps tenants out of.
func (l *loader) readConsent() {
	n := l.transitionBlock("consent")
	if n == nil {
		return
	}
	c := &schema.Consent{
		Mode:        consentMode(value[string](n, "mode")),
		OptOutAfter: value[toffset.Duration](n, "opt_out_after"),
		Phase:       l.phases[value[ref](n, "phase").name],
		Withdraw:    value[string](n, "no_answer") == "withdraw",
		Range:       rangeOf(n.def),
	}
	if c.Phase == nil && !n.written("phase") {
		c.Phase = l.consentPhase(n)
	}
	l.checkOptOut(n, c)
	l.checkConsentName()
	if c.Phase != nil { // else that was reported
		l.checkConsentPhase(n, c.Phase)
		l.cfg.Consent = c
	}
}

// checkConsentName keeps free what stands for a phase in the address of a
// tenant's answer.
func (l *loader) checkConsentName() {
	for _, n := range l.root.each("phase") {
		if n.name() == schema.ConsentPhase {
			l.report(n, n.nameAt(), diag.Diagnostic{
				Code: "reserved-name", Summary: "A name that has a meaning already",
				Detail: fmt.Sprintf("In a plan with a consent block no phase can be called %q: what a tenant answers has an address such as contoso/%s.", n.name(), schema.ConsentKey),
				Hint:   "Give the phase another name.",
			})
		}
	}
}

// consentMode is 0 for a mode that was reported.
func consentMode(word string) schema.ConsentMode {
	switch word {
	case "opt_in":
		return schema.OptIn
	case "opt_out":
		return schema.OptOut
	case "both":
		return schema.OptInOrLate
	default:
		return 0
	}
}

// consentPhase is the first phase that changes something for a tenant.
func (l *loader) consentPhase(n *node) *schema.Phase {
	if p := l.firstPhase(func(p *schema.Phase) bool { return p.Hard && p.NeedsNotice() }); p != nil {
		return p
	}
	if p := l.firstPhase(func(p *schema.Phase) bool { return p.Hard }); p != nil {
		return p
	}
	if len(l.cfg.Phases) > 0 {
		l.report(n, n.def, diag.Diagnostic{
			Code: "nothing-held", Summary: "A consent that no phase needs",
			Detail: "Tenants that have not agreed are kept out of the first hard phase, and the plan has none.",
			Hint:   "Write phase = phase.NAME.",
		})
	}
	return nil
}

// checkOptOut holds what is said of silence against the mode.
func (l *loader) checkOptOut(n *node, c *schema.Consent) {
	after := n.written("opt_out_after")
	switch {
	case c.Mode == 0:
	case c.Mode == schema.OptIn && after:
		l.report(n, n.at("opt_out_after"), diag.Diagnostic{
			Code: "contradiction", Summary: "Silence that counts as a yes and does not",
			Detail: `With mode = "opt_in" only a yes is a yes, and opt_out_after says when silence is one.`,
			Hint:   `Remove opt_out_after, or write mode = "opt_out" or "both".`,
		})
	case c.Mode != schema.OptIn && !after:
		l.report(n, n.def, diag.Diagnostic{
			Code: "missing-attribute", Summary: "An attribute is missing",
			Detail: "In this mode silence becomes a yes, and nothing says how long after the first notice.",
			Hint:   `Write for example opt_out_after = "30d".`,
		})
	case c.Mode != schema.OptIn && n.values["opt_out_after"] != nil && c.OptOutAfter.Nominal() <= 0:
		l.report(n, n.at("opt_out_after"), diag.Diagnostic{
			Code: "out-of-range", Summary: "A time of no length",
			Detail: "Silence of no length would be a yes from everybody who was told.",
			Hint:   `Write for example opt_out_after = "30d".`,
		})
	}
	if c.Mode > schema.OptIn && n.written("no_answer") {
		l.report(n, n.at("no_answer"), diag.Diagnostic{
			Code: "contradiction", Summary: "No answer where silence is one",
			Detail: `no_answer says what becomes of the silent with mode = "opt_in"; in this mode silence becomes a yes.`,
			Hint:   `Remove no_answer, or write mode = "opt_in".`,
		})
	}
}

// checkConsentPhase refuses phases that a tenant is in, or cannot be kept out of,
// before it can agree.
func (l *loader) checkConsentPhase(n *node, p *schema.Phase) {
	point := l.firstPhase(func(p *schema.Phase) bool { return p.PointOfNoReturn })
	d := diag.Diagnostic{
		Code: "contradiction", Summary: "A consent that comes too late",
		Hint: "Name the phase that takes the lock or is the point of no return, or an earlier one.",
	}
	switch {
	case p.Opens == nil:
		d.Detail = fmt.Sprintf("The phase %q has no opens: every tenant is in it from the beginning, agreed or not.", p.Name)
	case point != nil && point.Index < p.Index:
		d.Detail = fmt.Sprintf("The phase %q comes after %q, the point of no return, so a tenant would be asked when there is no way back.", p.Name, point.Name)
	case !p.Hard:
		d.Summary = "A consent that keeps nobody back"
		d.Detail = fmt.Sprintf("The phase %q is soft: every tenant enters it when its time has come, agreed or not.", p.Name)
		d.Hint = `Name a phase that changes something for tenants, or write gate = "hard" in this one.`
	default:
		return
	}
	l.report(n, n.at("phase"), d)
}
