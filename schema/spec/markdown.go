package spec

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Markdown writes the reference of the language for people: a section for each
// block, nested ones under the path of their parents, with a table of attributes.
func Markdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	plan := Plan()
	fmt.Fprintf(out, "# The plan language\n\n%s\n", escape(plan.Doc))
	for _, b := range plan.Blocks {
		writeBlock(out, b, nil)
	}
	return out.Flush()
}

func writeBlock(out *bufio.Writer, b *Block, parents []string) {
	path := append(parents[:len(parents):len(parents)], b.Title())
	level := strings.Repeat("#", min(1+len(path), 6))
	fmt.Fprintf(out, "\n%s %s\n\n%s\n", level, escape(strings.Join(path, " / ")), escape(b.Doc))
	for _, note := range b.notes() {
		fmt.Fprintf(out, "\n%s\n", note)
	}
	if len(b.Attributes) > 0 {
		writeAttributes(out, b.Attributes)
	}
	for _, n := range b.Blocks {
		writeBlock(out, n, path)
	}
}

func (b *Block) notes() []string {
	var notes []string
	if b.Support == NotYet {
		notes = append(notes, "*Not supported yet: writing it is an error.*")
	}
	switch {
	case b.Min == 1 && b.Max == 1:
		notes = append(notes, "Exactly one.")
	case b.Min == 1:
		notes = append(notes, "At least one.")
	case b.Max == 1:
		notes = append(notes, "At most one.")
	}
	if len(b.Choose) > 0 {
		notes = append(notes, "Holds exactly one of the blocks "+quoted(b.Choose, " and ")+".")
	}
	return notes
}

func writeAttributes(out *bufio.Writer, list []Attribute) {
	fmt.Fprint(out, "\n| attribute | type | default | |\n|---|---|---|---|\n")
	for i := range list {
		a := &list[i]
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", a.Name, escape(a.typeText()), escape(a.DefaultText()), escape(a.fullDoc()))
	}
}

func (a *Attribute) typeText() string {
	text := string(a.Type)
	if len(a.Refers) > 0 {
		text += " to " + strings.Join(a.Refers, ", ")
	}
	if a.Bounds != nil {
		text += " " + a.Bounds.String()
	}
	if a.PerTenant {
		text += ", for each tenant"
	}
	return text
}

// DefaultText is the default as people read it in the reference.
func (a *Attribute) DefaultText() string {
	switch {
	case a.Required:
		return "required"
	case a.DefaultDoc != "":
		return a.DefaultDoc
	case a.Default == nil:
		return ""
	default:
		return "`" + a.Literal() + "`"
	}
}

// Literal is the default as one would write it; "null" when there is none.
func (a *Attribute) Literal() string {
	text, err := json.Marshal(a.Default)
	if err != nil {
		return fmt.Sprint(a.Default)
	}
	return string(text)
}

func (a *Attribute) fullDoc() string {
	doc := a.Doc
	if len(a.OneOf) > 0 {
		doc += " One of " + quoted(a.OneOf, ", ") + "."
	}
	switch a.Support {
	case DefaultOnly:
		doc += " *Other values than the default are not supported yet.*"
	case NotYet:
		doc += " *Not supported yet.*"
	case Supported:
	}
	return doc
}

func quoted(words []string, separator string) string {
	return "`" + strings.Join(words, "`"+separator+"`") + "`"
}

// escape keeps text from being read as Markdown where it is none.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "*.", `\*.`, "<", "&lt;").Replace(s)
}
