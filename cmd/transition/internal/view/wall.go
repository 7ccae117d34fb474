package view

import (
	"fmt"
	"strings"
	"time"
)

// wall writes instants as people read them, relative to a moment: in a zone,
// with the weekday, and with the year only where it is another one.
type wall struct {
	zone *time.Location
	now  time.Time
}

func newWall(now time.Time, zone *time.Location) wall {
	if zone == nil {
		zone = time.UTC
	}
	return wall{zone: zone, now: now.In(zone)}
}

// in is the same moment seen from another zone; nil: from the same.
func (w wall) in(zone *time.Location) wall {
	if zone == nil {
		return w
	}
	return newWall(w.now, zone)
}

// day is "Sun 25 Mar".
func (w wall) day(t time.Time) string {
	t = t.In(w.zone)
	if t.Year() != w.now.Year() {
		return t.Format("Mon 2 Jan 2006")
	}
	return t.Format("Mon 2 Jan")
}

// minute is "Sun 25 Mar 18:00", local time.
func (w wall) minute(t time.Time) string { return w.day(t) + t.In(w.zone).Format(" 15:04") }

// brief is "18:00" today, and with its day on other days.
func (w wall) brief(t time.Time) string {
	local := t.In(w.zone)
	if local.YearDay() == w.now.YearDay() && local.Year() == w.now.Year() {
		return local.Format("15:04")
	}
	return w.minute(t)
}

// both is "Sun 25 Mar 18:00 PDT (Mon 01:00 UTC)".
func (w wall) both(t time.Time) string { return w.minute(t) + w.zoned(t) }

// dated is both, with the year in any case.
func (w wall) dated(t time.Time) string {
	return t.In(w.zone).Format("Mon 2 Jan 2006 15:04") + w.zoned(t)
}

func (w wall) zoned(t time.Time) string {
	local, utc := t.In(w.zone), t.UTC()
	name, offset := local.Zone()
	if offset == 0 && name == "UTC" {
		return " UTC"
	}
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		name = "UTC" + name
	}
	if local.Day() != utc.Day() {
		return fmt.Sprintf(" %s (%s UTC)", name, utc.Format("Mon 15:04"))
	}
	return fmt.Sprintf(" %s (%s UTC)", name, utc.Format("15:04"))
}

// ahead is an instant to come with the time until it; "now" when it has come.
func (w wall) ahead(t time.Time) string {
	if !t.After(w.now) {
		return "now"
	}
	return w.both(t) + ", in " + span(t.Sub(w.now))
}

// sameDay reports whether two instants lie on one local day.
func (w wall) sameDay(a, b time.Time) bool {
	a, b = a.In(w.zone), b.In(w.zone)
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// span is a length of time in at most two units, as in "38 h 53 min".
func span(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 72*60 && minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	case minutes < 72*60:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	default:
		return fmt.Sprintf("%d days", minutes/(24*60))
	}
}
