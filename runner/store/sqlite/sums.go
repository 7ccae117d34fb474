package sqlite

import (
	"database/sql"
	"encoding/binary"
	"hash/crc32"

	"transition/plans/ledger"
)

// SQLite finds out when its own structures are broken, not when a value is another
// one, or when a page was never written. So whatever is gone by has a checksum,
// which is compared whenever it is read, and meta has sums of these, which tell
// that a row is lost, or that an old one has come back. A sum finds what a disk
// does; what people do is found by the hashes of the facts.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumSize is that of the checksum at the end of a record, in bytes.
const sumSize = 4

// recordSum covers the id of the tenant too: a record in the place of another one
// is damaged.
func recordSum(tenant, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(tenant, castagnoli), castagnoli, record)
}

// seal appends its checksum to a record, and returns both.
func seal(tenant string, record []byte) (sealed []byte, sum int64) {
	is := recordSum([]byte(tenant), record)
	return binary.BigEndian.AppendUint32(record, is), int64(is)
}

// unseal returns a record without its checksum, and that; false: it is not as it
// was written.
func unseal(tenant, sealed []byte) (record []byte, sum int64, ok bool) {
	if len(sealed) < sumSize {
		return nil, 0, false
	}
	record, end := sealed[:len(sealed)-sumSize], sealed[len(sealed)-sumSize:]
	is := binary.BigEndian.Uint32(end)
	return record, int64(is), is == recordSum(tenant, record)
}

// decode reads a record as it is kept, and returns its checksum.
func decode(path string, codec *ledger.Codec, tenant, sealed []byte, r *ledger.Record) (sum int64, err error) {
	b, sum, ok := unseal(tenant, sealed)
	if !ok {
		return 0, damaged(path, "has a record of tenant %q that is not as it was written", tenant)
	}
	if err := codec.Decode(b, r); err != nil {
		return 0, damaged(path, "has a broken record of tenant %q: %v", tenant, err)
	}
	return sum, nil
}

// rowSum is the checksum of a row that has values of these types only.
func rowSum(values []any) int64 {
	b := make([]byte, 0, 256)
	text := func(s string) {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			b = binary.AppendVarint(b, v)
		case string:
			text(v)
		case sql.NullString:
			if b = append(b, 0); v.Valid {
				b[len(b)-1] = 1
				text(v.String)
			}
		}
	}
	return int64(crc32.Checksum(b, castagnoli))
}
