package inventory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxID is how long a tenant's id may be, in bytes.
const maxID = 256

// checkID says what is wrong with a tenant's id: it is part of addresses, of
// file names and of what people type.
func checkID(column, id string) (mistake, bool) {
	if usual(id) {
		return mistake{}, true
	}
	why := ""
	switch {
	case id == "":
		return mistake{
			code:    "empty-key",
			summary: "A tenant has no id",
			detail:  fmt.Sprintf("The row has nothing in its key column, %q, so that the tenant could not be told from others.", column),
			hint:    "Give the tenant an id that never changes, or remove the row.",
		}, false
	case !utf8.ValidString(id):
		return badText("The id", id), false
	case len(id) > maxID:
		why = fmt.Sprintf("is longer than %d bytes", maxID)
	case strings.TrimSpace(id) != id:
		why = "begins or ends with a space"
	case strings.ContainsRune(id, '/'):
		why = `holds a slash, which separates the parts of an address`
	case strings.ContainsAny(id, "*?"):
		why = "holds * or ?, which stand for any characters in a selector"
	case strings.HasPrefix(id, "batch."):
		why = `begins with "batch.", which names batches in a selector`
	case strings.ContainsFunc(id, invisible):
		why = "holds characters that cannot be seen"
	default:
		return mistake{}, true
	}
	return mistake{
		code:    "bad-tenant-id",
		summary: "A tenant has an id that cannot be used",
		detail:  fmt.Sprintf("The id %s %s.", show(id), why),
		hint:    "Write an id of letters, digits, dots and dashes, as in \"contoso.com\".",
	}, false
}

// usual reports whether an id is made of nothing but letters, digits, dots,
// dashes and underscores, which saves a million rows the checks above.
func usual(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= maxID && !strings.HasPrefix(id, "batch.")
}

func invisible(c rune) bool { return !unicode.IsPrint(c) }
