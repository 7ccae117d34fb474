package view

import (
	"io"
	"slices"
	"strings"
	"time"

	"transition/plans"
)

// Filter says which tenants of a selection are shown. The zero Filter passes all.
type Filter struct {
	Statuses []plans.PhaseStatus // any of these; empty: all
	Missed   bool                // only those with an item that was missed
	Locks    bool                // only those with a lock
	Selected bool                // only some of the tenants are looked at
}

// Active reports whether the filter holds anything back.
func (f Filter) Active() bool { return len(f.Statuses) > 0 || f.Missed || f.Locks }

// Passes reports whether a tenant is shown.
func (f Filter) Passes(s *plans.TenantStatus) bool {
	if len(f.Statuses) > 0 && !slices.Contains(f.Statuses, s.Status) {
		return false
	}
	if f.Locks && len(s.Locks) == 0 {
		return false
	}
	missed := func(it plans.ItemStatus) bool { return it.State == plans.ItemMissed }
	return !f.Missed || slices.ContainsFunc(s.Items, missed)
}

// StatusList lists tenants one a line as they come; with the filter's Locks,
// one lock a line.
type StatusList struct {
	page  *page
	note  string
	locks bool
	none  string // said of an empty list
	rows  [][]string
	n     int
}

// NewStatusList begins a list. The note says what kind of state it is of; it may
// be empty.
func NewStatusList(w io.Writer, s Screen, now time.Time, zone *time.Location, f Filter, note string) *StatusList {
	v := &StatusList{page: newPage(w, s, now, zone), note: note, locks: f.Locks, none: "No tenant is like that."}
	if f.Locks && !f.Missed && !f.Selected && len(f.Statuses) == 0 {
		v.none = "No lock is held."
	}
	return v
}

// Add lists one tenant; the value is not kept.
func (v *StatusList) Add(s *plans.TenantStatus) {
	v.n++
	if v.locks {
		for i := range s.Locks {
			v.rows = append(v.rows, v.page.lockRow(s.ID, &s.Locks[i]))
		}
	} else {
		v.rows = append(v.rows, v.page.tenantRow(s))
	}
	if len(v.rows) >= chunk {
		v.page.rows("", v.rows)
		v.rows = v.rows[:0]
	}
}

// Close prints what is left, how many tenants there were, and as of when.
func (v *StatusList) Close() error {
	v.page.rows("", v.rows)
	if v.n == 0 {
		v.page.linef("%s", v.none)
	} else {
		words := tenants(v.n) + " · " + v.page.dated(v.page.now)
		if v.note != "" {
			words += " · " + v.note
		}
		v.page.linef("%s", v.page.paint(faint, words))
	}
	return v.page.Flush()
}

func (p *page) tenantRow(s *plans.TenantStatus) []string {
	w := p.in(s.Zone)
	return []string{clean(s.ID), clean(s.Batch), clean(s.Phase), p.statusMark(s.Status), situation(s, w)}
}

// situation says in a few words what a tenant does or waits for.
func situation(s *plans.TenantStatus, w wall) string {
	var parts []string
	if words := newcomer(s); words != "" {
		parts = append(parts, words)
	}
	if it := worstItem(s); it != nil {
		parts = append(parts, clean(it.Item)+" "+itemWords(it, w))
	}
	if s.Held != nil {
		parts = append(parts, "held: "+clean(s.Held.Reason))
	}
	for i := range s.Locks {
		switch {
		case s.Locks[i].Overdue:
			parts = append(parts, clean(s.Locks[i].Item)+" overdue")
		case s.Locks[i].Kept != "":
			parts = append(parts, clean(s.Locks[i].Item)+" "+clean(s.Locks[i].Kept))
		}
	}
	if len(parts) == 0 && !s.Next.IsZero() {
		parts = append(parts, "next "+w.minute(s.Next))
	}
	return strings.Join(parts, " · ")
}

// newcomer says what the next apply records of a tenant before anything else.
func newcomer(s *plans.TenantStatus) string {
	switch {
	case s.New && s.Becomes != "":
		return "not enrolled yet: the next apply enrols it and places it in " + clean(s.Becomes)
	case s.New:
		return "not enrolled yet: the next apply enrols it"
	case s.Becomes != "":
		return "the next apply places it in " + clean(s.Becomes)
	default:
		return ""
	}
}

func lockedSince(p *page, l *plans.LockStatus) string {
	if l.Since.IsZero() {
		return "locked"
	}
	return "locked since " + p.brief(l.Since)
}

func (p *page) lockRow(tenant string, l *plans.LockStatus) []string {
	alarm := ""
	switch {
	case l.Kept != "":
		alarm = p.paint(red, clean(l.Kept))
	case l.Overdue:
		alarm = p.paint(red, joined("overdue since "+p.brief(l.Alarm), clean(l.Waits)))
	case l.Waits != "":
		alarm = p.paint(red, clean(l.Waits))
	case !l.Alarm.IsZero():
		alarm = "alarm " + p.brief(l.Alarm)
	}
	release := "its release has no date"
	if !l.ReleaseAt.IsZero() {
		release = "release due " + p.brief(l.ReleaseAt)
	}
	if !l.ReleaseAt.IsZero() && l.Waits != "" {
		release = "release was due " + p.brief(l.ReleaseAt)
	}
	return []string{clean(tenant + "/" + l.Phase + "/" + l.Item), lockedSince(p, l), release, alarm}
}
