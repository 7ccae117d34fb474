package ledger

import "time"

// setApart notes whether the tenant's way is that of a plan which was not adopted.
func (r *Record) setApart(f Fact) {
	switch f.Kind {
	case Enrolled, Placed, Moved, Rescheduled, Withdrawn:
		r.Apart = time.Time{}
		if f.Apart {
			r.Apart = f.At
		}
	}
}

// count counts an attempt that has ended for the breaker of the tenant's batch.
func (r *Record) count(f Fact) {
	if f.Round == 0 || f.Kind == Failed && f.Next != nil {
		return
	}
	if r.Tally.Batch != r.Batch || r.Tally.Round != f.Round {
		r.Tally = Tally{Batch: r.Batch, Round: f.Round}
	}
	r.Tally.Ended++
	if f.Kind == Failed || f.Kind == Unknown {
		r.Tally.Errors++
	}
}

// rename gives an item another key, or all that is known of the tenant away to
// another id: the facts that the other one has then say what it was.
func (r *Record) rename(f Fact) {
	if f.Item == "" {
		*r = Record{ID: r.ID, Rev: r.Rev, Epoch: r.Epoch, Became: f.Into}
		return
	}
	old := r.Item(f.Item)
	if old == nil {
		return
	}
	it := *old
	if it.Alias == "" {
		it.Alias = it.Key
	}
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
	case WasLocked:
		it.settle(Done, f)
		it.Obligation, it.First = true, f.At
	default:
		it.settle(Done, f)
	}
	it.Notice, it.Announced = f.Notice, instant(f.Announced)
	it.notice()
	if f.Recipient != "" && it.State == Done && !it.Announced.IsZero() {
		*r.told(f.Recipient) = Told{Recipient: f.Recipient, T: it.Announced, Item: it.Key}
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
