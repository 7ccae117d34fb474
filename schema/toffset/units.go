package toffset

import (
	"fmt"
	"strings"
	"time"
)

// unit is a unit of time, in the order in which units are written.
type unit uint8

const (
	weeks unit = iota
	days
	businessDays
	hours
	minutes
	seconds
	noUnit
)

// unitNamed finds the unit that a word stands for in a plan.
func unitNamed(word string) unit {
	switch word {
	case "w":
		return weeks
	case "d":
		return days
	case "bd":
		return businessDays
	case "h":
		return hours
	case "m":
		return minutes
	case "s":
		return seconds
	default:
		return noUnit
	}
}

// String is how the unit is written.
func (u unit) String() string {
	return [...]string{"w", "d", "bd", "h", "m", "s", "?"}[u]
}

// length is how long one unit is nominally.
func (u unit) length() time.Duration {
	return [...]time.Duration{7 * day, day, day, time.Hour, time.Minute, time.Second, 0}[u]
}

// longest is 100 years. No sum of such lengths with an instant of our times
// leaves what a time.Duration or a four-digit year can hold.
const longest = 36525 * day

// amount is a number with its unit, as written.
type amount struct {
	digits, word string
}

// scan splits "1d12h" into its amounts. What it returns joined is s again, so
// that a repair can work with the pieces of what is wrong.
func scan(s string) []amount {
	var all []amount
	for s != "" {
		rest := strings.TrimLeft(s, "0123456789")
		digits := s[:len(s)-len(rest)]
		end := strings.IndexAny(rest, "0123456789")
		if end < 0 {
			end = len(rest)
		}
		all = append(all, amount{digits: digits, word: rest[:end]})
		s = rest[end:]
	}
	return all
}

// parseUnits adds up "1d12h". It returns what is wrong as the end of a
// sentence; empty: nothing.
func parseUnits(s string) (Duration, string) {
	if s == "" {
		return Duration{}, "has no number and no unit."
	}
	var d Duration
	last, total := noUnit, time.Duration(0)
	for _, a := range scan(s) {
		u, problem := a.unit(last)
		if problem != "" {
			return Duration{}, problem
		}
		n, ok := a.count(u)
		if total += time.Duration(n) * u.length(); !ok || total > longest {
			return Duration{}, "is longer than 100 years."
		}
		d.add(n, u)
		last = u
	}
	return d, ""
}

// unit checks the amount's unit against the one before it.
func (a amount) unit(last unit) (unit, string) {
	u := unitNamed(a.word)
	switch {
	case a.digits == "":
		return noUnit, fmt.Sprintf("has no number before %s.", quote(a.word))
	case a.word == "":
		return noUnit, fmt.Sprintf("has no unit after %s.", shorten(a.digits))
	case a.word == "." || a.word == ",":
		return noUnit, "has a fraction, but only whole numbers are possible."
	case u == noUnit:
		return noUnit, fmt.Sprintf("has the unknown unit %s; the units are w, d, bd, h, m and s.", quote(a.word))
	case last == u:
		return noUnit, fmt.Sprintf("has the unit %s twice.", u)
	case last != noUnit && u < last:
		return noUnit, fmt.Sprintf("has %s after %s, but units go from the largest to the smallest.", u, last)
	default:
		return u, ""
	}
}

// count is the amount's number, if it alone is within bounds.
func (a amount) count(u unit) (int64, bool) {
	most := int64(longest / u.length())
	var n int64
	for _, c := range []byte(a.digits) {
		if n = n*10 + int64(c-'0'); n > most {
			return 0, false
		}
	}
	return n, true
}

func (d *Duration) add(n int64, u unit) {
	switch u {
	case weeks:
		d.Days += 7 * int(n)
	case days:
		d.Days += int(n)
	case businessDays:
		d.BusinessDays += int(n)
	case hours, minutes, seconds:
		d.Elapsed += time.Duration(n) * u.length()
	case noUnit: // parseUnits has refused it
	}
}

func shorten(digits string) string {
	if len(digits) > 12 {
		return digits[:12] + "…"
	}
	return digits
}
