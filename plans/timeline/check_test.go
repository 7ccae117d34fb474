package timeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/plans/timeline"
	"transition/schema"
	"transition/schema/diag"
)

// told is what a person reads of a diagnostic, in one string.
func told(d diag.Diagnostic) string {
	return fmt.Sprintf("%s %s, line %d, in %s: %s %s", d.Severity, d.Code, d.Subject.Start.Line, d.Where, d.Detail, d.Hint)
}

func checkTold(t *testing.T, l diag.List, want ...string) {
	t.Helper()
	var got []string
	for _, d := range l {
		got = append(got, told(d))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestCheck_TheSeedIsRight(t *testing.T) {
	checkTold(t, timeline.Check(seed(t).done()))
}

// Mistakes between the offsets of a plan are reported once, whatever batches
// there are, and also when none has a date.
func TestCheck_Offsets(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*builder)
		want   string
	}{
		{
			"a phase closes before it opens",
			func(b *builder) { b.named("Lock").Closes = b.offset("T-2d") },
			`error closes-before-opens, line 15, in phase "Lock": Phase "Lock" opens at T-1d and closes at T-2d, so nothing in it could ever begin in time. ` +
				`Let closes be an offset after T-1d, or leave it out: then the phase closes when the next one opens.`,
		},
		{
			"latest start before the opening",
			func(b *builder) { b.named("DataUpgrade").LatestStart = b.offset("T-4h") },
			`error latest-start-before-opens, line 70, in phase "DataUpgrade": The phase opens at T, but its tenants have to begin by T-4h: all of them would miss it. ` +
				`Let latest_start be an offset after T.`,
		},
		{
			"latest start after the end",
			func(b *builder) { b.named("DataUpgrade").MustEnd = b.offset("T+2h") },
			`error latest-start-after-must-end, line 70, in phase "DataUpgrade": The phase may be begun until T+4h, but has to end by T+2h. ` +
				`Let latest_start be an offset before T+2h, or must_end one after T+4h.`,
		},
		{
			"latest start after the closing",
			func(b *builder) { b.named("DataUpgrade").LatestStart = b.offset("T+3d") },
			`error latest-start-after-closes, line 70, in phase "DataUpgrade": The phase may be begun until T+3d, but closes at T+48h. ` +
				`Let latest_start be T+48h or earlier, or write closes as T+3d or later.`,
		},
		{
			"end before the opening",
			func(b *builder) { b.named("Finalize").MustEnd = b.offset("T+1d") },
			`error must-end-before-opens, line 17, in phase "Finalize": The phase opens at T+48h, but has to end by T+1d. ` +
				`Let must_end be an offset after T+48h.`,
		},
		{
			"an item before its phase",
			func(b *builder) { b.only("Lock").At = b.offset("T-2d") },
			`error item-before-phase, line 50, in lock "tenant_admin" of phase "Lock": The item's phase opens at T-1d, but the item is due at T-2d already. ` +
				`Let at be T-1d or later, or put the item into an earlier phase.`,
		},
		{
			"an item after its phase",
			func(b *builder) { b.only("Pre-Stage").At = b.offset("T-1d") },
			`error empty-window, line 50, in work "copy_content" of phase "Pre-Stage": The item is due at T-1d, but may be begun only until T-1d, when its phase closes: it would always be too late. ` +
				`Write late_until as an offset after T-1d, or put the item into a later phase.`,
		},
		{
			"an item that ends before it begins",
			func(b *builder) { b.only("Finalize").LateUntil = b.offset("T+1d") },
			`error empty-window, line 50, in work "cleanup" of phase "Finalize": The item is due at T+48h, but may be begun only until T+1d (late_until): it would always be too late. ` +
				`Let late_until be an offset after T+48h.`,
		},
		{
			"the alarm before the release",
			func(b *builder) { b.only("Lock").Does.(*schema.Lock).ReleaseBy = b.offset("T+1d") },
			`error release-by-too-early, line 50, in lock "tenant_admin" of phase "Lock": The phase in which the lock is released opens at T+48h, but the lock counts as overdue from T+1d on: every tenant would raise the alarm. ` +
				`Let release_by be an offset after T+48h.`,
		},
		{
			"a release before the lock",
			func(b *builder) { b.only("Lock").Does.(*schema.Lock).ReleaseIn = b.named("Lock") },
			`error release-before-lock, line 50, in lock "tenant_admin" of phase "Lock": The lock is taken in phase "Lock" and released in phase "Lock", which does not come after it. ` +
				`Let release_in name a phase that comes after "Lock".`,
		},
		{
			"an approval that expires at once",
			func(b *builder) {
				b.item(b.named("Approval"), "go", &schema.Approval{Expires: b.offset("T-15d")})
			},
			`error expires-too-early, line 50, in approval "go" of phase "Approval": The approval is asked for at T-14d, but expires at T-15d: nobody could ever give it. ` +
				`Let expires be an offset after T-14d.`,
		},
		{
			"enrolment after the cutover",
			func(b *builder) { b.cfg.Batches[1].EnrolUntil = *b.offset("T+1d") },
			`error enrol-after-cutover, line 20, in batch "wave1": Tenants can get into batch "wave1" until T+1d, which is after its cutover T. ` +
				`Let enrol_until be "T" or an offset before it.`,
		},
		{
			"no notice at all",
			func(b *builder) {
				for _, p := range b.cfg.Phases[1:4] {
					p.Items = nil
				}
			},
			`error notice-missing, line 3, in notice: The plan demands a notice before T, but none is ever given, so every tenant would be held before phase "Lock". ` +
				`Write notice = true in the communications that tell the date.`,
		},
		{
			"the first notice too late",
			func(b *builder) { b.cfg.Notice.First = b.duration("90d") },
			`error notice-too-late, line 3, in notice: The earliest notice, communication "first_notice" of phase "PrimaryPrep", is due at T-60d, but notice.first demands one 90d before T. Every tenant would be held before phase "Lock". ` +
				`Write first = "60d" or less, or let a notice be due at T-90d or earlier.`,
		},
		{
			"the final notice too late",
			func(b *builder) {
				b.named("PrimaryPrep").Items, b.named("SecondaryPrep").Items = nil, nil
				b.cfg.Notice.First, b.cfg.Notice.Final = b.duration("7d"), b.duration("3w")
			},
			`error notice-too-late, line 3, in notice: The earliest notice, communication "final_notice" of phase "Approval", is due at T-14d, but notice.final demands one 21d before T. Every tenant would be held before phase "Lock". ` +
				`Write final = "14d" or less, or let a notice be due at T-21d or earlier.`,
		},
		{
			"the first notice waits for work that is due too late",
			func(b *builder) {
				prep := b.named("PrimaryPrep")
				letter := b.work(prep, "letter")
				letter.At, letter.LateUntil = b.offset("T-20d"), b.offset("T-14d")
				prep.Items[0].After = []*schema.Item{letter}
				b.named("SecondaryPrep").Items = nil
			},
			`error notice-too-late, line 3, in notice: The earliest notice, communication "first_notice" of phase "PrimaryPrep", waits for work "letter" of phase "PrimaryPrep", which is due at T-20d, but notice.first demands one 30d before T. Every tenant would be held before phase "Lock". ` +
				`Write first = "20d" or less, or let a notice be due at T-30d or earlier.`,
		},
		{
			"the first notice is behind a hard phase that is due too late",
			func(b *builder) {
				b.named("Pre-Approval").Hard, b.named("PrimaryPrep").Hard = true, true
				check := b.work(b.named("Pre-Approval"), "check")
				check.At, check.LateUntil = b.offset("T-25d"), b.offset("T-20d")
				b.named("SecondaryPrep").Items = nil
			},
			`error notice-too-late, line 3, in notice: The earliest notice, communication "first_notice" of phase "PrimaryPrep", waits for work "check" of phase "Pre-Approval", which is due at T-25d, but notice.first demands one 30d before T. Every tenant would be held before phase "Lock". ` +
				`Write first = "25d" or less, or let a notice be due at T-30d or earlier.`,
		},
		{
			"the first notice is for nobody",
			func(b *builder) {
				b.only("PrimaryPrep").When = schema.Expr[bool]{Range: at(51)}
				b.named("SecondaryPrep").Items = nil
			},
			`error notice-too-late, line 3, in notice: The earliest notice, communication "final_notice" of phase "Approval", is due at T-14d, but notice.first demands one 30d before T. Every tenant would be held before phase "Lock". ` +
				`Write first = "14d" or less, or let a notice be due at T-30d or earlier.`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := seed(t)
			c.change(b)
			checkTold(t, timeline.Check(b.done()), c.want)
		})
		t.Run(c.name+", no dates", func(t *testing.T) {
			b := seed(t)
			for _, batch := range b.cfg.Batches {
				batch.T = time.Time{}
			}
			c.change(b)
			checkTold(t, timeline.Check(b.done()), c.want)
		})
	}
}

