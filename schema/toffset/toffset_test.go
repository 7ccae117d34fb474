package toffset

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFrom(t *testing.T) {
	const la, berlin, howe = "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"
	for _, c := range []struct {
		name, zone, t, offset string
		want                  string
		change                Change
	}{
		{"T itself", la, "2012-03-09 18:00", "T", "Fri 9 Mar 2012 18:00 PST (Sat 02:00 UTC)", Exact},
		{"the seed: 48 hours over the change", la, "2012-03-09 18:00", "T+48h", "Sun 11 Mar 2012 19:00 PDT (Mon 02:00 UTC)", Exact},
		{"the seed: two days over the change", la, "2012-03-09 18:00", "T+2d", "Sun 11 Mar 2012 18:00 PDT (Mon 01:00 UTC)", Exact},
		{"the seed: the first notice", la, "2012-03-09 18:00", "T-60d", "Mon 9 Jan 2012 18:00 PST (Tue 02:00 UTC)", Exact},
		{"weeks", la, "2012-03-30 18:00", "T-3w", "Fri 9 Mar 2012 18:00 PST (Sat 02:00 UTC)", Exact},
		{"a time of day", la, "2012-03-30 18:00", "T-60d@09:00", "Mon 30 Jan 2012 09:00 PST (Mon 17:00 UTC)", Exact},
		{"a time of day on T's day", la, "2012-03-30 18:00", "T@09:00", "Fri 30 Mar 2012 09:00 PDT (Fri 16:00 UTC)", Exact},
		{"days before hours", la, "2012-03-12 02:30", "T-1d12h", "Sat 10 Mar 2012 14:00 PST (Sat 22:00 UTC)", Gap},
		{"a time of day in a gap", berlin, "2027-04-01 18:00", "T-4d@02:30", "Sun 28 Mar 2027 03:00 CEST (Sun 01:00 UTC)", Gap},
		{"a time of day in a fold", berlin, "2027-11-01 18:00", "T-1d@02:30", "Sun 31 Oct 2027 02:30 CEST (Sun 00:30 UTC)", Fold},
		{"half an hour more", howe, "2026-10-04 01:00", "T+24h", "Mon 5 Oct 2026 01:30 +1100 (Sun 14:30 UTC)", Exact},
		{"a day of half an hour less", howe, "2026-10-04 01:00", "T+1d", "Mon 5 Oct 2026 01:00 +1100 (Sun 14:00 UTC)", Exact},
		{"over the day that was left out", "Pacific/Apia", "2011-12-31 12:00", "T-1d", "Sat 31 Dec 2011 00:00 +1400 (Fri 10:00 UTC)", Gap},
		{"a leap year", "UTC", "2028-03-01 00:00", "T-1d", "Tue 29 Feb 2028 00:00 UTC", Exact},
		{"seconds", "Asia/Kolkata", "2026-01-01 00:00", "T+1s", "Thu 1 Jan 2026 00:00:01 IST (Wed 18:30:01 UTC)", Exact},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := load(t, c.zone)
			cutover, _, err := ParseInstant(c.t, zone)
			if err != nil {
				t.Fatal(err)
			}
			o, err := Parse(c.offset)
			if err != nil {
				t.Fatal(err)
			}
			got, change := o.From(cutover.UTC(), zone)
			if Show(got, zone) != c.want || change != c.change {
				t.Errorf("From = %s, %d; want %s, %d", Show(got, zone), change, c.want, c.change)
			}
		})
	}
}

func TestFrom_TInTheSecondHourOfAFoldStays(t *testing.T) {
	zone := load(t, "America/Los_Angeles")
	second := time.Date(2012, time.November, 4, 9, 30, 0, 0, time.UTC) // 01:30 PST
	got, change := Offset{}.From(second, zone)
	if !got.Equal(second) || change != Exact {
		t.Errorf("T is %v, %d; want %v", got, change, second)
	}
}

func TestOffset_Note(t *testing.T) {
	for _, c := range []struct{ name, zone, t, offset, want string }{
		{"nothing", "America/Los_Angeles", "2012-03-09 18:00", "T+2d", ""},
		{"gap", "America/Los_Angeles", "2012-03-12 02:30", "T-1d", "02:30 does not exist on Sun 11 Mar 2012: 03:00 was taken"},
		{"gap before hours", "America/Los_Angeles", "2012-03-12 02:30", "T-1d12h", "02:30 does not exist on Sun 11 Mar 2012: 03:00 was taken"},
		{"fold", "America/Los_Angeles", "2012-11-05 18:00", "T-1d@01:30", "01:30 happens twice on Sun 4 Nov 2012: the first was taken"},
		{"no such day", "Pacific/Apia", "2012-01-01 18:00", "T-2d", "18:00 does not exist on Fri 30 Dec 2011: Sat 31 Dec 2011 00:00 was taken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := load(t, c.zone)
			cutover, _, err := ParseInstant(c.t, zone)
			if err != nil {
				t.Fatal(err)
			}
			o, err := Parse(c.offset)
			if err != nil {
				t.Fatal(err)
			}
			if got := o.Note(cutover, zone); got != c.want {
				t.Errorf("Note = %q, want %q", got, c.want)
			}
		})
	}
}

