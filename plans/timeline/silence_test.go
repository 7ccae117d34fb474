package timeline_test

import (
	"testing"

	"transition/plans/timeline"
	"transition/schema"
)

// Silence that cannot have become a yes in time is told before anybody waits for
// it. What has no offset goes out at once.
func TestCheck_Silence(t *testing.T) {
	const due = `warning silence-too-late, line 4, in consent: The earliest notice, communication "first_notice" of phase "PrimaryPrep", is due at `
	for _, c := range []struct {
		name   string
		mode   schema.ConsentMode
		after  string
		change func(*builder)
		want   []string
	}{
		{name: "in time", mode: schema.OptOut, after: "59d"},
		{name: "only a word is a yes", mode: schema.OptIn},
		{
			name: "too late", mode: schema.OptOut, after: "60d",
			want: []string{due + `T-60d, and silence counts 60d after it, but phase "Lock" opens at T-1d. Every tenant that says nothing would be held. ` +
				`Let the first notice be due earlier, or write a shorter opt_out_after.`},
		},
		{
			name: "too late on some dates", mode: schema.OptInOrLate, after: "1417h",
			change: func(b *builder) { b.named("Lock").Opens = b.offset("T-1d@18:00") },
			want: []string{due + `T-60d, and silence counts 1417h after it, but phase "Lock" opens at T-1d@18:00. ` +
				`In batch "pilot" it counts from Thu 8 Mar 2012 19:00 PST, and the phase opens on Thu 8 Mar 2012 18:00 PST. So it is in one more batch. ` +
				`Every tenant that says nothing would be held. Let the first notice be due earlier, or write a shorter opt_out_after.`},
		},
		{
			name: "no notice", mode: schema.OptOut, after: "30d",
			change: func(b *builder) {
				b.cfg.Notice = schema.Notice{}
				for _, p := range b.cfg.Phases[1:4] {
					p.Items = nil
				}
			},
			want: []string{`warning silence-without-notice, line 4, in consent: Silence counts from the first notice, and none is ever given, so every tenant that says nothing would be held before phase "Lock". ` +
				`Write notice = true in the communications that tell the date, and that silence counts.`},
		},
		{
			name: "told when placed", mode: schema.OptOut, after: "90d",
			change: func(b *builder) {
				b.cfg.Events = []*schema.Item{{Name: "placed", Does: &schema.Communication{On: schema.OnPlaced, Notice: true}}}
			},
		},
		{
			name: "told at once", mode: schema.OptOut, after: "90d",
			change: func(b *builder) { b.notice(b.named("Pre-Approval"), "hello") },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := seed(t)
			b.cfg.Consent = &schema.Consent{Mode: c.mode, Phase: b.named("Lock"), Range: at(4)}
			if c.after != "" {
				b.cfg.Consent.OptOutAfter = b.duration(c.after)
			}
			if c.change != nil {
				c.change(b)
			}
			checkTold(t, timeline.Check(b.done()), c.want...)
		})
	}
}
