package compile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Bounds on what functions take and give. A function whose result grows with the
// product of its arguments has a check of its own, since its result must never
// come to be.
const (
	maxText      = 1 << 20  // bytes of an attribute's text
	maxFile      = 10 << 20 // bytes of a file, and of any text on the way
	maxFilesSize = 16 << 20 // bytes of all files that functions read
	maxElements  = 10_000   // of a list, set or map: cty takes quadratic time for some
	maxInput     = 64 << 20 // bytes of all arguments together
	maxValues    = 50_000   // in JSON, however deep
	maxSearched  = 1_000    // elements that are compared each with each
	maxFlattened = 4_000    // elements that flatten takes
	maxPattern   = 4 << 10  // bytes of a regular expression
	// maxInstructions are those of a regular expression.
	maxInstructions = 4_000
	maxWidth        = 4096     // columns of a verb of format
	maxMatching     = 64 << 20 // steps of a regular expression: its instructions times the text
	maxUnified      = 32 << 20 // elements, times the values in all of them
	maxDigits       = 1000     // of a number that is written as a text
	sizeOfValue     = 128      // bytes that a value takes at least
)

// check looks at arguments before a function sees them. They may be unknown or
// null, and marked if the function takes marked ones.
type check func(args []cty.Value) error

// guarded is f with bounds on its arguments and its result. The type of a call is
// always determined first, so that is where its arguments are looked at.
func guarded(f function.Function, checks ...check) function.Function {
	return function.New(&function.Spec{
		Description: f.Description(),
		Params:      f.Params(),
		VarParam:    f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if sizeOf(cty.TupleVal(args), maxInput) > maxInput {
				return cty.NilType, fmt.Errorf("the arguments are too large together")
			}
			for _, c := range checks {
				if err := c(args); err != nil {
					return cty.NilType, err
				}
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f.Call(args)
			if err != nil {
				return cty.NilVal, err
			}
			return v, checkResult(v)
		},
	})
}

func checkResult(v cty.Value) error {
	v, _ = v.Unmark()
	switch {
	case v.IsNull() || !v.IsKnown():
		return nil
	case v.Type() == cty.String && len(v.AsString()) > 2*maxFile:
		return fmt.Errorf("the result is longer than %d MiB", 2*maxFile>>20)
	case v.CanIterateElements() && v.LengthInt() > maxElements:
		return fmt.Errorf("the result has more than %d elements", maxElements)
	default:
		return nil
	}
}

func allKnown(args []cty.Value) bool {
	for _, a := range args {
		if a.IsNull() || !a.IsWhollyKnown() {
			return false
		}
	}
	return true
}

// joinFits bounds join(separator, lists...).
func joinFits(args []cty.Value) error {
	if len(args) == 0 || !allKnown(args) {
		return nil
	}
	separator, size := len(text(args[0])), 0
	for _, list := range args[1:] {
		if list.CanIterateElements() {
			size += list.LengthInt() * separator
		}
	}
	return fits(size)
}

// splitFits bounds split(separator, text), before all the parts are made.
func splitFits(args []cty.Value) error {
	if len(args) < 2 || !allKnown(args) || strings.Count(text(args[1]), text(args[0])) < maxElements {
		return nil
	}
	return fmt.Errorf("the result has more than %d elements", maxElements)
}

// rowsFit bounds csvdecode(text), before all the rows are made.
func rowsFit(args []cty.Value) error {
	if len(args) == 0 || strings.Count(text(args[0]), "\n") <= maxElements {
		return nil
	}
	return fmt.Errorf("the result has more than %d elements", maxElements)
}

// indentFits bounds indent(spaces, text).
func indentFits(args []cty.Value) error {
	if len(args) < 2 || !allKnown(args) {
		return nil
	}
	spaces, _ := args[0].AsBigFloat().Float64()
	if spaces < 0 || spaces > maxWidth {
		return function.NewArgErrorf(0, "must be between 0 and %d", maxWidth)
	}
	return fits(int(spaces) * strings.Count(text(args[1]), "\n"))
}

// replaceFits bounds replace(text, old, new).
func replaceFits(args []cty.Value) error {
	if len(args) < 3 || !allKnown(args) {
		return nil
	}
	s, old, new := text(args[0]), text(args[1]), text(args[2])
	pattern, isPattern := patternOf(old)
	if !isPattern {
		return fits(strings.Count(s, old) * len(new))
	}
	if err := patternFits([]cty.Value{cty.StringVal(pattern), args[0]}); err != nil {
		return err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil // the function says so itself
	}
	matches := len(re.FindAllStringIndex(s, -1))
	return fits(matches*len(new) + strings.Count(new, "$")*len(s))
}

