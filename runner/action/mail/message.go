package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"transition/schema/mailbox"
)

// maxBody bounds the text of a message, in bytes: mailboxes clip what is longer
// than 100 KiB, and Markdown can be written that takes its time.
const maxBody = 256 << 10

// Message is what one recipient gets.
type Message struct {
	From string // may have a display name, as every address here
	// To is the recipient of this copy. It stands in a header only if AllTo or
	// Cc has it too, so a blind copy is told to nobody; with both of them empty
	// the message is addressed to To alone.
	To        string
	AllTo, Cc []string
	ReplyTo   string // may be empty
	// RedirectTo, unless empty, stands in for all recipients in the headers; a
	// header X-Transition-Original-To says who To was. The envelope is up to
	// the caller.
	RedirectTo string

	Subject  string
	Sections []Section // at least one

	Key    string    // idempotency key; the left side of the Message-ID
	Domain string    // the right side of the Message-ID; empty: that of From
	Date   time.Time // written in UTC
	Locale string    // as in "pt-BR"; anything else is left out
}

// Section is one communication of a message: a message has several when
// communications were collapsed into one.
type Section struct {
	Subject string // a heading, shown when there are several sections
	// Text is Markdown with values as they are. It becomes the plain text.
	Text string
	// Escaped is the same Markdown in which every ASCII punctuation character
	// of a value that is not the author's stands behind a backslash. It becomes
	// the HTML, without images and raw HTML, whoever wrote them.
	Escaped string
}

// Compose renders a message: CRLF at the end of every line, a text and an HTML
// alternative, no line over 998 octets, no octet over 127 unless an address has
// one. The same message gives the same bytes, always: it asks no clock and draws
// no random numbers.
//
// An error names the field that cannot be written; line breaks and other control
// characters are an error in addresses, and are taken out of subjects.
//
// go-mail does the MIME work. What it would choose by itself (date, Message-ID,
// boundary, user agent) is set here, and it is given only words that it cannot
// fold badly: it breaks lines at single spaces and nowhere else.
func Compose(m Message) ([]byte, error) {
	text, html, err := bodies(m)
	if err != nil {
		return nil, err
	}
	id, err := messageID(m)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(
		gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithBoundary(boundary(id, text, html)),
		gomail.WithNoDefaultUserAgent(),
	)
	if err := addresses(msg, m); err != nil {
		return nil, err
	}
	if m.Date.IsZero() {
		return nil, errors.New("date: a message needs one")
	}
	msg.SetDateWithValue(m.Date.UTC())
	msg.SetMessageIDWithValue(id)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: out-of-office replies stay away
	if s := encodeSubject(m.Subject); s != "" {
		msg.Subject(s)
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, html)

	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("render message: %w", err)
	}
	return b.Bytes(), nil
}

// messageID gives the Message-ID without its angle brackets.
func messageID(m Message) (string, error) {
	if m.Key == "" || strings.ContainsFunc(m.Key, func(r rune) bool { return !isAlnum(r) && r != '-' && r != '_' }) {
		return "", fmt.Errorf("key: %q cannot be part of a Message-ID", m.Key)
	}
	domain := m.Domain
	if domain == "" {
		from, err := mailbox.Parse(m.From)
		if err != nil {
			return "", fmt.Errorf("from: %w", err)
		}
		domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
		if !isASCII(domain) {
			// A Message-ID is ASCII. The key alone makes it unique.
			domain = "transition.invalid"
		}
	}
	if !isASCII(domain) || !mailbox.IsHost(domain) {
		return "", fmt.Errorf("domain: %q cannot be part of a Message-ID", domain)
	}
	return m.Key + "@" + domain, nil
}

// boundary separates the parts. No body can hold it: it depends on the bodies.
func boundary(id, text, html string) string {
	h := sha256.New()
	for _, s := range []string{id, text, html} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return "part-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// addresses writes every header that holds an address.
func addresses(msg *gomail.Msg, m Message) error {
	self, err := mailbox.Parse(m.To)
	if err != nil {
		return fmt.Errorf("to: %w", err)
	}
	for _, h := range []struct {
		name   string
		header gomail.AddrHeader
		values []string
	}{
		{"from", gomail.HeaderFrom, []string{m.From}},
		{"to", gomail.HeaderTo, m.headerTo()},
		{"cc", gomail.HeaderCc, m.headerCc()},
		{"reply_to", gomail.HeaderReplyTo, present(m.ReplyTo)},
	} {
		list, err := parseAll(h.values)
		if err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
		if len(list) > 0 {
			msg.SetAddrHeaderFromMailAddress(h.header, list...)
		}
	}
	if m.RedirectTo != "" {
		msg.SetGenHeader("X-Transition-Original-To", mailbox.Bare(self))
	}
	return nil
}

func (m Message) headerTo() []string {
	switch {
	case m.RedirectTo != "":
		return []string{m.RedirectTo}
	case len(m.AllTo) == 0 && len(m.Cc) == 0:
		return []string{m.To}
	default:
		return m.AllTo
	}
}

func (m Message) headerCc() []string {
	if m.RedirectTo != "" {
		return nil // an answer to all of them must not reach those who were spared
	}
	return m.Cc
}

// present gives a list of s, or of nothing.
func present(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// parseAll reads addresses. A header names each mailbox once.
func parseAll(values []string) ([]*mail.Address, error) {
	list := make([]*mail.Address, 0, len(values))
	for _, v := range values {
		a, err := mailbox.Parse(v)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(b *mail.Address) bool { return b.Address == a.Address }) {
			list = append(list, a)
		}
	}
	return list, nil
}
