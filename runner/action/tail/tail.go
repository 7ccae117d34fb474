// Package tail keeps the end of what a command printed, or the beginning of what
// a server answered, as text that can be stored and shown: valid UTF-8, lines
// that end in a newline, and nothing that a terminal would obey.
package tail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cut marks the end at which a text was shortened.
const Cut = "…"

// Buffer keeps the last bytes that were written to it. It must not be written to
// from several goroutines at once.
type Buffer struct {
	size int
	data []byte // at most twice the size
	cut  bool
}

// NewBuffer makes a buffer of the last size bytes.
func NewBuffer(size int) *Buffer { return &Buffer{size: size} }

// Write implements io.Writer; it never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	n := len(p)
	if len(p) > b.size {
		p = p[len(p)-b.size:]
		b.data, b.cut = b.data[:0], true
	}
	if len(b.data)+len(p) > 2*b.size {
		b.shorten()
	}
	b.data = append(b.data, p...)
	return n, nil
}

func (b *Buffer) shorten() {
	if extra := len(b.data) - b.size; extra > 0 {
		b.data = b.data[:copy(b.data, b.data[extra:])]
		b.cut = true
	}
}

// String is the kept text, cleaned. It begins with [Cut] when something is
// missing before it.
func (b *Buffer) String() string {
	b.shorten()
	data := b.data
	if !b.cut {
		return Clean(string(data))
	}
	for len(data) > 0 && !utf8.RuneStart(data[0]) {
		data = data[1:] // the rest of a character that was cut in two
	}
	return Cut + Clean(string(data))
}

// Head is the first size bytes of a text, cleaned. It ends with [Cut] when
// something is missing after it.
func Head(text string, size int) string {
	if len(text) <= size {
		return Clean(text)
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return Clean(text[:size]) + Cut
}

// Line makes one line of at most size bytes and a [Cut] out of a text.
func Line(text string, size int) string {
	return Head(strings.Join(strings.Fields(Clean(text)), " "), size)
}

// Last is the last line of a text that has something in it.
func Last(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// Clean makes a text fit to be stored and shown: bytes that are not UTF-8 are
// replaced, and escape sequences and control characters are taken out, other
// than newlines and tabs. A carriage return that does not end a line begins a
// new one, as progress bars mean it.
func Clean(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		if text[0] == esc {
			text = text[sequence(text):]
			continue
		}
		c, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch {
		case c == '\r':
			b.WriteByte('\n')
		case c == '\n', c == '\t', !hidden(c):
			b.WriteRune(c)
		}
	}
	return b.String()
}

// hidden reports control characters, and those that turn the direction of text
// around so that it reads as something else.
func hidden(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)
}

const esc = '\x1b'

// sequence is the length of the escape sequence (ECMA-48, section 5) that the
// text begins with. A sequence that is not one is its first byte only.
func sequence(text string) int {
	if len(text) < 2 || text[1] != '[' {
		return 1
	}
	for i := 2; i < len(text); i++ {
		switch c := text[i]; {
		case c >= 0x20 && c <= 0x3f: // parameters
		case c >= 0x40 && c <= 0x7e: // the final byte
			return i + 1
		default:
			return i
		}
	}
	return len(text)
}
