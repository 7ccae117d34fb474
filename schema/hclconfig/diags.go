package hclconfig

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"transition/schema/diag"
	"transition/schema/hclconfig/compile"
)

// maxMistakes is how many mistakes are listed: nobody reads more.
const maxMistakes = 1000

// report adds a diagnostic about a part of a node; n may be nil. It is an error
// unless d says otherwise. Once the plan has taken too much, whatever else seems to
// be wrong may only lack the values that were not evaluated, and is not told.
func (l *loader) report(n *node, rng hcl.Range, d diag.Diagnostic) {
	if l.overspent {
		return
	}
	if d.Severity == 0 {
		d.Severity = diag.Error
	}
	if d.Subject.IsZero() {
		d.Subject = rangeOf(rng)
	}
	if len(l.diags) >= maxMistakes {
		l.more++
		l.moreErrors = l.moreErrors || d.Severity == diag.Error
		return
	}
	if n != nil && d.Where == "" {
		d.Where = n.where()
	}
	l.diags.Add(d)
}

// tellMore says that there are mistakes which are not listed.
func (l *loader) tellMore() {
	if l.more == 0 {
		return
	}
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "more-mistakes", Summary: "More mistakes than are listed",
		Detail: fmt.Sprintf("Beside the %d that are listed there are %d more.", len(l.diags), l.more),
		Hint:   "Correct those that are listed first; most often many mistakes have one cause.",
	}
	if l.moreErrors {
		d.Severity = diag.Error
	}
	l.diags.Add(d)
}

func rangeOf(r hcl.Range) diag.Range {
	return diag.Range{File: r.Filename, Start: diag.Pos(posOf(r.Start)), End: diag.Pos(posOf(r.End))}
}

func posOf(p hcl.Pos) diag.Pos { return diag.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }

// fromHCL adds what the parser or package compile has found. A code stands in
// Extra where compile knows it; everything else is a mistake of syntax.
func (l *loader) fromHCL(n *node, list hcl.Diagnostics) {
	for _, h := range list {
		d := diag.Diagnostic{Severity: diag.Error, Code: "syntax", Summary: h.Summary, Detail: h.Detail}
		if h.Severity == hcl.DiagWarning {
			d.Severity = diag.Warning
		}
		var rng hcl.Range
		if h.Subject != nil {
			rng = *h.Subject
		}
		if code, ok := h.Extra.(string); ok {
			d.Code = code
		} else {
			reword(n, &d)
		}
		if l.follows(d) {
			continue
		}
		over := d.Code == compile.CodeOverspent
		if over {
			d = overspent(n.holder(rng))
		}
		d.Detail, d.Hint = cutHint(d.Detail, d.Hint)
		if d.Hint == "" {
			d.Hint = usualHint(d.Code)
		}
		l.report(n, rng, d)
		l.overspent = l.overspent || over
	}
}

// follows reports whether a mistake is only the consequence of one that was
// reported: an attribute that nobody knows because its inventory could not be
// read, a value that is not known because its variable has none, or one that was
// not evaluated since the plan had taken too much.
func (l *loader) follows(d diag.Diagnostic) bool {
	return d.Code == compile.CodeNotEvaluated ||
		l.columnsUnknown && d.Code == "unknown-attribute" && strings.HasPrefix(d.Detail, "Tenants have") ||
		l.valuesUnknown && d.Code == "invalid-value" && strings.Contains(d.Detail, "not known")
}

// overspent says that the values of a plan take too much together. It is said
// once, of where it shows, which need not be what takes the most.
func overspent(where string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "too-large", Summary: "The plan takes too much",
		Detail: fmt.Sprintf("With %s, all values that are the same for every tenant take more together than those of a plan may. Nothing after it was evaluated.", where),
		Hint:   "Look for values that grow from one to the next, and write less.",
	}
}

// cutHint moves what to write instead from the end of a detail into the hint,
// where all other diagnostics have it.
func cutHint(detail, hint string) (string, string) {
	if hint != "" {
		return detail, hint
	}
	for _, begin := range []string{"Did you mean ", "The attributes are ", "An expression begins with ", "A list is written ", "Write ", "Read all "} {
		if at := strings.LastIndex(detail, begin); at > 0 && detail[at-1] == ' ' {
			return strings.TrimSpace(detail[:at]), detail[at:]
		}
	}
	return detail, ""
}

