// Package toffset is the language of time in a plan: offsets from T such as
// "T-60d@09:00", durations such as "1d12h", and wall-clock instants.
//
// Weeks and days are nominal (RFC 5545, section 3.3.6): they keep the
// wall-clock time in a zone. Hours, minutes and seconds are elapsed time. Days
// are applied before hours.
package toffset

import "time"

// Offset is a distance from T, with an optional local time of day. The zero
// value is T itself.
type Offset struct {
	Days         int // calendar days, weeks included; negative before T
	BusinessDays int
	Elapsed      time.Duration // of the same sign as Days
	// Clock is the local time of day that the result is set to, counted from
	// midnight on the wall; -1 or absent (HasClock false): none.
	Clock    time.Duration
	HasClock bool
}

// Duration is a length of time in the same units, never negative.
type Duration struct {
	Days         int
	BusinessDays int
	Elapsed      time.Duration
}

// Change says what a change of the clocks did to a wall-clock time.
type Change uint8

// The kinds of change.
const (
	Exact Change = iota // the wall-clock time exists once
	Gap                 // it was skipped: the first instant after the gap was taken
	Fold                // it happens twice: the first was taken
)

// Parse reads an offset: T, T-60d, T+48h, T-2w, T-1d12h, T-10bd, T-60d@09:00.
// An error is a full sentence that says what is wrong and shows a right form.
func Parse(s string) (Offset, error) { panic("stub") }

// ParseDuration reads a length of time: 30d, 12h, 1d12h, 90s, 2w, 10bd.
func ParseDuration(s string) (Duration, error) { panic("stub") }

// ParseInstant reads an RFC 3339 instant, or a local date or time in zone:
// "2012-03-09", "2012-03-09 18:00", "2012-03-09T18:00:00". A local time that a
// change of the clocks skips or repeats is resolved as Wall does.
func ParseInstant(s string, zone *time.Location) (time.Time, Change, error) { panic("stub") }

// Wall resolves a wall-clock time in zone. A time that a change of the clocks
// skips resolves to the first instant after the gap, one that it repeats to the
// first of the two. (The standard library's time.Date does not say which.)
func Wall(year int, month time.Month, day int, clock time.Duration, zone *time.Location) (time.Time, Change) {
	panic("stub")
}

// From resolves the offset for a T in zone. Business days are not resolved here.
func (o Offset) From(t time.Time, zone *time.Location) (time.Time, Change) { panic("stub") }

// Nominal is the offset's length with days of 24 hours, for ordering phases.
// A time of day counts from the midnight of its day relative to T's unknown
// time of day and is left out.
func (o Offset) Nominal() time.Duration { panic("stub") }

// String gives the canonical form, as in "T-1d12h@09:00"; Parse reads it back.
func (o Offset) String() string { panic("stub") }

// Before is the instant that lies d before t in zone.
func (d Duration) Before(t time.Time, zone *time.Location) time.Time { panic("stub") }

// Since is the instant that lies d after t in zone.
func (d Duration) Since(t time.Time, zone *time.Location) time.Time { panic("stub") }

// IsZero reports whether d is no time at all.
func (d Duration) IsZero() bool { return d == Duration{} }

// Nominal is d with days of 24 hours.
func (d Duration) Nominal() time.Duration { panic("stub") }

// String gives the canonical form, as in "1d12h"; ParseDuration reads it back.
func (d Duration) String() string { panic("stub") }
