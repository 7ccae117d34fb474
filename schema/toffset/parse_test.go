package toffset

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in        string
		want      Offset
		canonical string
	}{
		{"T", Offset{}, "T"},
		{"T-60d", Offset{Days: -60}, "T-60d"},
		{"T+48h", Offset{Elapsed: 48 * time.Hour}, "T+48h"},
		{"T-2w", Offset{Days: -14}, "T-14d"},
		{"T-1w1d", Offset{Days: -8}, "T-8d"},
		{"T-1d12h", Offset{Days: -1, Elapsed: -12 * time.Hour}, "T-1d12h"},
		{"T+90m", Offset{Elapsed: 90 * time.Minute}, "T+1h30m"},
		{"T+1d2h3m4s", Offset{Days: 1, Elapsed: 2*time.Hour + 3*time.Minute + 4*time.Second}, "T+1d2h3m4s"},
		{"T-10bd", Offset{BusinessDays: -10}, "T-10bd"},
		{"T-1w2d3bd@08:30", Offset{Days: -9, BusinessDays: -3, Clock: 8*time.Hour + 30*time.Minute, HasClock: true}, "T-9d3bd@08:30"},
		{"T-60d@09:00", Offset{Days: -60, Clock: 9 * time.Hour, HasClock: true}, "T-60d@09:00"},
		{"T@00:00", Offset{HasClock: true}, "T@00:00"},
		{"T@23:59:59", Offset{Clock: 24*time.Hour - time.Second, HasClock: true}, "T@23:59:59"},
		{"T-0d", Offset{}, "T"},
		{"T-007d", Offset{Days: -7}, "T-7d"},
		{"T+36525d", Offset{Days: 36525}, "T+36525d"},
		{"T-876600h", Offset{Elapsed: -876600 * time.Hour}, "T-876600h"},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := Parse(c.in)
			if err != nil || got != c.want {
				t.Errorf("Parse = %+v, %v; want %+v", got, err, c.want)
			}
			if got.String() != c.canonical {
				t.Errorf("String = %q, want %q", got, c.canonical)
			}
		})
	}
}

func TestParse_Mistakes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `"" does not begin with T, the cutover. Write "T".`},
		{"t-60d", `"t-60d" does not begin with T, the cutover. Write "T-60d".`},
		{"60d", `"60d" does not begin with T, the cutover. Write "T-60d" or "T+60d".`},
		{"-60d", `"-60d" does not begin with T, the cutover. Write "T-60d".`},
		{"tomorrow", `"tomorrow" does not begin with T, the cutover. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T60d", `"T60d" has no + or - after T. Write "T-60d" or "T+60d".`},
		{"T–60d", `"T–60d" has no + or - after T. Write "T-60d".`},
		{"T - 60d", `"T - 60d" has no + or - after T. Write "T-60d".`},
		{"T-", `"T-" has no number and no unit. Write "T".`},
		{"T-60", `"T-60" has no unit after 60. Write "T-60d".`},
		{"T-d", `"T-d" has no number before "d". Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T-60D", `"T-60D" has the unknown unit "D"; the units are w, d, bd, h, m and s. Write "T-60d".`},
		{"T-2months", `"T-2months" has the unknown unit "months"; the units are w, d, bd, h, m and s. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T+90 min", `"T+90 min" has the unknown unit " min"; the units are w, d, bd, h, m and s. Write "T+90m".`},
		{"T-1.5d", `"T-1.5d" has a fraction, but only whole numbers are possible. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T-12h1d", `"T-12h1d" has d after h, but units go from the largest to the smallest. Write "T-1d12h".`},
		{"T-1d1d", `"T-1d1d" has the unit d twice. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T-36526d", `"T-36526d" is longer than 100 years. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T-36525d1s", `"T-36525d1s" is longer than 100 years. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T+99999999999999999999999s", `"T+99999999999999999999999s" is longer than 100 years. Write for example "T-60d", "T+48h" or "T-60d@09:00".`},
		{"T+1d12h@09:00", `"T+1d12h@09:00" asks for elapsed time and for a time of day, which contradict each other. Write "T+1d12h".`},
		{"T-1d@9:00", `"T-1d@9:00" has no time of day from 00:00 to 23:59:59 after @. Write "T-1d@09:00".`},
		{"T-1d@24:00", `"T-1d@24:00" has no time of day from 00:00 to 23:59:59 after @. Write "T-1d".`},
		{"T-1d@", `"T-1d@" has no time of day from 00:00 to 23:59:59 after @. Write "T-1d".`},
		{"T-1d@09:00@10:00", `"T-1d@09:00@10:00" has no time of day from 00:00 to 23:59:59 after @. Write "T-1d".`},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := Parse(c.in)
			checkMistake(t, err, c.want)
			if got != (Offset{}) {
				t.Errorf("Parse = %+v beside an error", got)
			}
		})
	}
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		in        string
		want      Duration
		canonical string
	}{
		{"30d", Duration{Days: 30}, "30d"},
		{"2w", Duration{Days: 14}, "14d"},
		{"1d12h", Duration{Days: 1, Elapsed: 12 * time.Hour}, "1d12h"},
		{"90s", Duration{Elapsed: 90 * time.Second}, "1m30s"},
		{"48h", Duration{Elapsed: 48 * time.Hour}, "48h"},
		{"10bd", Duration{BusinessDays: 10}, "10bd"},
		{"0d", Duration{}, "0s"},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := ParseDuration(c.in)
			if err != nil || got != c.want {
				t.Errorf("ParseDuration = %+v, %v; want %+v", got, err, c.want)
			}
			if got.String() != c.canonical {
				t.Errorf("String = %q, want %q", got, c.canonical)
			}
		})
	}
}

