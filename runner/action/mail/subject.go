package mail

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxWord is how long a word of a header may be and still share the first
	// line with the header's name.
	maxWord = 60
	// encodedBytes is how many bytes fit into one encoded word of that length.
	encodedBytes = 36
)

// oneLine makes one line of s: no control characters, single spaces.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// encodeSubject gives a subject as a header can hold it: in RFC 2047's encoded
// words if it is not ASCII, has a word too long to fold, or could be mistaken
// for an encoded word itself.
func encodeSubject(s string) string {
	s = oneLine(s)
	plain := isASCII(s) && !strings.Contains(s, "=?")
	for w := range strings.SplitSeq(s, " ") {
		plain = plain && len(w) <= maxWord
	}
	if plain {
		return s
	}
	var words []string
	for s != "" {
		n := runePrefix(s, encodedBytes)
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// runePrefix gives the length of the longest prefix of whole characters with at
// most n bytes; n is at least utf8.UTFMax.
func runePrefix(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
