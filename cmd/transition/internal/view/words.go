package view

import (
	"fmt"
	"strings"

	"transition/plans"
)

// count is "1 tenant", "2 tenants": a number with its noun.
func count(n int, one, many string) string {
	return fmt.Sprintf("%d %s", n, plural(n, one, many))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func tenants(n int) string { return count(n, "tenant", "tenants") }

// sample lists the first few names of n, cleaned, and dots when there are more.
func sample(names []string, n int) string {
	cleaned := make([]string, 0, len(names)+1)
	for _, name := range names {
		cleaned = append(cleaned, clean(name))
	}
	if n > len(names) {
		cleaned = append(cleaned, "...")
	}
	return strings.Join(cleaned, ", ")
}

// toDo says what apply would do: "14 to run, 2 to send".
func toDo(counts map[plans.Kind]int) string {
	var parts []string
	for _, k := range plans.Kinds() {
		switch n := counts[k]; {
		case n == 0:
		case k == plans.Missed:
			parts = append(parts, fmt.Sprintf("%d missed", n))
		default:
			parts = append(parts, fmt.Sprintf("%d to %s", n, k))
		}
	}
	return strings.Join(parts, ", ")
}

// allToDo says it of a whole plan: "14 to run, 3 to ask about".
func allToDo(p *plans.Plan) string {
	n, asks, doubted := counts(p)
	var parts []string
	if words := toDo(n); words != "" {
		parts = append(parts, words)
	}
	if asks > 0 {
		parts = append(parts, fmt.Sprintf("%d to ask about", asks))
	}
	if doubted > 0 {
		parts = append(parts, fmt.Sprintf("%d to take for unknown", doubted))
	}
	return strings.Join(parts, ", ")
}

// done says what apply did: "ran 14, sent 2".
func done(counts map[plans.Kind]int) string {
	var parts []string
	for _, k := range plans.Kinds() {
		if n := counts[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", past(k), n))
		}
	}
	return strings.Join(parts, ", ")
}

func past(k plans.Kind) string {
	switch k {
	case plans.Enrol:
		return "enrolled"
	case plans.Place:
		return "placed"
	case plans.Reschedule:
		return "rescheduled"
	case plans.Move:
		return "moved"
	case plans.Adopt:
		return "adopted"
	case plans.Withdraw:
		return "withdrew"
	case plans.Rollback:
		return "rolled back"
	case plans.Undo:
		return "undid"
	case plans.Ask:
		return "asked"
	case plans.Send:
		return "sent"
	case plans.Run:
		return "ran"
	case plans.Lock:
		return "locked"
	case plans.Unlock:
		return "unlocked"
	case plans.Collapse:
		return "collapsed"
	case plans.Skip:
		return "skipped"
	default:
		return k.String()
	}
}

// sentences ends each part that is not empty with a full stop.
func sentences(parts []string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p + ".")
	}
	return b.String()
}

// capital gives a sentence its first letter.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// shell quotes an argument so that it can be pasted into a POSIX shell.
func shell(arg string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./@:+,=%", r)
	}
	arg = clean(arg)
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !safe(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
