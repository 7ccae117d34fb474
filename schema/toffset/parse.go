package toffset

import (
	"fmt"
	"strings"
	"time"
)

// SyntaxError says why a text is no offset, duration or instant, in two full
// sentences: what is wrong, and what to write instead.
type SyntaxError struct {
	Problem string // `"T-60" has no unit after 60.`
	Fix     string // `Write "T-60d" or "T-60h".`
}

// Error is both sentences.
func (e *SyntaxError) Error() string { return e.Problem + " " + e.Fix }

// Parse reads an offset: T, T-60d, T+48h, T-2w, T-1d12h, T-10bd, T-60d@09:00.
//
// Units are written from the largest to the smallest (w, d, bd, h, m, s), each
// at most once, and the sign counts for all of them. A time of day is written
// HH:MM or HH:MM:SS; it stands after T itself or after calendar units only,
// since elapsed hours and a time of day would contradict each other. No offset
// is longer than 100 years.
//
// An error is a *SyntaxError.
func Parse(s string) (Offset, error) {
	o, problem := parseOffset(s)
	if problem == "" {
		return o, nil
	}
	return Offset{}, &SyntaxError{Problem: quote(s) + " " + problem, Fix: fixOffset(s)}
}

// ParseDuration reads a length of time: 30d, 12h, 1d12h, 90s, 2w, 10bd. The
// units are those of offsets, without T, sign and time of day. An error is a
// *SyntaxError.
func ParseDuration(s string) (Duration, error) {
	d, problem := parseDuration(s)
	if problem == "" {
		return d, nil
	}
	return Duration{}, &SyntaxError{Problem: quote(s) + " " + problem, Fix: fixDuration(s)}
}

// parseOffset returns what is wrong as the end of a sentence that begins with
// the text; empty: nothing.
func parseOffset(s string) (Offset, string) {
	rest, ok := strings.CutPrefix(s, "T")
	if !ok {
		return Offset{}, "does not begin with T, the cutover."
	}
	length, clock, hasClock := strings.Cut(rest, "@")
	var o Offset
	if length != "" {
		sign := 1
		switch length[0] {
		case '+':
		case '-':
			sign = -1
		default:
			return Offset{}, "has no + or - after T."
		}
		d, problem := parseUnits(length[1:])
		if problem != "" {
			return Offset{}, problem
		}
		o = Offset{Days: sign * d.Days, BusinessDays: sign * d.BusinessDays, Elapsed: time.Duration(sign) * d.Elapsed}
	}
	if !hasClock {
		return o, ""
	}
	if strings.ContainsAny(length, "hms") {
		return Offset{}, "asks for elapsed time and for a time of day, which contradict each other."
	}
	at, ok := parseClock(clock)
	if !ok {
		return Offset{}, "has no time of day from 00:00 to 23:59:59 after @."
	}
	o.Clock, o.HasClock = at, true
	return o, ""
}

func parseDuration(s string) (Duration, string) {
	switch {
	case strings.HasPrefix(s, "T"):
		return Duration{}, "is counted from T, but here a length of time is needed."
	case strings.HasPrefix(s, "-"), strings.HasPrefix(s, "+"):
		return Duration{}, "has a sign, which a length of time has not."
	case strings.Contains(s, "@"):
		return Duration{}, "has a time of day, which a length of time has not."
	}
	return parseUnits(s)
}

// parseClock reads HH:MM or HH:MM:SS.
func parseClock(s string) (time.Duration, bool) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		t, err := time.Parse(layout, s)
		if err == nil && t.Format(layout) == s { // time.Parse also takes 9:00 and fractions
			return sinceMidnight(t), true
		}
	}
	return 0, false
}

// quote shortens what somebody else wrote and puts it into quotation marks.
func quote(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
