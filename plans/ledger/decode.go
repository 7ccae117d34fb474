package ledger

import (
	"encoding/binary"
	"math"
	"time"
)

// decoder reads bytes in order. Once something is wrong it is bad for good and
// reads zeros.
type decoder struct {
	codec *Codec
	b     []byte
	last  int64
	bad   bool
}

func (d *decoder) fail() {
	d.bad, d.b = true, nil
}

func (d *decoder) uint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 {
		v := d.b[0]
		d.b = d.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int64() int64 {
	v := d.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) int() int {
	v := d.int64()
	if v < math.MinInt || v > math.MaxInt {
		d.fail()
		return 0
	}
	return int(v)
}

// count reads the length of a list whose elements take at least size bytes.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.b)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) text() string {
	n := d.count(1)
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) name() string {
	text, ok := d.codec.Lookup(d.uint())
	if !ok {
		d.fail()
	}
	return text
}

func (d *decoder) time(present uint64, nanos uint64) time.Time {
	if present == 0 {
		return time.Time{}
	}
	d.last += d.int64()
	var nsec uint64
	if nanos != 0 {
		nsec = d.uint()
		if nsec >= uint64(time.Second) {
			d.fail()
			return time.Time{}
		}
	}
	return time.Unix(d.last, int64(nsec)).UTC()
}

func (d *decoder) record(r *Record) {
	flags := d.uint()
	nanos := flags & recordNanos
	r.Rev = d.int64()
	r.Epoch = d.int()
	r.Batch = d.name()
	r.Zone = d.name()
	r.EnrolledAt = d.time(flags&recordEnrolled, nanos)
	r.PlacedAt = d.time(flags&recordPlaced, nanos)
	r.T = d.time(flags&recordT, nanos)
	r.Hold = nil
	if flags&recordHold != 0 {
		r.Hold = d.hold(flags, nanos)
	}
	d.course(r, flags)
	d.way(r, flags)
	const least = 4 // key, flags, state and flags of an item
	n := d.count(least)
	if cap(r.Items) < n {
		r.Items = append(r.Items[:cap(r.Items)], make([]Item, n-cap(r.Items))...)
	}
	r.Items = r.Items[:n]
	for i := range r.Items {
		d.item(&r.Items[i], r.Epoch)
		if i > 0 && r.Items[i-1].Key >= r.Items[i].Key {
			d.fail()
		}
	}
}

// course reads what has changed about the tenant's way.
func (d *decoder) course(r *Record, flags uint64) {
	r.Own, r.Left, r.Back, r.Told = nil, nil, nil, r.Told[:0]
	if flags&recordOwn != 0 {
		r.Own = &Own{T: d.instant(), Base: d.instant(), Times: d.int()}
	}
	if flags&recordLeft != 0 {
		r.Left = d.departure()
	}
	if flags&recordBack != 0 {
		r.Back = d.departure()
	}
	if flags&recordTold != 0 {
		const least = 3 // flags, recipient and item
		for range d.count(least) {
			r.Told = append(r.Told, d.told())
		}
	}
}

// way reads what most tenants never have.
func (d *decoder) way(r *Record, flags uint64) {
	r.Consent, r.Tally, r.Apart, r.Became, r.Resets = nil, Tally{}, time.Time{}, "", 0
	if flags&recordConsent != 0 {
		r.Consent = &Consent{Yes: d.uint()&1 != 0, At: d.instant(), By: d.text(), Reason: d.text()}
	}
	if flags&recordTally != 0 {
		r.Tally = Tally{Batch: d.name(), Round: d.int(), Ended: d.int(), Errors: d.int()}
	}
	if flags&recordApart != 0 {
		r.Apart = d.instant()
	}
	if flags&recordBecame != 0 {
		r.Became = d.text()
	}
	if flags&recordResets != 0 {
		r.Resets = d.int()
	}
}

func (d *decoder) instant() time.Time { return d.time(d.uint(), 1) }

