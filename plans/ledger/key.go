package ledger

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

var keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Key is the idempotency key of an effect. It is the same for every retry, and
// differs whenever the effect is another one: another state, tenant, item,
// half of a lock, recipient, T, or a person's "again". What the effect says or
// does is no part of it, so that an edited text is never sent a second time.
func Key(lineage, tenant, item string, op Op, recipient string, epoch, generation int) string {
	h := sha256.New()
	var n [8]byte
	for _, s := range [...]string{"transition/v1", lineage, tenant, item, string(op), recipient} {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	for _, i := range [...]int{epoch, generation} {
		binary.BigEndian.PutUint64(n[:], uint64(i))
		h.Write(n[:])
	}
	return keyEncoding.EncodeToString(h.Sum(nil)[:20])
}

// Idempotency is the Key of an effect of the tenant: of what an item does now, at
// its present T.
func (r *Record) Idempotency(lineage, item string, op Op, recipient string) string {
	return Key(lineage, r.ID, r.alias(item), op, recipient, r.Epoch, r.Generation(item))
}

// Generation counts what the item has begun anew at its present T, with what it
// begins now.
func (r *Record) Generation(item string) int {
	it := r.Item(item)
	switch {
	case it == nil:
		return 0
	case it.Recurs() && it.Epoch == r.Epoch:
		return it.Generation + 1
	default:
		return it.Generation
	}
}

// alias is what an item is called in idempotency keys: what it was called first,
// unless that is what another one was called before.
func (r *Record) alias(key string) string {
	if it := r.Item(key); it != nil && it.Alias != "" {
		return it.Alias
	}
	name := key
	for r.taken(name, key) {
		name += "'"
	}
	return name
}

// taken reports whether another item than that with the key is called so.
func (r *Record) taken(name, key string) bool {
	for i := range r.Items {
		if r.Items[i].Alias == name && r.Items[i].Key != key {
			return true
		}
	}
	return false
}
