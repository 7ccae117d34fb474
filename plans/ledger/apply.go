package ledger

import (
	"slices"
	"strings"
	"time"
)

// Apply adds a fact to what is known of the tenant. It is the one place that
// says what a fact means, and never fails: a fact has happened.
func (r *Record) Apply(f Fact) {
	if f.TakesBack {
		r.takeBack()
	}
	before := r.before(f)
	r.Rev++
	r.setApart(f)
	switch f.Kind {
	case Enrolled:
		r.EnrolledAt, r.Left, r.Consent, r.Became = f.At, nil, nil, ""
	case Placed:
		r.place(f)
		r.PlacedAt = f.At
	case Moved:
		r.place(f)
	case Rescheduled:
		r.place(f)
		r.PlacedAt = f.At
		r.renew()
	case Postponed:
		r.postpone(f)
	case Withdrawn:
		r.Left = &Departure{At: f.At, Reason: f.Reason, By: f.By, Batch: r.Batch, T: r.T, Row: f.Row, Stays: f.Stays, Before: before}
		r.Batch, r.T, r.Epoch, r.Own = "", time.Time{}, f.Epoch, nil
		if f.Stays {
			r.Told = nil // the date was kept
		} else {
			r.renew()
		}
	case RolledBack:
		r.Back = &Departure{At: f.At, Reason: f.Reason, By: f.By, Batch: r.Batch, T: r.T, Before: before}
		r.Hold = &Hold{Reason: "rolled back: " + f.Reason, By: f.By, Since: f.At}
		r.Epoch = f.Epoch
		r.renew()
	case Held:
		r.Hold = &Hold{Reason: f.Reason, By: f.By, Since: f.At, Until: instant(f.Until)}
	case Resumed:
		r.Hold, r.Back = nil, nil
		if r.Left != nil && r.Left.By != "" {
			r.Left = nil
		}
	case Consented, Objected:
		r.Consent = &Consent{Yes: f.Kind == Consented, At: f.At, By: f.By, Reason: f.Reason}
	case Reset:
		r.Resets, r.Hold = max(r.Resets+1, f.Round-1), nil
	case Renamed:
		r.rename(f)
	case Imported:
		r.adopt(f)
	case Restored:
		r.restore(f)
	default:
		it := r.touch(f.Item)
		if f.Kind != Resolved || !it.OfEvent() { // an answer is about what was sent, whenever that was
			it.enter(f.Epoch)
		}
		r.hear(it, f)
		r.Tally = r.Counted(r.Tally, f)
		it.apply(f)
	}
}

// place gives the tenant a batch and a T. A date of its own goes with the batch
// that it was for.
func (r *Record) place(f Fact) {
	if f.Batch != r.Batch && !f.Renames {
		r.Own = nil
	}
	if f.Renames && r.Tally.Batch == r.Batch {
		r.Tally.Batch = f.Batch
	}
	r.Batch, r.Zone, r.Epoch, r.T = f.Batch, f.Zone, f.Epoch, instant(f.T)
}

func (r *Record) postpone(f Fact) {
	own := Own{T: instant(f.T), Base: r.T, Times: 1}
	if r.Own != nil {
		own.Times += r.Own.Times
	}
	r.Own = &own
}

// enter notes in which epoch something happens to the item. A message that is
// sent on an event begins anew with every epoch.
func (it *Item) enter(epoch int) {
	if it.Epoch != epoch && it.OfEvent() {
		*it = Item{Key: it.Key, Alias: it.Alias, Generation: it.Generation, Noticed: it.Noticed}
	}
	it.Epoch = epoch
}

// touch returns the item with a key, adding it if nothing is recorded of it.
func (r *Record) touch(key string) *Item {
	i, ok := slices.BinarySearchFunc(r.Items, key, func(it Item, key string) int {
		return strings.Compare(it.Key, key)
	})
	if !ok {
		r.Items = slices.Insert(r.Items, i, Item{Key: key})
	}
	return &r.Items[i]
}

// drop forgets an item.
func (r *Record) drop(key string) {
	r.Items = slices.DeleteFunc(r.Items, func(it Item) bool { return it.Key == key })
}