// usualHint says what mostly helps against mistakes in expressions.
func usualHint(code string) string {
	switch code {
	case "unknown-function":
		return "The functions are those of Terraform that have no effect, by the same names, such as upper, format and formatdate."
	case "not-constant":
		return "Use var and local here, or a literal."
	case "not-allowed-here":
		return "Use tenant, var and local here."
	case "wrong-type":
		return "Convert it with a function such as tostring, tonumber or tolist, or write another value."
	case "unknown-reference", "unknown-attribute":
		return "Correct the name, or declare it."
	case "not-supported-yet":
		return "Remove it; the plan then means what this version does."
	case "syntax":
		return "Correct what stands here; everything else in the file is read only after that."
	case "too-large", "too-deep":
		return "Split it with locals, or write less."
	default:
		return "Write another value."
	}
}

// reword gives better words where the parser's own are about the parser rather
// than about the file, or hold text of the user in their summary.
func reword(n *node, d *diag.Diagnostic) {
	if strings.HasPrefix(d.Summary, "Extraneous label for ") || strings.HasPrefix(d.Summary, "Missing ") && strings.Contains(d.Summary, " for ") {
		rewordLabels(n, d)
		return
	}
	if d.Summary == "Argument definition required" || d.Summary == "Invalid single-argument block definition" {
		d.Summary = "A block on one line"
		d.Detail = "A one-line block holds at most one attribute and no block, and is closed on the same line."
		d.Hint = "Write it on several lines: each attribute and each block within it on a line of its own, and the closing brace as well."
		return
	}
	for _, w := range wordings() {
		if strings.HasPrefix(d.Summary, w.prefix) {
			d.Summary, d.Hint = w.summary, w.hint
			if w.code != "" {
				d.Code = w.code
			}
			return
		}
	}
}

func rewordLabels(n *node, d *diag.Diagnostic) {
	_, name, _ := strings.Cut(d.Summary, " for ")
	form := name
	if n != nil && len(n.spec.Nested(name)) > 0 {
		form = n.spec.Nested(name)[0].Title()
	}
	d.Code, d.Summary = "wrong-labels", "Wrong labels"
	d.Detail = fmt.Sprintf("A block %q is written %s { … }, and this has more or fewer labels.", name, form)
	d.Hint = fmt.Sprintf("Write %s { … }, with each label in quotes.", form)
	if form == name {
		d.Hint = fmt.Sprintf("Write %s { … }, without labels.", form)
	}
}

type wording struct{ prefix, summary, hint, code string }

func wordings() []wording {
	return []wording{
		{"Missing block label", "Wrong labels", "Write the block's name as the key of an object.", "wrong-labels"},
		{"Attribute redefined", "An attribute is written twice", "Remove one of the two.", "duplicate-attribute"},
		{"Duplicate argument", "An attribute is written twice", "Remove one of the two.", "duplicate-attribute"},
		{"Duplicate attribute definition", "An attribute is written twice", "Remove one of the two.", "duplicate-attribute"},
		{"Unclosed configuration block", "A block is not closed", "Write the closing brace } on a line of its own.", ""},
		{"Unclosed configuration body", "A block is not closed", "Write the closing brace } on a line of its own.", ""},
		{"Argument or block definition required", "Neither an attribute nor a block", `Write an attribute as name = value, and a block as name "label" { … }.`, ""},
		{"Invalid multi-line string", "A text over several lines", "Close the quotes on the same line, or write the text as <<EOT … EOT.", ""},
		{"Unterminated string literal", "A text is not closed", "Write the closing quotes.", ""},
		{"Unterminated template string", "A text is not closed", "Write the closing quotes.", ""},
		{"Invalid character encoding", "A file is not UTF-8", "Save the file as UTF-8.", "bad-encoding"},
		{"Incorrect JSON value type", "Wrong type", "", "wrong-type"},
		{"Extraneous JSON object property", "Unknown block or attribute", "", "unknown-attribute"},
		{"Unexpected ", "Unexpected block or directive", "", ""},
		{"Extra characters in", "Extra characters", "", ""},
	}
}

// didYouMean is a question after the candidate that was most likely meant, or
// the list of what is allowed.
func didYouMean(given string, candidates []string) string {
	if s := diag.Suggest(given, candidates); s != "" {
		return fmt.Sprintf("Did you mean %q?", s)
	}
	return ""
}

// quoted lists words for a sentence: "a", "b" and "c".
func quoted(words []string, last string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" " + last + " ")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", w)
	}
	return b.String()
}
