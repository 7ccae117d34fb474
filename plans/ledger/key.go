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
