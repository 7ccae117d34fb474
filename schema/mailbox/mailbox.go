// Package mailbox says what is an e-mail address: one rule for what a plan may
// write and for what a message is sent to.
package mailbox

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxAddress is RFC 5321's limit of 256 octets for a path, without its
	// angle brackets.
	maxAddress = 254
	// maxName keeps a display name, once encoded, well inside the 998 octets
	// that RFC 5322 allows to a line.
	maxName = 256
	// maxLabel is DNS's limit for one part of a domain.
	maxLabel = 63
)

// Check returns the bare address of s, in the form that the envelope of
// a message has: LOCAL@DOMAIN, with the domain in lower case. A display name, as
// in "Ann <ann@example.org>", is allowed in s and left out of the result.
//
// It is stricter than RFC 5322 on purpose: no control characters, no local part
// that holds a space or one of <>()[]:;@\," (mail software disagrees on where
// such an address ends), no address literals. The error is a sentence that names
// s, without a full stop.
func Check(s string) (string, error) {
	a, err := Parse(s)
	if err != nil {
		return "", err
	}
	return Bare(a), nil
}

// Fold gives all spellings of one mailbox the same text: the bare address, with its
// domain in lower case, as Check returns it. Local parts that differ in case are two
// mailboxes. What is no address stays as it is.
func Fold(s string) string {
	bare, err := Check(s)
	if err != nil {
		return s
	}
	return bare
}

// Bare writes an address as the envelope has it. Its local part is in quotes if
// need be, as in "john..doe"@example.org.
func Bare(a *mail.Address) string {
	b := mail.Address{Address: a.Address}
	return strings.Trim(b.String(), "<>")
}

// Parse checks s as Check does and returns its parts: the name in one line with single
// spaces, the address with its domain in lower case.
func Parse(s string) (*mail.Address, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return nil, bad(s, "it holds a control character")
	}
	if !strings.Contains(s, "@") {
		return nil, bad(s, "it has no @")
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, bad(s, "it is neither LOCAL@DOMAIN nor NAME <LOCAL@DOMAIN>")
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], lower(a.Address[at+1:])
	a.Address = local + "@" + domain
	a.Name = strings.Join(strings.Fields(a.Name), " ")
	if why := fault(a.Name, local, domain); why != "" {
		return nil, bad(s, why)
	}
	if len(Bare(a)) > maxAddress {
		return nil, bad(s, fmt.Sprintf("it is longer than %d bytes", maxAddress))
	}
	return a, nil
}

// fault says what is wrong with the parts of an address, "" if nothing is.
func fault(name, local, domain string) string {
	switch {
	case len(name) > maxName:
		return fmt.Sprintf("its name is longer than %d bytes", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "its name holds a control character"
	case local == "":
		return "it has nothing before the @"
	case !utf8.ValidString(local) || strings.ContainsFunc(local, outsideLocal):
		return "what stands before the @ holds a space or a sign that mail servers read differently"
	case !IsHost(domain):
		return fmt.Sprintf("%q is not the name of a mail domain", clip(domain))
	default:
		return ""
	}
}

// outsideLocal reports whether r has no place in a local part.
func outsideLocal(r rune) bool {
	if r >= utf8.RuneSelf {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r)
	}
	return r != '.' && !isAtext(r)
}

// isAtext reports whether an ASCII character is atext of RFC 5322.
func isAtext(r rune) bool {
	return isAlnum(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// IsHost reports whether domain can be the name of a host, in ASCII or not. What
// IDNA would make another name of (RFC 5895), as "ｅxample" or "⒈example", is none:
// servers disagree on whose it is.
func IsHost(domain string) bool {
	if !utf8.ValidString(domain) || !norm.NFKC.IsNormalString(domain) {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		if strings.ContainsFunc(label, outsideLabel) {
			return false
		}
	}
	return true
}

// outsideLabel reports whether r has no place in a part of a domain. The
// underscore is not for hosts, yet mail domains with one exist.
func outsideLabel(r rune) bool {
	if r < utf8.RuneSelf {
		return !isAlnum(r) && r != '-' && r != '_'
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// lower lower-cases what DNS compares without regard to case: ASCII letters.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func bad(s, why string) error {
	return fmt.Errorf("%q is no e-mail address: %s", clip(s), why)
}

// clip keeps a message readable when somebody's address is a novel.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
