package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// EnrolFact records that a tenant was seen for the first time.
func EnrolFact(tenant string, now time.Time) ledger.Fact {
	return ledger.Fact{At: now, Tenant: tenant, Kind: ledger.Enrolled}
}

// RescheduleFact records that the T of a tenant changed; a zero t: it has none
// any more.
func RescheduleFact(r *ledger.Record, batch string, t time.Time, zone *time.Location, reason string, now time.Time) ledger.Fact {
	f := ledger.Fact{
		At: now, Tenant: r.ID, Kind: ledger.Rescheduled, Epoch: r.Epoch + 1,
		Batch: batch, Zone: zone.String(), Reason: reason,
	}
	if !t.IsZero() {
		f.T = &t
	}
	return f
}

// MoveFact records that a tenant has another batch or zone, and the same T.
func MoveFact(r *ledger.Record, batch string, zone *time.Location, reason string, now time.Time) ledger.Fact {
	f := ledger.Fact{
		At: now, Tenant: r.ID, Kind: ledger.Moved, Epoch: r.Epoch,
		Batch: batch, Zone: zone.String(), Reason: reason,
	}
	if t := r.T; !t.IsZero() {
		f.T = &t
	}
	return f
}

// WithdrawFact records that a tenant left the transition. row is what the
// inventory last said of it.
func WithdrawFact(r *ledger.Record, row map[string]string, reason, by string, now time.Time) ledger.Fact {
	return ledger.Fact{
		At: now, Tenant: r.ID, Kind: ledger.Withdrawn, Epoch: r.Epoch + 1, Row: row, Reason: reason, By: by,
	}
}

// SayDone completes the fact of a person who says that an item has happened: it was
// taken back by hand, or a message was given by hand that never began, and told the
// present T. What one told that did begin is known from its attempts.
func SayDone(it *schema.Item, r *ledger.Record, f *ledger.Fact) {
	if ByHand(it, r) {
		f.Op = ledger.Undo
	}
	c, ok := it.Does.(*schema.Communication)
	if rec := r.Item(it.Key()); !ok || rec == nil || rec.Sent() {
		return
	}
	f.Notice = c.Notice
	if t := r.T; c.Binds() && !t.IsZero() {
		f.Announced = &t
	}
}

// PlaceFact records that a tenant got a batch and a T.
func PlaceFact(r *ledger.Record, b *schema.Batch, t time.Time, zone *time.Location, now time.Time) ledger.Fact {
	return ledger.Fact{
		At: now, Tenant: r.ID, Kind: ledger.Placed, Epoch: r.Epoch + 1,
		Batch: b.Name, T: &t, Zone: zone.String(),
	}
}

// Facts are what is recorded before anything else of a task: of its tenant, and of
// one that it was before, as a whole.
func (t *Task) Facts(cfg *schema.Config, now time.Time) []ledger.Fact {
	var facts []ledger.Fact
	for i := range t.Edits {
		facts = append(facts, t.Edits[i].Facts()...)
	}
	if t.New {
		facts = append(facts, EnrolFact(t.Record.ID, now))
	}
	for i := range t.Steps {
		facts = append(facts, t.Steps[i].Facts()...)
	}
	for i := range facts {
		facts[i].At = now
	}
	if b := t.Place; b != nil {
		facts = append(facts, PlaceFact(t.Record, b, t.T, Zone(cfg, t.Tenant, b), now))
	}
	return facts
}

// Facts are what is recorded of an action apart from its attempts: all there is
// to record of skip, collapse and missed, and the opening of an approval. The
// collapsed messages of a send are recorded with it.
func (a *Action) Facts(r *ledger.Record, now time.Time) []ledger.Fact {
	f := ledger.Fact{At: now, Tenant: r.ID, Item: a.Item.Key(), Epoch: r.Epoch, Reason: a.Reason}
	switch a.Kind {
	case Skip:
		f.Kind = ledger.Skipped
		f.Recipients = a.Everybody // set: only who is no recipient any more is given up
	case Missed:
		f.Kind = ledger.Missed
		if it := r.Item(f.Item); it != nil && it.State == ledger.Open {
			f.Kind = ledger.Expired
		}
	case Ask:
		if it := r.Item(f.Item); it != nil && it.State == ledger.Open {
			return nil // it is open; only its message is left
		}
		f.Kind = ledger.Asked
	case Enrol, Place, Reschedule, Move, Adopt, Withdraw, Rollback, Send, Run, Lock, Unlock, Undo, Collapse:
		return nil
	}
	return []ledger.Fact{f}
}

