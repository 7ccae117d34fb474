package view

import (
	"io"

	"transition/plans"
)

// Next shows when anything falls due next, and what.
func Next(w io.Writer, s Screen, p *plans.Plan) error {
	g := newPage(w, s, p.Now, p.Zone)
	if n := len(p.Changes); n > 0 {
		g.linef("%s   %s: transition plan", g.paint(bold, "Now"), toDo(p.Count()))
	}
	if p.Next.IsZero() {
		g.linef("%s  nothing more falls due by itself", g.paint(bold, "Next"))
		return g.Flush()
	}
	g.linef("%s  %s", g.paint(bold, "Next"), g.ahead(p.Next))
	var rows [][]string
	for _, d := range g.instants(p.Upcoming) {
		rows = append(rows, []string{g.both(d.day), dueCounts(d.counts)})
	}
	g.rows("      ", rows)
	if n := peopleNeeded(p.Waiting); n > 0 {
		g.linef("%s  %s: transition plan", g.paint(bold, "Also"), count(n, "needs a person", "need a person"))
	}
	return g.Flush()
}

// instantsShown bounds how far ahead Next looks.
const instantsShown = 10

// instants counts what comes later by its exact instant.
func (g *page) instants(upcoming []plans.Upcoming) []dayCount {
	var all []dayCount
	for _, u := range upcoming {
		if n := len(all); n == 0 || !all[n-1].day.Equal(u.At) {
			if n == instantsShown {
				break
			}
			all = append(all, dayCount{u.At, make(map[plans.Kind]int)})
		}
		all[len(all)-1].counts[u.Kind] += u.Count
	}
	return all
}
