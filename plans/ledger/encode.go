package ledger

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// encoder appends the parts of a record to b.
type encoder struct {
	codec *Codec
	b     []byte
	last  int64 // seconds of the time before; times are written as differences
}

func (e *encoder) uint(v uint64)    { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)      { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) name(text string) { e.uint(e.codec.Intern(text)) }

func (e *encoder) text(s string) {
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// time writes a time unless it is zero. The difference may overflow: so does
// the sum when it is read.
func (e *encoder) time(t time.Time, nanos bool) {
	if t.IsZero() {
		return
	}
	sec := t.Unix()
	e.int(sec - e.last)
	e.last = sec
	if nanos {
		e.uint(uint64(t.Nanosecond()))
	}
}

func (e *encoder) record(r *Record) {
	var hold Hold
	if r.Hold != nil {
		hold = *r.Hold
	}
	nanos := fraction(r.EnrolledAt, r.PlacedAt, r.T) || fraction(hold.Since, hold.Until, time.Time{})
	e.uint(bit(nanos, recordNanos) | bit(!r.T.IsZero(), recordT) |
		bit(!r.EnrolledAt.IsZero(), recordEnrolled) | bit(!r.PlacedAt.IsZero(), recordPlaced) |
		bit(r.Hold != nil, recordHold) | bit(!hold.Since.IsZero(), recordHoldSince) |
		bit(!hold.Until.IsZero(), recordHoldUntil) | bit(r.Own != nil, recordOwn) |
		bit(r.Left != nil, recordLeft) | bit(r.Back != nil, recordBack) | bit(len(r.Told) > 0, recordTold) |
		bit(r.Consent != nil, recordConsent) | bit(r.Tally != Tally{}, recordTally) | bit(!r.Apart.IsZero(), recordApart) |
		bit(r.Became != "", recordBecame) | bit(r.Resets != 0, recordResets))
	e.int(r.Rev)
	e.int(int64(r.Epoch))
	e.name(r.Batch)
	e.name(r.Zone)
	e.time(r.EnrolledAt, nanos)
	e.time(r.PlacedAt, nanos)
	e.time(r.T, nanos)
	if r.Hold != nil {
		e.text(hold.Reason)
		e.text(hold.By)
		e.time(hold.Since, nanos)
		e.time(hold.Until, nanos)
	}
	e.course(r)
	e.way(r)
	e.uint(uint64(len(r.Items)))
	for i := range r.Items {
		e.item(&r.Items[i], r.Epoch)
	}
}

// course writes what has changed about the tenant's way.
func (e *encoder) course(r *Record) {
	if r.Own != nil {
		e.instant(r.Own.T)
		e.instant(r.Own.Base)
		e.int(int64(r.Own.Times))
	}
	if r.Left != nil {
		e.departure(r.Left)
	}
	if r.Back != nil {
		e.departure(r.Back)
	}
	if len(r.Told) > 0 {
		e.uint(uint64(len(r.Told)))
		for i := range r.Told {
			e.told(&r.Told[i])
		}
	}
}

// way writes what most tenants never have.
func (e *encoder) way(r *Record) {
	if c := r.Consent; c != nil {
		e.uint(bit(c.Yes, 1))
		e.instant(c.At)
		e.text(c.By)
		e.text(c.Reason)
	}
	if n := r.Tally; n != (Tally{}) {
		e.name(n.Batch)
		e.int(int64(n.Round))
		e.int(int64(n.Ended))
		e.int(int64(n.Errors))
	}
	if !r.Apart.IsZero() {
		e.instant(r.Apart)
	}
	if r.Became != "" {
		e.text(r.Became)
	}
	if r.Resets != 0 {
		e.int(int64(r.Resets))
	}
}

// instant writes a time that may be zero.
func (e *encoder) instant(t time.Time) {
	e.uint(bit(!t.IsZero(), 1))
	e.time(t, true)
}

func (e *encoder) departure(d *Departure) {
	nanos := fraction(d.At, d.T, time.Time{})
	e.uint(bit(!d.At.IsZero(), departureAt) | bit(!d.T.IsZero(), departureT) |
		bit(d.Row != nil, departureRow) | bit(nanos, departureNanos) | bit(d.Stays, departureStays) |
		bit(d.Before != nil, departureBefore))
	e.text(d.Reason)
	e.text(d.By)
	e.name(d.Batch)
	e.time(d.At, nanos)
	e.time(d.T, nanos)
	if d.Row != nil {
		e.uint(uint64(len(d.Row)))
		for _, k := range slices.Sorted(maps.Keys(d.Row)) {
			e.name(k)
			e.text(d.Row[k])
		}
	}
	if d.Before != nil {
		e.known(d.Before)
	}
}

func (e *encoder) known(k *Known) {
	e.uint(uint64(len(k.Texts)))
	for _, text := range k.Texts {
		e.text(text)
	}
	e.text(string(k.Record))
}

func (e *encoder) told(t *Told) {
	nanos := fraction(t.T, t.At, time.Time{})
	e.uint(bit(!t.T.IsZero(), toldT) | bit(nanos, toldNanos) | bit(!t.At.IsZero(), toldAt) | bit(len(t.Doubts) > 0, toldDoubts))
	e.text(t.Recipient)
	e.name(t.Item)
	e.time(t.T, nanos)
	e.time(t.At, nanos)
	if len(t.Doubts) > 0 {
		e.uint(uint64(len(t.Doubts)))
		for _, d := range t.Doubts {
			e.name(d.Item)
			e.instant(d.T)
			e.instant(d.At)
		}
	}
}

func (e *encoder) item(it *Item, epoch int) {
	nanos := it.Announced.Nanosecond()|it.Noticed.Nanosecond() != 0
	e.name(it.Key)
	e.uint(bit(it.Obligation, itemObligation) | bit(it.Release != nil, itemRelease) |
		bit(!it.Announced.IsZero(), itemAnnounced) | bit(it.Notice, itemNotice) |
		bit(len(it.Parts) > 0, itemParts) | bit(it.Epoch != epoch, itemEpoch) |
		bit(it.Again, itemAgain) | bit(it.Generation != 0, itemGeneration) |
		bit(it.Into != "", itemInto) | bit(nanos, itemNanos) | bit(it.Undone, itemUndone) |
		bit(it.Fresh, itemFresh) | bit(it.Renew, itemRenew) | bit(it.Afresh, itemAfresh) |
		bit(it.Asks, itemAsks) | bit(it.CalledOff, itemCalledOff) | bit(!it.Noticed.IsZero(), itemNoticed) | bit(it.Alias != "", itemAlias) |
		bit(it.Stood, itemStood) | bit(it.DoneAs != "", itemDoneAs))
	e.try(&it.Try)
	if it.Epoch != epoch {
		e.int(int64(it.Epoch))
	}
	if it.Generation != 0 {
		e.int(int64(it.Generation))
	}
	e.time(it.Announced, nanos)
	e.time(it.Noticed, nanos)
	if it.Into != "" {
		e.name(it.Into)
	}
	if it.Alias != "" {
		e.name(it.Alias)
	}
	if it.DoneAs != "" {
		e.text(it.DoneAs)
	}
	if it.Release != nil {
		e.try(it.Release)
	}
	if len(it.Parts) > 0 {
		e.parts(it.Parts)
	}
}

func (e *encoder) parts(parts []Part) {
	e.uint(uint64(len(parts)))
	for i := range parts {
		e.text(parts[i].Recipient)
		e.try(&parts[i].Try)
	}
}

func (e *encoder) try(t *Try) {
	nanos := fraction(t.First, t.At, t.Next)
	flags := bit(nanos, tryNanos) | bit(!t.First.IsZero(), tryFirst) | bit(!t.At.IsZero(), tryAt) |
		bit(!t.Next.IsZero(), tryNext) | bit(t.Attempts != 0, tryAttempts) |
		bit(t.Attempt != 0, tryAttempt) | bit(t.Reason != "", tryReason)
	e.b = append(e.b, byte(t.State), byte(flags))
	e.time(t.First, nanos)
	e.time(t.At, nanos)
	e.time(t.Next, nanos)
	if t.Attempts != 0 {
		e.int(int64(t.Attempts))
	}
	if t.Attempt != 0 {
		e.int(t.Attempt)
	}
	if t.Reason != "" {
		e.text(t.Reason)
	}
}

func bit(set bool, b uint64) uint64 {
	if set {
		return b
	}
	return 0
}

func fraction(a, b, c time.Time) bool {
	return a.Nanosecond()|b.Nanosecond()|c.Nanosecond() != 0
}
