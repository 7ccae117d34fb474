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

// groupsShown bounds the lines of a grouped plan.
const groupsShown = 60

// PlanOptions say how much of a plan is shown.
type PlanOptions struct {
	Summary bool   // group changes however few they are
	Verbose bool   // list each change however many they are; wins over Summary
	Note    string // what the header says of the state and the plan directory
}

func (o PlanOptions) grouped(n int) bool { return !o.Verbose && (o.Summary || n > summaryOver) }

// Plan shows a plan as text: who needs a person, what is due now, what comes
// later, and a line that sums it up.
func Plan(w io.Writer, s Screen, p *plans.Plan, o PlanOptions) error {
	g := newPage(w, s, p.Now, p.Zone)
	g.planHeader(p, o)
	g.people(p.Waiting, o)
	g.others(p.Waiting, o)
	g.due(p, o)
	g.outlook(p)
	g.section("")
	g.linef("%s", g.paint(bold, planFooter(p)))
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
}

// planFooter sums a plan up in one line.
func planFooter(p *plans.Plan) string {
	people := peopleNeeded(p.Waiting)
	need := ""
	if people > 0 {
		need = " " + count(people, "needs a person.", "need a person.")
	}
	if len(p.Changes) == 0 {
		return "No changes." + need
	}
	passing := 0
	for i := range p.Changes {
		if p.Changes[i].Detail.PassesPONR {
			passing++
		}
	}
	return "Plan: " + toDo(p.Count()) + ". " + passes(passing) + "." + need
}

func peopleNeeded(waits []plans.Wait) int {
	n := 0
	for i := range waits {
		if waits[i].Kind.NeedsPerson() {
			n++
		}
	}
	return n
}

// due lists what apply would do, each change or each group of changes.
func (g *page) due(p *plans.Plan, o PlanOptions) {
	if len(p.Changes) == 0 {
		return
	}
	g.section("Due now")
	if o.grouped(len(p.Changes)) {
		g.groups(groupChanges(p.Changes))
		return
	}
	for rest := p.Changes; len(rest) > 0; {
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
		g.marked(c.Kind), clean(c.Address()), clean(c.Batch),
		joined(g.changeDetail(c), g.overdue(c), clean(c.Reason)),
	}
}

// changeDetail says what is particular about one change.
func (g *page) changeDetail(c *plans.Change) string {
	d := &c.Detail
	var parts []string
	if !d.T.IsZero() {
		parts = append(parts, "T "+g.minute(d.T))
	}
	if n := len(d.Recipients); n > 0 {
		parts = append(parts, "to "+sample(d.Recipients[:min(n, sampleSize)], n))
	}
	if d.Into != "" && !strings.Contains(c.Reason, d.Into) {
		parts = append(parts, "into "+clean(d.Into))
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
	shown := all[:min(len(all), groupsShown)]
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
	if c.into != "" && !strings.Contains(c.reason, c.into) {
		notes = append(notes, "into "+clean(c.into))
	}
	if c.passing > 0 {
		notes = append(notes, g.paint(yellow, passes(c.passing)))
	}
	return []string{
		g.marked(c.kind), clean(c.key()), what, clean(c.batch),
		joined(strings.Join(notes, ", "), clean(c.reason), names),
	}
}

// marked is a kind's symbol with its word.
func (g *page) marked(k plans.Kind) string {
	colour := faint
	switch k {
	case plans.Enrol, plans.Place:
		colour = green
	case plans.Ask, plans.Send, plans.Run, plans.Lock, plans.Unlock:
		colour = cyan
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
