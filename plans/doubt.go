package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/toffset"
)

// Doubts reports whether an attempt of an action may have had its effect already, in
// what a restored state has lost. Whoever applies makes such an attempt like any
// other, but for the effect: its outcome is unknown, as that of an attempt whose
// runner has died.
func (d *Decider) Doubts(a *Action, r *ledger.Record, recipient string) bool {
	if d.lacks == nil || a.Inquiry != NoInquiry || !a.Kind.Outside() {
		return false
	}
	var last ledger.Try
	if it := r.Item(a.Item.Key()); it != nil {
		last = LastTry(it, a.Op, recipient)
	}
	return d.doubts(a, r, &last)
}

// doubts is Doubts for the half or the share of which last is recorded.
func (d *Decider) doubts(a *Action, r *ledger.Record, last *ledger.Try) bool {
	if d.lacks == nil {
		return false
	}
	due, since := d.Dated(a.Item, a.Op, r), latest(a.At, r.EnrolledAt)
	if last.State.Settled() { // it is done once more, as a message that tells another date
		due = time.Time{}
	}
	return d.lacks.Doubts(r, due, since, last.At)
}

// uncertain reports whether an item that has not begun may have, in what a restored
// state has lost. Then no window has passed: it is not begun any more either, but
// nobody knows what became of it. A question that nobody was asked harms nobody.
func (w *walk) uncertain(it *schema.Item) bool {
	if _, asks := it.Does.(*schema.Approval); asks || w.d.lacks == nil {
		return false
	}
	a := doing(it)
	a.At = w.line.Items[it.Index].At
	var last ledger.Try
	if rec := w.d.rec[it.Index]; rec != nil {
		if rec.State != ledger.None {
			return false
		}
		last = rec.Try // a person may have answered
	}
	return w.d.doubts(&a, w.r, &last)
}

// inDoubt reports whether anything of a phase may have begun, in what a restored state
// has lost.
func (w *walk) inDoubt(p *schema.Phase) bool {
	return w.d.lacks != nil && slices.ContainsFunc(p.Items, w.uncertain)
}

// LastTry is the half of a recorded item that an attempt is about, or the share of
// its recipient; the zero Try where nothing of that is recorded.
func LastTry(it *ledger.Item, op ledger.Op, recipient string) ledger.Try {
	switch {
	case WayBack(op) && it.Release == nil:
		return ledger.Try{}
	case WayBack(op):
		return *it.Release
	case len(it.Parts) == 0:
		return it.Try
	}
	for i := range it.Parts {
		if it.Parts[i].Recipient == recipient {
			return it.Parts[i].Try
		}
	}
	return ledger.Try{}
}

// DoubtReason says why the outcome of an attempt that was not made is unknown.
func (d *Decider) DoubtReason() string {
	return "it may have happened before the state was restored on " + toffset.Show(d.lacks.At, d.cfg.Zone)
}

// doubted is the part of an action of which Doubts is true; false: there is none.
// What is left of the action is in rest; false: nothing.
func (d *Decider) doubted(a *Action, r *ledger.Record) (part Action, some bool, rest Action, more bool) {
	part, rest = *a, *a
	switch {
	case d.lacks == nil:
		return part, false, rest, true
	case a.Kind != Send && a.Kind != Ask:
		some = d.Doubts(a, r, "")
		return part, some, rest, !some
	}
	part.Recipients, rest.Recipients = nil, nil
	for _, to := range a.Recipients {
		if d.Doubts(a, r, to) {
			part.Recipients = append(part.Recipients, to)
		} else {
			rest.Recipients = append(rest.Recipients, to)
		}
	}
	opens := a.Kind == Ask && len(a.Facts(r, d.now)) > 0 // which is no effect
	some = len(part.Recipients) > 0
	return part, some, rest, len(rest.Recipients) > 0 || opens || !some
}

// remain applies to a record what becomes of a doubted action: it has begun, and
// nobody knows its outcome. What may be repeated is tried again later.
func (d *Decider) remain(a *Action, r *ledger.Record) {
	recipients := a.Recipients
	if a.Kind != Send && a.Kind != Ask {
		recipients = []string{""}
	}
	for _, to := range recipients {
		for _, f := range a.Begins(r, to, d.now) {
			r.Apply(f)
			if f.Kind != ledger.Began {
				continue
			}
			f.Kind, f.Reason = ledger.Unknown, d.DoubtReason()
			if RepeatsUnknown(a.Item, a.Op) {
				a.Repeat(&f, d.now, 0)
			}
			r.Apply(f)
		}
	}
}

// showDoubts says of what is due that it will not be done.
func (w *walk) showDoubts() {
	if w.d.lacks == nil || !w.d.explain {
		return
	}
	for i := range w.out.Actions {
		a := &w.out.Actions[i]
		if _, some, _, _ := w.d.doubted(a, w.r); some && a.Item.Index < len(w.out.Items) {
			w.out.Items[a.Item.Index].Reason = w.d.DoubtReason() + ": the next apply takes it for unknown"
		}
	}
}

// doubtful is a doubted action as a line of the plan.
func (d *Decider) doubtful(ch Change) Change {
	ch.Detail.Doubted = true
	ch.Reason = d.DoubtReason()
	return ch
}
