package hclconfig

import (
	"errors"
	"fmt"
	"time"

	"transition/schema/diag"
	"transition/schema/spec"
	"transition/schema/toffset"
)

func (l *loader) offset(n *node, a *spec.Attribute, text string) (any, bool) {
	o, err := toffset.Parse(text)
	if err != nil {
		return l.badTime(n, a, "bad-offset", "Not a T-offset", err)
	}
	return o, l.calendarDays(n, a, o.BusinessDays)
}

func (l *loader) duration(n *node, a *spec.Attribute, text string) (any, bool) {
	d, err := toffset.ParseDuration(text)
	if err != nil {
		return l.badTime(n, a, "bad-duration", "Not a duration", err)
	}
	return d, l.calendarDays(n, a, d.BusinessDays)
}

func (l *loader) interval(n *node, a *spec.Attribute, text string) (any, bool) {
	v, ok := l.duration(n, a, text)
	if !ok {
		return nil, false
	}
	d := v.(toffset.Duration).Nominal()
	if d <= 0 {
		l.report(n, n.at(a.Name), diag.Diagnostic{
			Code: "out-of-range", Summary: "A time of no length",
			Detail: fmt.Sprintf("The attribute %q must be longer than nothing.", a.Name),
			Hint:   fmt.Sprintf("Write a duration such as %q.", "30s"),
		})
		return nil, false
	}
	return d, true
}

// badTime takes both sentences from the parser of package toffset.
func (l *loader) badTime(n *node, a *spec.Attribute, code, summary string, err error) (any, bool) {
	d := diag.Diagnostic{Code: code, Summary: summary, Detail: err.Error()}
	if e := (*toffset.SyntaxError)(nil); errors.As(err, &e) {
		d.Detail, d.Hint = e.Problem, e.Fix
	}
	l.report(n, n.at(a.Name), d)
	return nil, false
}

func (l *loader) calendarDays(n *node, a *spec.Attribute, businessDays int) bool {
	if businessDays == 0 {
		return true
	}
	l.notYet(n, n.at(a.Name), "The unit bd, business days,")
	return false
}

func (l *loader) zone(n *node, a *spec.Attribute, name string) (any, bool) {
	if zone, ok := loadZone(name); ok {
		return zone, true
	}
	l.report(n, n.at(a.Name), diag.Diagnostic{
		Code: "unknown-time-zone", Summary: "Unknown time zone",
		Detail: fmt.Sprintf("%q is not the name of a time zone in the IANA database.", name),
		Hint:   zoneHint(name),
	})
	return nil, false
}

// loadZone knows the zones of IANA. "Local" and "" are none: what they mean
// depends on the machine, or on habit.
func loadZone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// instant reads a wall-clock time in zone, or RFC 3339. A wall-clock time that a
// change of the clocks skips or repeats gives a warning.
func (l *loader) instant(n *node, name string, zone *time.Location) time.Time {
	text, ok := n.values[name].(string)
	if !ok {
		return time.Time{}
	}
	t, change, err := toffset.ParseInstant(text, zone)
	if err != nil {
		a, _ := n.spec.Attribute(name)
		l.badTime(n, a, "bad-instant", "Not a date and time", err)
		return time.Time{}
	}
	if change != toffset.Exact {
		l.clockChange(n, name, text, t, change)
	}
	return t
}

func (l *loader) clockChange(n *node, name, text string, t time.Time, change toffset.Change) {
	d := diag.Diagnostic{Severity: diag.Warning, Code: "clock-gap", Summary: "Time of day is skipped by a change of the clocks"}
	what := "is skipped by a change of the clocks; the first instant after the gap is taken"
	if change == toffset.Fold {
		d.Code, d.Summary = "clock-fold", "Time of day is repeated by a change of the clocks"
		what = "is repeated by a change of the clocks; the first of the two is taken"
	}
	d.Detail = fmt.Sprintf("In %s, %s %s: %s.", t.Location(), text, what, t.Format(time.RFC3339))
	d.Hint = fmt.Sprintf("Write %q if that is meant, else another time.", t.Format(time.RFC3339))
	l.report(n, n.at(name), d)
}
