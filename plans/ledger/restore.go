package ledger

import "time"

// StateID is the id of the record of the state itself, which knows that it was
// restored from a copy. It counts as that of a batch, and no batch has it.
const StateID = batchPrefix

// Restoration is what is known of what a restored state lacks: things may have
// happened that it does not know of.
type Restoration struct {
	At    time.Time // when it was restored
	Since time.Time // nothing is missing that happened before; zero: all may be
	Until time.Time // no more is missing than happened until then
	// Settled is when the first whole apply after it had ended: what follows from
	// something that was recorded later has not happened before. Zero: none has.
	Settled time.Time
}

// Restoration reads the record of the state; nil: nothing is missing.
func (r *Record) Restoration() *Restoration {
	if r == nil || r.Hold == nil {
		return nil
	}
	return &Restoration{At: r.Hold.Since, Since: r.T, Until: r.Hold.Until, Settled: r.PlacedAt}
}

// restore applies a Restored: with Until, a person has restored a state that lacks
// something; without, one that lacks nothing, or, by nobody, an apply has ended.
func (r *Record) restore(f Fact) {
	switch {
	case f.Until != nil:
		h := &Hold{Reason: f.Reason, By: f.By, Since: f.At, Until: *f.Until}
		if r.Hold == nil {
			r.T = instant(f.T)
		} else if r.Hold.Until.After(h.Until) {
			h.Until = r.Hold.Until
		}
		r.Hold, r.PlacedAt = h, time.Time{}
	case f.By == "":
		r.PlacedAt = f.At
	}
}

// Places reports whether a tenant without a place may have had one, unknown to the
// state. Whoever was first seen after the first whole apply had none.
func (s *Restoration) Places(r *Record) bool {
	if s == nil {
		return false
	}
	return s.Settled.IsZero() || !r.EnrolledAt.IsZero() && !r.EnrolledAt.After(s.Settled)
}

// Doubts reports whether an effect may have happened already, unknown to the
// state. due is when it falls due by the dates of the plan alone; where no date
// decides that, it is zero, and since is when something was recorded that it
// follows from. touched is when anything was recorded of it last.
//
// The first whole apply enrols whom the lost state had. A tenant that was first seen
// after it has no past; one whose T has changed, or that has left, may have one.
func (s *Restoration) Doubts(r *Record, due, since, touched time.Time) bool {
	switch {
	case s == nil || !touched.Before(s.At):
		return false
	case !s.Settled.IsZero() && r.EnrolledAt.After(s.Settled) && r.Epoch <= 1:
		return false
	case !due.IsZero():
		return !due.After(s.Until)
	default:
		return s.Settled.IsZero() || !since.After(s.Settled)
	}
}
