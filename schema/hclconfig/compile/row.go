package compile

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"transition/schema"
)

// level says what the value of an expression depends on. It is a set of bits;
// loops add a bit each for their variables.
type level uint64

const (
	perBatch  level = 1 << iota // T and what follows from it, its zone, the batch and the phase
	perTenant                   // the tenant's row
	firstLoop
)

// source is a place that a value is read from for each tenant.
type source interface {
	// value is what hcl computes with. An error is one sentence.
	value(*schema.Env) (cty.Value, error)
	// unknown is a value of the same type, for finding mistakes of types.
	unknown() cty.Value
	level() level
}

var (
	errNoTenant = errors.New("there is no tenant here")
	errNumber   = errors.New("the number is too large or too small")
)

// textSource is text that may be null.
type textSource struct {
	read func(*schema.Env) (string, state)
	at   level
}

func (s textSource) value(env *schema.Env) (cty.Value, error) {
	switch text, st := s.read(env); st {
	case known:
		return cty.StringVal(text), nil
	case null:
		return cty.NullVal(cty.String), nil
	default:
		return cty.NilVal, errNoTenant
	}
}

func (textSource) unknown() cty.Value { return cty.UnknownVal(cty.String) }

func (s textSource) level() level { return s.at }

func readColumn(i int) func(*schema.Env) (string, state) {
	return func(env *schema.Env) (string, state) {
		c, st := cell(env, i)
		if st != known {
			return "", st
		}
		return normalized(c.Text), known
	}
}

func readID(env *schema.Env) (string, state) {
	if env.Tenant == nil {
		return "", unsure
	}
	return normalized(env.Tenant.ID), known
}

func readZone(env *schema.Env) (string, state) {
	switch {
	case env.Tenant == nil:
		return "", unsure
	case env.Tenant.Zone != nil:
		return env.Tenant.Zone.String(), known
	case env.Zone != nil:
		return env.Zone.String(), known // that of its batch, or of the plan
	default:
		return "", null
	}
}

func readLocale(env *schema.Env) (string, state) {
	if env.Tenant == nil {
		return "", unsure
	}
	return unlessEmpty(env.Tenant.Locale)
}

func readBatch(env *schema.Env) (string, state) { return unlessEmpty(env.Batch) }

func readPhase(env *schema.Env) (string, state) { return unlessEmpty(env.Phase) }

func readT(env *schema.Env) (string, state) { return instant(env, env.T) }

func readPostponeUntil(env *schema.Env) (string, state) { return instant(env, env.PostponeUntil) }

func readOldT(env *schema.Env) (string, state) { return instant(env, env.OldT) }

func readReason(env *schema.Env) (string, state) { return unlessEmpty(env.Reason) }

func readAddress(env *schema.Env) (string, state) { return unlessEmpty(env.Address) }

// instant writes a time in the tenant's zone.
func instant(env *schema.Env, t time.Time) (string, state) {
	if t.IsZero() {
		return "", null
	}
	return t.In(zoneOf(env)).Format(time.RFC3339), known
}

func zoneOf(env *schema.Env) *time.Location {
	if env.Zone == nil {
		return time.UTC
	}
	return env.Zone
}

func unlessEmpty(s string) (string, state) {
	if s == "" {
		return "", null
	}
	return normalized(s), known
}

