package secret

import (
	"strings"
	"unicode/utf8"
)

// alphabet are the values of digits; -1: none.
type alphabet [256]int8

func newAlphabet(digits ...string) *alphabet {
	a := new(alphabet)
	for i := range a {
		a[i] = -1
	}
	for _, list := range digits {
		for i := range len(list) {
			a[list[i]] = int8(i)
		}
	}
	return a
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var (
	base64Digits = newAlphabet(alphanumeric+"+/", alphanumeric+"-_")
	hexDigits    = newAlphabet("0123456789abcdef", "0123456789ABCDEF")
)

// atOnce is how much is decoded before it is looked at, in bytes.
const atOnce = 16 << 10

// decode visits what words of digits stand for, wherever in a word the bytes of a
// secret begin: in the header of Basic authentication a name stands before it.
// Line breaks may stand within words, as in mails.
func decode(v view, a *alphabet, bits int, visit func(view)) {
	var makers []*maker // for each number of digits that may stand before
	for skipped := 0; skipped == 0 || skipped*bits%8 != 0; skipped++ {
		makers = append(makers, newMaker(v, min(len(v.text), atOnce)*bits/8))
	}
	var word []int
	for end := 0; end < len(v.text); {
		if word, end = nextWord(v.text, end, a, word[:0]); len(word)*bits < MinLength*8 {
			continue
		}
		for skipped, m := range makers {
			if len(m.text) > atOnce {
				visit(m.view())
				m.text, m.spans = m.text[:0], m.spans[:0]
			}
			start := len(m.text)
			if !m.decode(word, end, skipped, a, bits) || !utf8.Valid(m.text[start:]) {
				continue
			}
			if plain, ok := unescape(view{string(m.text[start:]), m.spans[start:]}, leads); ok {
				visit(plain)
			}
		}
	}
	for _, m := range makers {
		visit(m.view())
	}
}

// nextWord lists the places of the digits of the next word, and the place behind it.
func nextWord(text string, i int, a *alphabet, word []int) ([]int, int) {
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case a[c] >= 0:
			word = append(word, i)
		case len(word) > 0 && c != '\r' && c != '\n':
			return word, i
		}
	}
	return word, i
}

// decode writes the bytes of a word that ends before end, and reports whether they
// may have escapes. What was cut off before or behind it shows in the view, too.
func (m *maker) decode(word []int, end, skipped int, a *alphabet, bits int) (escapes bool) {
	before, behind := strings.HasSuffix(m.of.text[:word[0]], cut), strings.HasPrefix(m.of.text[end:], cut)
	m.edge(word[0]-len(cut), before)
	value, have, first, from := 0, 0, len(m.text), skipped
	for i := skipped; i < len(word); i++ {
		value, have = (value<<bits|int(a[m.of.text[word[i]]]))&0xffff, have+bits
		if have < 8 {
			continue
		}
		have -= 8
		c := byte(value >> have)
		m.text = append(m.text, c)
		m.spans = append(m.spans, m.of.source(word[from], word[i]+1))
		escapes = escapes || c == '\\' || c == '%' || c == '&'
		if from = i; have == 0 {
			from++
		}
	}
	if len(m.text) == first {
		return false
	}
	if before {
		m.spans[first].start = m.of.source(word[0], end).start
	}
	last := &m.spans[len(m.spans)-1]
	for pad := 0; pad < 2 && strings.HasPrefix(m.of.text[end:], "="); pad++ {
		end++
		last.end = m.of.source(end-1, end).end
	}
	if behind {
		last.end = m.of.source(word[0], end).end
	}
	m.edge(end, behind)
	return escapes
}

// edge divides words, and shows where one was cut.
func (m *maker) edge(at int, isCut bool) {
	if isCut {
		m.put(cut, at, at+len(cut))
		return
	}
	m.put("\x00", 0, 1)
}
