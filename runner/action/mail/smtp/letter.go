package smtp

import (
	"bytes"
	"unicode/utf8"

	"transition/runner/action"
)

// letter is a message as it goes over the wire.
type letter struct {
	from, to string // bare addresses
	data     []byte // dot-stuffed, CRLF at the end of every line; without the final dot
	utf8     bool   // an address or a header is not ASCII: needs SMTPUTF8
	eightBit bool   // some octet is over 127
}

func newLetter(m action.Mail) letter {
	l := letter{from: m.From, to: m.To, data: stuff(m.Data), eightBit: !isASCII(m.Data)}
	header, _, _ := bytes.Cut(l.data, []byte("\r\n\r\n"))
	l.utf8 = !isASCII([]byte(m.From)) || !isASCII([]byte(m.To)) || !isASCII(header)
	return l
}

// stuff makes CRLF of every line end, bare CR and LF included (mail servers
// that disagree on them can be made to see a second message), ends the last line,
// and doubles a dot at the beginning of a line.
func stuff(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/32+2)
	begin := true
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c == '\r' && i+1 < len(data) && data[i+1] == '\n':
			continue // the LF writes both
		case c == '\r' || c == '\n':
			out = append(out, '\r', '\n')
			begin = true
			continue
		case c == '.' && begin:
			out = append(out, '.')
		}
		out = append(out, c)
		begin = false
	}
	if !begin {
		out = append(out, '\r', '\n')
	}
	return out
}

func isASCII(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
}
