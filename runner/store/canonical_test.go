package store_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
)

// TestCanonicalFactsSurviveJSON breaks every text and shifts every instant that
// a fact has: what is kept must be what is read back, or must be refused.
func TestCanonicalFactsSurviveJSON(t *testing.T) {
	var sample ledger.Fact
	for _, path := range fields(reflect.TypeOf(sample), nil) {
		f := ledger.Fact{At: time.Now(), Tenant: "contoso", Kind: ledger.Held}
		field := reflect.ValueOf(&f).Elem().FieldByIndex(path)
		spoil(field)
		kept, err := store.Canonical(f)
		if err != nil {
			continue
		}
		b, err := json.Marshal(kept)
		if err != nil {
			t.Errorf("%v: %v", path, err)
			continue
		}
		var read ledger.Fact
		if err := json.Unmarshal(b, &read); err != nil {
			t.Errorf("%v: %v", path, err)
		}
		if diff := cmp.Diff(kept, read); diff != "" {
			t.Errorf("field %v is read back otherwise (-kept +read):\n%s", path, diff)
		}
	}
}

// fields lists the paths to all fields of a struct that are no structs.
func fields(typ reflect.Type, before []int) [][]int {
	var paths [][]int
	for i := range typ.NumField() {
		path := append(append([]int(nil), before...), i)
		if ft := typ.Field(i).Type; ft.Kind() == reflect.Struct && ft != reflect.TypeFor[time.Time]() {
			paths = append(paths, fields(ft, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

// spoil sets a field to what JSON or a database would not give back as it is.
func spoil(v reflect.Value) {
	berlin := time.Date(2012, 3, 1, 9, 30, 0, 123456789, time.FixedZone("CET", 3600))
	switch x := v.Addr().Interface().(type) {
	case *string:
		*x = "half a \xff\xfecharacter"
	case *[]string:
		*x = []string{"fine", "half a \xff\xfecharacter"}
	case *time.Time:
		*x = berlin
	case **time.Time:
		*x = &berlin
	case **int:
		*x = new(int)
	case *map[string]string:
		*x = map[string]string{"fine": "half a \xff\xfecharacter"}
	case **ledger.Known:
		*x = &ledger.Known{Texts: []string{"half a \xff\xfecharacter"}, Record: []byte{0xff}}
	case *bool:
		*x = true
	default:
		switch v.Kind() {
		case reflect.String: // a closed set of words
		case reflect.Int, reflect.Int64:
			v.SetInt(-1)
		default:
			panic("a field of a kind that this test does not know: " + v.Type().String())
		}
	}
}

func TestCanonicalLeavesCallersFactAlone(t *testing.T) {
	berlin := time.Date(2012, 3, 1, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	until := berlin
	f := ledger.Fact{At: berlin, Tenant: "contoso", Kind: ledger.Held, Until: &until, Recipients: make([]string, 1, 20)}
	kept, err := store.Canonical(f)
	if err != nil {
		t.Fatal(err)
	}
	if until != berlin || f.Until != &until || f.Recipients[:2][1] != "" {
		t.Errorf("the caller's fact is now %+v", f)
	}
	if kept.Until.Location() != time.UTC || !utf8.ValidString(kept.Reason) {
		t.Errorf("the kept fact is %+v", kept)
	}
}
