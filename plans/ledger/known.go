package ledger

// Known is a record as a fact carries it: in the bytes of a Codec that knows the
// texts of this record and no others. So whatever a record holds comes along,
// and what it will hold one day too.
type Known struct {
	Texts  []string `json:"texts"` // that of number 1 is the first; names of items, batches and zones
	Record []byte   `json:"record"`
}

// Know returns what is known of a tenant, for the fact that makes it known of
// another id.
func Know(r *Record) *Known {
	var c Codec
	b := c.Append(nil, r)
	return &Known{Texts: c.texts, Record: b}
}

// Names are the names in it; of nil there are none.
func (k *Known) Names() []string {
	if k == nil {
		return nil
	}
	return k.Texts
}

// read returns the record, without an id.
func (k *Known) read() (*Record, error) {
	var c Codec
	for _, text := range k.Texts {
		c.Intern(text)
	}
	r := new(Record)
	return r, c.Decode(k.Record, r)
}

// before returns what is known now if a fact is a word that can be taken back until
// something comes of it, and makes final what was said before, unless the fact is a
// hold, of which nothing comes.
func (r *Record) before(f Fact) *Known {
	var k *Known
	if f.By != "" && (f.Kind == Withdrawn || f.Kind == RolledBack) {
		k = Know(r)
	}
	if f.Kind != Held {
		r.finalize()
	}
	return k
}

func (r *Record) finalize() {
	for _, d := range []*Departure{r.Left, r.Back} {
		if d != nil {
			d.Before = nil
		}
	}
}

// Revocable is the departure of which nothing has come, nil: there is none.
func (r *Record) Revocable() *Departure {
	for _, d := range []*Departure{r.Left, r.Back} {
		if d != nil && d.Before != nil {
			return d
		}
	}
	return nil
}

// takeBack makes the record as it was before the tenant went. Bytes that are no
// record are left alone: then it comes again as if something had come of it.
func (r *Record) takeBack() {
	for d := r.Revocable(); d != nil; d = r.Revocable() {
		was, err := d.Before.read()
		if err != nil {
			return
		}
		was.ID, was.Rev = r.ID, r.Rev
		*r = *was
	}
}

// inherit makes what was known of a tenant under another id known under this
// one. Epochs that this id has seen before, as that of somebody else, are not
// used again: idempotency keys count on that. What may have to be taken back was
// done under the other id. Bytes that are no record are left alone; then the
// record is not what the facts add up to, and Verify says so.
func (r *Record) inherit(k *Known, other string) {
	was, err := k.read()
	if err != nil {
		return
	}
	before := r.Epoch
	was.ID, was.Rev = r.ID, r.Rev
	*r = *was
	r.finalize()
	r.Epoch += before
	for i := range r.Items {
		it := &r.Items[i]
		it.Epoch += before
		if it.DoneAs == "" && (it.Obligation || it.Stands()) {
			it.DoneAs = other
		}
	}
}
