package ledger

import "time"

// setApart notes whether the tenant's way is that of a plan which was not adopted.
func (r *Record) setApart(f Fact) {
	if !SetsWay(f.Kind) {
		return
	}
	r.Apart = time.Time{}
	switch {
	case !f.Apart:
	case f.Said != nil:
		r.Apart = *f.Said
	default:
		r.Apart = f.At
	}
}

// SetsWay reports whether facts of a kind give a tenant a batch or a date, or take
// them away, as a plan wants it.
func SetsWay(k Kind) bool {
	switch k {
	case Enrolled, Placed, Moved, Rescheduled, Withdrawn:
		return true
	default:
		return false
	}
}

// CountsFor is the batch for whose breaker the tenant's attempts count: its own,
// or the one that it left. Empty: none.
func (r *Record) CountsFor() string {
	if r.Left != nil {
		return r.Left.Batch
	}
	return r.Batch
}

// Counted is a tally of the tenant's attempts after a fact.
func (r *Record) Counted(t Tally, f Fact) Tally {
	batch := r.CountsFor()
	if f.Round == 0 || batch == "" || f.Kind == Failed && f.Next != nil {
		return t
	}
	if t.Batch != batch || t.Round != f.Round {
		t = Tally{Batch: batch, Round: f.Round}
	}
	t.Ended++
	if f.Kind == Failed || f.Kind == Unknown {
		t.Errors++
	}
	return t
}

// rename gives an item another key, or all that is known of the tenant away to
// another id, which has it from a fact of its own.
func (r *Record) rename(f Fact) {
	switch {
	case f.Known != nil:
		r.inherit(f.Known, f.Source)
		return
	case f.Item == "":
		*r = Record{ID: r.ID, Rev: r.Rev, Epoch: r.Epoch, Became: f.Into}
		return
	}
	old := r.Item(f.Item)
	if old == nil {
		return
	}
	it := *old
	it.Alias = r.alias(f.Item)
	r.drop(f.Item)
	it.Key = f.Into
	*r.touch(f.Into) = it
	for i := range r.Items {
		if r.Items[i].Into == f.Item {
			r.Items[i].Into = f.Into
		}
	}
	for i := range r.Told {
		if r.Told[i].Item == f.Item {
			r.Told[i].Item = f.Into
		}
		for j := range r.Told[i].Doubts {
			if d := &r.Told[i].Doubts[j]; d.Item == f.Item {
				d.Item = f.Into
			}
		}
	}
}

// adopt notes what had happened before the tool came. Of a message it is told for
// one recipient at a time.
func (r *Record) adopt(f Fact) {
	it := r.touch(f.Item)
	it.enter(f.Epoch)
	switch f.State {
	case WasSkipped:
		it.settle(Omitted, f)
	case WasWaived:
		it.settle(Waived, f)
	default:
		it.settle(Done, f)
		it.wasDone(f)
	}
	it.Notice, it.Announced = f.Notice, instant(f.Announced)
	it.notice()
	if f.Recipient != "" && it.State == Done && !it.Announced.IsZero() {
		*r.told(f.Recipient) = Told{Recipient: f.Recipient, T: it.Announced, Item: it.Key, At: f.At}
	}
}

// wasDone notes what there is to take back.
func (it *Item) wasDone(f Fact) {
	if f.Op != Run && f.Op != Acquire {
		return
	}
	it.First, it.Attempts = f.At, 1
	switch {
	case f.State == WasLocked:
		it.Obligation = true
	case f.Op == Acquire:
		it.Release = &Try{State: Done, At: f.At}
	}
}

// polled notes that work was started, or asked about. At stays the instant at
// which it was started: how long it may be asked about is counted from there.
func (t *Try) polled(f Fact) {
	if t.State != Polling {
		t.State, t.At = Polling, f.At
	}
	t.Attempt, t.Next, t.Reason = f.Attempt, instant(f.Next), f.Reason
}

// probed notes what a probe said of an attempt of unknown outcome. While it says
// nothing, At stays the instant since which nobody knows.
func (t *Try) probed(f Fact) {
	t.Next, t.Reason = instant(f.Next), f.Reason
	switch {
	case f.Answer == AnswerDone:
		t.State, t.At = Done, f.At
	case f.Answer != AnswerNotDone:
		t.State = Lost
	case f.Next != nil:
		t.State, t.At = Retrying, f.At
	default:
		t.State, t.At = Error, f.At
	}
}
