package compile_test

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"transition/schema/hclconfig/compile"
)

// body evaluates a Markdown body for a tenant of the given name.
func body(t rapid.TB, src, name string) string {
	t.Helper()
	x, diags := compile.Template([]byte(src), "m.md", hcl.InitialPos, scope())
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags)
	}
	e := env()
	e.Markdown = true
	e.Tenant.Cells[0] = text(name)
	md, err := x.For(e)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return md
}

// render makes HTML of Markdown. Raw HTML is let through, and all extensions are
// on, to give a name every chance to be markup.
func render(t rapid.TB, md string) string {
	t.Helper()
	var out bytes.Buffer
	gm := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.DefinitionList, extension.Footnote),
		goldmark.WithRendererOptions(renderer.WithUnsafe()))
	if err := gm.Convert([]byte(md), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// words is a text with the white space that a reader does not see evened out.
func words(s string) string {
	s = strings.NewReplacer("\u2028", " ", "\u2029", " ", "\u0085", " ").Replace(cty.NormalizeString(s))
	blank := func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(blank, s)), " ")
}

// wantParagraph fails unless the HTML is one paragraph that shows the text.
func wantParagraph(t rapid.TB, got, want string) {
	t.Helper()
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, tag := range tags.FindAllString(got, -1) {
		if tag != "<p>" && tag != "</p>" {
			t.Errorf("%q came out with %s: %s", want, tag, got)
		}
	}
	shown := html.UnescapeString(tags.ReplaceAllString(got, ""))
	if words(shown) != words(want) {
		t.Errorf("shows  %q\nwanted %q", words(shown), words(want))
	}
}

// hostile are names that would be markup.
func hostile() []string {
	return []string{
		"[x](javascript:1)", "<script>alert(1)</script>", "![](http://t)", "`code`", "``` js", `${file("/etc/passwd")}`, "%{for x in y}", "{{.Secret}}", "$(touch pwn)",
		"a\nb", "a\r\n\r\nb", "# heading", "- list", "* list", "+ list", "1. list", "1) list", "| table |", "> quote", "    code", "\tcode",
		"***", "---", "===", "a\n---", "_em_", "**strong**", "~~del~~", "~~~", "http://t.example", "www.t.example", "t@t.example", "<http://t>",
		"&lt;script&gt;", "&#60;b&#62;", `\`, `\\`, "a  ", "[x]: http://t", "[^1]", "[ ] task", "term\n: definition", "a\u2028# b", "a\u0085# b", "a\vb",
		`"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "-->", "<!--", "<?php", "<![CDATA[", "</p>", "$x$", "a|b\n-|-", ":smile:", "a\x00b",
		"<b", "b", "script", "/p", "é", "Contoso, Inc.", "O'Brien & Söhne (Köln)",
	}
}

func TestMarkdown_ShowsNamesAsTheyAre(t *testing.T) {
	for _, name := range hostile() {
		t.Run(name, func(t *testing.T) {
			for _, frame := range []string{"Dear N,", "N", "<N>", "</N>", "One\nN", "One\n\nN\n\nTwo", "x N", "(N)", "xN", "Nx"} {
				if strings.Contains(frame, "\n\n") {
					frame = strings.ReplaceAll(frame, "\n\n", "\n")
				}
				got := render(t, body(t, strings.ReplaceAll(frame, "N", "${tenant.name}"), name))
				wantParagraph(t, got, strings.ReplaceAll(frame, "N", name))
			}
		})
	}
}

func TestMarkdown_AnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.OneOf(
			rapid.SampledFrom([]rune("[]()<>!#*_`~|-+=:.@&;\\/\"'{}$%^ \n\t1abchtps")), rapid.Rune(),
		)).Draw(t, "name")
		wantParagraph(t, render(t, body(t, "Dear ${tenant.name}, hello", name)), "Dear "+name+", hello")
	})
}

