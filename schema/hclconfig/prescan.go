package hclconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Bounds on what is read. The parsers descend recursively without a limit of
// their own, and a stack that overflows ends the process; so what is nested too
// deeply is refused before it is parsed.
const (
	MaxFileSize  = 1 << 20 // of a file of the plan, in bytes
	maxTotalSize = 16 << 20
	maxFiles     = 500
	maxDepth     = 100 // brackets, braces and templates in each other
	maxOperators = 500 // in one expression between two commas
	maxExponent  = 4   // digits of a number's exponent
)

// excess is a place at which a bound was passed.
type excess struct {
	rng  hcl.Range
	what string // the end of a sentence: "is nested more than 100 levels deep"
}

// scanTokens looks for what the parser must not see. It does not recurse.
func scanTokens(tokens hclsyntax.Tokens) (excess, bool) {
	s := scanner{frames: []frame{{lines: true}}}
	for i, t := range tokens {
		if i > 0 && tokens[i-1].Type == hclsyntax.TokenTemplateControl {
			s.directive(t)
		}
		if what := s.next(t); what != "" {
			return excess{rng: t.Range, what: what}, true
		}
	}
	return excess{}, false
}

// frame is an open bracket, or the file itself.
type frame struct {
	operators int
	lines     bool // a line's end ends an expression
}

type scanner struct {
	frames     []frame
	directives int // open %{ if } and %{ for }
}

func (s *scanner) next(t hclsyntax.Token) string {
	switch t.Type {
	case hclsyntax.TokenOBrace:
		s.frames = append(s.frames, frame{lines: true})
	case hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
		s.frames[len(s.frames)-1].operators++ // an index or a call, for all one knows
		s.frames = append(s.frames, frame{})
	case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		s.frames = append(s.frames, frame{})
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
		s.frames = s.frames[:max(1, len(s.frames)-1)]
	case hclsyntax.TokenComma:
		s.frames[len(s.frames)-1].operators = 0
	case hclsyntax.TokenNewline:
		if top := &s.frames[len(s.frames)-1]; top.lines {
			top.operators = 0
		}
	case hclsyntax.TokenNumberLit:
		if hugeNumber(t.Bytes) {
			return "is a number beyond all use"
		}
	default:
		if operator(t.Type) {
			s.frames[len(s.frames)-1].operators++
		}
	}
	return s.excess()
}

func (s *scanner) excess() string {
	switch {
	case len(s.frames) > maxDepth || s.directives > maxDepth:
		return fmt.Sprintf("is nested more than %d levels deep", maxDepth)
	case s.frames[len(s.frames)-1].operators > maxOperators:
		return fmt.Sprintf("has more than %d operators in one expression", maxOperators)
	default:
		return ""
	}
}

func (s *scanner) directive(keyword hclsyntax.Token) {
	switch string(keyword.Bytes) {
	case "if", "for":
		s.directives++
	case "endif", "endfor":
		s.directives = max(0, s.directives-1)
	}
}

func operator(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenPercent,
		hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq,
		hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq, hclsyntax.TokenAnd, hclsyntax.TokenOr,
		hclsyntax.TokenBang, hclsyntax.TokenQuestion:
		return true
	default:
		return false
	}
}

// hugeNumber reports whether a number has so many digits that writing it out
// would fill the memory.
func hugeNumber(literal []byte) bool {
	_, exponent, ok := strings.Cut(strings.ToLower(string(literal)), "e")
	return len(literal) > 1000 || ok && len(strings.TrimLeft(exponent, "+-0")) > maxExponent
}

// scanJSON does for the JSON syntax what scanTokens does for the native one. The
// strings in it may be templates, and are looked into.
func scanJSON(src []byte, filename string) (excess, bool) {
	depth, line, lineStart := 0, 1, 0
	at := func(i int) hcl.Range {
		pos := hcl.Pos{Line: line, Column: i - lineStart + 1, Byte: i}
		return hcl.Range{Filename: filename, Start: pos, End: pos}
	}
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case '\n':
			line, lineStart = line+1, i+1
		case '{', '[':
			if depth++; depth > maxDepth {
				return excess{rng: at(i), what: fmt.Sprintf("is nested more than %d levels deep", maxDepth)}, true
			}
		case '}', ']':
			depth--
		case '"':
			end := stringEnd(src, i)
			if e, bad := scanString(src[i:end], at(i)); bad {
				return e, true
			}
			i = end - 1
		case 'e', 'E':
			if number := numberAround(src, i); hugeNumber(number) {
				return excess{rng: at(i), what: "is a number beyond all use"}, true
			}
		}
	}
	return excess{}, false
}

// stringEnd is the index after the string that begins at i. It ends where the
// parser's own scanner thinks that it does: at a control character, too.
func stringEnd(src []byte, i int) int {
	escaped := false
	for i++; i < len(src); i++ {
		switch c := src[i]; {
		case c < ' ':
			return i
		case c == '"' && !escaped:
			return i + 1
		default:
			escaped = c == '\\' && !escaped
		}
	}
	return len(src)
}

func scanString(literal []byte, rng hcl.Range) (excess, bool) {
	if !bytes.Contains(literal, []byte("{")) && !bytes.Contains(literal, []byte(`\u`)) {
		return excess{}, false
	}
	var text string
	if err := json.Unmarshal(literal, &text); err != nil {
		return excess{}, false // the parser refuses it, and looks for no template in it
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(text), rng.Filename, rng.Start)
	e, bad := scanTokens(tokens)
	e.rng = rng
	return e, bad
}

// numberAround is the number, if any, that has an exponent at i.
func numberAround(src []byte, i int) []byte {
	isPart := func(c byte) bool { return c >= '0' && c <= '9' || strings.IndexByte("+-.eE", c) >= 0 }
	start, end := i, i
	for start > 0 && isPart(src[start-1]) {
		start--
	}
	for end < len(src) && isPart(src[end]) {
		end++
	}
	return src[start:end]
}
