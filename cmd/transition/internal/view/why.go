package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"transition/plans"
	"transition/schema"
)

// Why explains one tenant: where it is, what stops it down to the line of the
// plan, and how each item stands. The note says what kind of state it is of; it
// may be empty.
func Why(w io.Writer, s Screen, cfg *schema.Config, t *plans.TenantStatus, now time.Time, note string) error {
	zone := cfg.Zone
	if t.Zone != nil {
		zone = t.Zone
	}
	p := newPage(w, s, now, zone)
	p.begun = true
	p.linef("%s", p.tenantHeader(t, note))
	p.linef("%s", joined(clean(t.Phase), p.statusMark(t.Status)))
	if words := newcomer(t); words != "" {
		p.linef("%s", words)
	}
	p.whyHeld(t)
	p.whyStopped(t)
	p.whyItems(t, approvalsOf(cfg))
	p.whyLocks(t)
	p.section("")
	if t.Next.IsZero() {
		p.linef("%s  nothing more falls due by itself", p.paint(bold, "Next"))
	} else {
		p.linef("%s  %s", p.paint(bold, "Next"), p.ahead(t.Next))
	}
	return p.Flush()
}

func (p *page) tenantHeader(t *plans.TenantStatus, note string) string {
	parts := []string{p.paint(bold, clean(t.ID))}
	switch {
	case t.Batch == "":
		parts = append(parts, "no batch")
	case t.T.IsZero():
		parts = append(parts, "batch "+clean(t.Batch), "no date yet")
	default:
		parts = append(parts, "batch "+clean(t.Batch), "T "+p.dated(t.T))
	}
	if t.Epoch > 1 {
		parts = append(parts, fmt.Sprintf("epoch %d", t.Epoch))
	}
	if note != "" {
		parts = append(parts, note)
	}
	return strings.Join(parts, " · ")
}

func (p *page) whyHeld(t *plans.TenantStatus) {
	if t.Held == nil {
		return
	}
	h := t.Held
	p.section("")
	p.linef("%s %s", p.paint(yellow, "held:"), clean(h.Reason))
	var parts []string
	if h.By != "" {
		parts = append(parts, "by "+clean(h.By))
	}
	if when := p.period(h.Since, h.Until); when != "" {
		parts = append(parts, when)
	}
	if at := sourceWords(h.Source); at != "" {
		parts = append(parts, at)
	}
	if len(parts) > 0 {
		p.linef("      %s", p.paint(faint, strings.Join(parts, " · ")))
	}
	if h.Resumable {
		p.answer("transition resume " + shell(t.ID) + " -reason=...")
	}
}

// whyStopped tells of the open breaker that keeps a tenant back, or will.
func (p *page) whyStopped(t *plans.TenantStatus) {
	if t.Stopped == nil {
		return
	}
	if t.Held == nil || t.Held.Breaker == "" {
		p.section("")
		p.linef("%s %s", p.paint(yellow, "will be held:"), clean(t.Stopped.Reason))
	}
	p.answer(resetWords(t.Stopped))
}

// resetWords are the command that resets the breaker by which a tenant is held.
func resetWords(h *plans.Held) string { return Answer(plans.WaitBreaker, h.Breaker) }

func sourceWords(s plans.Source) string {
	switch {
	case s.File == "":
		return ""
	case s.Line == 0:
		return clean(s.File)
	default:
		return fmt.Sprintf("%s:%d", clean(s.File), s.Line)
	}
}

func (p *page) whyItems(t *plans.TenantStatus, asks approvals) {
	if len(t.Items) == 0 {
		return
	}
	p.section("Items")
	rows := make([][]string, len(t.Items))
	for i := range t.Items {
		rows[i] = p.itemRow(&t.Items[i], saying(t, &t.Items[i]))
	}
	for i, l := range align(rows) {
		p.linef("  %s", l)
		if answer := asks.answerFor(t, &t.Items[i], p.wall); answer != "" {
			p.answer(answer)
		}
	}
}

func (p *page) itemRow(it *plans.ItemStatus, words string) []string {
	at := "not dated"
	if !it.At.IsZero() {
		at = p.minute(it.At)
	}
	switch {
	case it.State == plans.ItemRetrying, it.State == plans.ItemRunning && !it.NextAttempt.IsZero():
		words = itemWords(it, p.wall)
	case it.Attempts > 0:
		words = joined(count(it.Attempts, "attempt", "attempts"), words)
	}
	return []string{p.stateMark(it.State), clean(it.Phase + "/" + it.Item), at, words, p.paint(faint, sourceWords(it.Source))}
}

func (p *page) whyLocks(t *plans.TenantStatus) {
	if len(t.Locks) == 0 {
		return
	}
	p.section("Locks")
	rows := make([][]string, len(t.Locks))
	for i := range t.Locks {
		rows[i] = p.lockRow(t.ID, &t.Locks[i])
	}
	p.rows("  ", rows)
}
