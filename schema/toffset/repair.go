package toffset

import (
	"cmp"
	"slices"
	"strings"
)

const (
	offsetForms   = `Write for example "T-60d", "T+48h" or "T-60d@09:00".`
	durationForms = `Write for example "30d", "12h" or "1d12h".`
)

// fixOffset says what to write instead of s: what was most likely meant, if
// that can be told, else examples.
func fixOffset(s string) string {
	body, clock, hasClock := strings.Cut(tidy(s), "@")
	without := repairLength(strings.TrimPrefix(body, "t"))
	tries := slices.Clone(without)
	if hasClock {
		for i := range tries {
			tries[i] += "@" + repairClock(clock)
		}
	}
	problem := func(s string) string { _, problem := parseOffset(s); return problem }
	if hint, ok := write(tries, s, problem); ok {
		return hint
	}
	if hint, ok := write(without, s, problem); ok {
		return hint
	}
	return offsetForms
}

// repairLength gives the offsets that a length, with or without its sign, may
// stand for.
func repairLength(body string) []string {
	length := repairUnits(strings.TrimLeft(body, "+-"))
	switch {
	case length == "":
		return []string{"T"}
	case strings.HasPrefix(body, "-"):
		return []string{"T-" + length}
	case strings.HasPrefix(body, "+"):
		return []string{"T+" + length}
	default:
		return []string{"T-" + length, "T+" + length}
	}
}

// fixDuration is fixOffset for durations.
func fixDuration(s string) string {
	body, _, _ := strings.Cut(tidy(s), "@")
	length := repairUnits(strings.TrimLeft(strings.TrimPrefix(body, "t"), "+-"))
	problem := func(s string) string { _, problem := parseDuration(s); return problem }
	if hint, ok := write([]string{length}, s, problem); ok {
		return hint
	}
	return durationForms
}

// write recommends those tries that are right, if any is.
func write(tries []string, instead string, problem func(string) string) (string, bool) {
	var right []string
	for _, try := range tries {
		if try != instead && problem(try) == "" {
			right = append(right, quote(try))
		}
	}
	return "Write " + strings.Join(right, " or ") + ".", len(right) > 0
}

// tidy undoes capitals, spaces, and the dashes that word processors make.
func tidy(s string) string {
	r := strings.NewReplacer(" ", "", "\t", "", "\u00a0", "", "–", "-", "—", "-", "−", "-")
	return strings.ToLower(r.Replace(s))
}

// repairUnits puts amounts into order and their words into those of a plan.
func repairUnits(s string) string {
	all := scan(s)
	for i := range all {
		all[i].word = spelled(all[i].word)
		if d := &all[i].digits; *d != "" { // without zeros in front, what is right is short enough to be quoted whole
			*d = cmp.Or(strings.TrimLeft(*d, "0"), "0")
		}
	}
	if len(all) > 0 && all[len(all)-1].word == "" {
		all[len(all)-1].word = "d"
	}
	slices.SortStableFunc(all, func(a, b amount) int {
		return cmp.Compare(unitNamed(a.word), unitNamed(b.word))
	})
	var b strings.Builder
	for _, a := range all {
		b.WriteString(a.digits + a.word)
	}
	return b.String()
}

// spelled is the unit that people mean by a longer word.
func spelled(word string) string {
	switch word {
	case "week", "weeks":
		return "w"
	case "day", "days":
		return "d"
	case "hr", "hrs", "hour", "hours":
		return "h"
	case "min", "mins", "minute", "minutes":
		return "m"
	case "sec", "secs", "second", "seconds":
		return "s"
	default:
		return word
	}
}

// repairClock adds what is missing of "9" or "9:00".
func repairClock(s string) string {
	if !strings.Contains(s, ":") {
		s += ":00"
	}
	if strings.Index(s, ":") == 1 {
		s = "0" + s
	}
	return s
}
