package secret

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// leads are how escapes begin: those of JSON, Go and Markdown; of URLs; of HTML.
const leads = `\%&`

// unescape undoes escapes that begin with any of some leads, all at once, and drops
// what nobody sees. It reports false if there is nothing to do.
func unescape(v view, leads string) (view, bool) {
	var m *maker
	i := 0
	for from := 0; ; {
		i += plain(v.text[i:])
		s, n := "", 0
		if i < len(v.text) {
			s, n = character(v.text[i:], leads)
			if n == len(s) && s == v.text[i:i+n] {
				i += n
				continue
			}
		}
		switch {
		case m == nil && n == 0:
			return v, false
		case m == nil:
			m = newMaker(v, len(v.text))
		}
		m.keep(from, i)
		if n == 0 {
			return m.view(), true
		}
		m.put(s, i, i+n)
		i += n
		from = i
	}
}

// plain is how much of a text certainly means itself.
func plain(text string) int {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n' || c == '\t':
		case c < ' ' || c > '~', c == '\\', c == '%', c == '&', c == ':', c == '#':
			return i
		}
	}
	return len(text)
}

// character reads the first character of a text that is not plain: what it stands
// for, and how many bytes that takes.
func character(text, leads string) (string, int) {
	switch c := text[0]; {
	case c == ':' || c == '#':
		if len(text) > 2 && text[1] == ' ' && text[2] == c {
			return text[:1], 2 // a blank keeps it from being a command to a workflow
		}
		return text[:1], 1
	case c > ' ' && c <= '~' && strings.IndexByte(leads, c) < 0:
		return text[:1], 1
	case c == '\\':
		return backslash(text)
	case c == '%':
		return numbered(text, 1, 2)
	case c == '&':
		return entity(text)
	default:
		return wide(text)
	}
}

// wide reads what is no character that ASCII shows.
func wide(text string) (string, int) {
	r, n := utf8.DecodeRuneInString(text)
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
		return "", n
	}
	return text[:n], n
}

// backslash reads an escape of JSON, Go or Markdown.
func backslash(text string) (string, int) {
	if len(text) < 2 {
		return text, 1
	}
	switch c := text[1]; c {
	case 'u':
		return surrogates(text)
	case 'U':
		return numbered(text, 2, 8)
	case 'x':
		return numbered(text, 2, 2)
	case 'a', 'b', 'f', 'n', 'r', 't', 'v':
		at := strings.IndexByte("abfnrtv", c)
		return "\a\b\f\n\r\t\v"[at : at+1], 2
	default:
		if c < utf8.RuneSelf && (unicode.IsPunct(rune(c)) || unicode.IsSymbol(rune(c))) {
			return text[1:2], 2
		}
		return incomplete(text)
	}
}

// surrogates reads \uXXXX, or the two of them that JSON writes for one character.
func surrogates(text string) (string, int) {
	s, n := numbered(text, 2, 4)
	if n < 6 || !strings.HasPrefix(text[n:], `\u`) || len(text) < 12 {
		return s, n
	}
	high, _ := strconv.ParseUint(text[2:6], 16, 16)
	low, _ := strconv.ParseUint(text[8:12], 16, 16)
	if r := utf16.DecodeRune(rune(high), rune(low)); r != utf8.RuneError {
		return string(r), 12
	}
	return s, n
}

// numbered reads an escape with so many hexadecimal digits behind its beginning:
// two are a byte, more are a character.
func numbered(text string, begin, digits int) (string, int) {
	end := begin + digits
	if len(text) < end {
		return incomplete(text)
	}
	n, err := strconv.ParseUint(text[begin:end], 16, 32)
	switch {
	case err != nil:
		return incomplete(text)
	case digits == 2:
		return string([]byte{byte(n)}), end
	default:
		return string(rune(n)), end
	}
}

// entity reads a character reference of HTML.
func entity(text string) (string, int) {
	const longest = 12
	end := strings.IndexByte(text[:min(len(text), longest)], ';') + 1
	if s := html.UnescapeString(text[:end]); s != text[:end] {
		return s, end
	}
	return incomplete(text)
}

// incomplete is the first byte of a text that begins like an escape and is none,
// or all of an escape that was cut off.
func incomplete(text string) (string, int) {
	const longest = 12
	n := strings.Index(text[:min(len(text), longest)], cut)
	if n > 0 && !strings.ContainsFunc(text[:n], unicode.IsSpace) {
		return "", n
	}
	return text[:1], 1
}

// unfold undoes quoted-printable (RFC 2045, section 6.7): escapes of bytes, and
// ends of lines that are none of the text's. It stands apart from the other
// escapes, since many a text has an equals sign. It reports false if there is
// nothing to undo.
func unfold(v view) (view, bool) {
	var m *maker
	from := 0
	for i := strings.IndexByte(v.text, '='); i >= 0 && i < len(v.text); {
		s, n := soft(v.text[i:])
		if n > 1 {
			if m == nil {
				m = newMaker(v, len(v.text))
			}
			m.keep(from, i)
			m.put(s, i, i+n)
			from = i + n
		}
		next := strings.IndexByte(v.text[i+n:], '=')
		if next < 0 {
			break
		}
		i += n + next
	}
	if m == nil {
		return v, false
	}
	m.keep(from, len(v.text))
	return m.view(), true
}

// soft reads what begins with an equals sign.
func soft(text string) (string, int) {
	switch {
	case strings.HasPrefix(text, "=\n"):
		return "", 2
	case strings.HasPrefix(text, "=\r\n"):
		return "", 3
	default:
		return numbered(text, 1, 2)
	}
}