func (it *Item) apply(f Fact) {
	switch f.Kind {
	case Began, Polled, Probed, Succeeded, Failed, Unknown:
		it.attempt(f)
	case Resolved:
		it.resolve(f)
	case Skipped:
		if len(f.Recipients) > 0 {
			it.address(f.Recipients)
			it.rollUp()
			return
		}
		it.settle(Omitted, f)
		if !it.Obligation {
			it.Release = nil // undoing it is given up too
		}
	case Collapsed:
		it.settle(Merged, f)
		it.Into = f.Into
	case Missed:
		parts := it.Parts // who had the message keeps it
		it.settle(Late, f)
		it.Parts = parts
	case Asked:
		it.settle(Open, f)
		it.Asks = true
	case Approved:
		it.settle(Done, f)
	case Rejected, Expired:
		it.settle(Error, f)
		it.Renew = true
	case Replaced:
		it.replace()
	case Enrolled, Placed, Held, Resumed, Rescheduled, Moved, Postponed, Withdrawn, RolledBack,
		Consented, Objected, Reset, Renamed, Imported, Restored:
		// Of the tenant as a whole: Record.Apply has dealt with them.
	}
}

// settle gives the item as a whole a state.
func (it *Item) settle(s State, f Fact) {
	it.State, it.At, it.Reason, it.Next = s, f.At, because(f), time.Time{}
	it.Again, it.Parts = false, nil
}

// because is the reason that a fact gives, with who gave it.
func because(f Fact) string {
	word := string(f.Kind)
	switch {
	case f.By == "":
		return f.Reason
	case f.Kind == Resolved && f.Answer == AnswerWaive:
		word = "waived"
	case f.Kind == Resolved && f.Answer == AnswerBounced:
		word = "bounced, noted"
	}
	return word + " by " + f.By + ": " + f.Reason
}

// attempt applies what an attempt did to the part of the item that it is about.
func (it *Item) attempt(f Fact) {
	switch f.Op {
	case Release, Undo:
		it.release(f)
	case Send:
		it.message(f)
		it.At = f.At
		it.rollUp()
		it.notice()
	case AskOp:
		if it.State == None || it.State == Open {
			it.message(f)
			it.State = Open
		} // else somebody has answered, and it does not matter any more
	case Acquire:
		it.acquire(f)
	case Run:
		it.Again = false
		it.Try.attempt(f)
	}
}

// acquire applies an attempt to take a lock. From before it begins until a
// release has succeeded the lock may be held, unless it certainly never was.
func (it *Item) acquire(f Fact) {
	it.Again = false
	it.Try.attempt(f)
	switch {
	case f.Kind == Began:
		it.Fresh = !it.Obligation
		it.Obligation = true
		if it.Release != nil && it.Release.State.Settled() {
			it.Release, it.Undone, it.Afresh = nil, false, false // that was of an earlier lock
		}
		if it.Fresh {
			it.DoneAs = ""
		}
	case f.Kind == Failed && f.NotBegun && it.Fresh:
		it.Obligation = false
		fallthrough
	default:
		it.Fresh = false
	}
}

// release applies an attempt to give a lock back.
func (it *Item) release(f Fact) {
	if it.Release == nil {
		it.Release = &Try{}
	}
	it.Release.attempt(f)
	if f.Kind == Began {
		it.Undone, it.Afresh = f.Undone, f.Afresh
	}
	it.discharge(f)
}

// discharge ends the obligation of a lock whose release is settled.
func (it *Item) discharge(f Fact) {
	if !it.Release.State.Settled() {
		return
	}
	it.Obligation = false
	if it.Afresh {
		it.startOver()
		return
	}
	if it.Undone && it.State != Error {
		it.State, it.At, it.Reason = Returned, f.At, "given back before its time"
	}
}

func (t *Try) attempt(f Fact) {
	switch f.Kind {
	case Polled:
		t.polled(f)
		return
	case Probed:
		t.probed(f)
		return
	default: // it has begun, or ended
	}
	t.At, t.Attempt, t.Next, t.Reason = f.At, f.Attempt, time.Time{}, f.Reason
	switch f.Kind {
	case Began:
		t.State, t.Attempts = Running, f.No
		if f.No == 1 {
			t.First = f.At
		}
	case Succeeded:
		t.State = Done
	case Failed:
		t.State = Error
		if f.Next != nil {
			t.State, t.Next = Retrying, *f.Next
		}
	default:
		t.State = Lost
	}
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