// patternOf is the regular expression of replace: /…/.
func patternOf(s string) (string, bool) {
	if len(s) < 2 || s[0] != '/' || s[len(s)-1] != '/' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// patternFits bounds a regular expression, which stands first, and the text, which
// comes second: matching takes a time that grows with the product of both.
func patternFits(args []cty.Value) error {
	if len(args) < 2 || !allKnown(args[:1]) {
		return nil
	}
	pattern := text(args[0])
	if len(pattern) > maxPattern {
		return function.NewArgErrorf(0, "a regular expression must not be longer than %d bytes", maxPattern)
	}
	steps := instructions(pattern) // of one that is none the function says so itself
	if steps > maxInstructions {
		return function.NewArgErrorf(0, "this regular expression repeats too much")
	}
	if allKnown(args[1:2]) && steps*len(text(args[1])) > maxMatching {
		return function.NewArgErrorf(1, "the text is too long for such a regular expression")
	}
	return nil
}

// digitsFit bounds the text of a number, which takes a time that grows with its
// square to read.
func digitsFit(args []cty.Value) error {
	if len(args) > 0 && len(text(args[0])) > maxDigits {
		return function.NewArgErrorf(0, "a number has at most %d digits", maxDigits)
	}
	return nil
}

// jsonDecodes bounds jsondecode, which descends without a limit, and makes all values
// before there is anything to look at.
func jsonDecodes(args []cty.Value) error {
	if len(args) == 0 {
		return nil
	}
	switch depth, values := jsonShape(text(args[0])); {
	case depth > maxDepth:
		return function.NewArgErrorf(0, "this JSON is nested more than %d levels deep", maxDepth)
	case values > maxValues:
		return function.NewArgErrorf(0, "this JSON holds more than %d values", maxValues)
	default:
		return nil
	}
}

// jsonShape is how deep JSON is nested, and about how many values it holds. It ends
// once either is too much.
func jsonShape(s string) (depth, values int) {
	now, quoted := 0, false
	for i := 0; i < len(s) && depth <= maxDepth && values <= maxValues; i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',':
			values++
		case c == '[', c == '{':
			now, values = now+1, values+1
			depth = max(depth, now)
		case c == ']', c == '}':
			now--
		}
	}
	return depth, values
}

// formatFits bounds format(format, arguments...): each verb may have a width, and
// any of the arguments.
func formatFits(args []cty.Value) error { return verbsFit(args, 1) }

// formatListFits bounds formatlist, which goes round as often as its longest
// list has elements.
func formatListFits(args []cty.Value) error {
	rounds := 1
	for _, a := range args {
		if a.CanIterateElements() && !a.IsNull() {
			rounds = max(rounds, a.LengthInt())
		}
	}
	return verbsFit(args, rounds)
}

func verbsFit(args []cty.Value, rounds int) error {
	if len(args) == 0 {
		return nil
	}
	format := text(args[0])
	width := widest(format)
	if width > maxWidth {
		return function.NewArgErrorf(0, "a width or precision of more than %d is too large", maxWidth)
	}
	largest := 0
	for _, a := range args[1:] {
		size := sizeOf(a, maxInput)
		if !a.CanIterateElements() {
			size = min(size*rounds, maxInput)
		}
		largest = max(largest, size)
	}
	return fits(strings.Count(format, "%") * min(rounds*width+largest, maxInput))
}

// widest is the largest number in the verbs of a format.
func widest(format string) int {
	most, n, inVerb := 0, 0, false
	for _, r := range format {
		switch {
		case r == '%':
			inVerb, n = !inVerb, 0
		case inVerb && r >= '0' && r <= '9':
			n = min(n*10+int(r-'0'), maxInput)
			most = max(most, n)
		case unicode.IsLetter(r):
			inVerb, n = false, 0
		default:
			n = 0
		}
	}
	return most
}

// productFits bounds setproduct. (cty multiplies the lengths without looking for
// an overflow, and panics: go-cty issue 227.)
func productFits(args []cty.Value) error {
	product := 1
	for _, a := range args {
		a, _ = a.Unmark()
		if a.IsNull() || !a.IsKnown() || !a.CanIterateElements() {
			continue
		}
		if product *= min(a.LengthInt(), maxElements+1); product > maxElements {
			return fmt.Errorf("the product has more than %d elements", maxElements)
		}
	}
	if len(args) > 64 {
		return fmt.Errorf("there are more than 64 sets")
	}
	return nil
}

// searchFits bounds functions that compare elements each with each.
func searchFits(args []cty.Value) error {
	for i, a := range args {
		a, _ = a.Unmark()
		if !a.IsNull() && a.IsKnown() && a.CanIterateElements() && a.LengthInt() > maxSearched {
			return function.NewArgErrorf(i, "a list of more than %d elements takes too long", maxSearched)
		}
	}
	return nil
}

// flattenFits bounds flatten, whose time grows with the square of what it gives.
func flattenFits(args []cty.Value) error {
	if len(args) > 0 && allKnown(args) && within(args[0]) > maxFlattened {
		return function.NewArgErrorf(0, "lists of more than %d elements together take too long", maxFlattened)
	}
	return nil
}

// unifyFits bounds conversions to a collection, which compare the types of elements
// each with each.
func unifyFits(args []cty.Value) error {
	for i, a := range args {
		if tooMuchToUnify(a) {
			return function.NewArgErrorf(i, "so many elements with so much in them take too long")
		}
	}
	return nil
}

func tooMuchToUnify(v cty.Value) bool {
	return elements(v)*(sizeOf(v, maxInput)/sizeOfValue) > maxUnified
}

// jsonFits bounds jsonencode by the text in its argument: a plan can hold a
// text once and a list of it a thousand times.
func jsonFits(args []cty.Value) error { return fits(sizeOf(cty.TupleVal(args), maxFile)) }

func fits(size int) error {
	if size > maxFile {
		return fmt.Errorf("the result would be longer than %d MiB", maxFile>>20)
	}
	return nil
}

// text is a text's content, or "" for anything else.
func text(v cty.Value) string {
	v, _ = v.Unmark()
	if v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
		return ""
	}
	return v.AsString()
}
