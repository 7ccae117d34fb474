package timeline_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans/timeline"
	"transition/schema"
	"transition/schema/toffset"
)

func TestCheck_After(t *testing.T) {
	const pilotDone = `error after-too-late, line 32, in batch "wave1": Batch "pilot" is Complete on Sun 11 Mar 2012 19:00 PDT at the earliest`
	const afterLine = `error after-too-late, line 30, in batch "wave1": Batch "pilot" is Complete on Sun 11 Mar 2012 19:00 PDT at the earliest`
	for _, c := range []struct {
		name, cutover, soak string
		change              func(*builder, *schema.After)
		want                []string
	}{
		{name: "in time", cutover: "2012-03-30 18:00", soak: "4d"},
		{name: "to the second", cutover: "2012-03-15 19:00", soak: "3d"},
		{
			name: "a soak that cannot end in time", cutover: "2012-03-15 18:00", soak: "4d",
			want: []string{pilotDone + `; with 4d of soak that is Thu 15 Mar 2012 19:00 PDT. ` +
				`Phase "Lock" opens for "wave1" on Wed 14 Mar 2012 18:00 PDT, so all of its tenants would be held for 25 hours. ` +
				`Write soak = "2d", or set cutover to 2012-03-16 19:00 or later.`},
		},
		{
			name: "less than a day is left", cutover: "2012-03-13 18:00", soak: "1w",
			want: []string{pilotDone + `; with 7d of soak that is Sun 18 Mar 2012 19:00 PDT. ` +
				`Phase "Lock" opens for "wave1" on Mon 12 Mar 2012 18:00 PDT, so all of its tenants would be held for 6 days 1 hour. ` +
				`Write soak = "23h", or set cutover to 2012-03-19 19:00 or later.`},
		},
		{
			name: "a soak in hours", cutover: "2012-03-15 18:00", soak: "80h",
			want: []string{pilotDone + `; with 80h of soak that is Thu 15 Mar 2012 03:00 PDT. ` +
				`Phase "Lock" opens for "wave1" on Wed 14 Mar 2012 18:00 PDT, so all of its tenants would be held for 9 hours. ` +
				`Write soak = "71h", or set cutover to 2012-03-16 03:00 or later.`},
		},
		{
			name: "no room for any soak", cutover: "2012-03-12 19:00", soak: "1d",
			want: []string{pilotDone + `; with 1d of soak that is Mon 12 Mar 2012 19:00 PDT. ` +
				`Phase "Lock" opens for "wave1" on Sun 11 Mar 2012 19:00 PDT, so all of its tenants would be held for 24 hours. ` +
				`Leave out soak, or set cutover to 2012-03-13 19:00 or later.`},
		},
		{
			name: "cutover before the other is done", cutover: "2012-03-10 18:00", soak: "1d",
			want: []string{afterLine + `; with 1d of soak that is Mon 12 Mar 2012 19:00 PDT. ` +
				`Phase "Lock" opens for "wave1" on Fri 9 Mar 2012 18:00 PST, so all of its tenants would be held for 3 days. ` +
				`Set cutover to 2012-03-13 19:00 or later.`},
		},
		{
			name: "without a soak", cutover: "2012-03-12 18:30", soak: "0d",
			want: []string{afterLine + `. ` +
				`Phase "Lock" opens for "wave1" on Sun 11 Mar 2012 18:30 PDT, so all of its tenants would be held for 30 minutes. ` +
				`Set cutover to 2012-03-12 19:00 or later.`},
		},
		{
			name: "another phase, reached with its latest item", cutover: "2012-03-15 18:00", soak: "6d",
			change: func(b *builder, a *schema.After) {
				a.Reached, a.Holds = b.named("DataUpgrade"), b.named("DataUpgrade")
				b.only("DataUpgrade").At = b.offset("T+2h")
				sometimes := b.work(a.Reached, "sometimes")
				sometimes.At = b.offset("T+20h")
				sometimes.When = schema.Expr[bool]{Eval: func(*schema.Env) (bool, error) { return true, nil }, Range: at(60)}
			},
			want: []string{`error after-too-late, line 32, in batch "wave1": Batch "pilot" has completed phase "DataUpgrade" on Fri 9 Mar 2012 20:00 PST at the earliest; ` +
				`with 6d of soak that is Thu 15 Mar 2012 20:00 PDT. ` +
				`Phase "DataUpgrade" opens for "wave1" on Thu 15 Mar 2012 18:00 PDT, so all of its tenants would be held for 2 hours. ` +
				`Write soak = "5d", or set cutover to 2012-03-15 20:00 or later.`},
		},
		{
			name: "a phase with a time of day", cutover: "2012-03-15 18:00", soak: "4d",
			change: func(b *builder, a *schema.After) { b.named("Lock").Opens = b.offset("T-1d@09:00") },
			want: []string{pilotDone + `; with 4d of soak that is Thu 15 Mar 2012 19:00 PDT. ` +
				`Phase "Lock" opens for "wave1" on Wed 14 Mar 2012 09:00 PDT, so all of its tenants would be held for 34 hours. ` +
				`Write soak = "2d", or set cutover to 2012-03-17 18:00 or later.`},
		},
		{
			name: "the other has no date", cutover: "2012-03-15 18:00", soak: "4d",
			change: func(b *builder, a *schema.After) { a.Batch.T = time.Time{} },
			want: []string{`warning after-without-date, line 30, in batch "wave1": Batch "wave1" has a cutover, but waits for batch "pilot", which has none. ` +
				`Its tenants are held before phase "Lock" until that one has moved. Give batch "pilot" a cutover, so that the dates of both can be checked.`},
		},
		{
			name: "nobody is waited for", cutover: "2012-03-15 18:00", soak: "4d",
			change: func(b *builder, a *schema.After) { a.AtLeast = 0 },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := seed(t)
			b.cfg.Batches = b.cfg.Batches[:1]
			wave := b.batch("wave1", c.cutover, "America/Los_Angeles")
			after := b.after(wave, b.cfg.Batches[0], c.soak)
			if c.change != nil {
				c.change(b, after)
			}
			checkTold(t, timeline.Check(b.done()), c.want...)
		})
	}
}

