package compile

import (
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"transition/schema/toffset"
)

// Mark is a mark on values of cty.
type Mark string

// Sensitive marks the values of sensitive variables, and what comes of them.
const Sensitive Mark = "sensitive"

const (
	offsetName = "offset"

	// These cannot be written in a plan.
	escapeName      = "\x00escape"
	escapeNameInTag = "\x00escape in tag"
)

// envFunctions are the functions that read the Env of an evaluation.
func envFunctions(s *scratch) map[string]function.Function {
	return map[string]function.Function{
		offsetName:      offsetFunc(s),
		escapeName:      escapeFunc(s, escaperOf(escapeName)),
		escapeNameInTag: escapeFunc(s, escaperOf(escapeNameInTag)),
	}
}

// offsetFunc gives the instant of an offset from T, as RFC 3339 in the tenant's
// zone, or null while there is no date. Without a scratch it refuses to.
func offsetFunc(s *scratch) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "offset", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			o, err := parseOffset(args[0].AsString())
			switch {
			case err != nil:
				return cty.NilVal, function.NewArgError(0, err)
			case s == nil:
				return cty.NilVal, errors.New("the cutover is not known here; pass the instant in instead")
			case s.env == nil:
				return cty.UnknownVal(cty.String), nil
			case s.env.T.IsZero():
				return cty.NullVal(cty.String), nil
			}
			at, _ := o.From(s.env.T, zoneOf(s.env))
			return cty.StringVal(at.Format(time.RFC3339)), nil
		},
	})
}

func parseOffset(s string) (toffset.Offset, error) {
	o, err := toffset.Parse(s)
	if err == nil && o.BusinessDays != 0 {
		return o, fmt.Errorf("%q counts business days, which are not supported yet", s)
	}
	return o, err
}

// escapeFunc makes a text or number harmless in a Markdown body, and gives
// anything else back for the template around it to refuse.
func escapeFunc(s *scratch, escape escaper) function.Function {
	value := anything("value")
	value.AllowNull, value.AllowUnknown, value.AllowDynamicType = true, true, true
	escapes := func(v cty.Value) bool {
		return s.env != nil && s.env.Markdown && v.Type().IsPrimitiveType() && v.IsKnown() && !v.IsNull()
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{value},
		Type: func(args []cty.Value) (cty.Type, error) {
			if escapes(args[0]) {
				return cty.String, nil
			}
			return args[0].Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !escapes(args[0]) {
				return args[0], nil
			}
			v, err := convert.Convert(args[0], cty.String)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(string(escape(nil, v.AsString()))), nil
		},
	})
}

// inZoneFunc writes an instant in another zone.
func inZoneFunc() function.Function {
	return textFunc(cty.String, []string{"timestamp", "zone"}, func(args []string) (cty.Value, error) {
		t, err := instantOf(args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		zone, err := loadZone(args[1])
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		return cty.StringVal(t.In(zone).Format(time.RFC3339)), nil
	})
}

func timeCmpFunc() function.Function {
	return textFunc(cty.Number, []string{"a", "b"}, func(args []string) (cty.Value, error) {
		a, err := instantOf(args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		b, err := instantOf(args[1])
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		return cty.NumberIntVal(int64(a.Compare(b))), nil
	})
}

func instantOf(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%.60q is not an instant such as \"2012-03-09T18:00:00-08:00\"", s)
	}
	return t, nil
}

// loadZone loads a zone of the IANA database. The machine's own zone is none of
// them: a plan means the same everywhere.
func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("there is no time zone %.60q; zones are named as in \"Europe/Berlin\"", name)
	}
	return zone, nil
}

func sensitiveFunc() function.Function {
	return marking("value", func(v cty.Value) cty.Value { return v.Mark(Sensitive) })
}

func nonsensitiveFunc() function.Function {
	return marking("value", func(v cty.Value) cty.Value {
		v, marks := v.Unmark()
		for mark := range marks {
			if mark != any(Sensitive) {
				v = v.Mark(mark)
			}
		}
		return v
	})
}

func marking(param string, f func(cty.Value) cty.Value) function.Function {
	value := anything(param)
	value.AllowNull, value.AllowUnknown, value.AllowDynamicType, value.AllowMarked = true, true, true, true
	return function.New(&function.Spec{
		Params: []function.Parameter{value},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f(args[0]), nil },
	})
}
