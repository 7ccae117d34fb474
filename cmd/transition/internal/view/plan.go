package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"transition/plans"
)

// summaryOver is the number of changes above which a plan is grouped unless
// every change is asked for.
const summaryOver = 50

// PlanOptions say how much of a plan is shown.
type PlanOptions struct {
	Summary  bool   // group changes however few they are
	Verbose  bool   // list each change however many they are; wins over Summary
	Note     string // what the header says of the state and the plan directory
	NoReturn bool   // the plan has a point of no return
}

func (o PlanOptions) grouped(n int) bool { return !o.Verbose && (o.Summary || n > summaryOver) }

// Plan shows a plan as text: who needs a person, what is due now, what comes
// later, and a line that sums it up.
func Plan(w io.Writer, s Screen, p *plans.Plan, o PlanOptions) error {
	g := newPage(w, s, p.Now, p.Zone)
	g.planHeader(p, o)
	g.people(p.Waiting, o)
	g.changes("Due now", p.Changes, o)
	g.leftOver(p, o)
	g.others(p.Waiting, o)
	g.outlook(p)
	g.section("")
	g.linef("%s", g.paint(bold, planFooter(p, passingWords(p, o.NoReturn))))
	return g.Flush()
}

func (g *page) planHeader(p *plans.Plan, o PlanOptions) {
	parts := []string{clean(p.Name), "as of " + g.dated(p.Now)}
	if p.Lineage != "" {
		parts = append(parts, fmt.Sprintf("serial %d", p.Serial))
	}
	if o.Note != "" {
		parts = append(parts, clean(o.Note))
	}
	g.begun = true
	g.linef("%s", g.paint(bold, parts[0])+" · "+strings.Join(parts[1:], " · "))
	if words := partWords(p); words != "" {
		g.linef("%s", g.paint(yellow, clean(words)))
	}
}

// planFooter sums a plan up in one line; passing is what it says of the point of
// no return, which may be nothing.
func planFooter(p *plans.Plan, passing string) string {
	words := []string{"No changes"}
	if len(p.Changes) > 0 {
		words = append([]string{"Plan: " + allToDo(p)}, passing)
	}
	return sentences(append(append(words, leftWords(p)), needed(p.Waiting)...))
}

// needed says for how many a person is needed, and how many approvals wait.
func needed(waits []plans.Wait) []string {
	wrong, asked := addressesOf(waits, plans.WaitKind.Alarming), addressesOf(waits, asksPerson)
	var parts []string
	if wrong > 0 {
		parts = append(parts, count(wrong, "needs a person", "need a person"))
	}
	if asked > 0 {
		parts = append(parts, count(asked, "approval waits", "approvals wait"))
	}
	return parts
}

// leftOver lists what has become due since a saved plan was made.
func (g *page) leftOver(p *plans.Plan, o PlanOptions) {
	g.changes("Left: due since the plan was saved, and no part of it", p.Left, o)
}

// changes lists each change, or each group of changes.
func (g *page) changes(title string, all []plans.Change, o PlanOptions) {
	if len(all) == 0 {
		return
	}
	g.section(title)
	if o.grouped(len(all)) {
		g.groups(groupChanges(all))
		return
	}
	for rest := all; len(rest) > 0; {
		n := min(len(rest), chunk)
		rows := make([][]string, n)
		for i := range n {
			rows[i] = g.changeRow(&rest[i])
		}
		g.rows("  ", rows)
		rest = rest[n:]
	}
}

func (g *page) changeRow(c *plans.Change) []string {
	return []string{
		g.marked(c.Kind, c.Detail.Doubted), clean(c.Address()), clean(c.Batch),
		joined(g.changeDetail(c), g.overdue(c), clean(c.Reason)),
	}
}

// changeDetail says what is particular about one change.
func (g *page) changeDetail(c *plans.Change) string {
	d := &c.Detail
	var parts []string
	if !d.T.IsZero() && d.OldT.IsZero() { // else the reason names both
		parts = append(parts, "T "+g.minute(d.T))
	}
	if n := len(d.Recipients); n > 0 {
		parts = append(parts, "to "+sample(d.Recipients[:min(n, sampleSize)], n))
	}
	if into := intoWords(c); into != "" {
		parts = append(parts, clean(into))
	}
	if d.Attempt > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d", d.Attempt))
	}
	if d.PassesPONR {
		parts = append(parts, g.paint(yellow, "passes the point of no return"))
	}
	return strings.Join(parts, ", ")
}

// overdue says since when a change has been due, when that is not just now.
func (g *page) overdue(c *plans.Change) string {
	if c.At.IsZero() || g.now.Sub(c.At) < time.Minute {
		return ""
	}
	return "due " + g.brief(c.At)
}

func (g *page) groups(all []*changeGroup) {
	shown := all[:kept(all, func(c *changeGroup) bool { return c.kind.Outside() })]
	rows := make([][]string, len(shown))
	for i, c := range shown {
		rows[i] = g.groupRow(c)
	}
	for _, l := range align(rows) {
		g.linef("%s", g.fit("  "+l))
	}
	if n := len(all) - len(shown); n > 0 {
		g.linef("  ... and %s: -verbose lists every change", count(n, "more group", "more groups"))
	}
}

func (g *page) groupRow(c *changeGroup) []string {
	what := tenants(c.count)
	names := sample(c.tenants, c.count)
	if c.messages > 0 {
		what, names = strings.TrimPrefix(sending(c.messages, len(c.addresses)), "send "), ""
	}
	var notes []string
	if !c.t.IsZero() {
		notes = append(notes, "T "+g.minute(c.t))
	}
	if c.passing > 0 {
		notes = append(notes, g.paint(yellow, passes(c.passing)))
	}
	return []string{
		g.marked(c.kind, c.doubted), clean(c.key()), what, clean(c.batch),
		joined(strings.Join(notes, ", "), c.why.words(c.count), names),
	}
}

// marked is a kind's symbol with its word, or a question mark for what is not done.
func (g *page) marked(k plans.Kind, doubted bool) string {
	if doubted {
		return g.paint(red, fmt.Sprintf("? %s", k))
	}
	colour := faint
	switch k {
	case plans.Enrol, plans.Place:
		colour = green
	case plans.Ask, plans.Send, plans.Run, plans.Lock, plans.Unlock, plans.Undo:
		colour = cyan
	case plans.Reschedule, plans.Move, plans.Adopt, plans.Withdraw, plans.Rollback:
		colour = yellow
	case plans.Missed:
		colour = red
	}
	return g.paint(colour, fmt.Sprintf("%s %s", k.Symbol(), k))
}

// joined puts the parts that are not empty behind each other.
func joined(parts ...string) string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "  ")
}
