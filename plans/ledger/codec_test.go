package ledger_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"transition/plans/ledger"
)

// instants draws times of all kinds: none, whole seconds, nanoseconds, far away.
func instants() *rapid.Generator[time.Time] {
	return rapid.OneOf(
		rapid.Just(time.Time{}),
		rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(1_300_000_000, 1_400_000_000).Draw(t, "sec"), 0).UTC()
		}),
		rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64().Draw(t, "sec"), rapid.Int64Range(0, 999_999_999).Draw(t, "nsec")).UTC()
		}),
	)
}

func tries() *rapid.Generator[ledger.Try] {
	return rapid.Custom(func(t *rapid.T) ledger.Try {
		return ledger.Try{
			State:    ledger.State(rapid.Uint8().Draw(t, "state")),
			Attempts: rapid.Int().Draw(t, "attempts"),
			First:    instants().Draw(t, "first"),
			At:       instants().Draw(t, "at"),
			Next:     instants().Draw(t, "next"),
			Attempt:  rapid.Int64().Draw(t, "attempt"),
			Reason:   rapid.String().Draw(t, "reason"),
		}
	})
}

func parts() *rapid.Generator[ledger.Part] {
	return rapid.Custom(func(t *rapid.T) ledger.Part {
		return ledger.Part{Recipient: rapid.String().Draw(t, "recipient"), Try: tries().Draw(t, "try")}
	})
}

func items(key string) *rapid.Generator[ledger.Item] {
	return rapid.Custom(func(t *rapid.T) ledger.Item {
		return ledger.Item{
			Key:        key,
			Try:        tries().Draw(t, "try"),
			Epoch:      rapid.Int().Draw(t, "epoch"),
			Generation: rapid.Int().Draw(t, "generation"),
			Obligation: rapid.Bool().Draw(t, "obligation"),
			Release:    rapid.Ptr(tries(), true).Draw(t, "release"),
			Undone:     rapid.Bool().Draw(t, "undone"),
			Stood:      rapid.Bool().Draw(t, "stood"),
			DoneAs:     rapid.SampledFrom([]string{"", "acme"}).Draw(t, "done as"),
			Again:      rapid.Bool().Draw(t, "again"),
			Notice:     rapid.Bool().Draw(t, "notice"),
			Announced:  instants().Draw(t, "announced"),
			Into:       rapid.SampledFrom([]string{"", "Lock/mail", "Pre/notice"}).Draw(t, "into"),
			Alias:      rapid.SampledFrom([]string{"", "Lock/old"}).Draw(t, "alias"),
			Parts:      rapid.SliceOfN(parts(), 0, 3).Draw(t, "parts"),
		}
	})
}

func holds() *rapid.Generator[ledger.Hold] {
	return rapid.Custom(func(t *rapid.T) ledger.Hold {
		return ledger.Hold{
			Reason: rapid.String().Draw(t, "reason"),
			By:     rapid.String().Draw(t, "by"),
			Since:  instants().Draw(t, "since"),
			Until:  instants().Draw(t, "until"),
		}
	})
}

func records() *rapid.Generator[ledger.Record] {
	return rapid.Custom(func(t *rapid.T) ledger.Record {
		r := ledger.Record{
			Rev:        rapid.Int64().Draw(t, "rev"),
			Epoch:      rapid.Int().Draw(t, "epoch"),
			Batch:      rapid.SampledFrom([]string{"", "pilot", "wave1"}).Draw(t, "batch"),
			T:          instants().Draw(t, "t"),
			Zone:       rapid.SampledFrom([]string{"", "UTC", "Europe/Berlin"}).Draw(t, "zone"),
			EnrolledAt: instants().Draw(t, "enrolled"),
			PlacedAt:   instants().Draw(t, "placed"),
			Hold:       rapid.Ptr(holds(), true).Draw(t, "hold"),
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "items") {
			r.Items = append(r.Items, items(fmt.Sprintf("P%d/item", i)).Draw(t, "item"))
		}
		return r
	})
}

func TestCodecKeepsWholeRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var codec ledger.Codec
		var got ledger.Record // used again, as a store does
		for _, want := range rapid.SliceOfN(records(), 1, 3).Draw(t, "records") {
			if err := codec.Decode(codec.Append(nil, &want), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("decoded record differs (-want +got):\n%s", diff)
			}
		}
	})
}

