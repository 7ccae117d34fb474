package timeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/plans/timeline"
	"transition/schema"
	"transition/schema/toffset"
)

func TestBuild(t *testing.T) {
	b := seed(t)
	b.only("Pre-Stage").At = b.offset("T-3d@22:00")
	b.only("Pre-Stage").LateUntil = b.offset("T-2d")
	ask := b.item(b.named("Approval"), "go", &schema.Approval{Expires: b.offset("T-10d")})
	b.named("DataUpgrade").MustEnd = b.offset("T+36h")
	cfg := b.done()
	pilot := cfg.Batches[0]
	tl := timeline.Build(cfg, pilot.T, pilot.Zone)

	lock, upgrade := b.only("Lock"), b.named("DataUpgrade").Index
	for _, c := range []struct {
		name string
		got  time.Time
		want string // empty: the plan does not set it
	}{
		{"the phase without an offset", tl.Phases[0].Opens, ""},
		{"it closes with the next one's opening", tl.Phases[0].Closes, "Mon 9 Jan 2012 18:00 PST"},
		{"a phase opens", tl.Phases[upgrade].Opens, "Fri 9 Mar 2012 18:00 PST"},
		{"its latest start", tl.Phases[upgrade].LatestStart, "Fri 9 Mar 2012 22:00 PST"},
		{"its end", tl.Phases[upgrade].MustEnd, "Sun 11 Mar 2012 07:00 PDT"},
		{"48 hours over the change of the clocks", tl.Phases[upgrade].Closes, "Sun 11 Mar 2012 19:00 PDT"},
		{"the last phase never closes", tl.Phases[upgrade+1].Closes, ""},
		{"an item is due with its phase", tl.Items[lock.Index].At, "Thu 8 Mar 2012 18:00 PST"},
		{"and late when that closes", tl.Items[lock.Index].LateUntil, "Fri 9 Mar 2012 18:00 PST"},
		{"the lock's alarm", tl.Items[lock.Index].ReleaseBy, "Tue 13 Mar 2012 18:00 PDT"},
		{"an item's own offset", tl.Items[b.only("Pre-Stage").Index].At, "Tue 6 Mar 2012 22:00 PST"},
		{"an item's own end", tl.Items[b.only("Pre-Stage").Index].LateUntil, "Wed 7 Mar 2012 18:00 PST"},
		{"an approval expires", tl.Items[ask.Index].Expires, "Tue 28 Feb 2012 18:00 PST"},
		{"the first notice", tl.FirstBy, "Wed 8 Feb 2012 18:00 PST"},
		{"the final notice", tl.FinalBy, "Fri 2 Mar 2012 18:00 PST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if !c.got.IsZero() {
				got = toffset.ShowLocal(c.got, pilot.Zone)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestBuild_WithoutADate(t *testing.T) {
	cfg := seed(t).done()
	tl := timeline.Build(cfg, time.Time{}, cfg.Batches[0].Zone)
	if !tl.FirstBy.IsZero() || len(tl.Phases) != len(cfg.Phases) || len(tl.Items) != len(cfg.Items) {
		t.Errorf("Build = %+v", tl)
	}
	for i, p := range tl.Phases {
		if (p != timeline.Phase{}) {
			t.Errorf("phase %d is %+v", i, p)
		}
	}
}

// Two phases with one offset follow each other, so neither may close at once.
func TestBuild_PhasesWithOneOffsetCloseTogether(t *testing.T) {
	b := &builder{t: t, cfg: &schema.Config{}}
	b.phase("A", "T")
	b.phase("B", "T")
	b.phase("C", "T+1d")
	cutover := b.batch("pilot", "2026-06-01 12:00", "UTC").T
	cfg := b.done()
	tl := timeline.Build(cfg, cutover, time.UTC)
	for i := range 2 {
		if want := cutover.Add(24 * time.Hour); !tl.Phases[i].Closes.Equal(want) {
			t.Errorf("phase %s closes at %v, want %v", cfg.Phases[i].Name, tl.Phases[i].Closes, want)
		}
	}
	if l := timeline.Check(cfg); len(l) != 0 {
		t.Errorf("Check = %v", l)
	}
}

func TestEntries(t *testing.T) {
	b := &builder{t: t, cfg: &schema.Config{}}
	b.phase("Before", "")
	prep := b.phase("Prep", "T-1d")
	b.work(prep, "copy")
	lock := &schema.Lock{ReleaseBy: b.offset("T+2d")}
	b.item(prep, "admin", lock).At = b.offset("T-12h")
	move := b.phase("Move", "T")
	move.LatestStart, move.MustEnd = b.offset("T+4h"), b.offset("T+1d")
	b.work(move, "upgrade")
	lock.ReleaseIn = b.phase("After", "T+48h")
	wave := b.batch("wave1", "2012-03-12 02:30", "America/Los_Angeles")
	entries := timeline.Entries(b.done(), wave)

	var got []string
	for _, e := range entries {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s/%s %s %s %s %s",
			toffset.ShowLocal(e.At, e.Zone), e.Phase, e.Item, e.Edge, e.Offset, e.Batch, e.Note)))
	}
	const gap = " 02:30 does not exist on Sun 11 Mar 2012: 03:00 was taken"
	want := []string{
		"Sun 11 Mar 2012 03:00 PDT Before/ closes T-1d wave1" + gap,
		"Sun 11 Mar 2012 03:00 PDT Prep/ opens T-1d wave1" + gap,
		"Sun 11 Mar 2012 03:00 PDT Prep/copy at T-1d wave1" + gap,
		"Sun 11 Mar 2012 14:30 PDT Prep/admin at T-12h wave1",
		"Mon 12 Mar 2012 02:30 PDT Prep/ closes T wave1",
		"Mon 12 Mar 2012 02:30 PDT Prep/copy late_until T wave1",
		"Mon 12 Mar 2012 02:30 PDT Prep/admin late_until T wave1",
		"Mon 12 Mar 2012 02:30 PDT Move/ opens T wave1",
		"Mon 12 Mar 2012 02:30 PDT Move/upgrade at T wave1",
		"Mon 12 Mar 2012 06:30 PDT Move/ latest_start T+4h wave1",
		"Tue 13 Mar 2012 02:30 PDT Move/ must_end T+1d wave1",
		"Wed 14 Mar 2012 02:30 PDT Prep/admin release_by T+2d wave1",
		"Wed 14 Mar 2012 02:30 PDT Move/ closes T+48h wave1",
		"Wed 14 Mar 2012 02:30 PDT Move/upgrade late_until T+48h wave1",
		"Wed 14 Mar 2012 02:30 PDT After/ opens T+48h wave1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestEntries_WithoutADate(t *testing.T) {
	b := seed(t)
	later := b.batch("later", "", "UTC")
	if got := timeline.Entries(b.done(), later); len(got) != 0 {
		t.Errorf("Entries = %v", got)
	}
}

func BenchmarkBuild(b *testing.B) {
	cfg := seed(b).done()
	pilot := cfg.Batches[0]
	b.ReportAllocs()
	for b.Loop() {
		timeline.Build(cfg, pilot.T, pilot.Zone)
	}
}
