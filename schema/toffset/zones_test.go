package toffset

import (
	"archive/zip"
	"go/build"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// everyZone lists the zones of the Go distribution.
func everyZone(t *testing.T) []string {
	t.Helper()
	file, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Skip("no list of all zones: ", err)
	}
	defer file.Close()
	var names []string
	for _, f := range file.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	if len(names) < 300 {
		t.Fatalf("there are only %d zones", len(names))
	}
	return names
}

// At each change of the clocks in each zone, days before and after a T lead to the
// wall-clock time of T, or to what stands in for it.
func TestDaysOverEveryChange(t *testing.T) {
	names := everyZone(t)
	changes, gaps, folds := 0, 0, 0
	for i, name := range names {
		if testing.Short() && i%20 != 0 {
			continue
		}
		zone := load(t, name)
		end := time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).In(zone); at.Before(end); at = nextZone(at) {
			before := at.Add(-time.Second)
			by := east(at) - east(before)
			if by == 0 {
				continue
			}
			changes++
			if by > 0 {
				gaps++
			} else {
				folds++
			}
			// Instants on the walls before and after, as if both went on for ever.
			wall := at.UTC().Add(min(east(before), east(at)))
			for _, beside := range []time.Duration{-time.Second, 0, by.Abs() / 2, by.Abs() - time.Second, by.Abs()} {
				landsAt(t, wall.Add(beside), at, beside >= 0 && beside < by.Abs(), by > 0)
			}
		}
	}
	t.Logf("%d changes: %d gaps, %d folds", changes, gaps, folds)
	if gaps == 0 || folds == 0 {
		t.Error("there were none of a kind")
	}
}

// landsAt expects the offsets that lead to a wall-clock time, which may be within a
// change of the clocks, to end there.
func landsAt(t *testing.T, wall, change time.Time, within, gap bool) {
	t.Helper()
	zone := change.Location()
	for _, days := range []int{-60, -1, 1, 30} {
		from := wall.AddDate(0, 0, -days)
		cutover, exact := Wall(from.Year(), from.Month(), from.Day(), sinceMidnight(from), zone)
		if exact != Exact {
			continue // T itself is at a change
		}
		got, kind := Offset{Days: days}.From(cutover, zone)
		shown := got.Format(time.DateTime) == wall.Format(time.DateTime)
		right := kind == Exact && shown
		switch {
		case within && gap:
			right = kind == Gap && got.Equal(change)
		case within:
			right = kind == Fold && shown && got.Before(change)
		}
		if !right {
			t.Errorf("%s: %d days from %s should be %s, and are %s, kind %d (the clocks change at %s)",
				zone, days, cutover, wall.Format(time.DateTime), got, kind, change)
		}
	}
}
