package hclconfig

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/hclconfig/compile"
)

// messageEnding is the ending of files that hold a message.
const messageEnding = ".md"

// messageOf reads the message of a communication: from files, or from subject
// and body.
func (l *loader) messageOf(n *node) *schema.Message {
	inline := n.written("subject") || n.written("body")
	switch {
	case n.written("message") && inline:
		l.badMessage(n, n.at("message"), "There is a message, and a subject or body beside it.", "Keep message, or both subject and body.")
	case n.written("message"):
		return l.messageFiles(n)
	case n.written("subject") && n.written("body"):
		text := &schema.Text{
			Subject: value[schema.Expr[string]](n, "subject"),
			Body:    value[schema.Expr[string]](n, "body"),
			Range:   rangeOf(n.at("body")),
		}
		l.named[text] = n.named
		return &schema.Message{Default: text}
	case inline:
		l.badMessage(n, n.def, "Of subject and body there is only one.", "Write both.")
	default:
		l.badMessage(n, n.def, "Nothing says what is written to the recipients.", `Write message = "mail/NAME", or both subject and body.`)
	}
	return nil
}

func (l *loader) badMessage(n *node, rng hcl.Range, detail, hint string) {
	l.report(n, rng, diag.Diagnostic{Code: "no-message", Summary: "Not one message", Detail: detail, Hint: hint})
}

// messageKey is what a message was read for: texts of an event may name more.
type messageKey struct {
	path string
	on   schema.Event // empty for items of phases
}

