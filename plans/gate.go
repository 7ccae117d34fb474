package plans

import (
	"cmp"
	"math"
	"slices"
	"time"

	"transition/schema"
	"transition/schema/toffset"
)

// progress is how far the tenants of a batch have come.
type progress struct {
	placed  int
	reached [][]time.Time // by phase: when each tenant that has completed it did
}

func newProgress(cfg *schema.Config) *progress {
	return &progress{reached: make([][]time.Time, len(cfg.Phases))}
}

// add counts a placed tenant.
func (p *progress) add(reached []time.Time) {
	p.placed++
	for i, at := range reached {
		if !at.IsZero() {
			p.reached[i] = append(p.reached[i], at)
		}
	}
}

// gate works out whether b may go on. A batch without tenants keeps nobody
// waiting.
func (p *progress) gate(d *Decider, b *schema.Batch, now time.Time) Gate {
	after := b.After
	done := p.reached[after.Reached.Index]
	need := atLeast(after.AtLeast, p.placed)
	if need == 0 {
		return Gate{Known: true, Open: true}
	}
	who := "waits for batch " + after.Batch.Name
	if len(done) < need {
		return Gate{Known: true, Reason: who + " (" + itoa(len(done)) + " of " + itoa(need) + " have completed " + after.Reached.Name + ")"}
	}
	slices.SortFunc(done, time.Time.Compare)
	zone := after.Batch.Zone
	open := after.Soak.Since(done[need-1], zone)
	if now.Before(open) {
		return Gate{Known: true, Reason: who + " (soak until " + toffset.ShowLocal(open, zone) + ")", Until: open}
	}
	return Gate{Known: true, Open: true, Opened: open}
}

// atLeast is the least number that is a share of n. A share is no exact number:
// 55 % of 100 is 55, not what lies a little above.
func atLeast(share float64, n int) int {
	const slack = 1e-9
	return int(math.Ceil(share*float64(n) - slack))
}

// waitingOrder returns the batches that wait for others, each behind the one
// that it waits for. The configuration has no cycles.
func waitingOrder(batches []*schema.Batch) []*schema.Batch {
	var out []*schema.Batch
	for _, b := range batches {
		if b.After != nil {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b *schema.Batch) int {
		return cmp.Or(cmp.Compare(depth(a), depth(b)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func depth(b *schema.Batch) int {
	n := 0
	for ; b.After != nil; b = b.After.Batch {
		n++
	}
	return n
}
