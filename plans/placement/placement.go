// Package placement gives tenants their batch: batches fill in order of
// cutover, each by priority, then longest waiting, then id, up to its capacity.
//
// Who has a batch keeps it; Fill only ever sees tenants without one.
package placement

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"transition/schema"
	"transition/schema/toffset"
)

// Order returns the batches in the order in which they fill: by cutover, those
// without a date last, then by name.
func Order(batches []*schema.Batch) []*schema.Batch {
	out := slices.Clone(batches)
	slices.SortFunc(out, func(a, b *schema.Batch) int {
		if a.T.IsZero() != b.T.IsZero() {
			if a.T.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(a.T.Compare(b.T), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Candidate is a tenant without a batch that no constraint blocks.
type Candidate struct {
	ID    string
	Since time.Time      // when it was enrolled; the zero time: now, for the first time
	T     time.Time      // its own cutover; the zero time: its batch's
	Zone  *time.Location // its own; nil: its batch's
	// Pinned is set when the plan names its batch: the only Fit then, and
	// capacity and priority do not choose.
	Pinned bool
	Fits   []Fit // in the order of batches
	// Lost is a time of which nothing is known: it may have got a place then. nil:
	// there is none.
	Lost *Lost
}

// Lost is a time in which a candidate may have got a place that nobody knows of. It
// is given no other, and is told no other date, before a person has said which.
type Lost struct {
	Since  time.Time // zero: it has no beginning
	Reason string    // when that was, behind "it may have been placed"
}

// Fit is a batch that a candidate matches.
type Fit struct {
	Batch    int // index into the order of batches
	Weight   float64
	Priority schema.Number
	// Told is when the candidate can be told first of the T that it has there.
	// The past and the zero time mean at once.
	Told time.Time
}

// Result is what became of a candidate.
type Result struct {
	Batch  int    // index into the order of batches; -1: none
	Reason string // why none
	lost   bool   // only a person can say which
}

// Problem is a pinned tenant that its batch cannot take. It is a mistake in the
// plan, not a reason to wait.
type Problem struct {
	Candidate int
	Reason    string
}

// Filler fills batches. Make it with New.
type Filler struct {
	batches []*schema.Batch
	notice  schema.Notice
	now     time.Time
	used    []float64
}

// New makes a Filler for batches in the order given by Order.
func New(batches []*schema.Batch, notice schema.Notice, now time.Time) *Filler {
	return &Filler{batches: batches, notice: notice, now: now, used: make([]float64, len(batches))}
}

// Use counts a tenant that has its place already.
func (f *Filler) Use(batch int, weight float64) { f.used[batch] += weight }

// Over reports whether those who have their place take more than the capacity,
// as when it was lowered, and how much they take. Shares of weights add up to no
// exact number.
func (f *Filler) Over(batch int) (used string, over bool) {
	const slack = 1e-9
	return number(f.used[batch]), f.used[batch] > f.batches[batch].Capacity+slack
}

// Fill places the candidates. Results are aligned with the candidates; the
// order of candidates does not matter.
func (f *Filler) Fill(candidates []Candidate) ([]Result, []Problem) {
	results := make([]Result, len(candidates))
	for i, c := range candidates {
		results[i] = Result{Batch: -1, Reason: "no batch matches"}
		if len(c.Fits) > 0 {
			results[i].Reason = ""
		}
	}
	problems := f.pinned(candidates, results)
	for b := range f.batches {
		f.fill(b, candidates, results)
	}
	return results, problems
}

// pinned places those whose batch the plan names, before anybody else.
func (f *Filler) pinned(candidates []Candidate, results []Result) []Problem {
	var problems []Problem
	for i := range candidates {
		c := &candidates[i]
		if !c.Pinned {
			continue
		}
		fit := c.Fits[0]
		reason, late := f.closed(fit, c, f.now)
		if reason == "" && f.used[fit.Batch]+fit.Weight > f.batches[fit.Batch].Capacity {
			reason, late = f.full(fit.Batch), true
		}
		results[i].Reason = reason
		if reason != "" {
			if late {
				problems = append(problems, Problem{Candidate: i, Reason: reason})
			}
			continue
		}
		results[i].Batch = fit.Batch
		f.used[fit.Batch] += fit.Weight
	}
	return problems
}

type bid struct {
	candidate int
	fit       Fit
}

// fill gives the places of one batch to those who come first.
func (f *Filler) fill(b int, candidates []Candidate, results []Result) {
	var bids []bid
	for i := range candidates {
		c := &candidates[i]
		if results[i].Batch >= 0 || c.Pinned || results[i].lost {
			continue
		}
		j := slices.IndexFunc(c.Fits, func(fit Fit) bool { return fit.Batch == b })
		if j < 0 {
			continue
		}
		if reason, late := f.closed(c.Fits[j], c, f.now); reason != "" {
			results[i] = Result{Batch: -1, Reason: reason}
			if late && f.wasOpen(c.Fits[j], c) {
				results[i] = f.lost(b, c)
			}
			continue
		}
		bids = append(bids, bid{i, c.Fits[j]})
	}
	slices.SortFunc(bids, func(x, y bid) int {
		a, c := &candidates[x.candidate], &candidates[y.candidate]
		return cmp.Or(
			-comparePriority(x.fit.Priority, y.fit.Priority),
			compareSince(a.Since, c.Since),
			cmp.Compare(a.ID, c.ID),
		)
	})
	bids = f.certain(b, bids, candidates, results)
	capacity := f.batches[b].Capacity
	over := bids[:0]
	for _, bid := range bids {
		if f.used[b]+bid.fit.Weight > capacity {
			over = append(over, bid)
			continue
		}
		f.used[b] += bid.fit.Weight
		results[bid.candidate] = Result{Batch: b}
	}
	for _, bid := range over {
		results[bid.candidate].Reason = f.full(b)
	}
}

// certain leaves out of the bids for a batch those that may have won one before, if
// there is not room for all: then nobody knows who had won.
func (f *Filler) certain(b int, bids []bid, candidates []Candidate, results []Result) []bid {
	all := f.used[b]
	for _, bid := range bids {
		all += bid.fit.Weight
	}
	if all <= f.batches[b].Capacity {
		return bids
	}
	return slices.DeleteFunc(bids, func(x bid) bool {
		c := &candidates[x.candidate]
		if c.Lost == nil {
			return false
		}
		results[x.candidate] = f.lost(b, c)
		return true
	})
}

// lost is the result of a candidate that may have got a place of which nobody knows.
func (f *Filler) lost(b int, c *Candidate) Result {
	return Result{Batch: -1, lost: true, Reason: fmt.Sprintf(
		"it may have been placed in batch %s %s: say what has happened with transition import FILE -reason=..., or name another batch for it in the plan",
		f.batches[b].Name, c.Lost.Reason)}
}

// wasOpen reports whether a batch that takes a candidate no more did so in the time of
// which nothing is known: batches only ever close.
func (f *Filler) wasOpen(fit Fit, c *Candidate) bool {
	if c.Lost == nil {
		return false
	}
	if c.Lost.Since.IsZero() {
		return true
	}
	fit.Told = time.Time{} // it may have been told meanwhile
	reason, _ := f.closed(fit, c, c.Lost.Since)
	return reason == ""
}

// closed says why a batch takes a candidate no more at an instant, or "". late tells a
// date that has passed from one that is not there yet.
func (f *Filler) closed(fit Fit, c *Candidate, now time.Time) (reason string, late bool) {
	batch := f.batches[fit.Batch]
	t, zone, told := c.T, c.Zone, fit.Told
	if t.IsZero() {
		t = batch.T
	}
	if t.IsZero() {
		return "batch " + batch.Name + " has no date", false
	}
	if zone == nil {
		zone = batch.Zone
	}
	if !now.Before(t) {
		return "cutover of batch " + batch.Name + " was " + toffset.ShowLocal(t, zone), true
	}
	if told.Before(now) {
		told = now
	}
	for _, need := range [...]toffset.Duration{f.notice.First, f.notice.Final} {
		if !need.IsZero() && told.After(need.Before(t, zone)) {
			return f.notTold(need, told, t), true
		}
	}
	if until, _ := batch.EnrolUntil.From(t, zone); now.After(until) {
		return "enrolment of batch " + batch.Name + " closed on " + toffset.ShowLocal(until, zone), true
	}
	return "", false
}

func (f *Filler) full(b int) string {
	batch := f.batches[b]
	return fmt.Sprintf("capacity %s/%s of batch %s", number(f.used[b]), number(batch.Capacity), batch.Name)
}

// NoticeReason says that a notice given at an instant comes too late for T.
func NoticeReason(need toffset.Duration, given, t time.Time) string {
	return "notice: " + need.String() + " needed, " + length(max(t.Sub(given), 0)) + " left"
}

// notTold says that a candidate would be told too late.
func (f *Filler) notTold(need toffset.Duration, told, t time.Time) string {
	switch {
	case told.After(t):
		return "notice: " + need.String() + " needed, none would come before T"
	case told.After(f.now):
		return "notice: " + need.String() + " needed, the next would come " + length(t.Sub(told)) + " before T"
	default:
		return NoticeReason(need, told, t)
	}
}

// length is a duration in days, below two of them in hours.
func length(d time.Duration) string {
	if d < 48*time.Hour {
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}

func number(x float64) string {
	if math.IsInf(x, 1) {
		return "unlimited"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// comparePriority orders by value, null below everything.
func comparePriority(a, b schema.Number) int {
	if a.Valid != b.Valid {
		if a.Valid {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.Value, b.Value)
}

// compareSince puts whoever has waited longer first, the newest last.
func compareSince(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}
