package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"transition/schema/diag"
)

// ValidationLine writes what validate found as ValidationJSON does, on one line,
// so that each of many validations is a line.
func ValidationLine(w io.Writer, l diag.List) error {
	var wide, line bytes.Buffer
	if err := ValidationJSON(&wide, l); err != nil {
		return err
	}
	if err := json.Compact(&line, wide.Bytes()); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err := w.Write(line.Bytes())
	return err
}

// ValidationRule ends one of many validations: when it was, and what came of it.
func ValidationRule(w io.Writer, s Screen, now time.Time, zone *time.Location, l diag.List) error {
	errors, warnings := severities(l)
	words := s.paint(green, "The plan is valid.")
	switch {
	case errors > 0 && warnings > 0:
		words = s.paint(red, fmt.Sprintf("The plan has %s and %s.", count(errors, "error", "errors"), count(warnings, "warning", "warnings")))
	case errors > 0:
		words = s.paint(red, fmt.Sprintf("The plan has %s.", count(errors, "error", "errors")))
	case warnings > 0:
		words = s.paint(green, fmt.Sprintf("The plan is valid, with %s.", count(warnings, "warning", "warnings")))
	}
	_, err := fmt.Fprintf(w, "--- %s  %s Waiting for changes.\n", newWall(now, zone).second(now), words)
	return err
}

// second is "Sun 25 Mar 18:00:07 PDT (Mon 01:00 UTC)", for what is told when it
// happens.
func (w wall) second(t time.Time) string {
	return w.day(t) + t.In(w.zone).Format(" 15:04:05") + w.zoned(t)
}
