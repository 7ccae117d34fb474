package toffset

import (
	"strconv"
	"strings"
	"time"
)

// Show writes an instant for people, with its weekday, local time, zone and UTC:
//
//	Sun 11 Mar 2012 19:00 PDT (Mon 02:00 UTC)
//
// In UTC itself the part in parentheses is left out. Seconds are shown when
// there are any.
func Show(t time.Time, zone *time.Location) string {
	local := ShowLocal(t, zone)
	if name, east := t.In(zone).Zone(); east == 0 && name == "UTC" {
		return local
	}
	utc := t.UTC()
	return local + " (" + utc.Format("Mon "+clockLayout(utc)) + " UTC)"
}

// ShowLocal is Show without UTC: "Sun 11 Mar 2012 19:00 PDT". A zone that has no
// letters of its own shows as its distance from UTC: "+0530".
func ShowLocal(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	layout := "Mon 2 Jan 2006 " + clockLayout(t) + " MST"
	if name, _ := t.Zone(); name == "" || name[0] == '+' || name[0] == '-' {
		layout = strings.Replace(layout, "MST", "-0700", 1)
	}
	return t.Format(layout)
}

func clockLayout(t time.Time) string {
	if t.Second() != 0 {
		return "15:04:05"
	}
	return "15:04"
}

// Note says in words what a change of the clocks did to the offset for a T in
// zone, as in "02:30 does not exist on Sun 11 Mar 2012: 03:00 was taken". It is
// empty when nothing happened.
func (o Offset) Note(t time.Time, zone *time.Location) string {
	year, month, date, clock := o.wanted(t.In(zone))
	o.Elapsed = 0
	taken, change := o.From(t, zone)
	wanted := time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Add(clock)
	const onDay = "Mon 2 Jan 2006"
	said := wanted.Format(clockLayout(wanted))
	switch change {
	case Exact:
		return ""
	case Fold:
		return said + " happens twice on " + wanted.Format(onDay) + ": the first was taken"
	default:
		layout := clockLayout(taken)
		if taken.YearDay() != wanted.YearDay() {
			layout = onDay + " " + layout
		}
		return said + " does not exist on " + wanted.Format(onDay) + ": " + taken.Format(layout) + " was taken"
	}
}

// String gives the canonical form, as in "T-1d@09:00" or "T-1d12h"; Parse reads
// it back. Weeks are written as days.
func (o Offset) String() string {
	var b strings.Builder
	b.WriteByte('T')
	if o.Days != 0 || o.BusinessDays != 0 || o.Elapsed != 0 {
		sign := byte('+')
		if o.Days < 0 || o.BusinessDays < 0 || o.Elapsed < 0 {
			sign = '-'
		}
		b.WriteByte(sign)
		writeUnits(&b, o.Days, o.BusinessDays, o.Elapsed)
	}
	if o.HasClock {
		at := time.Time{}.Add(o.Clock)
		b.WriteString(at.Format("@" + clockLayout(at)))
	}
	return b.String()
}

// String gives the canonical form, as in "1d12h"; ParseDuration reads it back.
// No time at all is "0s".
func (d Duration) String() string {
	if d.IsZero() {
		return "0s"
	}
	var b strings.Builder
	writeUnits(&b, d.Days, d.BusinessDays, d.Elapsed)
	return b.String()
}

func writeUnits(b *strings.Builder, days, businessDays int, elapsed time.Duration) {
	seconds := int64(elapsed / time.Second)
	for _, part := range []struct {
		n    int64
		unit string
	}{
		{int64(days), "d"},
		{int64(businessDays), "bd"},
		{seconds / 3600, "h"},
		{seconds / 60 % 60, "m"},
		{seconds % 60, "s"},
	} {
		if part.n != 0 {
			b.WriteString(strconv.FormatInt(max(part.n, -part.n), 10))
			b.WriteString(part.unit)
		}
	}
}