// TestCodecForgetsNoField fills every field there is, so that one which is
// added to Record later cannot be lost on the way to the disk.
func TestCodecForgetsNoField(t *testing.T) {
	var want, got ledger.Record
	fill(reflect.ValueOf(&want).Elem())
	var codec ledger.Codec
	if err := codec.Decode(codec.Append(nil, &want), &got); err != nil {
		t.Fatal(err)
	}
	got.ID = want.ID
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded record differs (-want +got):\n%s", diff)
	}
}

// fill sets all fields to values that are not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("text")
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"column": "text"}))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_330_000_000, 5).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("a kind of field that the codec has never seen: " + v.Kind().String())
	}
}

func TestCodecAppendsAndLeavesID(t *testing.T) {
	var codec ledger.Codec
	b := codec.Append([]byte("before"), &ledger.Record{ID: "contoso", Rev: 7})
	if string(b[:6]) != "before" {
		t.Fatalf("Append overwrote dst: %q", b)
	}
	got := ledger.Record{ID: "fabrikam"}
	if err := codec.Decode(b[6:], &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "fabrikam" || got.Rev != 7 {
		t.Errorf("got id %q and revision %d, want fabrikam and 7", got.ID, got.Rev)
	}
}

func TestDecodeRefusesCutAndChangedRecords(t *testing.T) {
	var codec ledger.Codec
	whole := codec.Append(nil, busyRecord(4))
	for n := range whole {
		if codec.Decode(whole[:n], new(ledger.Record)) == nil {
			t.Errorf("the first %d of %d bytes were taken for a record", n, len(whole))
		}
	}
	tests := map[string][]byte{
		"newer version":  append([]byte{99}, whole[1:]...),
		"trailing bytes": append(append([]byte(nil), whole...), 0),
		"unknown text":   {1, 0, 0, 0, 99, 0, 0},
		"endless list":   {1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f},
	}
	for name, b := range tests {
		if codec.Decode(b, new(ledger.Record)) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCodecTexts(t *testing.T) {
	var codec ledger.Codec
	if n := codec.Intern(""); n != 0 {
		t.Errorf("the empty text is number %d, want 0", n)
	}
	a, b := codec.Intern("a"), codec.Intern("b")
	if a != 1 || b != 2 || codec.Intern("a") != a || codec.Len() != 2 {
		t.Errorf("a is %d, b is %d, %d texts; want 1, 2, 2", a, b, codec.Len())
	}
	codec.Truncate(1)
	if _, ok := codec.Lookup(b); ok {
		t.Error("a forgotten text was found")
	}
	if c := codec.Intern("c"); c != b {
		t.Errorf("after forgetting, the next text is number %d, want %d", c, b)
	}
	if text, ok := codec.Lookup(a); !ok || text != "a" {
		t.Errorf("Lookup(%d) = %q, %t", a, text, ok)
	}
}

// busyRecord is a tenant on its way with n items done.
func busyRecord(n int) *ledger.Record {
	at := time.Date(2012, 1, 10, 8, 0, 0, 0, time.UTC)
	r := &ledger.Record{
		ID: "contoso", Rev: int64(2 + 2*n), Epoch: 1, Batch: "wave1", T: at.AddDate(0, 2, 0), Zone: "Europe/Berlin",
		EnrolledAt: at.AddDate(0, -1, 0), PlacedAt: at.AddDate(0, -1, 0),
	}
	for i := range n {
		r.Items = append(r.Items, ledger.Item{
			Key:   fmt.Sprintf("Phase%d/item%02d", i/2, i),
			Try:   ledger.Try{State: ledger.Done, Attempts: 1, First: at, At: at.Add(3 * time.Second), Attempt: int64(1000 + i)},
			Epoch: 1, Notice: i%4 == 0,
		})
	}
	return r
}

func FuzzDecode(f *testing.F) {
	var codec ledger.Codec
	f.Add(codec.Append(nil, busyRecord(3)))
	f.Add(codec.Append(nil, &ledger.Record{Hold: &ledger.Hold{Reason: "asked", By: "ann"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, again ledger.Record
		if codec.Decode(b, &got) != nil {
			return
		}
		if err := codec.Decode(codec.Append(nil, &got), &again); err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		if diff := cmp.Diff(got, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var codec ledger.Codec
	var r ledger.Record
	src := codec.Append(nil, busyRecord(16))
	b.ReportAllocs()
	b.ReportMetric(float64(len(src)), "bytes/record")
	for b.Loop() {
		if err := codec.Decode(src, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	var codec ledger.Codec
	r := busyRecord(16)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = codec.Append(dst[:0], r)
	}
}
