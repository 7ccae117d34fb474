package toffset

import (
	"testing"
	"time"
)

func TestParseInstant(t *testing.T) {
	for _, c := range []struct {
		in, want string
		change   Change
	}{
		{"2012-03-09", "2012-03-09T00:00:00-08:00", Exact},
		{"2012-03-09 18:00", "2012-03-09T18:00:00-08:00", Exact},
		{"2012-03-09T18:00", "2012-03-09T18:00:00-08:00", Exact},
		{"2012-03-09 18:00:30", "2012-03-09T18:00:30-08:00", Exact},
		{"2012-03-09T18:00:30", "2012-03-09T18:00:30-08:00", Exact},
		{"2012-03-10T02:00:00Z", "2012-03-09T18:00:00-08:00", Exact},
		{"2012-03-10T03:00:00+01:00", "2012-03-09T18:00:00-08:00", Exact},
		{"2012-11-04T01:30:00-08:00", "2012-11-04T01:30:00-08:00", Exact},
		{"2012-11-04 01:30", "2012-11-04T01:30:00-07:00", Fold},
		{"2012-03-11 02:30", "2012-03-11T03:00:00-07:00", Gap},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, change, err := ParseInstant(c.in, load(t, "America/Los_Angeles"))
			if err != nil || got.Format(time.RFC3339) != c.want || change != c.change {
				t.Errorf("ParseInstant = %s, %d, %v; want %s, %d", got.Format(time.RFC3339), change, err, c.want, c.change)
			}
		})
	}
}

func TestParseInstant_Mistakes(t *testing.T) {
	const forms = ` Write for example "2012-03-09", "2012-03-09 18:00" or "2012-03-09T18:00:00-08:00".`
	for _, c := range []struct{ in, want string }{
		{"", `"" is no date or time.`},
		{"9 March 2012", `"9 March 2012" is no date or time.`},
		{"2012-3-9", `"2012-3-9" is no date or time.`},
		{"2012-03-09 9:00", `"2012-03-09 9:00" is no date or time.`},
		{"2012-03-09 18:00 PST", `"2012-03-09 18:00 PST" is no date or time.`},
		{"2012-02-30", `"2012-02-30" is written like a date or time, but the calendar or the clock has no such one.`},
		{"2012-03-09 24:00", `"2012-03-09 24:00" is written like a date or time, but the calendar or the clock has no such one.`},
		{"0001-01-01T00:00:00Z", `"0001-01-01T00:00:00Z" is not in the years 1970 to 2150.`},
		{"2151-01-01", `"2151-01-01" is not in the years 1970 to 2150.`},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, _, err := ParseInstant(c.in, time.UTC)
			checkMistake(t, err, c.want+forms)
			if !got.IsZero() {
				t.Errorf("ParseInstant = %v beside an error", got)
			}
		})
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2012-03-09", "2012-03-09 18:00", "2012-03-09T18:00:00", "2012-03-10T02:00:00Z", "2012-02-30", "2012-03-11 02:30"} {
		f.Add(s)
	}
	zone := load(f, "Australia/Lord_Howe")
	f.Fuzz(func(t *testing.T, s string) {
		at, _, err := ParseInstant(s, zone)
		if err != nil {
			return
		}
		again, change, err := ParseInstant(at.Format(time.RFC3339Nano), zone)
		if err != nil || change != Exact || !again.Equal(at) {
			t.Errorf("ParseInstant(%q) = %v, which reads back as %v, %d, %v", s, at, again, change, err)
		}
	})
}
