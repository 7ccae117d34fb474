package view_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"pgregory.net/rapid"

	"transition/cmd/transition/internal/view"
	"transition/plans"
)

func markdown(t interface{ Fatal(...any) }, p *plans.Plan, note string) []byte {
	var b bytes.Buffer
	if err := view.PlanMarkdown(&b, p, view.PlanOptions{Note: note, NoReturn: true}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPlanMarkdown(t *testing.T) {
	p := weekend(t)
	p.Diagnostics = problems()
	golden(t, "plan.md", markdown(t, p, "plan unchanged since a41f"))
	golden(t, "plan_edited.md", markdown(t, edited(t), "plan changed since a41f"))
	golden(t, "plan_none.md", markdown(t, &plans.Plan{Name: "bpos-s", Now: p.Now, Zone: p.Zone}, ""))
}

// rendered is what GitHub would make of Markdown: tables on, raw HTML let
// through, addresses linked.
func rendered(t interface{ Fatal(...any) }, source []byte) string {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	var b bytes.Buffer
	if err := md.Convert(source, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var tag = regexp.MustCompile(`</?[a-zA-Z][^>]*>`)

// tags are the elements of a page, in order, without what stands between them.
func tags(page string) string { return strings.Join(tag.FindAllString(page, -1), "") }

// hostile draws names that were made to break out of where they stand.
func hostile() *rapid.Generator[string] {
	pieces := []string{
		"|", "`", "```", "<b>", "</details>", "<!--", "-->", "@everyone", "#12", "GH-12", "\n", "\r\n", "\n\n", "::set-output name=x::y", "##[error]x",
		"[a](http://x.example)", "![](http://x.example/i.png)", "https://x.example", "www.x.example", "a@b.example", "*", "_", "~~", "\\", "&lt;", "&#124;", "\u202e", "\x1b[2J", "x", " ", "é", "界",
		"$(x)", "---", "| a | b |", "- ", "1. ", "> ", "# ", "<script>", "javascript:", "\x00", "\xff", "${{ x }}",
	}
	return rapid.Custom(func(t *rapid.T) string {
		return "t" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 8).Draw(t, "pieces"), "")
	})
}

// named is a small plan in which everything foreign has one text.
func named(text string) *plans.Plan {
	now := march(time.UTC, 24, 10, 0)
	return &plans.Plan{
		Name: text, Now: now,
		Changes: []plans.Change{
			{Kind: plans.Enrol, Tenant: text, At: now, Reason: text},
			{Kind: plans.Adopt, Tenant: text, Batch: text, At: now, Reason: text},
			{Kind: plans.Run, Tenant: text, Batch: text, Phase: text, Item: text, At: now, Reason: text},
		},
		Waiting:     []plans.Wait{{Kind: plans.WaitError, Tenant: text, Address: text + "/a/b", Batch: text, Reason: text}},
		Diagnostics: problems()[1:],
	}
}

func TestNoNameBreaksTheComment(t *testing.T) {
	want := tags(rendered(t, markdown(t, named("tenant"), "note")))
	rapid.Check(t, func(t *rapid.T) {
		source := markdown(t, named(hostile().Draw(t, "name")), "note")
		if got := tags(rendered(t, source)); got != want {
			t.Fatalf("the elements are\n%s\nwant\n%s\nsource:\n%s", got, want, source)
		}
		page := string(source)
		for _, command := range []string{"\n::", "##[", "@everyone", "${{"} {
			if strings.Contains(page, command) {
				t.Fatalf("%q is in the comment:\n%s", command, page)
			}
		}
		if strings.Count(page, "<!--") != 1 || strings.Count(page, "-->") != 1 {
			t.Fatalf("the marker is not the only HTML comment:\n%s", page)
		}
	})
}

func TestMarkdownNeverExceedsItsLimit(t *testing.T) {
	long := named(strings.Repeat("<@|`", 500))
	for name, p := range map[string]*plans.Plan{"many tenants": crowd(t, 3000), "long names": long} {
		for range 7 { // longer and longer
			p.Changes = append(p.Changes, p.Changes...)
			if len(p.Changes) > 20_000 {
				break
			}
			out := markdown(t, p, strings.Repeat("n", 500))
			if len(out) > view.MarkdownLimit {
				t.Errorf("%s: %d bytes", name, len(out))
			}
			if opened, closed := bytes.Count(out, []byte("<details>")), bytes.Count(out, []byte("</details>")); opened != closed {
				t.Errorf("%s: %d details are opened, %d closed", name, opened, closed)
			}
		}
	}
	out := markdown(t, crowd(t, 3000), "")
	if !bytes.Contains(out, []byte("left out. `transition plan -verbose` shows everything")) {
		t.Error("nothing tells that rows were left out")
	}
}
