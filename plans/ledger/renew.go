package ledger

import (
	"slices"
	"strings"
	"time"
)

// OfEvent reports whether the item is a message that is sent when something
// happens: its key is on/NAME.
func (it *Item) OfEvent() bool { return strings.HasPrefix(it.Key, "on/") }

// Recurs reports whether a message on an event that begins now is another one
// than the last, which was sent about something else in the same epoch.
func (it *Item) Recurs() bool { return it.OfEvent() && it.State.Settled() }

// renew begins a new epoch: what was done stays done; what was missed, left out,
// not sent yet or asked of people was about a date that holds no more.
func (r *Record) renew() {
	for i := range r.Items {
		r.Items[i].renewEpoch()
	}
}

func (it *Item) renewEpoch() {
	if it.OfEvent() {
		return // it begins anew with its first fact
	}
	switch it.State {
	case Late, Omitted, Open:
		it.reset()
	case Done, Waived, Error:
		if it.Asks {
			it.reset()
		} else if it.Release != nil && !it.Obligation && it.Release.State.Settled() {
			it.startOver() // a lock that was given back since
		}
	case Returned:
		it.startOver()
	case Retrying:
		if len(it.Parts) > 0 {
			it.reset()
		}
	case None, Running, Polling, Lost, Merged:
	}
}

// reset forgets what has not happened. Who has had a message keeps it.
func (it *Item) reset() {
	it.Parts = slices.DeleteFunc(it.Parts, func(p Part) bool {
		return p.State != Done && p.State != Lost && p.State != Error && p.State != Waived
	})
	it.Try, it.Again, it.Renew = Try{}, false, false
	if slices.ContainsFunc(it.Parts, func(p Part) bool { return p.State == Lost || p.State == Error }) {
		it.rollUp()
	}
}

// startOver makes the item as if it had never begun. What it does next is
// another effect than what it did.
func (it *Item) startOver() {
	it.Generation++
	it.Try = Try{}
	it.Release, it.Obligation, it.Undone, it.Afresh = nil, false, false, false
	it.Again, it.Renew, it.Fresh, it.Stood, it.DoneAs = false, false, false, false, ""
}

// replace makes an item that is done with due once more, whatever its window. Its
// newest attempt stays: it has begun before, and with it its phase; what stands of
// it has to be undone still.
func (it *Item) replace() {
	attempt, stood := it.Attempt, it.Stands()
	it.startOver()
	it.Attempt, it.Parts, it.Into, it.Again, it.Stood = attempt, nil, "", true, stood
}

// notice notes when the item first succeeded as a notice.
func (it *Item) notice() {
	if it.Notice && it.State == Done && it.Noticed.IsZero() {
		it.Noticed = it.At
	}
}

// hear notes what a fact makes people believe of T.
func (r *Record) hear(it *Item, f Fact) {
	switch {
	case f.Kind == Resolved:
		r.hearAnswer(it, f)
	case f.Op != Send || it.Announced.IsZero() && !it.CalledOff:
	case f.Kind == Succeeded:
		*r.told(f.Recipient) = Told{Recipient: f.Recipient, T: it.Announced, Item: it.Key, At: f.At}
	case f.Kind == Unknown:
		if _, known := r.find(f.Recipient); !known {
			*r.told(f.Recipient) = Told{Recipient: f.Recipient, T: it.Announced, Item: it.Key, At: f.At}
			return
		}
		t := r.told(f.Recipient)
		t.Doubts = append(t.Doubts, Doubt{Item: it.Key, T: it.Announced, At: f.At})
	}
}

// hearAnswer notes what a person's answer says of who was told what.
func (r *Record) hearAnswer(it *Item, f Fact) {
	if f.Answer == AnswerBounced {
		r.unhear(it)
		return
	}
	for i := range it.Parts {
		p := &it.Parts[i]
		switch {
		case f.Answer == AnswerDone && p.State == Lost:
			r.arrived(p.Recipient, it.Key)
		case f.Answer == AnswerDone && p.State == Error && (!it.Announced.IsZero() || it.CalledOff):
			r.given(Told{Recipient: p.Recipient, T: it.Announced, Item: it.Key, At: p.At})
		case f.Answer == AnswerRetry && p.State == Lost:
			r.notArrived(p.Recipient, it.Key)
		}
	}
}

// arrived notes that a message has arrived of which nobody knew. What it told is
// what the doubt says, since the item may have told others another date by now. What
// came after it has the last word still; a doubt that is not there was overtaken.
func (r *Record) arrived(recipient, item string) {
	t := r.LastWord(recipient)
	if t == nil {
		return
	}
	for i, d := range slices.Backward(t.Doubts) {
		if d.Item == item {
			t.Item, t.T, t.At, t.Doubts = d.Item, d.T, d.At, slices.Clone(t.Doubts[i+1:])
			return
		}
	}
}

// given notes that a person gave by hand what had failed. What came after it has
// the last word still.
func (r *Record) given(word Told) {
	t := r.told(word.Recipient)
	if t.Item != word.Item && t.At.After(word.At) {
		return
	}
	word.Doubts = slices.DeleteFunc(t.Doubts, func(d Doubt) bool { return !d.At.After(word.At) })
	*t = word
}

// notArrived forgets a message that has not arrived.
func (r *Record) notArrived(recipient, item string) {
	i, known := r.find(recipient)
	if !known {
		return
	}
	t := &r.Told[i]
	n := len(t.Doubts)
	t.Doubts = slices.DeleteFunc(t.Doubts, func(d Doubt) bool { return d.Item == item })
	switch {
	case len(t.Doubts) < n || t.Item != item:
	case n == 0:
		r.Told = slices.Delete(r.Told, i, i+1)
	default: // the first that may have arrived is another one then
		d := t.Doubts[0]
		t.Item, t.T, t.At, t.Doubts = d.Item, d.T, d.At, t.Doubts[1:]
	}
}

// unhear forgets what a message told that did not arrive after all. What those
// hold to whom it was a correction, nobody knows.
func (r *Record) unhear(it *Item) {
	if !it.OfEvent() {
		r.Told = slices.DeleteFunc(r.Told, func(t Told) bool { return t.Item == it.Key })
		return
	}
	for i := range r.Told {
		if t := &r.Told[i]; t.Item == it.Key {
			t.T, t.Doubts = time.Time{}, append(t.Doubts, Doubt{Item: it.Key, At: t.At})
		}
	}
}

func (r *Record) find(recipient string) (int, bool) {
	return slices.BinarySearchFunc(r.Told, recipient, func(t Told, to string) int {
		return strings.Compare(t.Recipient, to)
	})
}

// told returns what a recipient was told, adding it if nothing is known.
func (r *Record) told(recipient string) *Told {
	i, ok := r.find(recipient)
	if !ok {
		r.Told = slices.Insert(r.Told, i, Told{Recipient: recipient})
	}
	return &r.Told[i]
}

// LastWord is what a recipient was last told of T; nil: nothing.
func (r *Record) LastWord(recipient string) *Told {
	if i, ok := r.find(recipient); ok {
		return &r.Told[i]
	}
	return nil
}
