package compile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// markdownSource is the text of a Markdown body, whose first byte is at start.
type markdownSource struct {
	src   []byte
	start hcl.Pos
}

// isDirective reports whether an expression was written as %{ … }, not as ${ … }.
func (m *markdownSource) isDirective(e hclsyntax.Expression) bool {
	i := e.Range().Start.Byte - m.start.Byte
	return i >= 0 && i <= len(m.src) && strings.HasPrefix(string(m.src[i:min(i+2, len(m.src))]), "%{")
}

// body resolves a Markdown body, and escapes what it interpolates of tenants.
// Directives only choose and repeat; what they contain is body again.
func (r *resolver) body(e hclsyntax.Expression) (hclsyntax.Expression, level) {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		escape := escapeName
		return r.template(e, func(part hclsyntax.Expression) (hclsyntax.Expression, level) {
			x, at := r.bodyPart(part, escape)
			escape = escapeAfter(part)
			return x, at
		})
	case *hclsyntax.TemplateWrapExpr:
		c := *e
		x, at := r.bodyPart(e.Wrapped, escapeName)
		c.Wrapped = x
		return &c, at
	default:
		return r.bodyPart(e, escapeName)
	}
}

// escapeAfter chooses how to escape what stands after a part: after < or </ it
// must not become the name of a tag.
func escapeAfter(part hclsyntax.Expression) string {
	lit, ok := part.(*hclsyntax.LiteralValueExpr)
	if ok && strings.HasSuffix(strings.TrimSuffix(text(lit.Val), "/"), "<") {
		return escapeNameInTag
	}
	return escapeName
}

func (r *resolver) bodyPart(e hclsyntax.Expression, escape string) (hclsyntax.Expression, level) {
	if r.markdown.isDirective(e) {
		switch e := e.(type) {
		case *hclsyntax.ConditionalExpr:
			return r.bodyIf(e)
		case *hclsyntax.TemplateJoinExpr:
			if loop, ok := e.Tuple.(*hclsyntax.ForExpr); ok {
				x, at := r.loop(loop, r.body)
				return &hclsyntax.TemplateJoinExpr{Tuple: x}, at
			}
		}
	}
	x, at := r.resolve(e)
	if at&perTenant == 0 {
		return x, at
	}
	rng := e.Range()
	return &hclsyntax.FunctionCallExpr{
		Name: escape, Args: []hclsyntax.Expression{x},
		NameRange: rng, OpenParenRange: rng, CloseParenRange: rng,
	}, at
}

func (r *resolver) bodyIf(e *hclsyntax.ConditionalExpr) (hclsyntax.Expression, level) {
	c := *e
	condition, atCondition := r.resolve(e.Condition)
	yes, atYes := r.body(e.TrueResult)
	no, atNo := r.body(e.FalseResult)
	c.Condition, c.TrueResult, c.FalseResult = condition, yes, no
	return &c, atCondition | atYes | atNo
}

// escaper writes text of a tenant into Markdown.
type escaper func(buf []byte, s string) []byte

func escaperOf(name string) escaper {
	if name == escapeNameInTag {
		return appendEscapedInTag
	}
	return appendEscaped
}

// appendEscapedInTag is appendEscaped for after a <, where a letter would begin
// a tag: <${tenant.email}> is an address in angle brackets. (Some renderers take
// a space for a tag's beginning as well.)
func appendEscapedInTag(buf []byte, s string) []byte {
	if s == "" || s[0] >= utf8.RuneSelf {
		return appendEscaped(buf, s)
	}
	return appendEscapedRest(fmt.Appendf(buf, "&#%d;", max(s[0], ' ')), s, 1)
}

// appendEscaped writes s so that Markdown shows it as it is, wherever in a line
// it stands, and in the target and the title of a link as well:
//
//   - punctuation that Markdown, or one of its common extensions, gives a meaning
//     gets a backslash (CommonMark 0.31, section 2.4);
//   - what means something in HTML becomes an entity, since a backslash would not
//     help in a piece of raw HTML;
//   - line breaks and other control characters become one space, so that nothing
//     begins a new line and with it a heading, a list, a table or a code block;
//   - the colon of a scheme that runs scripts is percent-encoded, since escapes
//     are undone in the target of a link.
func appendEscaped(buf []byte, s string) []byte { return appendEscapedRest(buf, s, 0) }

// appendEscapedRest writes s from the byte i on.
func appendEscapedRest(buf []byte, s string, i int) []byte {
	scheme := scriptScheme(s)
	space := false
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == ' ':
			if !space {
				buf = append(buf, ' ')
			}
			space = true
			i += size
			continue
		case i == scheme:
			buf = append(buf, "%3A"...)
		case r < utf8.RuneSelf:
			buf = appendEscapedByte(buf, s[i])
		default:
			buf = append(buf, s[i:i+size]...)
		}
		space = false
		i += size
	}
	return buf
}

func appendEscapedByte(buf []byte, c byte) []byte {
	switch c {
	case '&':
		return append(buf, "&amp;"...)
	case '<':
		return append(buf, "&lt;"...)
	case '>':
		return append(buf, "&gt;"...)
	case '"':
		return append(buf, "&quot;"...)
	case '\'':
		return append(buf, "&#39;"...)
	case '\\', '`', '*', '_', '{', '}', '[', ']', '(', ')', '#', '+', '-', '.', '!', '|', '~', ':', '=', '^', '@', '$':
		return append(buf, '\\', c)
	default:
		return append(buf, c)
	}
}

// scriptScheme is the index of the colon after a scheme that a browser would
// run, or -1. As browsers do, it looks past spaces and control characters.
func scriptScheme(s string) int {
	colon := strings.IndexByte(s, ':')
	if colon < 0 {
		return -1
	}
	scheme := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s[:colon])
	switch scheme {
	case "javascript", "vbscript", "data":
		return colon
	default:
		return -1
	}
}
