package inventory

import "io"

// ordered reads the rows of a file in memory one after the other, in an order
// of their own, as if the file had been sorted.
type ordered struct {
	data  []byte
	order []entry // not yet begun
	rest  []byte  // of the present row
}

// Read implements io.Reader.
func (o *ordered) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && (len(o.rest) > 0 || len(o.order) > 0) {
		if len(o.rest) == 0 {
			o.rest = o.data[o.order[0].start:o.order[0].end]
			o.order = o.order[1:]
		}
		k := copy(p[n:], o.rest)
		o.rest = o.rest[k:]
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