// messageFiles reads PATH.md and PATH.LOCALE.md. Files that several items use are
// read once for phases and once for each event, and their mistakes reported once.
func (l *loader) messageFiles(n *node) *schema.Message {
	written, ok := n.values["message"].(string)
	if !ok {
		return nil
	}
	base := path.Clean(written)
	key := messageKey{base, schema.Event(value[string](n, "on"))}
	if m, seen := l.messages[key]; seen {
		return m
	}
	l.messages[key] = nil
	if !fs.ValidPath(base) || base == "." || strings.Contains(base, `\`) {
		l.report(n, n.at("message"), diag.Diagnostic{
			Code: "outside-plan", Summary: "A path outside of the plan directory",
			Detail: fmt.Sprintf("%q is not a path inside of the plan directory, and nothing outside of it is ever opened.", written),
			Hint:   "Write a path relative to the plan directory, with forward slashes.",
		})
		return nil
	}
	files := l.translations(base)
	if len(files) == 0 {
		l.missingMessage(n, base)
		return nil
	}
	from := len(l.diags)
	l.messages[key] = l.readTranslations(n, base, files)
	l.forgetRepeated(from)
	return l.messages[key]
}

// forgetRepeated drops the diagnostics from an index on that are there before it.
// Their hints may differ: where more may be named, more may have been meant.
func (l *loader) forgetRepeated(from int) {
	before := l.diags[:from:from]
	fresh := slices.DeleteFunc(l.diags[from:], func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(before, func(b diag.Diagnostic) bool {
			b.Hint = d.Hint
			return b == d
		})
	})
	l.diags = append(before, fresh...)
}

func (l *loader) readTranslations(n *node, base string, files []translation) *schema.Message {
	m := &schema.Message{Path: base, ByLocale: make(map[string]*schema.Text)}
	for _, f := range files {
		switch text := l.messageFile(n, f.name); {
		case text == nil:
		case f.locale == "":
			m.Default = text
		default:
			m.ByLocale[f.locale] = text
		}
	}
	if m.Default == nil {
		m.Default = m.ByLocale[l.cfg.Locale]
	}
	return m
}

// translation is a file that holds a message in one language.
type translation struct{ name, locale string }

// translations finds the files of a message, that of no locale first.
func (l *loader) translations(base string) []translation {
	dir, stem := path.Split(base)
	entries, err := fs.ReadDir(l.fsys, path.Clean(dir))
	if err != nil {
		return nil
	}
	var found []translation
	for _, e := range entries {
		middle, ok := strings.CutPrefix(e.Name(), stem)
		if !ok || e.IsDir() {
			continue
		}
		if middle, ok = strings.CutSuffix(middle, messageEnding); !ok {
			continue
		}
		locale, dotted := strings.CutPrefix(middle, ".")
		if middle == "" || dotted && isLocale(locale) {
			found = append(found, translation{name: dir + e.Name(), locale: locale})
		}
	}
	slices.SortFunc(found, func(a, b translation) int { return strings.Compare(a.locale, b.locale) })
	return found
}

func (l *loader) missingMessage(n *node, base string) {
	hint := fmt.Sprintf("Write the file %s%s.", base, messageEnding)
	if s := didYouMean(base, l.messageNames(path.Dir(base))); s != "" {
		hint = s
	}
	l.report(n, n.at("message"), diag.Diagnostic{
		Code: "missing-message", Summary: "A message does not exist",
		Detail: fmt.Sprintf("Neither %s%s nor %s.LOCALE%s, for any locale, is in the plan directory.", base, messageEnding, base, messageEnding),
		Hint:   hint,
	})
}

func (l *loader) messageNames(dir string) []string {
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), messageEnding); ok && !e.IsDir() {
			names = append(names, path.Join(dir, stem))
		}
	}
	return names
}

// messageFile reads one file: its head between lines of dashes, and its body.
func (l *loader) messageFile(n *node, name string) *schema.Text {
	src, ok := l.read(name, n.at("message"), n)
	if !ok || !l.checkText(name, src) {
		return nil
	}
	head, body, err := splitMessage(src)
	if err != nil {
		l.report(nil, lineRange(name, src, err.line), diag.Diagnostic{
			Code: "bad-message", Summary: "Not a message", Detail: err.what, Hint: "Begin the file with three lines: ---, subject: Your subject, and --- again.",
			Where: fmt.Sprintf("message %q", name),
		})
		return nil
	}
	text := &schema.Text{Range: rangeOf(hcl.Range{Filename: name, Start: body.start, End: body.start})}
	names := make(map[string]bool)
	scope := *l.scope
	scope.Allow = compile.EventNames(schema.Event(value[string](n, "on")))
	scope.Named = func(root string) { names[root] = true }
	text.Subject = l.template(name, head, &scope)
	text.Body = l.template(name, body, &scope)
	l.named[text] = names
	return text
}

// mentions reports whether any text of a message names one of the roots.
func (l *loader) mentions(m *schema.Message, roots ...string) bool {
	return slices.ContainsFunc(textsOf(m), func(t *schema.Text) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return l.named[t][root] })
	})
}

// textsOf lists the texts of a message, which may be nil: the default one first,
// then by locale.
func textsOf(m *schema.Message) []*schema.Text {
	if m == nil {
		return nil
	}
	var list []*schema.Text
	if m.Default != nil {
		list = append(list, m.Default)
	}
	for _, locale := range slices.Sorted(maps.Keys(m.ByLocale)) {
		list = append(list, m.ByLocale[locale])
	}
	return list
}

// checkText refuses a file that holds bytes which no message could carry. The
// parser would take the first kind for a text that is not closed, and the second
// one for an ordinary character.
func (l *loader) checkText(name string, src []byte) bool {
	d := diag.Diagnostic{Where: fmt.Sprintf("message %q", name)}
	at := bytes.IndexByte(src, 0)
	if at >= 0 {
		d.Code, d.Summary = "bad-text", "A message holds a NUL character"
		d.Detail, d.Hint = "The line holds a NUL character, which no message could carry.", "Remove the character."
	}
	if wrong := invalidUTF8(src); wrong >= 0 && (at < 0 || wrong < at) {
		at = wrong
		d.Code, d.Summary = "bad-encoding", "A file is not UTF-8"
		d.Detail, d.Hint = "The line holds bytes that are not UTF-8, so that nobody can tell which letters they are.", "Save the file as UTF-8."
	}
	if at < 0 {
		return true
	}
	l.report(nil, lineRange(name, src, 1+bytes.Count(src[:at], []byte("\n"))), d)
	return false
}

// invalidUTF8 is the place of the first byte that is not UTF-8, -1 without one.
func invalidUTF8(src []byte) int {
	for at := 0; at < len(src); {
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// part is a part of a file, with the place at which it begins.
type part struct {
	src   []byte
	start hcl.Pos
}

// template compiles a part of a message, after looking for what the parser must
// not see.
func (l *loader) template(name string, p part, scope *compile.Scope) schema.Expr[string] {
	if compile.Crowded(p.src) {
		l.crowded(name)
		return schema.Expr[string]{}
	}
	tokens, _ := hclsyntax.LexTemplate(p.src, name, p.start)
	if e, bad := scanTokens(tokens); bad {
		l.tooMuch(nil, e)
		return schema.Expr[string]{}
	}
	if !l.spend(name, len(tokens)) {
		return schema.Expr[string]{}
	}
	text, diags := compile.Template(p.src, name, p.start, scope)
	from := len(l.diags)
	l.fromHCL(nil, diags)
	for i := range l.diags[from:] {
		l.diags[from+i].Where = fmt.Sprintf("message %q", name)
	}
	return text
}

// messageError says what is wrong with a message file, and in which line.
type messageError struct {
	what string
	line int
}

func (e *messageError) Error() string { return e.what }

// splitMessage finds the subject in the head of a message, and the body behind it.
func splitMessage(src []byte) (subject, body part, bad *messageError) {
	pos := firstPos()
	src, hasBOM := bytes.CutPrefix(src, []byte("\xef\xbb\xbf"))
	if hasBOM {
		pos.Byte = 3
	}
	line, rest, next := cutLine(src, pos)
	if string(line) != "---" {
		return part{}, part{}, &messageError{"The file does not begin with a line of three dashes.", 1}
	}
	found := false
	for {
		src, pos = rest, next
		if len(src) == 0 {
			return part{}, part{}, &messageError{"The head of the file is not closed by a second line of three dashes.", 1}
		}
		line, rest, next = cutLine(src, pos)
		if string(line) == "---" {
			break
		}
		key, text, ok := bytes.Cut(line, []byte(":"))
		switch {
		case len(bytes.TrimSpace(line)) == 0:
		case ok && string(bytes.TrimSpace(key)) == "subject" && !found:
			found = true
			subject = trimmed(text, pos, len(key)+1)
		default:
			return part{}, part{}, &messageError{"The head of a message holds its subject, once, and nothing else.", pos.Line}
		}
	}
	if len(subject.src) == 0 {
		return part{}, part{}, &messageError{"The head of the file gives no subject.", 1}
	}
	return subject, part{src: rest, start: next}, nil
}

// cutLine takes the first line off, without its end.
func cutLine(src []byte, pos hcl.Pos) (line, rest []byte, next hcl.Pos) {
	line, rest, _ = bytes.Cut(src, []byte("\n"))
	next = hcl.Pos{Line: pos.Line + 1, Column: 1, Byte: pos.Byte + len(src) - len(rest)}
	return bytes.TrimSuffix(line, []byte("\r")), rest, next
}

// trimmed is a text within a line, at an offset, without the space around it and
// without the quotes that those who know YAML would write.
func trimmed(text []byte, pos hcl.Pos, offset int) part {
	inner := bytes.TrimLeft(text, " \t")
	offset += len(text) - len(inner)
	inner = bytes.TrimRight(inner, " \t")
	if len(inner) >= 2 && inner[0] == '"' && inner[len(inner)-1] == '"' {
		inner, offset = inner[1:len(inner)-1], offset+1
	}
	pos.Column += offset
	pos.Byte += offset
	return part{src: inner, start: pos}
}

func lineRange(name string, src []byte, line int) hcl.Range {
	pos := firstPos()
	text, rest, next := cutLine(src, pos)
	for pos.Line < line {
		pos = next
		text, rest, next = cutLine(rest, pos)
	}
	end := hcl.Pos{Line: pos.Line, Column: pos.Column + len([]rune(string(text))), Byte: pos.Byte + len(text)}
	return hcl.Range{Filename: name, Start: pos, End: end}
}

// isLocale knows language tags as they are used in file names: de, pt-BR, zh-Hant.
func isLocale(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' })
	if len(parts) == 0 || len(parts) != 1+strings.Count(s, "-")+strings.Count(s, "_") {
		return false
	}
	for i, p := range parts {
		if len(p) < 2 || len(p) > 8 || i == 0 && len(p) > 3 || strings.ContainsFunc(p, notAlphanumeric) {
			return false
		}
	}
	return true
}

func notAlphanumeric(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}

func (l *loader) checkLocale(n *node, name, locale string) {
	if isLocale(locale) {
		return
	}
	l.report(n, n.at(name), diag.Diagnostic{
		Code: "bad-locale", Summary: "Not a locale",
		Detail: fmt.Sprintf("%q is not a language tag.", locale),
		Hint:   `Write for example "de" or "pt-BR".`,
	})
}
