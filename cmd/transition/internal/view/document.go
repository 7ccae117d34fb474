package view

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"time"
)

// FormatVersion is the version of the JSON documents. Its minor part rises with
// additions, which readers must ignore; its major part with everything else.
const FormatVersion = "1.0"

// document streams one JSON object, field by field, with one element of its
// arrays on each line, so that a million tenants need no memory. A document
// that ends early, because of an error, is not valid JSON.
type document struct {
	w     *bufio.Writer
	buf   bytes.Buffer
	enc   *json.Encoder
	begun bool // a field was written: a comma is due
	inner bool // an element of the open array or object was written
	err   error
}

func newDocument(w io.Writer) *document {
	d := &document{w: bufio.NewWriterSize(w, 1<<16)}
	d.enc = json.NewEncoder(&d.buf)
	d.enc.SetEscapeHTML(false)
	d.w.WriteByte('{')
	d.field("format_version", FormatVersion)
	return d
}

// value writes v without a line break.
func (d *document) value(v any) {
	if d.err != nil {
		return
	}
	d.buf.Reset()
	if d.err = d.enc.Encode(v); d.err == nil {
		_, d.err = d.w.Write(bytes.TrimSuffix(d.buf.Bytes(), []byte("\n")))
	}
}

func (d *document) name(name string) {
	if d.begun {
		d.w.WriteByte(',')
	}
	d.begun = true
	d.value(name)
	d.w.WriteByte(':')
}

// field writes one whole field.
func (d *document) field(name string, v any) {
	d.name(name)
	d.value(v)
}

// array begins a field whose elements follow one by one.
func (d *document) array(name string) {
	d.name(name)
	d.w.WriteByte('[')
	d.inner = false
}

// element writes the next element of the open array.
func (d *document) element(v any) {
	if d.inner {
		d.w.WriteByte(',')
	}
	d.inner = true
	d.w.WriteByte('\n')
	d.value(v)
}

// close ends the open array.
func (d *document) close() {
	if d.inner {
		d.w.WriteByte('\n')
	}
	d.w.WriteByte(']')
}

// end completes the document.
func (d *document) end() error {
	d.w.WriteString("}\n")
	if err := d.w.Flush(); d.err == nil {
		d.err = err
	}
	return d.err
}

// whole writes a document of a few fields: pairs of a name and a value.
func whole(w io.Writer, fields ...field) error {
	d := newDocument(w)
	for _, f := range fields {
		d.field(f.name, f.value)
	}
	return d.end()
}

// field is one field of a small document.
type field struct {
	name  string
	value any
}

// instant is RFC 3339 in UTC; the zero time is null.
type instant time.Time

func (t instant) IsZero() bool { return time.Time(t).IsZero() }

func (t instant) MarshalJSON() ([]byte, error) {
	at := time.Time(t)
	if at.IsZero() {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, len(time.RFC3339Nano)+2), '"')
	return append(at.UTC().AppendFormat(b, time.RFC3339Nano), '"'), nil
}

// optional is a string; the empty one is null.
type optional string

func (s optional) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(s))
}

// listed keeps an empty list from becoming null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