// Begins are the facts that precede one attempt of the action: that it began,
// and, of a message, which late ones go out with it. The recipient is empty but
// for messages.
func (a *Action) Begins(r *ledger.Record, recipient string, now time.Time) []ledger.Fact {
	var facts []ledger.Fact
	for _, late := range a.Carries {
		if it := r.Item(late.Key()); it != nil && it.State == ledger.Merged {
			continue
		}
		facts = append(facts, ledger.Fact{
			At: now, Tenant: r.ID, Kind: ledger.Collapsed, Item: late.Key(), Epoch: r.Epoch,
			Into: a.Item.Key(), Reason: "collapsed into " + a.Item.Key(),
		})
	}
	return append(facts, a.began(r, recipient, now))
}

func (a *Action) began(r *ledger.Record, recipient string, now time.Time) ledger.Fact {
	f := ledger.Fact{
		At: now, Tenant: r.ID, Kind: ledger.Began, Item: a.Item.Key(), Epoch: r.Epoch,
		Op: a.Op, Recipient: recipient, No: a.Number(r, recipient), Undone: a.Undone, Afresh: a.Afresh,
	}
	c, ok := a.Item.Does.(*schema.Communication)
	if !ok {
		return f
	}
	f.Notice = c.Notice || c.On == schema.OnRescheduled
	binds := c.Binds()
	for _, late := range a.Carries {
		carried := late.Does.(*schema.Communication)
		f.Notice = f.Notice || carried.Notice
		binds = binds || carried.Binds()
	}
	f.CalledOff = c.On == schema.OnWithdrawn || c.On == schema.OnRolledBack
	if binds && !f.CalledOff && !r.T.IsZero() {
		t := r.T
		f.Announced = &t
	}
	if len(a.Everybody) > 1 || strangers(r.Item(f.Item), a.Everybody) {
		f.Recipients = a.Everybody
	}
	return f
}

// strangers reports whether the record has recipients that are none any more.
func strangers(it *ledger.Item, everybody []string) bool {
	return it != nil && slices.ContainsFunc(it.Parts, func(p ledger.Part) bool {
		return !slices.Contains(everybody, p.Recipient)
	})
}

// Number is the attempt's number within its budget.
func (a *Action) Number(r *ledger.Record, recipient string) int {
	it := r.Item(a.Item.Key())
	if recipient == "" || it == nil {
		return max(a.Attempt, 1)
	}
	for _, p := range it.Parts {
		if p.Recipient == recipient {
			return p.Attempts + 1
		}
	}
	return 1
}

// Succeed applies to a record what the action records when everything goes
// well. The planner uses it to see what follows.
func (a *Action) Succeed(r *ledger.Record, now time.Time) {
	for _, f := range a.Facts(r, now) {
		r.Apply(f)
	}
	if a.Inquiry != NoInquiry {
		reply := Reply{Answer: ledger.AnswerDone}
		if a.EffectOf() == nil {
			reply.Answer = "" // there is nobody to ask any more
		}
		r.Apply(a.Found(r, reply, "", now))
		return
	}
	recipients := a.Recipients
	switch a.Kind {
	case Run, Lock, Unlock, Undo:
		recipients = []string{""}
	case Send, Ask:
	case Enrol, Place, Reschedule, Move, Adopt, Withdraw, Rollback, Collapse, Skip, Missed:
		return
	}
	for _, to := range recipients {
		for _, f := range a.Begins(r, to, now) {
			r.Apply(f)
			if f.Kind == ledger.Began {
				f.Kind = ledger.Succeeded
				a.GoesOn(&f)
				r.Apply(f)
			}
		}
	}
}
