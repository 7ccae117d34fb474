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
	r.Epoch += before
	for i := range r.Items {
		it := &r.Items[i]
		it.Epoch += before
		if it.DoneAs == "" && (it.Obligation || it.Stands()) {
			it.DoneAs = other
		}
	}
}