func TestParseDuration_Mistakes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `"" has no number and no unit. Write for example "30d", "12h" or "1d12h".`},
		{"T-3d", `"T-3d" is counted from T, but here a length of time is needed. Write "3d".`},
		{"-3d", `"-3d" has a sign, which a length of time has not. Write "3d".`},
		{"3d@09:00", `"3d@09:00" has a time of day, which a length of time has not. Write "3d".`},
		{"5 minutes", `"5 minutes" has the unknown unit " minutes"; the units are w, d, bd, h, m and s. Write "5m".`},
		{"100ms", `"100ms" has the unknown unit "ms"; the units are w, d, bd, h, m and s. Write for example "30d", "12h" or "1d12h".`},
		{"30", `"30" has no unit after 30. Write "30d".`},
		{"101w52w", `"101w52w" has the unit w twice. Write for example "30d", "12h" or "1d12h".`},
	} {
		t.Run(c.in, func(t *testing.T) {
			_, err := ParseDuration(c.in)
			checkMistake(t, err, c.want)
		})
	}
}

func TestParseDuration_SpelledOut(t *testing.T) {
	for in, want := range map[string]string{
		"2 weeks": "2w", "1 day": "1d", "3hrs": "3h", "5 minutes": "5m", "90 seconds": "90s", "12 Hours 1 Day": "1d12h",
		strings.Repeat("0", 60): "0d", strings.Repeat("0", 60) + "5 d": "5d",
	} {
		t.Run(in, func(t *testing.T) {
			var syntax *SyntaxError
			_, err := ParseDuration(in)
			if !errors.As(err, &syntax) || syntax.Fix != `Write "`+want+`".` {
				t.Errorf("error %v does not recommend %s", err, want)
			}
		})
	}
}

func TestParse_LongTextsAreShortened(t *testing.T) {
	_, err := Parse("T-" + strings.Repeat("9", 1<<16) + "\x00")
	if len(err.Error()) > 300 {
		t.Errorf("the message has %d bytes", len(err.Error()))
	}
	if strings.Contains(err.Error(), "\x00") {
		t.Error("the message holds a control character of the text")
	}
}

func checkMistake(t *testing.T, err error, want string) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("error %v is no SyntaxError", err)
	}
	if syntax.Error() != want {
		t.Errorf("error\n got %s\nwant %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"T", "T-60d", "T+48h", "T-1w2d3bd@08:30:15", "T-1d12h", "T+12h1d", "t 5 min", "T-9999999999d", "T@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := Parse(s)
		if err != nil {
			checkFix(t, err, func(s string) error { _, err := Parse(s); return err })
			return
		}
		again, err := Parse(o.String())
		if err != nil || again != o {
			t.Errorf("Parse(%q) = %+v, but its String %q reads as %+v, %v", s, o, o, again, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"30d", "2w", "1d12h", "90s", "0d", "T-3d", "5 minutes"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			checkFix(t, err, func(s string) error { _, err := ParseDuration(s); return err })
			return
		}
		again, err := ParseDuration(d.String())
		if err != nil || again != d {
			t.Errorf("ParseDuration(%q) = %+v, but its String %q reads as %+v, %v", s, d, d, again, err)
		}
		if d.Nominal() < 0 || d.Nominal() > longest {
			t.Errorf("ParseDuration(%q) is %v long", s, d.Nominal())
		}
	})
}

// checkFix proves that whatever an error recommends is itself right.
func checkFix(t *testing.T, err error, parse func(string) error) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || !strings.HasSuffix(syntax.Problem, ".") || !strings.HasSuffix(syntax.Fix, ".") {
		t.Fatalf("error %v is not two sentences", err)
	}
	for i, part := range strings.Split(syntax.Fix, `"`) {
		if i%2 == 1 && parse(part) != nil {
			t.Errorf("%v: but %q is wrong, too", err, part)
		}
	}
}
