package ledger

import (
	"errors"
	"fmt"
)

// codecVersion is the first byte of an encoded record. A new form gets a new
// number, and Decode goes on reading the old ones.
const (
	codecVersion = 3
	codecOldest  = 1 // the older ones are the same without what the later bits stand for
)

// errRecord is what Decode says of bytes that Append has not written.
var errRecord = errors.New("the bytes are not those of a record")

// Codec turns records into few bytes and back. Texts that many records share
// (keys of items, names of batches, zones) are kept once, in the codec, and
// stand in the bytes as numbers; whoever keeps the bytes keeps the texts too.
//
// A text keeps its number for ever. The empty text is number 0; the others
// count from 1 in the order in which they came.
//
// The zero Codec is ready for use and knows no text but the empty one. Append
// and Intern change it; any number of Decode and Lookup may run at once as long
// as neither of those does.
type Codec struct {
	texts []string // texts[i] is number i+1
	ids   map[string]uint64
}

// Intern returns the number of a text, giving it the next one if it is new.
func (c *Codec) Intern(text string) uint64 {
	if text == "" {
		return 0
	}
	if id, ok := c.ids[text]; ok {
		return id
	}
	if c.ids == nil {
		c.ids = make(map[string]uint64)
	}
	c.texts = append(c.texts, text)
	id := uint64(len(c.texts))
	c.ids[text] = id
	return id
}

// Lookup returns the text of a number.
func (c *Codec) Lookup(id uint64) (string, bool) {
	switch {
	case id == 0:
		return "", true
	case id > uint64(len(c.texts)):
		return "", false
	default:
		return c.texts[id-1], true
	}
}

// Len is the greatest number that a text has.
func (c *Codec) Len() int { return len(c.texts) }

// Truncate forgets all texts whose number is greater than n, for when they
// could not be kept.
func (c *Codec) Truncate(n int) {
	for _, text := range c.texts[min(n, len(c.texts)):] {
		delete(c.ids, text)
	}
	c.texts = c.texts[:min(n, len(c.texts))]
}

// What of a record is there, as bits.
const (
	recordNanos = 1 << iota // its own times have fractions of a second
	recordT
	recordEnrolled
	recordPlaced
	recordHold
	recordHoldSince
	recordHoldUntil
	recordOwn
	recordLeft
	recordBack
	recordTold
	recordConsent
	recordTally
	recordApart
	recordBecame
	recordResets
)

// What of a last word is there, as bits.
const (
	toldT       = 1 << iota
	toldDoubt   // up to version 2, which knew of one doubt only
	toldDoubted // likewise
	toldNanos
	toldAt
	toldDoubts
)

// What of a departure is there, as bits.
const (
	departureAt = 1 << iota
	departureT
	departureRow
	departureNanos
	departureStays
	departureBefore
)

// What of an item is there, as bits; the rare ones come last.
const (
	itemObligation = 1 << iota
	itemRelease
	itemAnnounced
	itemNotice
	itemParts
	itemEpoch // it is not the record's
	itemAgain
	itemGeneration
	itemInto
	itemNanos // Announced has a fraction of a second
	itemUndone
	itemFresh
	itemRenew
	itemAfresh
	itemAsks
	itemCalledOff
	itemNoticed
	itemAlias
	itemStood
	itemDoneAs
)

// What of a try is there, as bits.
const (
	tryNanos = 1 << iota // its times have fractions of a second
	tryFirst
	tryAt
	tryNext
	tryAttempts
	tryAttempt
	tryReason
)

// Append appends the bytes of a record to dst and returns the result. The id of
// the tenant is no part of them: it is what they are kept under. Times keep
// their nanoseconds and lose their location.
func (c *Codec) Append(dst []byte, r *Record) []byte {
	e := encoder{codec: c, b: append(dst, codecVersion)}
	e.record(r)
	return e.b
}

// Decode reads the bytes of a record into r, whose slices it uses again: what
// they held is gone. It leaves r.ID alone. When it fails, which it does for all
// bytes that are not a whole record, r is in no particular state.
func (c *Codec) Decode(src []byte, r *Record) error {
	if len(src) == 0 {
		return errRecord
	}
	if src[0] < codecOldest || src[0] > codecVersion {
		return fmt.Errorf("%w: they are of version %d, and %d is known", errRecord, src[0], codecVersion)
	}
	d := decoder{codec: c, b: src[1:]}
	d.record(r)
	if d.bad || len(d.b) != 0 {
		return errRecord
	}
	return nil
}