func (d *decoder) departure() *Departure {
	flags := d.uint()
	nanos := flags & departureNanos
	dep := &Departure{Reason: d.text(), By: d.text(), Batch: d.name(), Stays: flags&departureStays != 0}
	dep.At = d.time(flags&departureAt, nanos)
	dep.T = d.time(flags&departureT, nanos)
	if flags&departureRow != 0 {
		n := d.count(2)
		dep.Row = make(map[string]string, n)
		for range n {
			k := d.name()
			dep.Row[k] = d.text()
		}
	}
	if flags&departureBefore != 0 {
		dep.Before = d.known()
	}
	return dep
}

func (d *decoder) known() *Known {
	k := &Known{Texts: make([]string, d.count(1))}
	for i := range k.Texts {
		k.Texts[i] = d.text()
	}
	k.Record = []byte(d.text())
	return k
}

func (d *decoder) told() Told {
	flags := d.uint()
	nanos := flags & toldNanos
	t := Told{Recipient: d.text(), Item: d.name()}
	t.T = d.time(flags&toldT, nanos)
	doubted := d.time(flags&toldDoubted, nanos)
	t.At = d.time(flags&toldAt, nanos)
	if flags&toldDoubt != 0 {
		t.Doubts = []Doubt{{Item: t.Item, T: doubted}}
	}
	if flags&toldDoubts != 0 {
		const least = 3 // item and flags of two instants
		for range d.count(least) {
			t.Doubts = append(t.Doubts, Doubt{Item: d.name(), T: d.instant(), At: d.instant()})
		}
	}
	return t
}

func (d *decoder) hold(flags, nanos uint64) *Hold {
	h := &Hold{Reason: d.text(), By: d.text()}
	h.Since = d.time(flags&recordHoldSince, nanos)
	h.Until = d.time(flags&recordHoldUntil, nanos)
	return h
}

func (d *decoder) item(it *Item, epoch int) {
	key, flags := d.name(), d.uint()
	*it = Item{
		Key: key, Epoch: epoch, Release: it.Release, Parts: it.Parts[:0],
		Obligation: flags&itemObligation != 0, Again: flags&itemAgain != 0, Notice: flags&itemNotice != 0,
		Undone: flags&itemUndone != 0, Fresh: flags&itemFresh != 0, Renew: flags&itemRenew != 0,
		Afresh: flags&itemAfresh != 0, Asks: flags&itemAsks != 0, CalledOff: flags&itemCalledOff != 0,
		Stood: flags&itemStood != 0,
	}
	d.try(&it.Try)
	if flags&itemEpoch != 0 {
		it.Epoch = d.int()
	}
	if flags&itemGeneration != 0 {
		it.Generation = d.int()
	}
	it.Announced = d.time(flags&itemAnnounced, flags&itemNanos)
	it.Noticed = d.time(flags&itemNoticed, flags&itemNanos)
	if flags&itemInto != 0 {
		it.Into = d.name()
	}
	if flags&itemAlias != 0 {
		it.Alias = d.name()
	}
	if flags&itemDoneAs != 0 {
		it.DoneAs = d.text()
	}
	d.release(it, flags&itemRelease != 0)
	if flags&itemParts != 0 {
		d.parts(it)
	}
}

func (d *decoder) release(it *Item, present bool) {
	if !present {
		it.Release = nil
		return
	}
	if it.Release == nil {
		it.Release = new(Try)
	}
	d.try(it.Release)
}

func (d *decoder) parts(it *Item) {
	const least = 3 // length, state and flags of a part
	for range d.count(least) {
		p := Part{Recipient: d.text()}
		d.try(&p.Try)
		it.Parts = append(it.Parts, p)
	}
}

func (d *decoder) try(t *Try) {
	state, flags := d.byte(), uint64(d.byte())
	nanos := flags & tryNanos
	*t = Try{State: State(state)}
	t.First = d.time(flags&tryFirst, nanos)
	t.At = d.time(flags&tryAt, nanos)
	t.Next = d.time(flags&tryNext, nanos)
	if flags&tryAttempts != 0 {
		t.Attempts = d.int()
	}
	if flags&tryAttempt != 0 {
		t.Attempt = d.int64()
	}
	if flags&tryReason != 0 {
		t.Reason = d.text()
	}
}