// Dates are shown in the zone of the batch that they belong to.
func TestCheck_AfterInAnotherZone(t *testing.T) {
	b := seed(t)
	b.cfg.Batches = b.cfg.Batches[:1]
	b.after(b.batch("india", "2012-03-15 18:00", "Asia/Kolkata"), b.cfg.Batches[0], "4d")
	checkTold(t, timeline.Check(b.done()),
		`error after-too-late, line 32, in batch "india": Batch "pilot" is Complete on Sun 11 Mar 2012 19:00 PDT at the earliest; `+
			`with 4d of soak that is Thu 15 Mar 2012 19:00 PDT. `+
			`Phase "Lock" opens for "india" on Wed 14 Mar 2012 18:00 IST, so all of its tenants would be held for 37 hours 30 minutes. `+
			`Write soak = "2d", or set cutover to 2012-03-17 07:30 or later.`)
}

// Both ways out that an error names are ways out.
func TestCheck_AfterHintsAreRight(t *testing.T) {
	base := time.Date(2012, time.January, 1, 0, 0, 0, 0, time.UTC)
	zones := []string{"America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kolkata", "Europe/Berlin"}
	rapid.Check(t, func(rt *rapid.T) {
		b := seed(t)
		draw := func(name, zone string) *schema.Batch {
			batch := b.batch(name, "", zone)
			minutes := rapid.IntRange(0, 500*24*12).Draw(rt, name)
			batch.T = base.Add(time.Duration(minutes) * 5 * time.Minute)
			return batch
		}
		b.cfg.Batches = nil
		pilot := draw("pilot", rapid.SampledFrom(zones).Draw(rt, "pilot's zone"))
		wave := draw("wave1", rapid.SampledFrom(zones).Draw(rt, "wave's zone"))
		after := b.after(wave, pilot, rapid.SampledFrom([]string{"0d", "4d", "36h", "1d12h", "90m"}).Draw(rt, "soak"))
		after.Holds.Opens = b.offset(rapid.SampledFrom([]string{"T-1d", "T-12h", "T", "T-1d@02:30", "T-1d6h"}).Draw(rt, "holds"))
		cfg := b.done()

		hint, held := heldHint(cfg)
		if !held {
			return
		}
		if soak, ok := quoted(hint, `soak = "`, `"`); ok {
			given := after.Soak
			after.Soak = b.duration(soak)
			if hint, held := heldHint(cfg); held {
				rt.Errorf("with the soak that is recommended: %s", hint)
			}
			after.Soak = given
		}
		cutover, ok := quoted(hint, "cutover to ", " or later")
		if !ok {
			rt.Fatalf("%q names no cutover", hint)
		}
		var err error
		if wave.T, _, err = toffset.ParseInstant(cutover, wave.Zone); err != nil {
			rt.Fatal(err)
		}
		if hint, held := heldHint(cfg); held {
			rt.Errorf("with the cutover that is recommended: %s", hint)
		}
	})
}

func heldHint(cfg *schema.Config) (string, bool) {
	for _, d := range timeline.Check(cfg) {
		if d.Code == "after-too-late" {
			return d.Hint, true
		}
	}
	return "", false
}

func quoted(s, before, after string) (string, bool) {
	_, s, ok := strings.Cut(s, before)
	if !ok {
		return "", false
	}
	s, _, ok = strings.Cut(s, after)
	return s, ok
}
