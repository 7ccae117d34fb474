package toffset

import (
	"errors"
	"strings"
	"time"
)

// The years that an instant may lie in. With the longest offset added on either
// side it can still be counted in nanoseconds in 64 bits.
const (
	firstYear = 1970
	lastYear  = 2150
)

const instantForms = `Write for example "2012-03-09", "2012-03-09 18:00" or "2012-03-09T18:00:00-08:00".`

// ParseInstant reads an RFC 3339 instant, or a local date or time in zone:
// "2012-03-09", "2012-03-09 18:00", "2012-03-09T18:00:00". A bare date is its
// midnight. A local time that a change of the clocks skips or repeats is
// resolved as Wall does. The result is in zone and lies in the years 1970 to
// 2150. An error is a *SyntaxError.
func ParseInstant(s string, zone *time.Location) (time.Time, Change, error) {
	t, change, problem := parseInstant(s, zone)
	if problem != "" {
		return time.Time{}, Exact, &SyntaxError{Problem: quote(s) + " " + problem, Fix: instantForms}
	}
	return t, change, nil
}

func parseInstant(s string, zone *time.Location) (time.Time, Change, string) {
	var t time.Time
	change := Exact
	// UnmarshalText keeps to RFC 3339 more strictly than Parse.
	if err := t.UnmarshalText([]byte(s)); err != nil {
		wall, problem := parseWall(s)
		if problem != "" {
			return time.Time{}, Exact, problem
		}
		year, month, date := wall.Date()
		t, change = Wall(year, month, date, sinceMidnight(wall), zone)
	}
	if year := t.Year(); year < firstYear || year > lastYear {
		return time.Time{}, Exact, "is not in the years 1970 to 2150."
	}
	return t.In(zone), change, ""
}

// parseWall reads a local date or time as if it were in UTC.
func parseWall(s string) (time.Time, string) {
	const date = "2006-01-02"
	normal := s
	if len(s) > len(date) && s[len(date)] == 'T' {
		normal = s[:len(date)] + " " + s[len(date)+1:]
	}
	problem := "is no date or time."
	for _, layout := range []string{date, date + " 15:04", date + " 15:04:05"} {
		t, err := time.Parse(layout, normal)
		if err == nil && t.Format(layout) == normal { // time.Parse also takes 9:00 and fractions
			return t, ""
		}
		if p := (*time.ParseError)(nil); errors.As(err, &p) && strings.HasSuffix(p.Message, "out of range") {
			problem = "is written like a date or time, but the calendar or the clock has no such one."
		}
	}
	return time.Time{}, problem
}