// Notices bind lock phases and the point of no return only, and one that has no
// offset goes out at once.
func TestCheck_NoticeThatBindsNobody(t *testing.T) {
	t.Run("nothing is locked", func(t *testing.T) {
		b := seed(t)
		b.cfg.Phases = append(b.cfg.Phases[:1], b.named("Pre-Stage"))
		b.cfg.Batches[1].After = nil
		checkTold(t, timeline.Check(b.done()))
	})
	t.Run("at once", func(t *testing.T) {
		b := seed(t)
		b.cfg.Notice.First = b.duration("90d")
		b.notice(b.named("Pre-Approval"), "welcome")
		checkTold(t, timeline.Check(b.done()))
	})
}

// What is wrong on some dates only names the first batch that it happens to.
func TestCheck_Dates(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*builder)
		want   []string
	}{
		{
			"a time of day against hours",
			func(b *builder) { b.only("Lock").At = b.offset("T-1d@17:00") },
			[]string{`error item-before-phase, line 50, in lock "tenant_admin" of phase "Lock": The item's phase opens at T-1d, but the item is due at T-1d@17:00 already. ` +
				`In batch "pilot", T-1d is Thu 8 Mar 2012 18:00 PST and T-1d@17:00 is Thu 8 Mar 2012 17:00 PST. So it is in one more batch. ` +
				`Let at be T-1d or later, or put the item into an earlier phase.`},
		},
		{
			"hours against days, on the weekend of the change",
			func(b *builder) {
				b.cfg.Notice.First = b.duration("720h")
				b.named("PrimaryPrep").Items = nil
			},
			[]string{`error notice-too-late, line 3, in notice: The earliest notice, communication "reminder" of phase "SecondaryPrep", is due at T-30d, but notice.first demands one 720h before T. ` +
				`In batch "wave1" it is due on Wed 29 Feb 2012 18:00 PST, but needed by Wed 29 Feb 2012 17:00 PST. Every tenant would be held before phase "Lock". ` +
				`Let a notice be due at T-720h or earlier.`},
		},
		{
			"a notice late in the day",
			func(b *builder) {
				b.named("PrimaryPrep").Items = nil
				b.only("SecondaryPrep").At = b.offset("T-30d@20:00")
			},
			[]string{`error notice-too-late, line 3, in notice: The earliest notice, communication "reminder" of phase "SecondaryPrep", is due at T-30d@20:00, but notice.first demands one 30d before T. ` +
				`In batch "pilot" it is due on Wed 8 Feb 2012 20:00 PST, but needed by Wed 8 Feb 2012 18:00 PST. So it is in one more batch. Every tenant would be held before phase "Lock". ` +
				`Let a notice be due at T-30d or earlier.`},
		},
		{
			"phases out of order",
			func(b *builder) {
				b.named("Pre-Stage").Opens = b.offset("T-25h")
				b.named("Lock").Opens = b.offset("T-1d@12:00")
			},
			[]string{`warning phases-out-of-order, line 21, in batch "pilot": Phase "Pre-Stage" (T-25h) runs before phase "Lock" (T-1d@12:00), but in batch "pilot" it opens on Thu 8 Mar 2012 17:00 PST, ` +
				`5 hours after the other, which opens on Thu 8 Mar 2012 12:00 PST. Its items would be late from the beginning. So it is in one more batch. ` +
				`Write both offsets in days or both in hours, or choose another cutover.`},
		},
		{
			"enrolment later on the day of the cutover",
			func(b *builder) { b.cfg.Batches[0].EnrolUntil = *b.offset("T@20:00") },
			[]string{`error enrol-after-cutover, line 20, in batch "pilot": Tenants can get into batch "pilot" until T@20:00, which is after its cutover T. ` +
				`In batch "pilot", T@20:00 is Fri 9 Mar 2012 20:00 PST and T is Fri 9 Mar 2012 18:00 PST. ` +
				`Let enrol_until be "T" or an offset before it.`},
		},
		{
			"a skipped time of day",
			func(b *builder) { b.batch("wave2", "2012-03-12 02:30", "America/Los_Angeles") },
			[]string{`warning clock-gap, line 21, in batch "wave2": In phase "Lock", opens is T-1d. In America/Los_Angeles, 02:30 does not exist on Sun 11 Mar 2012: 03:00 was taken. ` +
				`The result is Sun 11 Mar 2012 03:00 PDT (Sun 10:00 UTC). Choose another time of day for the cutover, if that is not what you want.`},
		},
		{
			"a repeated time of day",
			func(b *builder) {
				b.named("DataUpgrade").MustEnd = b.offset("T+1d@01:30")
				b.batch("wave2", "2012-11-03 18:00", "America/Los_Angeles")
			},
			[]string{`warning clock-fold, line 21, in batch "wave2": In phase "DataUpgrade", must_end is T+1d@01:30. In America/Los_Angeles, 01:30 happens twice on Sun 4 Nov 2012: the first was taken. ` +
				`The result is Sun 4 Nov 2012 01:30 PDT (Sun 08:30 UTC). Choose another time of day after the @, if that is not what you want.`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := seed(t)
			c.change(b)
			checkTold(t, timeline.Check(b.done()), c.want...)
		})
	}
}
