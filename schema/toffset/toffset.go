// Package toffset is the language of time in a plan: offsets from T such as
// "T-60d@09:00", durations such as "1d12h", and wall-clock instants.
//
// Weeks and days are nominal (RFC 5545, section 3.3.6): they keep the
// wall-clock time in a zone. Hours, minutes and seconds are elapsed time. Days
// are applied before hours.
//
// A zone that is passed to a function of this package must not be nil.
package toffset

import "time"

// Offset is a distance from T, with an optional local time of day. The zero
// value is T itself. Offsets are compared with ==.
type Offset struct {
	Days         int // calendar days, weeks included; negative before T
	BusinessDays int
	Elapsed      time.Duration // of the same sign as Days
	// Clock is the local time of day that the result is set to, counted from
	// midnight on the wall. It is 0 while HasClock is false.
	Clock    time.Duration
	HasClock bool
}

// Duration is a length of time in the same units, never negative. Durations are
// compared with ==; 1d and 24h are different durations.
type Duration struct {
	Days         int
	BusinessDays int
	Elapsed      time.Duration
}

const day = 24 * time.Hour

// From resolves the offset for a T in zone: first the days, keeping T's
// wall-clock time or setting the offset's own, then the elapsed time. The
// change is what the step of days met. Business days are not resolved here.
func (o Offset) From(t time.Time, zone *time.Location) (time.Time, Change) {
	t = t.In(zone)
	if o.Days == 0 && !o.HasClock {
		return t.Add(o.Elapsed), Exact // T as it is, even in the second hour of a fold
	}
	year, month, date, clock := o.wanted(t)
	t, change := Wall(year, month, date, clock, zone)
	return t.Add(o.Elapsed), change
}

// wanted is the wall-clock time that the days and the time of day of the offset
// ask for, whether it exists or not. The day may lie outside its month.
func (o Offset) wanted(local time.Time) (int, time.Month, int, time.Duration) {
	year, month, date := local.Date()
	if o.HasClock {
		return year, month, date + o.Days, o.Clock
	}
	return year, month, date + o.Days, sinceMidnight(local)
}

func sinceMidnight(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute +
		time.Duration(s)*time.Second + time.Duration(t.Nanosecond())
}

// Nominal is the offset's length with days of 24 hours, for ordering phases.
// A time of day counts from the midnight of its day relative to T's unknown
// time of day and is left out.
func (o Offset) Nominal() time.Duration {
	return time.Duration(o.Days+o.BusinessDays)*day + o.Elapsed
}

// Order compares two offsets without knowing T: negative when a comes before b.
// It is certain when it holds for every T whose days have 24 hours. It is not
// when only one of the two has a time of day and they lie less than a day apart:
// then T's own time of day decides.
func Order(a, b Offset) (cmp int, certain bool) {
	apart := a.Nominal() - b.Nominal()
	if a.HasClock && b.HasClock {
		apart += a.Clock - b.Clock
	}
	certain = a.HasClock == b.HasClock || apart.Abs() >= day
	switch {
	case apart < 0:
		return -1, certain
	case apart > 0:
		return 1, certain
	default:
		return 0, certain
	}
}

// Before is the instant that lies d before t in zone.
func (d Duration) Before(t time.Time, zone *time.Location) time.Time {
	at, _ := d.BeforeT().From(t, zone)
	return at
}

// Since is the instant that lies d after t in zone.
func (d Duration) Since(t time.Time, zone *time.Location) time.Time {
	at, _ := Offset{Days: d.Days, BusinessDays: d.BusinessDays, Elapsed: d.Elapsed}.From(t, zone)
	return at
}

// BeforeT is the offset that lies d before T.
func (d Duration) BeforeT() Offset {
	return Offset{Days: -d.Days, BusinessDays: -d.BusinessDays, Elapsed: -d.Elapsed}
}

// IsZero reports whether d is no time at all.
func (d Duration) IsZero() bool { return d == Duration{} }

// Nominal is d with days of 24 hours.
func (d Duration) Nominal() time.Duration {
	return time.Duration(d.Days+d.BusinessDays)*day + d.Elapsed
}
