package compile

import (
	"errors"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func anything(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType}
}

func isSequence(t cty.Type) bool { return t.IsListType() || t.IsTupleType() || t.IsSetType() }

// lengthFunc counts characters of a text, or elements of anything else.
func lengthFunc() function.Function {
	value := anything("value")
	value.AllowUnknown, value.AllowDynamicType = true, true
	return function.New(&function.Spec{
		Params: []function.Parameter{value},
		Type: func(args []cty.Value) (cty.Type, error) {
			t := args[0].Type()
			if t == cty.String || t == cty.DynamicPseudoType || isSequence(t) || t.IsMapType() || t.IsObjectType() {
				return cty.Number, nil
			}
			return cty.NilType, function.NewArgErrorf(0, "only a text, a list or a map has a length")
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			switch t := args[0].Type(); {
			case t == cty.DynamicPseudoType:
				return cty.UnknownVal(cty.Number), nil
			case t == cty.String:
				return stdlib.Strlen(args[0])
			case t.IsObjectType():
				return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
			default:
				return args[0].Length(), nil
			}
		},
	})
}

// coalesceFunc gives the first value that is neither null nor an empty text.
func coalesceFunc() function.Function {
	values := anything("values")
	values.AllowUnknown, values.AllowDynamicType, values.AllowNull = true, true, true
	return function.New(&function.Spec{
		VarParam: &values,
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, a := range args {
				types[i] = a.Type()
			}
			t, _ := convert.UnifyUnsafe(types)
			if t == cty.NilType {
				return cty.NilType, errors.New("all arguments must have the same type")
			}
			return t, nil
		},
		Impl: func(args []cty.Value, result cty.Type) (cty.Value, error) {
			for _, a := range args {
				a, err := convert.Convert(a, result)
				switch {
				case err != nil:
					return cty.NilVal, err
				case !a.IsKnown():
					return cty.UnknownVal(result), nil
				case !a.IsNull() && !(a.Type() == cty.String && a.AsString() == ""):
					return a, nil
				}
			}
			return cty.NilVal, errors.New("all arguments are null or empty")
		},
	})
}

// indexFunc gives the place of a value in a list.
func indexFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything("list"), anything("value")},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if t := args[0].Type(); !t.IsListType() && !t.IsTupleType() {
				return cty.NilVal, function.NewArgErrorf(0, "must be a list")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				i, e := it.Element()
				switch equal := e.Equals(args[1]); {
				case !equal.IsKnown():
					return cty.UnknownVal(cty.Number), nil
				case equal.True():
					return i, nil
				}
			}
			return cty.NilVal, errors.New("the list does not contain the value")
		},
	})
}

// lookupFunc gives the value of a key, or else the default.
func lookupFunc() function.Function {
	fallback := anything("default")
	fallback.AllowNull = true
	return function.New(&function.Spec{
		Params:   []function.Parameter{anything("map"), {Name: "key", Type: cty.String}},
		VarParam: &fallback,
		Type:     lookupType,
		Impl: func(args []cty.Value, result cty.Type) (cty.Value, error) {
			key := args[1].AsString()
			switch t := args[0].Type(); {
			case t.IsObjectType() && t.HasAttribute(key):
				return args[0].GetAttr(key), nil
			case t.IsMapType():
				if has := args[0].HasIndex(args[1]); !has.IsKnown() {
					return cty.UnknownVal(result), nil
				} else if has.True() {
					return args[0].Index(args[1]), nil
				}
			}
			if len(args) == 3 {
				return convert.Convert(args[2], result)
			}
			return cty.NilVal, errors.New("the map has no such key, and there is no default")
		},
	})
}

func lookupType(args []cty.Value) (cty.Type, error) {
	if len(args) > 3 {
		return cty.NilType, errors.New("a map, a key and at most one default are expected")
	}
	t := args[0].Type()
	switch {
	case t.IsMapType():
		if len(args) == 3 && convertible(args[2].Type(), t.ElementType()) != nil {
			return cty.NilType, function.NewArgErrorf(2, "the default must have the type of the map's elements")
		}
		return t.ElementType(), nil
	case !t.IsObjectType():
		return cty.NilType, function.NewArgErrorf(0, "must be a map")
	case !args[1].IsKnown():
		return cty.DynamicPseudoType, nil
	case t.HasAttribute(args[1].AsString()):
		return t.AttributeType(args[1].AsString()), nil
	case len(args) == 3:
		return args[2].Type(), nil
	default:
		return cty.NilType, errors.New("the map has no such key, and there is no default")
	}
}

func convertible(from, to cty.Type) error {
	_, err := convert.Convert(cty.UnknownVal(from), to)
	return err
}

