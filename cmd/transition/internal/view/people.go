package view

import (
	"fmt"
	"strings"
	"time"

	"transition/plans"
)

// waitsShown bounds how many who wait are listed unless all are asked for.
const waitsShown = 20

// people lists what only a person can move, each with the command that does:
// what has gone wrong, and apart from it what merely waits for an answer.
func (g *page) people(waits []plans.Wait, o PlanOptions) {
	g.waiting("Needs a person", waits, o, plans.WaitKind.Alarming)
	g.waiting("Waits for approval", waits, o, asksPerson)
}

// others lists who waits for a date, a retry or another batch.
func (g *page) others(waits []plans.Wait, o PlanOptions) {
	g.waiting("Waiting", waits, o, func(k plans.WaitKind) bool { return !k.NeedsPerson() })
}

// asksPerson reports whether somebody waits for an answer and nothing is wrong.
func asksPerson(k plans.WaitKind) bool { return k.NeedsPerson() && !k.Alarming() }

// waiting lists those who wait in a certain way.
func (g *page) waiting(title string, waits []plans.Wait, o PlanOptions, belongs func(plans.WaitKind) bool) {
	var chosen []plans.Wait
	for i := range waits {
		if belongs(waits[i].Kind) {
			chosen = append(chosen, waits[i])
		}
	}
	if len(chosen) > 0 {
		g.section(fmt.Sprintf("%s (%d)", title, addressesOf(chosen, belongs)))
		g.waits(chosen, o)
	}
}

func (g *page) waits(waits []plans.Wait, o PlanOptions) {
	groups, shown := waitGroups(waits, o), 0
	for shown < len(groups) && (o.Verbose || shown < waitsShown) {
		n := min(len(groups)-shown, chunk)
		if !o.Verbose {
			n = min(n, waitsShown)
		}
		g.waitRows(groups[shown : shown+n])
		shown += n
	}
	left := 0
	for _, w := range groups[shown:] {
		left += w.count
	}
	if left > 0 {
		g.linef("  ... and %d more: -verbose lists all", left)
	}
}

// waitGroups is one group for each who waits when all are asked for.
func waitGroups(waits []plans.Wait, o PlanOptions) []*waitGroup {
	if !o.Verbose {
		return groupWaits(waits)
	}
	all := make([]*waitGroup, len(waits))
	for i := range waits {
		all[i] = newWaitGroup(&waits[i])
		all[i].add(&waits[i])
	}
	return all
}

func (g *page) waitRows(groups []*waitGroup) {
	rows := make([][]string, len(groups))
	for i, w := range groups {
		rows[i] = g.waitRow(w)
	}
	for i, l := range align(rows) {
		g.linef("  %s", l)
		switch w := groups[i]; {
		case w.byHand:
			g.answer("transition resolve " + shell(w.selector()) + " -done -reason=...")
		case w.first.Kept && w.count == 1:
			g.answer("transition rollback " + shell(w.first.Tenant) + " -reason=...  takes back what stands behind it, and opens it")
		case w.resumable:
			g.answer("transition resume " + shell(w.selector()) + " -reason=...")
		case w.kind == plans.WaitMissed:
			g.answer(anew(w.selector(), w.final, w.movable))
		case w.kind.NeedsPerson():
			g.answer(Answer(w.kind, w.selector()))
		case w.answers != plans.Answers{}:
			g.answer(consentAnswer(w.answers, w.consentAddress()))
		}
	}
}

// answer is the line below what waits for a person.
func (g *page) answer(words string) {
	g.linef("             %s", g.paint(faint, "-> "+words))
}

func (g *page) waitRow(w *waitGroup) []string {
	who := clean(w.first.Address)
	names := ""
	if w.count > 1 {
		who, names = joined(tenants(w.count), clean(w.item)), sample(w.tenants, w.count)
	}
	return []string{
		g.waitMark(w.kind), who, clean(w.batch),
		joined(w.why.words(w.waits), g.waitPeriod(w), names),
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
	case plans.WaitBreaker:
		return mark(red, "!", "breaker")
	case plans.WaitApproval:
		return mark(yellow, "?", "approval")
	case plans.WaitRetry:
		return mark(yellow, "~", "retry")
	case plans.WaitRunning:
		return mark(cyan, "~", "running")
	case plans.WaitPoll:
		return mark(cyan, "~", "poll")
	case plans.WaitHold:
		return mark(faint, "-", "held")
	default:
		return mark(faint, "-", string(k))
	}
}

// waitPeriod is the period of a group; what is asked about does not end when it
// is asked about again.
func (g *page) waitPeriod(w *waitGroup) string {
	if w.until.IsZero() || w.kind != plans.WaitPoll && w.kind != plans.WaitUnknown {
		return g.period(w.since, w.until)
	}
	return strings.TrimPrefix(g.period(w.since, time.Time{})+", asked again "+g.brief(w.until), ", ")
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

// anew is what a person can do about what was missed. What is final cannot be
// begun any more on its date; for who is movable there may be another one.
func anew(selector string, final, movable bool) string {
	at := shell(selector)
	switch {
	case final && movable:
		return "transition resolve " + at + " -waive -reason=...  the window has closed: -waive goes on without it, a new cutover or batch opens another"
	case final:
		return "transition resolve " + at + " -waive -reason=...  the window has closed; -waive goes on without it"
	case movable:
		return "transition resolve " + at + " -done|-retry|-waive -reason=...  or a new cutover or batch, which opens another window"
	default:
		return "transition resolve " + at + " -done|-retry|-waive -reason=..."
	}
}

// Answer is the command with which a person ends a waiting, other than for what
// was missed.
func Answer(k plans.WaitKind, selector string) string {
	at := shell(selector)
	switch {
	case k == plans.WaitUnknown:
		return "transition resolve " + at + " -done|-retry -reason=..."
	case k == plans.WaitError:
		return "transition resolve " + at + " -done|-retry|-waive -reason=..."
	case k == plans.WaitApproval:
		return "transition approve|reject " + at + " -reason=..."
	case k == plans.WaitBreaker:
		return "transition breaker reset " + shell(strings.TrimPrefix(selector, "batch.")) + " -reason=..."
	}
	tenant, _, _ := strings.Cut(selector, "/")
	if tenant == "*" || strings.HasPrefix(tenant, "batch.") {
		return "transition status " + shell(tenant) + " -locks"
	}
	return "transition why " + shell(tenant)
}
