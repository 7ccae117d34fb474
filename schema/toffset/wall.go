package toffset

import (
	"sort"
	"time"
)

// Change says what a change of the clocks did to a wall-clock time.
type Change uint8

// The kinds of change.
const (
	Exact Change = iota // the wall-clock time exists once
	Gap                 // it was skipped: the first instant after the gap was taken
	Fold                // it happens twice: the first was taken
)

// widest is more than any place is ever away from UTC, and more than any change
// of the clocks has skipped: Samoa left out a day in 2011.
const widest = 48 * time.Hour

// Wall resolves a wall-clock time in zone; clock counts from midnight on the
// wall, and a day outside its month is carried over as time.Date does. A time
// that a change of the clocks skips resolves to the first instant after the gap,
// one that it repeats to the first of the two. (The standard library's time.Date
// does not say which.)
func Wall(year int, month time.Month, day int, clock time.Duration, zone *time.Location) (time.Time, Change) {
	wall := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(clock)
	var first time.Time
	change := Gap // until an instant is found at which the wall shows it
	latest := wall.Add(widest)
	for at := wall.Add(-widest).In(zone); !at.After(latest); at = nextZone(at) {
		candidate := wall.Add(-east(at)).In(zone)
		switch {
		case east(candidate) != east(at): // another zone is in effect by then
		case change == Gap:
			first, change = candidate, Exact
		case candidate.Equal(first):
		case candidate.Before(first):
			first, change = candidate, Fold
		default:
			change = Fold
		}
	}
	if change == Gap {
		return afterGap(wall, zone), Gap
	}
	return first, change
}

// afterGap finds the first instant at which the wall shows more than a time
// that it never shows.
func afterGap(wall time.Time, zone *time.Location) time.Time {
	from := wall.Add(-widest).Truncate(time.Second) // clocks change on whole seconds
	n := sort.Search(int(2*widest/time.Second), func(n int) bool {
		at := from.Add(time.Duration(n) * time.Second).In(zone)
		return at.Add(east(at)).After(wall)
	})
	return from.Add(time.Duration(n) * time.Second).In(zone)
}

// east is how far the wall is ahead of UTC.
func east(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

// nextZone is an instant after t that is not beyond the next change of the
// clocks.
func nextZone(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	switch {
	case end.IsZero():
		return t.Add(2*widest + 1) // there is no change any more
	case end.After(t):
		return end
	default:
		// In years for which a zone has a rule instead of a table, ZoneBounds
		// counts 365 days and has the last zone of a leap year end on the
		// morning of 31 December. No clock changes during that day.
		return t.Add(24 * time.Hour)
	}
}