// matchKeysFunc keeps the values whose keys are in a set.
func matchKeysFunc() function.Function {
	list := cty.List(cty.DynamicPseudoType)
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: list}, {Name: "keys", Type: list}, {Name: "searchset", Type: list}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if t, _ := convert.UnifyUnsafe([]cty.Type{args[1].Type(), args[2].Type()}); t == cty.NilType {
				return cty.NilType, errors.New("keys and searchset must have the same type")
			}
			return args[0].Type(), nil
		},
		Impl: func(args []cty.Value, result cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(result), nil
			}
			values, keys, set := args[0].AsValueSlice(), args[1].AsValueSlice(), args[2].AsValueSlice()
			if len(values) != len(keys) {
				return cty.NilVal, errors.New("there must be as many keys as values")
			}
			var kept []cty.Value
			for i, key := range keys {
				if slices.ContainsFunc(set, func(s cty.Value) bool { return sameValue(key, s) }) {
					kept = append(kept, values[i])
				}
			}
			if len(kept) == 0 {
				return cty.ListValEmpty(result.ElementType()), nil
			}
			return cty.ListVal(kept), nil
		},
	})
}

// sameValue compares after conversion to a common type.
func sameValue(a, b cty.Value) bool {
	t, _ := convert.UnifyUnsafe([]cty.Type{a.Type(), b.Type()})
	if t == cty.NilType {
		return false
	}
	a, errA := convert.Convert(a, t)
	b, errB := convert.Convert(b, t)
	return errA == nil && errB == nil && a.Equals(b).True()
}

// oneFunc gives the only element of a list, or null for an empty one.
func oneFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything("list")},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch t := args[0].Type(); {
			case t.IsListType() || t.IsSetType():
				return t.ElementType(), nil
			case t.IsTupleType() && t.Length() == 0:
				return cty.DynamicPseudoType, nil
			case t.IsTupleType() && t.Length() == 1:
				return t.TupleElementType(0), nil
			default:
				return cty.NilType, function.NewArgErrorf(0, "must be a list of no or one element")
			}
		},
		Impl: func(args []cty.Value, result cty.Type) (cty.Value, error) {
			if !args[0].Length().IsKnown() {
				return cty.UnknownVal(result), nil
			}
			switch list := args[0].AsValueSlice(); len(list) {
			case 0:
				return cty.NullVal(result), nil
			case 1:
				return list[0], nil
			default:
				return cty.NilVal, function.NewArgErrorf(0, "must be a list of no or one element")
			}
		},
	})
}

func sumFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything("list")},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !isSequence(args[0].Type()) {
				return cty.NilType, function.NewArgErrorf(0, "must be a list of numbers")
			}
			return cty.Number, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			list := args[0].AsValueSlice()
			if len(list) == 0 {
				return cty.NilVal, function.NewArgErrorf(0, "an empty list has no sum")
			}
			total := cty.Zero
			for _, e := range list {
				n, err := convert.Convert(e, cty.Number)
				if err != nil || n.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "all elements must be numbers")
				}
				if total, err = stdlib.Add(total, n); err != nil {
					return cty.NilVal, err
				}
			}
			return total, nil
		},
	})
}

// allTrueFunc and anyTrueFunc take null for false.
func allTrueFunc() function.Function { return quantifier(true) }
func anyTrueFunc() function.Function { return quantifier(false) }

// quantifier gives empty unless one element is its opposite.
func quantifier(empty bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			result := cty.BoolVal(empty)
			for it := args[0].ElementIterator(); it.Next(); {
				switch _, e := it.Element(); {
				case !e.IsKnown():
					result = cty.UnknownVal(cty.Bool)
				case (!e.IsNull() && e.True()) != empty:
					return cty.BoolVal(!empty), nil
				}
			}
			return result, nil
		},
	})
}

// transposeFunc swaps the keys and the values of a map of lists.
func transposeFunc() function.Function {
	t := cty.Map(cty.List(cty.String))
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: t}},
		Type:   function.StaticReturnType(t),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(t), nil
			}
			swapped := make(map[string][]cty.Value)
			for it := args[0].ElementIterator(); it.Next(); {
				key, list := it.Element()
				if list.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "must not contain null")
				}
				for inner := list.ElementIterator(); inner.Next(); {
					_, e := inner.Element()
					if e.IsNull() {
						return cty.NilVal, function.NewArgErrorf(0, "must not contain null")
					}
					swapped[e.AsString()] = append(swapped[e.AsString()], key)
				}
			}
			if len(swapped) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			lists := make(map[string]cty.Value, len(swapped))
			for key, list := range swapped {
				lists[key] = cty.ListVal(list) // in order, as maps are iterated in cty
			}
			return cty.MapVal(lists), nil
		},
	})
}
