package compile

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// exactly gives what hcl computes with.
func exactly(n int64) *big.Float { return new(big.Float).SetPrec(precision).SetInt64(n) }

func drawWhole(t *rapid.T, label string) int64 {
	return rapid.OneOf(
		rapid.Int64Range(-100, 100), rapid.Int64Range(-maxWhole+1, maxWhole-1),
		rapid.SampledFrom([]int64{maxWhole - 1, 1 - maxWhole, maxWhole / 2, maxWhole/2 + 1, maxWhole/3 + 1}),
	).Draw(t, label)
}

// Whatever the nodes are certain of is what hcl's numbers give.
func TestQuotients_AreCertainOnlyOfWhatIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := drawWhole(t, "a"), drawWhole(t, "b"), drawWhole(t, "c"), drawWhole(t, "d")
		if b == 0 || d == 0 {
			return
		}
		p, ps := divide(num{float64(a), true}, num{float64(b), true})
		q, qs := divide(num{float64(c), true}, num{float64(d), true})
		if ps != known || qs != known {
			return
		}
		left, right := new(big.Float).Quo(exactly(a), exactly(b)), new(big.Float).Quo(exactly(c), exactly(d))
		if f, acc := left.Float64(); p.f != f || p.exact != (acc == big.Exact) {
			t.Fatalf("%d / %d is %v, want %v", a, b, p, f)
		}
		if got, st := compare(p, q); st == known && got != left.Cmp(right) {
			t.Fatalf("%d/%d compares to %d/%d as %d", a, b, c, d, got)
		}
		down, acc := left.Int(nil)
		up := new(big.Int).Set(down)
		if acc == big.Above {
			down.Sub(down, big.NewInt(1))
		}
		if acc == big.Below {
			up.Add(up, big.NewInt(1))
		}
		wantWhole(t, floor, p, down)
		wantWhole(t, ceil, p, up)
	})
}

func wantWhole(t *rapid.T, round func(num) (num, state), of num, want *big.Int) {
	got, st := round(of)
	if f, _ := new(big.Float).SetInt(want).Float64(); st == known && (got.f != f || !got.exact) {
		t.Fatalf("%v is rounded to %v, want %v", of, got, want)
	}
}

// A quotient that only rounds to a whole number is left to hcl.
func TestRounding_OfAlmostWholeNumbers(t *testing.T) {
	almost := num{f: 3, exact: false}
	for name, round := range map[string]func(num) (num, state){"ceil": ceil, "floor": floor} {
		if got, st := round(almost); st == known {
			t.Errorf("%s is certain of %v", name, got)
		}
	}
	if _, st := compare(almost, num{f: 3, exact: true}); st == known {
		t.Error("compare is certain of what only rounds to a number")
	}
}
