package inventory

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"transition/schema"
	"transition/schema/diag"
)

// Cell reads the text of a cell that is not empty, as the rows of a file are read;
// false: it does not fit its column.
func Cell(col *schema.Column, text string) (schema.Cell, bool) {
	cell := schema.Cell{Valid: true, Text: text}
	ok := plain(text)
	switch col.Type {
	case schema.NumberType:
		if ok {
			cell.Num, cell.Text, ok = number(text)
		}
	case schema.Bool:
		if ok {
			cell.Text, ok = boolean(text)
		}
	case schema.String:
	}
	if ok && len(col.OneOf) > 0 {
		ok = slices.Contains(col.OneOf, cell.Text)
	}
	return cell, ok
}

// plain reports whether a text can be shown and stored.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == 0 || c >= utf8.RuneSelf {
			return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
		}
	}
	return true
}

// number reads a decimal number, and gives the text that an expression would
// print for it: 12 for "012", 1500 for "1.5e3".
func number(s string) (float64, string, bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", rune(c)) {
			return 0, "", false // NaN, Inf, hexadecimal and underscores among them
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, "", false
	}
	switch {
	case f == 0:
		return 0, "0", true
	case canonical(s):
		return f, s, true
	default:
		return f, strconv.FormatFloat(f, 'f', -1, 64), true
	}
}

// canonical reports whether a whole number is written as it would be printed.
// Longer ones than a float64 can hold keep their digits that way.
func canonical(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if s == "" || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func boolean(s string) (string, bool) {
	switch s {
	case "true", "TRUE", "1":
		return "true", true
	case "false", "FALSE", "0":
		return "false", true
	default:
		return "", false
	}
}

// explain says why parse refused a cell.
func explain(col *schema.Column, text string) mistake {
	switch {
	case !plain(text):
		return badText(fmt.Sprintf("The cell of column %q", col.Name), text)
	case col.Type == schema.NumberType && !isNumber(text):
		return mistake{
			code:    "wrong-type",
			summary: "A cell is not a number",
			detail:  fmt.Sprintf("Column %q holds numbers, and %s is none.", col.Name, show(text)),
			hint:    numberHint(text),
		}
	case col.Type == schema.Bool && !isBoolean(text):
		return mistake{
			code:    "wrong-type",
			summary: "A cell is not true or false",
			detail:  fmt.Sprintf("Column %q holds true or false, and %s is neither.", col.Name, show(text)),
			hint:    "Write true or false; TRUE, FALSE, 1 and 0 will do, and an empty cell is null.",
		}
	default:
		return mistake{
			code:    "not-one-of",
			summary: "A cell is outside of what its column allows",
			detail:  fmt.Sprintf("Column %q allows %s, and this cell has %s.", col.Name, quoteAll(col.OneOf), show(text)),
			hint:    didYouMean(text, col.OneOf),
		}
	}
}

func isNumber(s string) bool {
	_, _, ok := number(s)
	return ok
}

func isBoolean(s string) bool {
	_, ok := boolean(s)
	return ok
}

func numberHint(text string) string {
	guess := strings.ReplaceAll(strings.TrimSpace(text), ",", ".")
	if _, plain, ok := number(guess); ok {
		return fmt.Sprintf("Write %s, with digits and a decimal point only.", plain)
	}
	return "Write digits, with a decimal point if need be; an empty cell is null."
}

func didYouMean(text string, allowed []string) string {
	if s := diag.Suggest(text, allowed); s != "" {
		return fmt.Sprintf("Did you mean %q?", s)
	}
	return fmt.Sprintf("Write one of %s, or extend one_of in the column's block.", quoteAll(allowed))
}

func missingValue(col *schema.Column) mistake {
	return mistake{
		code:    "missing-value",
		summary: "A required cell is empty",
		detail:  fmt.Sprintf("Column %q is required, and this tenant has nothing there.", col.Name),
		hint:    "Fill the cell, or give the column a default.",
	}
}

// badText says what is wrong with a text that is not plain.
func badText(what, text string) mistake {
	if !utf8.ValidString(text) {
		return mistake{
			code:    "bad-encoding",
			summary: "An inventory is not UTF-8",
			detail:  fmt.Sprintf("%s holds bytes that are not UTF-8, so that nobody can tell which letters they are.", what),
			hint:    "Save the file as \"CSV UTF-8\".",
		}
	}
	return mistake{
		code:    "bad-text",
		summary: "A cell holds a NUL character",
		detail:  fmt.Sprintf("%s holds a NUL character, which no command and no message could carry.", what),
		hint:    "Remove the character.",
	}
}

// show quotes what a stranger wrote, at a length that leaves the sentence readable.
func show(text string) string {
	if short := cut(text, 60); short != text {
		return strconv.Quote(short + "…")
	}
	return strconv.Quote(text)
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return strings.Join(quoted, ", ")
}
