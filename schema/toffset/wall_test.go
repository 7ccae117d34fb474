package toffset

import (
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"pgregory.net/rapid"
)

func load(t interface {
	Helper()
	Fatal(...any)
}, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestWall(t *testing.T) {
	for _, c := range []struct {
		name, zone, wall string
		want             string // RFC 3339, in the zone
		change           Change
	}{
		{"a plain day", "America/Los_Angeles", "2012-03-09 18:00:00", "2012-03-09T18:00:00-08:00", Exact},
		{"north, spring, before", "America/Los_Angeles", "2012-03-11 01:59:59", "2012-03-11T01:59:59-08:00", Exact},
		{"north, spring, first skipped", "America/Los_Angeles", "2012-03-11 02:00:00", "2012-03-11T03:00:00-07:00", Gap},
		{"north, spring, inside", "America/Los_Angeles", "2012-03-11 02:30:00", "2012-03-11T03:00:00-07:00", Gap},
		{"north, spring, last skipped", "America/Los_Angeles", "2012-03-11 02:59:59", "2012-03-11T03:00:00-07:00", Gap},
		{"north, spring, after", "America/Los_Angeles", "2012-03-11 03:00:00", "2012-03-11T03:00:00-07:00", Exact},
		{"north, autumn, before", "America/Los_Angeles", "2012-11-04 00:59:59", "2012-11-04T00:59:59-07:00", Exact},
		{"north, autumn, first repeated", "America/Los_Angeles", "2012-11-04 01:00:00", "2012-11-04T01:00:00-07:00", Fold},
		{"north, autumn, last repeated", "America/Los_Angeles", "2012-11-04 01:59:59", "2012-11-04T01:59:59-07:00", Fold},
		{"north, autumn, after", "America/Los_Angeles", "2012-11-04 02:00:00", "2012-11-04T02:00:00-08:00", Exact},
		{"east of Greenwich, spring", "Europe/Berlin", "2027-03-28 02:15:00", "2027-03-28T03:00:00+02:00", Gap},
		{"east of Greenwich, autumn", "Europe/Berlin", "2027-10-31 02:15:00", "2027-10-31T02:15:00+02:00", Fold},
		{"south, spring", "Australia/Sydney", "2026-10-04 02:30:00", "2026-10-04T03:00:00+11:00", Gap},
		{"south, autumn", "Australia/Sydney", "2026-04-05 02:30:00", "2026-04-05T02:30:00+11:00", Fold},
		{"half an hour, spring", "Australia/Lord_Howe", "2026-10-04 02:10:00", "2026-10-04T02:30:00+11:00", Gap},
		{"half an hour, spring, after", "Australia/Lord_Howe", "2026-10-04 02:30:00", "2026-10-04T02:30:00+11:00", Exact},
		{"half an hour, autumn", "Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-05T01:45:00+11:00", Fold},
		{"half an hour, autumn, before", "Australia/Lord_Howe", "2026-04-05 01:29:59", "2026-04-05T01:29:59+11:00", Exact},
		{"45 minutes from the hour", "Pacific/Chatham", "2026-09-27 03:00:00", "2026-09-27T03:45:00+13:45", Gap},
		{"at midnight", "America/Santiago", "2026-09-06 00:30:00", "2026-09-06T01:00:00-03:00", Gap},
		{"no summer time", "Asia/Kolkata", "2026-03-29 02:30:00", "2026-03-29T02:30:00+05:30", Exact},
		{"a day that does not exist", "Pacific/Apia", "2011-12-30 12:00:00", "2011-12-31T00:00:00+14:00", Gap},
		{"the day before it", "Pacific/Apia", "2011-12-29 23:59:59", "2011-12-29T23:59:59-10:00", Exact},
		{"the day after it", "Pacific/Apia", "2011-12-31 00:00:00", "2011-12-31T00:00:00+14:00", Exact},
		{"UTC", "UTC", "2026-03-29 02:30:00", "2026-03-29T02:30:00Z", Exact},
		{"beyond the table of changes", "America/New_York", "2090-03-12 02:30:00", "2090-03-12T03:00:00-04:00", Gap},
		{"the last day of a leap year beyond it", "America/New_York", "2040-12-31 12:00:00", "2040-12-31T12:00:00-05:00", Exact},
	} {
		t.Run(c.name, func(t *testing.T) {
			wall, err := time.Parse(time.DateTime, c.wall)
			if err != nil {
				t.Fatal(err)
			}
			got, change := wallOf(wall, load(t, c.zone))
			if got.Format(time.RFC3339) != c.want || change != c.change {
				t.Errorf("Wall = %s, %d; want %s, %d", got.Format(time.RFC3339), change, c.want, c.change)
			}
		})
	}
}

func TestWall_FixedZone(t *testing.T) {
	zone := time.FixedZone("", 5*3600+1800)
	got, change := Wall(2026, time.March, 29, 150*time.Minute, zone)
	if got.Format(time.RFC3339) != "2026-03-29T02:30:00+05:30" || change != Exact {
		t.Errorf("Wall = %v, %d", got, change)
	}
}

// wallOf resolves the wall-clock time that t shows in UTC.
func wallOf(t time.Time, zone *time.Location) (time.Time, Change) {
	return Wall(t.Year(), t.Month(), t.Day(), sinceMidnight(t), zone)
}

// zones have all the kinds of changes of the clocks that there are.
func zones() []string {
	return []string{
		"America/Los_Angeles", "Europe/Berlin", "Europe/Dublin", "Africa/Casablanca", "Asia/Kolkata", "Asia/Gaza",
		"Australia/Lord_Howe", "Australia/Sydney", "America/Santiago", "America/St_Johns", "America/Caracas",
		"Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "Asia/Pyongyang", "UTC",
	}
}

// anyInstant draws an instant, near a change of the clocks half of the time.
func anyInstant(t *rapid.T, zone *time.Location) time.Time {
	at := time.Unix(rapid.Int64Range(0, 5_600_000_000).Draw(t, "unix"), 0).In(zone)
	if _, next := at.ZoneBounds(); rapid.Bool().Draw(t, "near a change") && !next.IsZero() {
		return next.Add(time.Duration(rapid.IntRange(-200_000, 200_000).Draw(t, "beside")) * time.Second)
	}
	return at
}

// The result of Wall is checked against its definition, by looking at every
// instant that could be it.
func TestWall_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := load(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		near := anyInstant(t, zone)
		wall := time.Date(near.Year(), near.Month(), near.Day(), 0, 0, 0, 0, time.UTC).
			Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "clock")) * time.Second)
		got, change := wallOf(wall, zone)

		var showing []time.Time // instants at which the wall shows it, by trial of all offsets
		for east := -26 * time.Hour; east <= 26*time.Hour; east += 15 * time.Minute {
			at := wall.Add(-east).In(zone)
			if at.Format(time.DateTime) == wall.Format(time.DateTime) {
				showing = append([]time.Time{at}, showing...)
			}
		}
		switch change {
		case Exact:
			if len(showing) != 1 || !got.Equal(showing[0]) {
				t.Errorf("%v: exact %v, but shown at %v", wall, got, showing)
			}
		case Fold:
			if len(showing) != 2 || got.After(showing[0]) || got.After(showing[1]) {
				t.Errorf("%v: fold %v, but shown at %v", wall, got, showing)
			}
		case Gap:
			before, after := got.Add(-time.Second).Format(time.DateTime), got.Format(time.DateTime)
			if w := wall.Format(time.DateTime); len(showing) != 0 || before >= w || after <= w {
				t.Errorf("%v: gap %v, between %s and %s", wall, got, before, after)
			}
		}
	})
}
