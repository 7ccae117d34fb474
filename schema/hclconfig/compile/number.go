package compile

import (
	"math"
	"math/big"
)

// num is a number as far as a float64 knows it. When exact is false, the true
// value is not f, or may not be, but rounds to f; since rounding keeps the order
// of numbers, two nums with different f still compare as their true values do.
type num struct {
	f     float64
	exact bool
}

// maxWhole bounds the whole numbers that a float64 holds exactly.
const maxWhole = 1 << 53

// whole reports whether n is exactly a whole number that fits.
func (n num) whole() bool {
	return n.exact && n.f == math.Trunc(n.f) && math.Abs(n.f) < maxWhole
}

// numOf is what a float64 knows of f.
func numOf(f *big.Float) (num, state) {
	v, acc := f.Float64()
	switch {
	case math.IsInf(v, 0), v == 0 && (acc != big.Exact || math.Signbit(v)):
		return num{}, unsure
	default:
		return num{f: v, exact: acc == big.Exact}, known
	}
}

// result accepts the outcome of an operation on whole numbers if it is exact.
// A zero with a minus sign, which hcl writes as "-0", is left to hcl.
func result(f float64) (num, state) {
	if math.Abs(f) >= maxWhole || f == 0 && math.Signbit(f) {
		return num{}, unsure
	}
	return num{f: f, exact: true}, known
}

type arithmetic func(a, b num) (num, state)

func add(a, b num) (num, state) {
	if !a.whole() || !b.whole() {
		return num{}, unsure
	}
	return result(a.f + b.f)
}

func subtract(a, b num) (num, state) {
	if !a.whole() || !b.whole() {
		return num{}, unsure
	}
	return result(a.f - b.f)
}

func multiply(a, b num) (num, state) {
	if !a.whole() || !b.whole() {
		return num{}, unsure
	}
	return result(a.f * b.f)
}

// divide needs one operand of hcl's full precision, so that hcl's quotient
// rounds to the same float64 as the true one. The quotient of two whole numbers
// below 2^53 is exact if nothing remains when it is multiplied back.
func divide(a, b num) (num, state) {
	if !a.whole() || !b.whole() || b.f == 0 || a.f == 0 && b.f < 0 {
		return num{}, unsure
	}
	q := a.f / b.f
	return num{f: q, exact: math.FMA(q, b.f, -a.f) == 0}, known
}

// modulo has the sign of a, as hcl's has. It has divide's condition.
func modulo(a, b num) (num, state) {
	if !a.whole() || !b.whole() || b.f == 0 {
		return num{}, unsure
	}
	return num{f: math.Mod(a.f, b.f) + 0, exact: true}, known
}

func negate(a num) (num, state) {
	if a.f == 0 {
		return num{}, unsure
	}
	return num{f: -a.f, exact: a.exact}, known
}

func abs(a num) (num, state) { return num{f: math.Abs(a.f), exact: a.exact}, known }

// ceil and floor are certain also of a number that is only known up to rounding,
// unless it rounds to a whole number.
func ceil(a num) (num, state)  { return toWhole(a, math.Ceil) }
func floor(a num) (num, state) { return toWhole(a, math.Floor) }

func toWhole(a num, round func(float64) float64) (num, state) {
	if !a.exact && a.f == math.Trunc(a.f) {
		return num{}, unsure
	}
	return result(round(a.f))
}

func smaller(a, b num) (num, state) { return pick(a, b, -1) }
func larger(a, b num) (num, state)  { return pick(a, b, 1) }

func pick(a, b num, sign int) (num, state) {
	c, st := compare(a, b)
	if c*sign < 0 {
		return b, st
	}
	return a, st
}

// compare is unsure when both round to the same float64 and may yet differ.
func compare(a, b num) (int, state) {
	switch {
	case a.f < b.f:
		return -1, known
	case a.f > b.f:
		return 1, known
	default:
		return 0, knownIf(a.exact && b.exact)
	}
}
