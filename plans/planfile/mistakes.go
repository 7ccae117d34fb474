package planfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// instantV1 is an instant whose mistakes name the field that it is in.
type instantV1 struct{ time.Time }

func (t *instantV1) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &t.Time); err != nil {
		return &json.UnmarshalTypeError{Value: string(b), Type: reflect.TypeFor[time.Time]()} // the decoder adds the field
	}
	return nil
}

// explain puts an error of the decoder, which has read the text as JSON before,
// into words.
func explain(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("its field %q is %s and not %s", e.Field, found(e.Value), expected(e.Type))
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Sprintf("it has a field %s, which no such plan has", shorten(field))
	}
	return "a field of it cannot be read"
}

// found is what a field holds, of which the decoder tells the kind or the value.
func found(value string) string {
	switch value {
	case "number":
		return "a number"
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	default:
		return shorten(strings.TrimPrefix(value, "number "))
	}
}

// expected is what a field must hold.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return fmt.Sprintf("a whole number of at most %d bits", t.Bits())
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "an instant as in RFC 3339"
		}
		return "an object"
	default:
		return "what it must be"
	}
}

// longest bounds how much of a value is quoted, in bytes.
const longest = 60

func shorten(value string) string {
	if len(value) <= longest {
		return value
	}
	return strings.ToValidUTF8(value[:longest], "") + "…"
}

// check refuses numbers that count nothing.
func (v *fileV1) check() error {
	if err := notNegative("serial", v.Serial); err != nil {
		return err
	}
	if err := notNegative("tenants", int64(v.Tenants)); err != nil {
		return err
	}
	if err := notNegative("locks", int64(v.Locks)); err != nil {
		return err
	}
	if err := notNegative("left_out", int64(v.LeftOut)); err != nil {
		return err
	}
	for i := range v.Changes {
		if err := notNegative("changes.attempt", int64(v.Changes[i].Attempt)); err != nil {
			return err
		}
	}
	for i := range v.Upcoming {
		if err := notNegative("upcoming.count", int64(v.Upcoming[i].Count)); err != nil {
			return err
		}
	}
	return nil
}

func notNegative(field string, n int64) error {
	if n >= 0 {
		return nil
	}
	return fmt.Errorf("%w: its field %q is %d, and there is no such number", ErrFormat, field, n)
}
