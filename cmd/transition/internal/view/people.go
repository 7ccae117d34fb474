package view

import (
	"fmt"
	"strings"
	"time"

	"transition/plans"
)

// waitsShown bounds how many who wait are listed unless all are asked for.
const waitsShown = 20

// people lists what only a person can move, each with the command that does.
func (g *page) people(waits []plans.Wait, o PlanOptions) {
	var need []plans.Wait
	for i := range waits {
		if waits[i].Kind.NeedsPerson() {
			need = append(need, waits[i])
		}
	}
	if len(need) == 0 {
		return
	}
	g.section(fmt.Sprintf("Needs a person (%d)", len(need)))
	g.waits(need, o, true)
}

// others lists who waits for a date, a retry or another batch.
func (g *page) others(waits []plans.Wait, o PlanOptions) {
	var idle []plans.Wait
	for i := range waits {
		if !waits[i].Kind.NeedsPerson() {
			idle = append(idle, waits[i])
		}
	}
	if len(idle) == 0 {
		return
	}
	g.section(fmt.Sprintf("Waiting (%d)", len(idle)))
	g.waits(idle, o, false)
}

func (g *page) waits(waits []plans.Wait, o PlanOptions, answers bool) {
	groups := g.waitGroups(waits, o)
	shown := groups
	if !o.Verbose {
		shown = groups[:min(len(groups), waitsShown)]
	}
	for rest := shown; len(rest) > 0; {
		n := min(len(rest), chunk)
		g.waitRows(rest[:n], answers)
		rest = rest[n:]
	}
	if n := len(groups) - len(shown); n > 0 {
		g.linef("  ... and %d more: -verbose lists all", n)
	}
}

// waitGroups is one group for each who waits when all are asked for.
func (g *page) waitGroups(waits []plans.Wait, o PlanOptions) []*waitGroup {
	if !o.Verbose {
		return groupWaits(waits)
	}
	all := make([]*waitGroup, len(waits))
	for i := range waits {
		_, item, _ := strings.Cut(waits[i].Address, "/")
		all[i] = &waitGroup{
			waitKey: waitKey{waits[i].Kind, waits[i].Batch, item, waits[i].Reason},
			count:   1, first: &waits[i],
		}
	}
	return all
}

func (g *page) waitRows(groups []*waitGroup, answers bool) {
	rows := make([][]string, len(groups))
	for i, w := range groups {
		rows[i] = g.waitRow(w)
	}
	for i, l := range align(rows) {
		g.linef("  %s", l)
		if answers {
			g.linef("             %s", g.paint(faint, "-> "+Answer(groups[i].kind, groups[i].selector())))
		}
	}
}

func (g *page) waitRow(w *waitGroup) []string {
	who := clean(w.first.Address)
	names := ""
	if w.count > 1 {
		who, names = joined(tenants(w.count), clean(w.item)), sample(w.tenants, w.count)
	}
	return []string{
		g.waitMark(w.kind), who, clean(w.batch),
		joined(clean(w.reason), g.period(w.first.Since, w.first.Until), names),
	}
}

func (g *page) waitMark(k plans.WaitKind) string {
	mark := func(colour ink, symbol, word string) string {
		return g.paint(colour, fmt.Sprintf("%s %-8s", symbol, word))
	}
	switch k {
	case plans.WaitUnknown:
		return mark(red, "?", "unknown")
	case plans.WaitMissed:
		return mark(red, "!", "missed")
	case plans.WaitError:
		return mark(red, "!", "error")
	case plans.WaitLock:
		return mark(red, "!", "lock")
	case plans.WaitApproval:
		return mark(yellow, "?", "approval")
	case plans.WaitRetry:
		return mark(yellow, "~", "retry")
	case plans.WaitHold:
		return mark(faint, "-", "held")
	default:
		return mark(faint, "-", string(k))
	}
}

// period says since when and until when somebody waits, as far as it is known.
func (g *page) period(since, until time.Time) string {
	var parts []string
	if !since.IsZero() {
		parts = append(parts, "since "+g.brief(since))
	}
	if !until.IsZero() {
		parts = append(parts, "until "+g.brief(until))
	}
	return strings.Join(parts, ", ")
}

// selector covers everybody in the group.
func (w *waitGroup) selector() string {
	if w.count == 1 {
		return w.first.Address
	}
	if w.item == "" {
		return "*"
	}
	return "*/" + w.item
}

// Answer is the command with which a person ends a waiting.
func Answer(k plans.WaitKind, selector string) string {
	at := shell(selector)
	switch k {
	case plans.WaitUnknown:
		return "transition resolve " + at + " -done|-retry -reason=..."
	case plans.WaitMissed, plans.WaitError:
		return "transition resolve " + at + " -retry|-waive -reason=..."
	case plans.WaitApproval:
		return "transition approve|reject " + at + " -reason=..."
	default:
		tenant, _, _ := strings.Cut(selector, "/")
		if tenant == "*" {
			return "transition status -locks"
		}
		return "transition why " + shell(tenant)
	}
}
