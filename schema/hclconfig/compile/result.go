package compile

import (
	"errors"
	"fmt"
	"math"

	"github.com/zclconf/go-cty/cty"

	"transition/schema"
)

// target is a Go type that an attribute wants.
type target[V any] struct {
	typ    cty.Type
	decode func(cty.Value) (V, error) // of typ, known, without marks, maybe null
}

var (
	errNull     = errors.New("the value is null")
	errInfinite = errors.New("the number is too large, or the result of a division by zero")
	errTooLong  = fmt.Errorf("the text is longer than %d bytes", maxText)
)

func textTarget() target[string] {
	return target[string]{typ: cty.String, decode: decodeText}
}

func boolTarget() target[bool] {
	return target[bool]{typ: cty.Bool, decode: func(v cty.Value) (bool, error) {
		if v.IsNull() {
			return false, errNull
		}
		return v.True(), nil
	}}
}

func floatTarget() target[float64] {
	return target[float64]{typ: cty.Number, decode: func(v cty.Value) (float64, error) {
		if v.IsNull() {
			return 0, errNull
		}
		return decodeFloat(v)
	}}
}

func numberTarget() target[schema.Number] {
	return target[schema.Number]{typ: cty.Number, decode: func(v cty.Value) (schema.Number, error) {
		if v.IsNull() {
			return schema.Number{}, nil
		}
		f, err := decodeFloat(v)
		return schema.Number{Value: f, Valid: err == nil}, err
	}}
}

func textsTarget() target[[]string] {
	return target[[]string]{typ: cty.List(cty.String), decode: func(v cty.Value) ([]string, error) {
		if v.IsNull() {
			return nil, nil
		}
		list := make([]string, 0, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			s, err := decodeText(e)
			if err != nil {
				return nil, fmt.Errorf("element %d of the list: %w", len(list)+1, err)
			}
			list = append(list, s)
		}
		return list, nil
	}}
}

func textMapTarget() target[map[string]string] {
	return target[map[string]string]{typ: cty.Map(cty.String), decode: func(v cty.Value) (map[string]string, error) {
		if v.IsNull() {
			return nil, nil
		}
		m := make(map[string]string, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			key, e := it.Element()
			s, err := decodeText(e)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", key.AsString(), err)
			}
			m[key.AsString()] = s
		}
		return m, nil
	}}
}

func decodeText(v cty.Value) (string, error) {
	if v.IsNull() {
		return "", errNull
	}
	if s := v.AsString(); len(s) <= maxText {
		return s, nil
	}
	return "", errTooLong
}

func decodeFloat(v cty.Value) (float64, error) {
	f, _ := v.AsBigFloat().Float64()
	if math.IsInf(f, 0) {
		return 0, errInfinite
	}
	return f, nil
}

// wanted names a type in a sentence.
func wanted(t cty.Type) string {
	switch {
	case t == cty.String:
		return "text"
	case t == cty.Bool:
		return "true or false"
	case t == cty.Number:
		return "a number"
	case t.IsListType():
		return "a list of texts"
	case t.IsMapType():
		return "a map of texts"
	default:
		return t.FriendlyName()
	}
}

// typeName names the type of what was found instead.
func typeName(t cty.Type) string {
	switch {
	case t == cty.String || t == cty.Bool || t == cty.Number:
		return wanted(t)
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		return "a list"
	case t.IsMapType() || t.IsObjectType():
		return "an object"
	default:
		return t.FriendlyName()
	}
}

// describe is typeName with the value, where it is short enough to help.
func describe(v cty.Value) string {
	const short = 40
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() || len(v.AsString()) > short {
		return typeName(v.Type())
	}
	return fmt.Sprintf("the text %q", v.AsString())
}
