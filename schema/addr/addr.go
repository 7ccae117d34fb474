// Package addr reads and prints the addresses of what a plan acts upon:
//
//	TENANT                  one tenant
//	TENANT/PHASE/ITEM       one item of one tenant
//	batch.NAME              every tenant of a batch
//
// Any part of a selector may hold the globs * and ?, as in contoso/Lock/*.
//
// In a selector "batch." always means a batch. A tenant whose id begins with
// "batch." can therefore be selected by a glob only, as in ?atch.north.
package addr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address names a tenant, or one item of it. Phase and Item are both empty or
// both set.
type Address struct {
	Tenant, Phase, Item string
}

// String prints the address; Parse reads it back.
func (a Address) String() string { return join(a.Tenant, a.Phase, a.Item) }

// SyntaxError says why a text is no address or selector, in two full sentences:
// what is wrong, and what to write instead.
type SyntaxError struct {
	Problem string // `"contoso/Lock" names a phase, but no item.`
	Fix     string // `Write for example "contoso/Lock/ITEM".`
}

// Error is both sentences.
func (e *SyntaxError) Error() string { return e.Problem + " " + e.Fix }

const addressForms = `Write TENANT or TENANT/PHASE/ITEM, as in "contoso/Lock/tenant_admin".`

// Parse reads an address without globs. An error is a *SyntaxError.
func Parse(s string) (Address, error) {
	a, problem := parse(s)
	if problem != "" {
		return Address{}, &SyntaxError{Problem: quote(s) + " " + problem, Fix: addressForms}
	}
	return a, nil
}

// parse returns what is wrong as the end of a sentence that begins with the
// text; empty: nothing.
func parse(s string) (Address, string) {
	if strings.ContainsAny(s, "*?") {
		return Address{}, "has a * or a ?, but here exactly one thing is named."
	}
	parts, problem := split(s)
	switch {
	case problem != "":
		return Address{}, problem
	case len(parts) == 2:
		return Address{}, "names a phase, but no item of it."
	case len(parts) == 1:
		return Address{Tenant: parts[0]}, ""
	default:
		return Address{Tenant: parts[0], Phase: parts[1], Item: parts[2]}, ""
	}
}

// longestPart is how many bytes one part of an address may have.
const longestPart = 256

// split takes an address or a selector apart and checks each part by itself.
func split(s string) ([]string, string) {
	if s == "" {
		return nil, "is empty."
	}
	parts := strings.SplitN(s, "/", 4)
	if len(parts) > 3 {
		return nil, "has more than three parts."
	}
	for _, part := range parts {
		switch {
		case part == "":
			return nil, "has an empty part."
		case len(part) > longestPart:
			return nil, fmt.Sprintf("has a part of more than %d bytes.", longestPart)
		case strings.TrimSpace(part) != part:
			return nil, "has a space at the beginning or the end of a part."
		case !printable(part):
			return nil, "has a character that cannot be printed."
		}
	}
	return parts, ""
}

// printable reports whether s is UTF-8 that shows as it is.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func join(first, phase, item string) string {
	if phase == "" {
		return first
	}
	return first + "/" + phase + "/" + item
}

// quote shortens what somebody else wrote and puts it into quotation marks.
func quote(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
