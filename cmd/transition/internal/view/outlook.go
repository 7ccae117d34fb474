package view

import (
	"fmt"
	"strings"
	"time"

	"transition/plans"
)

// daysShown is how many of the days to come are listed.
const daysShown = 3

// dayCount is what falls due on one local day.
type dayCount struct {
	day    time.Time // its first instant at which something falls due
	counts map[plans.Kind]int
}

// outlook says what comes later, day by day, and when the next instant is.
func (g *page) outlook(p *plans.Plan) {
	if p.Next.IsZero() && len(p.Upcoming) == 0 {
		return
	}
	g.section("")
	g.later(g.days(p.Upcoming))
	if !p.Next.IsZero() {
		g.linef("%s  %s", g.paint(bold, "Next  "), g.ahead(p.Next))
	}
}

func (g *page) later(days []dayCount) {
	for i, d := range days[:min(len(days), daysShown)] {
		label := "      "
		if i == 0 {
			label = g.paint(bold, "Later ")
		}
		g.linef("%s  %s: %s%s", label, g.day(d.day), dueCounts(d.counts), g.gap(days, i))
	}
}

// gap says what follows a day when that is not simply the next line.
func (g *page) gap(days []dayCount, i int) string {
	if i+1 >= len(days) {
		return ""
	}
	following := days[i+1].day
	if !g.sameDay(days[i].day.In(g.zone).AddDate(0, 0, 1), following) {
		return " · then nothing until " + g.day(following)
	}
	if i+1 == daysShown {
		return " · and so on"
	}
	return ""
}

// days counts what comes later by local day.
func (g *page) days(upcoming []plans.Upcoming) []dayCount {
	var days []dayCount
	for _, u := range upcoming {
		if n := len(days); n == 0 || !g.sameDay(days[n-1].day, u.At) {
			days = append(days, dayCount{u.At, make(map[plans.Kind]int)})
		}
		days[len(days)-1].counts[u.Kind] += u.Count
	}
	return days
}

// dueCounts is "unlock 409, send 409".
func dueCounts(counts map[plans.Kind]int) string {
	var parts []string
	for _, k := range plans.Kinds() {
		if n := counts[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", k, n))
		}
	}
	return strings.Join(parts, ", ")
}
