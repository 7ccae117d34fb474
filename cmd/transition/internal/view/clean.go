package view

import (
	"regexp"
	"strings"
	"unicode"
)

// clean makes foreign text fit for one line of a terminal, or of a workflow's log:
// line breaks and tabs become blanks; other control characters, and those that
// turn the direction of writing around, are dropped; what would be a command to a
// workflow is taken apart. Text that is clean already is returned as it is.
func clean(s string) string {
	if !isPlain(s) {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n', r == '\t', r == '\u2028', r == '\u2029':
				return ' '
			case hidden(r):
				return -1
			default:
				return r
			}
		}, s)
	}
	return harmlessInLogs(s)
}

// commands are how lines begin that GitHub's runner, and "##" anywhere in a line
// those of others, take for commands. A line may be broken at any space.
var commands = regexp.MustCompile(`(^|[\s\p{Z}])::[A-Za-z]|##[a-z]*\[`)

// harmlessInLogs puts a blank into what begins a command, where a reader sees it.
func harmlessInLogs(s string) string {
	if !strings.Contains(s, "::") && !strings.Contains(s, "##") {
		return s
	}
	return commands.ReplaceAllStringFunc(s, func(found string) string {
		at := strings.LastIndexAny(found, ":#")
		return found[:at] + " " + found[at:]
	})
}

// cleanLines is clean for text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// hidden reports whether a character does something rather than show something:
// terminal escapes, bidirectional overrides (Unicode Technical Report 36,
// section 2.10), invisible marks, and what is no character at all.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r), r == unicode.ReplacementChar, r == '\ufeff':
		return true
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f':
		return true
	default:
		return false
	}
}
