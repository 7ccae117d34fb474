package view

import (
	"io"
	"time"

	"transition/plans"
)

// Next shows when anything falls due next, and what.
func Next(w io.Writer, s Screen, p *plans.Plan, note string) error {
	g := newPage(w, s, p.Now, p.Zone)
	g.planHeader(p, PlanOptions{Note: note})
	g.section("")
	g.fallsDue(p)
	if words := sentences(needed(p.Waiting)); words != "" {
		g.linef("%s  %s See: transition plan", g.paint(bold, "Also"), words)
	}
	return g.Flush()
}

func (g *page) fallsDue(p *plans.Plan) {
	if n := len(p.Changes); n > 0 {
		g.linef("%s   %s: transition plan", g.paint(bold, "Now"), toDo(p.Count()))
	}
	if p.Next.IsZero() {
		g.linef("%s  nothing more falls due by itself", g.paint(bold, "Next"))
		return
	}
	g.linef("%s  %s", g.paint(bold, "Next"), g.ahead(p.Next))
	var rows [][]string
	for _, d := range g.instants(p.Upcoming) {
		rows = append(rows, []string{g.both(d.day), dueCounts(d.counts)})
	}
	g.rows("      ", rows)
}

// instantsShown bounds how far ahead Next looks.
const instantsShown = 10

// instants counts what comes later by the minute.
func (g *page) instants(upcoming []plans.Upcoming) []dayCount {
	var all []dayCount
	for _, u := range upcoming {
		minute := u.At.Truncate(time.Minute)
		if n := len(all); n == 0 || !all[n-1].day.Equal(minute) {
			if n == instantsShown {
				break
			}
			all = append(all, dayCount{minute, make(map[plans.Kind]int)})
		}
		all[len(all)-1].counts[u.Kind] += u.Count
	}
	return all
}