// In the target of a link, a name neither leaves the target nor runs anything.
func TestMarkdown_InALink(t *testing.T) {
	for name, want := range map[string]string{
		"https://p.example/a?b=1&c=(2)": `<p><a href="https://p.example/a?b=1&amp;c=(2)">portal</a></p>`,
		"javascript:alert(1)":           `<p><a href="javascript%3Aalert(1)">portal</a></p>`,
		" JavaScript\t:alert(1)":        "",
		"vbscript:x":                    `<p><a href="vbscript%3Ax">portal</a></p>`,
		"data:text/html,x":              `<p><a href="data%3Atext/html,x">portal</a></p>`,
		"a) [x](http://t":               "",
		`x" onclick="alert(1)`:          "",
	} {
		got := strings.TrimSpace(render(t, body(t, "[portal](${tenant.name})", name)))
		if want != "" && got != want {
			t.Errorf("%s becomes %s", name, got)
		}
		got += render(t, body(t, "[portal](<${tenant.name}>)", name)) + render(t, body(t, "[portal]: ${tenant.name}\n\n[portal]", name))
		lower := strings.ToLower(got)
		if strings.Contains(lower, `href="javascript:`) || strings.Contains(lower, `href="http://t"`) || strings.Contains(got, `onclick="`) {
			t.Errorf("%s becomes %s", name, got)
		}
	}
}

// Only what comes from tenants is escaped, and directives see it as it is.
func TestMarkdown_LeavesTheAuthorAlone(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"literal", "# Move\n\n- **one** <br> [x](http://t)", "# Move\n\n- **one** <br> [x](http://t)"},
		{"variable", `${"*${var.greeting}*"} x`, "*Dear* x"},
		{"T and batch", "${T} ${batch.name}-1", "2012-03-09T18:00:00-08:00 pilot-1"},
		{"condition", `%{ if tenant.name == "*a*" }**yes**%{ else }no%{ endif }`, "**yes**"},
		{"inside a condition", `%{ if tenant.active }**${tenant.name}**%{ endif }`, `**\*a\***`},
		{"condition in a condition", `%{ if tenant.active }%{ if tenant.vip }x%{ else }_${tenant.name}_%{ endif }%{ endif }`, `_\*a\*_`},
		{"loop", `%{ for v in [tenant.name, "*b*"] }- ${v}` + "\n%{ endfor }", "- \\*a\\*\n- \\*b\\*\n"},
		{"loop of the author's", `%{ for v in ["*b*"] }- ${v} ${tenant.name}` + "\n%{ endfor }", "- *b* \\*a\\*\n"},
		{"conditional in an interpolation", `${tenant.active ? "**${tenant.name}**" : ""}`, `\*\*\*a\*\*\*`},
		{"trimmed", "a ${~ tenant.name ~} b", `a\*a\*b`},
		{"number", "${tenant.seats} ${0 - tenant.seats}", `250 \-250`},
		{"bool", "${tenant.active}", "true"},
		{"alone", "${tenant.name}", `\*a\*`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := body(t, tt.src, "*a*"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Subjects and other text are not Markdown.
func TestTemplate_WithoutMarkdown(t *testing.T) {
	x, diags := compile.Template([]byte("Re: <${tenant.name}> & co"), "m.md", hcl.InitialPos, scope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e := env()
	e.Tenant.Cells[0] = text("*a* & b")
	if got, err := x.For(e); err != nil || got != "Re: <*a* & b> & co" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTemplate_PointsIntoTheFile(t *testing.T) {
	src := "---\nsubject: x\n---\nDear ${tenant.nam},\n"
	start := hcl.Pos{Line: 4, Column: 1, Byte: strings.Index(src, "Dear")}
	_, diags := compile.Template([]byte(src[start.Byte:]), "mail/first.md", start, scope())
	if !diags.HasErrors() {
		t.Fatal("compiled")
	}
	d := diags[0]
	if d.Subject.Filename != "mail/first.md" || d.Subject.Start.Line != 4 || string(d.Subject.SliceBytes([]byte(src))) != "tenant.nam" {
		t.Errorf("points to %v", d.Subject)
	}
}

func TestTemplate_Mistakes(t *testing.T) {
	for src, want := range map[string]string{
		"Dear ${tenant.name":          "syntax",
		"%{ if tenant.active }x":      "syntax",
		"Dear ${tenant.name + 1}":     "",
		"%{ if tenant.name }x":        "syntax",
		"Dear ${[tenant.name]} there": "",
		"Dear ${timestamp()}":         "unknown-function",
	} {
		_, diags := compile.Template([]byte(src), "m.md", hcl.InitialPos, scope())
		if !strings.HasPrefix(codes(diags), want) {
			t.Errorf("%s: codes are %q, want %q", src, codes(diags), want)
		}
	}
}

// An empty file is an empty text, and not one that is missing.
func TestTemplate_Empty(t *testing.T) {
	x, diags := compile.Template(nil, "m.md", hcl.InitialPos, scope())
	if diags.HasErrors() || !x.IsConst() || x.Value != "" || !x.IsSet() {
		t.Errorf("got %+v, %v", x, diags)
	}
}