func TestShow_ZoneWithoutLetters(t *testing.T) {
	at := time.Date(2012, time.March, 9, 18, 0, 0, 0, time.UTC)
	for _, zone := range []*time.Location{time.FixedZone("", 19800), time.FixedZone("+05", 19800)} {
		if got := ShowLocal(at, zone); got != "Fri 9 Mar 2012 23:30 +0530" {
			t.Errorf("ShowLocal = %q", got)
		}
	}
}

func TestDuration_BeforeAndSince(t *testing.T) {
	zone := load(t, "America/Los_Angeles")
	at := time.Date(2012, time.March, 11, 19, 0, 0, 0, zone)
	d := Duration{Days: 1, Elapsed: 2 * time.Hour}
	if got := ShowLocal(d.Before(at, zone), zone); got != "Sat 10 Mar 2012 17:00 PST" {
		t.Errorf("Before = %s", got)
	}
	if got := ShowLocal(d.Since(at, zone), zone); got != "Mon 12 Mar 2012 21:00 PDT" {
		t.Errorf("Since = %s", got)
	}
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		cmp     int
		certain bool
	}{
		{"T-2d", "T-1d", -1, true},
		{"T", "T", 0, true},
		{"T-1d", "T-24h", 0, true},
		{"T+48h", "T+1d", 1, true},
		{"T-1d@09:00", "T-1d@18:00", -1, true},
		{"T-1d@18:00", "T@09:00", -1, true},
		{"T-2d@23:00", "T-1d", -1, true},
		{"T-1d@23:00", "T-1d", 0, false},
		{"T@03:00", "T-12h", 1, false},
	} {
		t.Run(c.a+" "+c.b, func(t *testing.T) {
			a, errA := Parse(c.a)
			b, errB := Parse(c.b)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if cmp, certain := Order(a, b); cmp != c.cmp || certain != c.certain {
				t.Errorf("Order = %d, %t; want %d, %t", cmp, certain, c.cmp, c.certain)
			}
		})
	}
}

func TestFrom_Properties(t *testing.T) {
	t.Run("a day keeps the wall clock except in gaps", rapid.MakeCheck(func(t *rapid.T) {
		zone := load(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		at := anyInstant(t, zone)
		got, change := Offset{Days: -1}.From(at, zone)
		same := got.Format(time.TimeOnly) == at.Format(time.TimeOnly)
		if same == (change == Gap) {
			t.Errorf("T-1d of %v is %v, change %d", at, got, change)
		}
	}))
	t.Run("24 hours are 24 hours", rapid.MakeCheck(func(t *rapid.T) {
		zone := load(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		at := anyInstant(t, zone)
		if got, _ := (Offset{Elapsed: -24 * time.Hour}).From(at, zone); at.Sub(got) != 24*time.Hour {
			t.Errorf("T-24h of %v is %v", at, got)
		}
	}))
	t.Run("a certain order holds where no clock changes", rapid.MakeCheck(func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 2_500_000_000).Draw(t, "unix"), 0)
		a, b := anyOffset(t, "a"), anyOffset(t, "b")
		x, _ := a.From(at, time.UTC)
		y, _ := b.From(at, time.UTC)
		if cmp, certain := Order(a, b); certain && cmp != x.Compare(y) {
			t.Errorf("Order(%s, %s) = %d, but of %v they are %v and %v", a, b, cmp, at, x, y)
		}
	}))
}

// anyOffset draws a small offset, so that two of them are often close.
func anyOffset(t *rapid.T, label string) Offset {
	o := Offset{Days: rapid.IntRange(-2, 2).Draw(t, label+" days")}
	switch rapid.IntRange(0, 2).Draw(t, label+" kind") {
	case 0:
		o.HasClock, o.Clock = true, time.Duration(rapid.IntRange(0, 23).Draw(t, label+" clock"))*time.Hour
	case 1:
		o.Elapsed = time.Duration(rapid.IntRange(-30, 30).Draw(t, label+" hours")) * time.Hour
	}
	return o
}
