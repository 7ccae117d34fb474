package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/schema"
)

const (
	batchesShown = 12
	reasonsShown = 5
	barWidth     = 20
)

// Status shows tenants summed up: a table of phases and statuses, how far each
// batch is, why tenants do not move, and who is worst.
//
// Add it every tenant, then Close it. It keeps no more than a few of them.
type Status struct {
	page  *page
	tally *tally
	note  string
}

// NewStatus begins a summary as of an instant. The note says what kind of state
// it is of; it may be empty.
func NewStatus(w io.Writer, s Screen, cfg *schema.Config, now time.Time, note string) *Status {
	return &Status{page: newPage(w, s, now, cfg.Zone), tally: newTally(cfg), note: note}
}

// Add counts one tenant; the value is not kept.
func (v *Status) Add(s *plans.TenantStatus) { v.tally.add(s, v.page.wall) }

// Close prints the summary.
func (v *Status) Close() error {
	p, t := v.page, v.tally
	p.begun = true
	p.linef("%s", v.header())
	if t.tenants > 0 {
		p.section("")
		p.rows("", v.table(), 2, 3, 4, 5, 6, 7)
		p.section("")
		v.batches()
		v.held()
		v.breakers()
		v.worst()
	}
	return p.Flush()
}

func (v *Status) header() string {
	p, t := v.page, v.tally
	parts := []string{p.paint(bold, tenants(t.tenants)), p.dated(p.now)}
	if v.note != "" {
		parts = append(parts, v.note)
	}
	if t.fresh > 0 {
		parts = append(parts, fmt.Sprintf("%d not enrolled yet", t.fresh))
	}
	if t.need > 0 {
		parts = append(parts, p.paint(red, count(t.need, "needs you", "need you")))
	}
	if t.ask > 0 {
		parts = append(parts, p.paint(yellow, count(t.ask, "approval waits", "approvals wait")))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d locked, %d overdue", t.locked, t.overdue)), " · ")
}

// table has a row for each phase in which anybody is.
func (v *Status) table() [][]string {
	head := []string{" "}
	for _, s := range plans.Statuses() {
		head = append(head, s.String())
	}
	rows := [][]string{append(head, "held")}
	for _, phase := range append([]string{""}, v.tally.phases...) {
		if counts := v.tally.counts[phase]; counts != nil {
			rows = append(rows, v.tableRow(phase, counts))
		}
	}
	return rows
}

func (v *Status) tableRow(phase string, counts *[5]int) []string {
	name := clean(phase)
	if name == "" {
		name = "(no phase)"
	}
	row := []string{name}
	for _, s := range plans.Statuses() {
		cell := dash(counts[s])
		if counts[s] > 0 && (s == plans.Error || s == plans.Warning) {
			cell = v.page.paint(statusInk(s), cell)
		}
		row = append(row, cell)
	}
	return append(row, dash(v.tally.heldIn[phase]))
}

func statusInk(s plans.PhaseStatus) ink {
	if s == plans.Error {
		return red
	}
	return yellow
}

func dash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func (v *Status) batches() {
	all := v.tally.byDate()
	shown := all[:min(len(all), batchesShown)]
	rows := make([][]string, len(shown))
	for i, b := range shown {
		date := "no date"
		if !b.t.IsZero() {
			date = "T " + v.page.in(b.zone).minute(b.t)
		}
		words := fmt.Sprintf("%d of %d moved", b.moved, b.tenants)
		if b.waived > 0 {
			words += fmt.Sprintf(", %d went on without (waived)", b.waived)
		}
		rows[i] = []string{clean(b.name), date, bar(b.moved, b.tenants), words}
	}
	v.page.rows("", rows)
	if n := len(all) - len(shown); n > 0 {
		v.page.linef("... and %s: show", count(n, "more batch", "more batches"))
	}
}

// bar is full only when everything is done, and empty only when nothing is.
func bar(done, all int) string {
	n := done * barWidth / max(all, 1)
	if done > 0 && n == 0 {
		n = 1
	}
	return strings.Repeat("#", n) + strings.Repeat("-", barWidth-n)
}

func (v *Status) held() {
	all := v.tally.held.sorted()
	if len(all) == 0 {
		return
	}
	var parts []string
	for _, r := range all[:min(len(all), reasonsShown)] {
		parts = append(parts, fmt.Sprintf("%d %s", v.tally.held[r], r))
	}
	if n := len(all) - reasonsShown; n > 0 {
		parts = append(parts, count(n, "more reason", "more reasons"))
	}
	v.page.linef("%s   %s", v.page.paint(bold, "held"), strings.Join(parts, " · "))
}

// breakers tells which are open, and how they are reset.
func (v *Status) breakers() {
	for _, name := range slices.Sorted(maps.Keys(v.tally.breakers)) {
		b := v.tally.breakers[name]
		v.page.linef("%s   %s", v.page.paint(bold, "open"), joined(clean(b.held.Reason), fmt.Sprintf("%d kept back", b.kept)))
		v.page.answer(resetWords(b.held))
	}
}

func (v *Status) worst() {
	var rows [][]string
	for _, status := range []plans.PhaseStatus{plans.Error, plans.Warning} {
		kept := v.tally.worst[status]
		for i, w := range kept {
			more := ""
			if n := v.tally.count(status) - len(kept); n > 0 && i == 0 {
				more = fmt.Sprintf("(+%d: status -status=%s)", n, status)
			}
			rows = append(rows, []string{
				clean(w.id), joined(clean(w.phase), v.page.statusMark(status)), w.words, v.page.paint(faint, more),
			})
		}
	}
	for i, l := range align(rows) {
		label := "     "
		if i == 0 {
			label = v.page.paint(bold, "worst")
		}
		v.page.linef("%s  %s", label, l)
	}
}