// normalized is the form in which cty keeps text (Unicode NFC).
func normalized(s string) string {
	if isASCII(s) || norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

func isASCII[S string | []byte](s S) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// cell is null also for a row that is shorter than the columns.
func cell(env *schema.Env, i int) (*schema.Cell, state) {
	if env.Tenant == nil {
		return nil, unsure
	}
	if i >= len(env.Tenant.Cells) || !env.Tenant.Cells[i].Valid {
		return nil, null
	}
	return &env.Tenant.Cells[i], known
}

type boolSource struct{ column int }

func (s boolSource) bool(env *schema.Env) (bool, state) {
	c, st := cell(env, s.column)
	return st == known && c.Text == "true", st
}

func (s boolSource) value(env *schema.Env) (cty.Value, error) {
	switch b, st := s.bool(env); st {
	case known:
		return cty.BoolVal(b), nil
	case null:
		return cty.NullVal(cty.Bool), nil
	default:
		return cty.NilVal, errNoTenant
	}
}

func (boolSource) unknown() cty.Value { return cty.UnknownVal(cty.Bool) }

func (boolSource) level() level { return perTenant }

type numberSource struct{ column int }

func (s numberSource) num(env *schema.Env) (num, state) {
	c, st := cell(env, s.column)
	if st != known {
		return num{}, st
	}
	return cellNumber(c)
}

func (s numberSource) value(env *schema.Env) (cty.Value, error) {
	c, st := cell(env, s.column)
	switch st {
	case known:
		return cellValue(c)
	case null:
		return cty.NullVal(cty.Number), nil
	default:
		return cty.NilVal, errNoTenant
	}
}

func (numberSource) unknown() cty.Value { return cty.UnknownVal(cty.Number) }

func (numberSource) level() level { return perTenant }

// cellNumber is the number of a cell as far as a float64 can tell.
//
// Up to 15 significant digits, two different decimal numbers are never the same
// float64; so a text that short whose float64 is a whole number is exactly that
// number. Any other plain decimal is known up to the rounding of its float64.
func cellNumber(c *schema.Cell) (num, state) {
	const certainDigits, plainDigits = 15, 40
	f := c.Num
	whole := f == math.Trunc(f) && math.Abs(f) < maxWhole
	switch {
	case f == 0:
		return num{exact: true}, knownIf(!math.Signbit(f) && (c.Text == "0" || c.Text == ""))
	case whole && len(c.Text) <= certainDigits:
		return num{f: f, exact: true}, known
	case math.IsNaN(f) || math.IsInf(f, 0) || c.Text == "":
		return num{}, unsure
	default:
		return num{f: f}, knownIf(len(c.Text) <= plainDigits && !strings.ContainsAny(c.Text, "eEpPxX_"))
	}
}

// precision is that of numbers in hcl, in bits.
const precision = 512

// maxExponent bounds numbers, in bits: beyond it, writing a number out would
// fill the memory.
const maxExponent = 1 << 14

// cellValue is the number exactly as the inventory has it: the 0.1 of a row is
// the 0.1 of a plan.
func cellValue(c *schema.Cell) (cty.Value, error) {
	if n, st := cellNumber(c); st == known && n.exact {
		return cty.NumberVal(new(big.Float).SetPrec(precision).SetInt64(int64(n.f))), nil
	}
	f, _, err := big.ParseFloat(c.Text, 10, precision, big.ToNearestEven)
	if err != nil {
		if math.IsNaN(c.Num) || math.IsInf(c.Num, 0) {
			return cty.NilVal, errNumber
		}
		return cty.NumberFloatVal(c.Num), nil
	}
	if !bounded(f) {
		return cty.NilVal, errNumber
	}
	return cty.NumberVal(f), nil
}

// bounded reports whether a number can be written out in reasonable space.
func bounded(f *big.Float) bool {
	exponent := f.MantExp(nil)
	return f.IsInf() || -maxExponent < exponent && exponent < maxExponent
}

// objectSource is an object as a whole, for expressions such as tenant[var.key].
type objectSource struct {
	attrs map[string]source
	at    level
}

func (s objectSource) value(env *schema.Env) (cty.Value, error) {
	vals := make(map[string]cty.Value, len(s.attrs))
	for name, attr := range s.attrs {
		v, err := attr.value(env)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", name, err)
		}
		vals[name] = v
	}
	return cty.ObjectVal(vals), nil
}

func (s objectSource) unknown() cty.Value {
	vals := make(map[string]cty.Value, len(s.attrs))
	for name, attr := range s.attrs {
		vals[name] = attr.unknown()
	}
	return cty.ObjectVal(vals)
}

func (s objectSource) level() level { return s.at }
