package mail

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown makes the converter once, with the first message: that takes as long
// as a message does. It is safe for concurrent use.
//
//nolint:gochecknoglobals // nothing in it ever changes
var markdown = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(plainer{}, 1000))),
	)
})

// renderMarkdown writes a piece of HTML. Raw HTML is left out (goldmark does so
// unless told otherwise), images become their description, and a link that goes
// anywhere but to a page, a mailbox or a telephone becomes its text.
func renderMarkdown(w io.Writer, source string) error {
	if err := markdown().Convert([]byte(source), w); err != nil {
		return fmt.Errorf("render Markdown: %w", err)
	}
	return nil
}

// plainer takes out of a document what has no place in a message.
type plainer struct{}

// Transform implements parser.ASTTransformer.
func (plainer) Transform(doc *ast.Document, r text.Reader, _ parser.Context) {
	var unwanted []ast.Node
	// Walk fails only if its function does.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && isUnwanted(n, r.Source()) {
			unwanted = append(unwanted, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range unwanted {
		unwrap(n, r.Source())
	}
}

func isUnwanted(n ast.Node, source []byte) bool {
	switch n := n.(type) {
	case *ast.Image:
		return true
	case *ast.Link:
		return !goesOut(n.Destination)
	case *ast.AutoLink:
		return n.AutoLinkType == ast.AutoLinkURL && !goesOut(n.URL(source))
	default:
		return false
	}
}

// goesOut reports whether a link leads where a link in a message can lead.
func goesOut(url []byte) bool {
	scheme, _, ok := bytes.Cut(url, []byte(":"))
	if !ok {
		return false // there is nothing that it could be relative to
	}
	switch strings.ToLower(string(scheme)) {
	case "http", "https", "mailto", "tel":
		return true
	default:
		return false
	}
}

// unwrap puts what a node shows in the place of the node.
func unwrap(n ast.Node, source []byte) {
	parent := n.Parent()
	if auto, ok := n.(*ast.AutoLink); ok {
		label := ast.NewString(auto.Label(source))
		label.SetRaw(true) // no backslashes and entities in it: it is an address
		parent.InsertBefore(parent, n, label)
	}
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		n.RemoveChild(n, c)
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}
