package secret

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// spellings lists all ways in which secrets may show, the longest first, so
// that a secret within another one leaves nothing of the longer.
func spellings(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if len(s) < MinLength {
			continue
		}
		for _, part := range append(lines(s), s) {
			all = append(all, written(part)...)
		}
		all = append(all, encoded(s)...)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < MinLength })
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(all)
}

// lines lists the lines of a secret of several lines, such as a private key, and
// all of it as one line: a reason has only one.
func lines(s string) []string {
	all := []string{strings.Join(strings.Fields(s), " ")}
	if strings.Contains(s, "\n") {
		for line := range strings.Lines(s) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// written lists the forms in which a text is still read as what it is.
func written(s string) []string {
	all := []string{s, inJSON(s, true), inJSON(s, false), html.EscapeString(s), inQuotes(strconv.Quote(s)), inQuotes(strconv.QuoteToASCII(s))}
	for _, escaped := range []string{url.QueryEscape(s), url.PathEscape(s)} {
		all = append(all, escaped, lowerEscapes(escaped))
	}
	return all
}

// encoded lists the forms that need a program to be read.
func encoded(s string) []string {
	digits := hex.EncodeToString([]byte(s))
	return append(inBase64(s), digits, strings.ToUpper(digits))
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// lowerEscapes is a URL as those write it who like %2f better than %2F.
func lowerEscapes(s string) string { return percent.ReplaceAllStringFunc(s, strings.ToLower) }

// inJSON is a text between the quotes of a JSON string.
func inJSON(s string, escapeHTML bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(s); err != nil {
		return s
	}
	return inQuotes(strings.TrimSpace(b.String()))
}

func inQuotes(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`) }

// inBase64 lists the base64 forms of a secret: by itself, and somewhere inside
// of a longer text, as in the header of Basic authentication, where it may begin
// at any of three places within a group of four characters.
func inBase64(s string) []string {
	var all []string
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, enc.EncodeToString([]byte(s)))
		for before := range 3 {
			text := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + s))
			first := (before*8 + 5) / 6       // characters that depend on what stands before
			last := (before + len(s)) * 8 / 6 // and those after which it depends on what follows
			all = append(all, text[first:last])
		}
	}
	return all
}
