package compile

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// hcl's parser descends without a limit, and a stack that overflows ends the
// process. So a template is looked through by the scanner, which does not
// descend, before it is parsed.
const (
	maxDepth     = 100 // brackets and directives in each other
	maxOperators = 500 // between two separators

	// MaxTokens bounds what is parsed: a token takes a hundred bytes, and what the
	// parser makes of it some more.
	MaxTokens = 150_000
)

// Tokens is at least as many tokens as a text has: its words in ASCII, and every
// other byte that is not a blank.
func Tokens(src []byte) int {
	n, inWord := 0, false
	for _, c := range src {
		word := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
		if !word && c != ' ' || word && !inWord {
			n++
		}
		inWord = word
	}
	return n
}

// Crowded reports whether a text may have too many tokens to be looked at. For a
// line of a text between <<EOT and EOT the scanner takes a time that grows with the
// number of lines before it.
func Crowded(src []byte) bool {
	tokens := Tokens(src)
	if _, rest, ok := bytes.Cut(src, []byte("<<")); ok {
		tokens += 10 * bytes.Count(rest, []byte("\n"))
	}
	return tokens > MaxTokens
}

// parseTemplate parses a template that is not nested too deeply.
func parseTemplate(src []byte, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics) {
	if Crowded(src) {
		return nil, hcl.Diagnostics{problem(hcl.Range{Filename: filename, Start: start, End: start}, codeTooLarge, "A template is too large",
			fmt.Sprintf("A template has at most %d names, numbers and signs.", MaxTokens))}
	}
	tokens, _ := hclsyntax.LexTemplate(src, filename, start) // the parser reports what cannot be scanned
	if d := tooDeep(tokens); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	expr, diags := hclsyntax.ParseTemplate(src, filename, start)
	for _, d := range diags {
		d.Extra = codeSyntax
	}
	return expr, diags
}

func tooDeep(tokens hclsyntax.Tokens) *hcl.Diagnostic {
	depth, directives := 0, 0
	operators := []int{0} // by depth
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			operators[depth]++
			depth++
			operators = append(operators[:depth], 0)
			directives = max(0, directives+directive(tokens, i+1))
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth = max(0, depth-1)
		case hclsyntax.TokenComma, hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit:
			operators[depth] = 0
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenOQuote, hclsyntax.TokenCQuote:
		default:
			operators[depth]++
		}
		operators[0] = 0 // at depth 0 stands text
		if depth > maxDepth || directives > maxDepth || operators[depth] > maxOperators {
			return problem(t.Range, codeTooDeep, "A template is nested too deeply",
				fmt.Sprintf("A template has at most %d brackets and directives in each other, and at most %d operators in one expression.", maxDepth, maxOperators))
		}
	}
	return nil
}

// directive is 1 if a directive with the keyword at i opens, -1 if it closes.
func directive(tokens hclsyntax.Tokens, i int) int {
	if tokens[i-1].Type != hclsyntax.TokenTemplateControl || i >= len(tokens) {
		return 0
	}
	switch string(tokens[i].Bytes) {
	case "if", "for":
		return 1
	case "endif", "endfor":
		return -1
	default:
		return 0
	}
}
