package mail

import (
	"strings"
	"testing"
)

func page(t *testing.T, escaped string) string {
	t.Helper()
	m := example()
	m.Sections = []Section{{Text: "text", Escaped: escaped}}
	_, _, html := parts(t, compose(t, m))
	_, body, ok := strings.Cut(html, bodyOpen)
	if !ok {
		t.Fatalf("the page has no body:\n%s", html)
	}
	return strings.TrimSuffix(body, bodyClose)
}

func TestHTML(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"emphasis":        {"*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <del>c</del></p>\n"},
		"link":            {"[a](https://x.example/?q=1&r=2)", `<p><a href="https://x.example/?q=1&amp;r=2">a</a></p>` + "\n"},
		"mailbox":         {"[a](mailto:a@x.example)", `<p><a href="mailto:a@x.example">a</a></p>` + "\n"},
		"bare link":       {"see https://x.example/a.", `<p>see <a href="https://x.example/a">https://x.example/a</a>.</p>` + "\n"},
		"raw block":       {"<script>alert(1)</script>", "<!-- raw HTML omitted -->\n"},
		"raw inline":      {"a <img src=x onerror=alert(1)> b", "<p>a <!-- raw HTML omitted --> b</p>\n"},
		"image":           {"![a *b*](http://track.example/x.png)", "<p>a <em>b</em></p>\n"},
		"image in a link": {"[![a](http://t.example/x)](https://x.example)", `<p><a href="https://x.example">a</a></p>` + "\n"},
		"reference image": {"![a][r]\n\n[r]: http://t.example/x", "<p>a</p>\n"},
		"script link":     {"[a *b*](javascript:alert(1))", "<p>a <em>b</em></p>\n"},
		"script in capitals": {
			"[a](JaVaScript:alert(1))", "<p>a</p>\n",
		},
		"script in entities": {"[a](javascript&#58;alert(1))", "<p>a</p>\n"},
		"data link":          {"[a](data:text/html;base64,PHNjcmlwdD4=)", "<p>a</p>\n"},
		"file link":          {"[a](file:///etc/passwd)", "<p>a</p>\n"},
		"relative link":      {"[a](//evil.example)", "<p>a</p>\n"},
		"script autolink":    {"<javascript:alert(1)&amp;\\x>", "<p>javascript:alert(1)&amp;amp;\\x</p>\n"},
		"image of a script":  {"[![a](x)](javascript:y)", "<p>a</p>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := page(t, tc.in); got != tc.want {
				t.Errorf("%q gives\n%s\nwant\n%s", tc.in, got, tc.want)
			}
		})
	}
}

// escape does to a value what whoever fills Section.Escaped does.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestEscapedValueIsNoMarkup(t *testing.T) {
	for _, value := range []string{
		"<script>alert(1)</script>", "[a](javascript:alert(1))", "![](http://track.example)", "**bold** _it_ ~~no~~ `code`",
		"http://evil.example/login", "www.evil.example", "eve@evil.example", "<https://evil.example>", "# Title", "- item", "1. item",
		"> quote", "| a | b |\n|---|---|", "---", "===", "&lt;b&gt; &#60;", "a\\", "${file(\"/etc/passwd\")}", "{{.Secret}}", "%{for x in y}",
	} {
		t.Run(value, func(t *testing.T) {
			got := page(t, "Dear "+escape(value)+", welcome.")
			for _, tag := range []string{"<a", "<b", "<i", "<s", "<em", "<del", "<code", "<h1", "<h2", "<li", "<hr", "<table", "<blockquote", "<!--"} {
				if strings.Contains(got, tag) {
					t.Errorf("the value became %s>: %s", tag, got)
				}
			}
			if strings.Count(got, "<p>") != 1 {
				t.Errorf("the value left its paragraph: %s", got)
			}
		})
	}
}

// Nothing that a plan holds can bring the process down.
func TestDeepMarkdownEnds(t *testing.T) {
	for _, unit := range []string{"> ", "- ", "[", "*a **b ", "![", "~~", "<a", "| a |\n|---|\n"} {
		t.Run(unit, func(t *testing.T) {
			if page(t, strings.Repeat(unit, 2000)) == "" {
				t.Error("nothing was rendered")
			}
		})
	}
}
