package mail

import (
	"errors"
	"fmt"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ruleWidth is how wide plain text draws a rule, in characters.
const ruleWidth = 60

// bodies renders both alternatives, with "\n" at the end of lines.
func bodies(m Message) (text, page string, err error) {
	if len(m.Sections) == 0 {
		return "", "", errors.New("sections: a message needs one")
	}
	size := 0
	for _, sec := range m.Sections {
		size += max(len(sec.Text), len(sec.Escaped))
	}
	if size > maxBody {
		return "", "", fmt.Errorf("sections: the message is longer than %d KiB", maxBody>>10)
	}
	page, err = htmlBody(m)
	return textBody(m.Sections), page, err
}

// textBody is the Markdown itself.
func textBody(sections []Section) string {
	var b strings.Builder
	for i, s := range sections {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat("-", ruleWidth) + "\n\n")
		}
		if len(sections) > 1 {
			title := oneLine(s.Subject)
			b.WriteString(title + "\n")
			b.WriteString(strings.Repeat("=", min(utf8.RuneCountInString(title), ruleWidth)) + "\n\n")
		}
		b.WriteString(lines(s.Text))
	}
	return b.String()
}

// htmlBody is the Markdown inside a page that is readable in any width and any
// colours: it sets none, and loads nothing.
func htmlBody(m Message) (string, error) {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html" + lang(m.Locale) + ">\n<head>\n")
	b.WriteString(head)
	b.WriteString("<title>" + html.EscapeString(oneLine(m.Subject)) + "</title>\n</head>\n" + bodyOpen)
	for i, s := range m.Sections {
		if i > 0 {
			b.WriteString(rule)
		}
		if len(m.Sections) > 1 {
			b.WriteString("<h1 " + headingStyle + ">" + html.EscapeString(oneLine(s.Subject)) + "</h1>\n")
		}
		if err := renderMarkdown(&b, lines(s.Escaped)); err != nil {
			return "", fmt.Errorf("section %d: %w", i+1, err)
		}
	}
	b.WriteString(bodyClose)
	return b.String(), nil
}

const (
	head = `<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
:root { color-scheme: light dark; }
table { border-collapse: collapse; }
th, td { border: 1px solid; padding: 4px 8px; }
pre { overflow-x: auto; }
</style>
`
	bodyOpen = `<body style="margin: 0; padding: 24px 16px;">
<div dir="auto" style="max-width: 600px; margin: 0 auto; font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 16px; line-height: 1.5; overflow-wrap: break-word;">
`
	bodyClose    = "</div>\n</body>\n</html>\n"
	rule         = `<hr style="margin: 32px 0; border: 0; border-top: 1px solid;">` + "\n"
	headingStyle = `style="margin: 0 0 16px; font-size: 20px; line-height: 1.3;"`
)

// lang writes a language tag as an attribute, if it can be one.
func lang(locale string) string {
	tag := strings.ReplaceAll(locale, "_", "-")
	if tag == "" || strings.ContainsFunc(tag, func(r rune) bool { return !isAlnum(r) && r != '-' }) {
		return ""
	}
	return ` lang="` + tag + `"`
}

// lines makes "\n" of every line end, leaves out control characters, and ends
// the text with exactly one line end.
func lines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(s, "\n") + "\n"
}
