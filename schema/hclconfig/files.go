package hclconfig

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"transition/schema/diag"
	"transition/schema/hclconfig/compile"
)

// The endings of the files that are looked at.
const (
	nativeEnding  = ".transition.hcl"
	jsonEnding    = ".transition.hcl.json"
	autoVarEnding = ".auto.hclvars"
)

func firstPos() hcl.Pos { return hcl.Pos{Line: 1, Column: 1} }

func wholeFile(name string) hcl.Range {
	return hcl.Range{Filename: name, Start: firstPos(), End: firstPos()}
}

// readFiles parses all plan files. It reports false when one of them could not
// be understood as a whole, and leaves that one out. All are read before the
// first is parsed, so that a plan that is too large costs no time.
func (l *loader) readFiles() (bodies []hcl.Body, whole bool) {
	names, whole := l.listPlan()
	sources := make(map[string][]byte, len(names))
	for _, name := range names {
		src, ok := l.read(name, wholeFile(name), nil)
		if l.total > maxTotalSize {
			return nil, false
		}
		if !ok {
			whole = false
			continue
		}
		sources[name] = src
	}
	for _, name := range names {
		src, ok := sources[name]
		if !ok {
			continue
		}
		body, ok := l.parse(name, src, asFound)
		if !ok {
			whole = false
			continue
		}
		bodies = append(bodies, body)
	}
	return bodies, whole
}

// listPlan lists the plan files in the root, sorted.
func (l *loader) listPlan() ([]string, bool) {
	names, err := l.list(nativeEnding, jsonEnding)
	switch {
	case err != nil:
		l.report(nil, hcl.Range{}, diag.Diagnostic{
			Code: "unreadable", Summary: "The plan directory cannot be read",
			Detail: fmt.Sprintf("Listing the plan directory failed: %s.", cause(err)),
			Hint:   "Check that the directory exists and that you may read it.",
		})
	case len(names) == 0:
		l.report(nil, hcl.Range{}, diag.Diagnostic{
			Code: "no-plan", Summary: "No plan in this directory",
			Detail: "The directory holds no file whose name ends in .transition.hcl or .transition.hcl.json.",
			Hint:   "Name the directory of a plan with -chdir=DIR, or make one with: transition init",
		})
	case len(names) > maxFiles:
		l.report(nil, wholeFile(names[maxFiles]), diag.Diagnostic{
			Code: "too-large", Summary: "Too many plan files",
			Detail: fmt.Sprintf("The directory holds %d plan files; at most %d are read.", len(names), maxFiles),
			Hint:   "Write tenants into an inventory instead of one file each.",
		})
	default:
		return names, true
	}
	return nil, false
}

// list gives the names of the files in the root that have one of the endings.
func (l *loader) list(endings ...string) ([]string, error) {
	entries, err := fs.ReadDir(l.fsys, ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		for _, ending := range endings {
			if strings.HasSuffix(e.Name(), ending) && !strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
				names = append(names, e.Name())
				break
			}
		}
	}
	return names, nil
}

// read gives the content of a file that is part of the plan, and records it. A
// mistake is reported at rng, in n.
func (l *loader) read(name string, rng hcl.Range, n *node) ([]byte, bool) {
	src, err := readRegular(l.fsys, name)
	var problem *fileProblem
	switch {
	case errors.As(err, &problem):
		l.report(n, rng, problem.about(name))
		return nil, false
	case err != nil:
		l.report(n, rng, diag.Diagnostic{
			Code: "unreadable", Summary: "A file cannot be read",
			Detail: fmt.Sprintf("Reading %q failed: %s.", name, cause(err)),
			Hint:   "Check that the file lies inside the plan directory and that you may read it.",
		})
		return nil, false
	}
	if l.total += len(src); l.total > maxTotalSize {
		l.report(n, rng, diag.Diagnostic{
			Code: "too-large", Summary: "The plan is too large",
			Detail: fmt.Sprintf("With %q, the files of the plan have more than %d MiB together.", name, maxTotalSize>>20),
			Hint:   "Write tenants into an inventory: inventories are read row by row and may be large.",
		})
		return nil, false
	}
	l.input.add(name, src)
	l.cfg.Sources[name] = src
	return src, true
}

// fileProblem is a file that is not read although it could be.
type fileProblem struct{ code, summary, what, hint string }

func (p *fileProblem) Error() string { return p.what }

func (p *fileProblem) about(name string) diag.Diagnostic {
	return diag.Diagnostic{Code: p.code, Summary: p.summary, Detail: fmt.Sprintf("%q %s.", name, p.what), Hint: p.hint}
}

func fileTooLarge() *fileProblem {
	return &fileProblem{
		code: "too-large", summary: "A file is too large", what: fmt.Sprintf("is larger than %d MiB, the most that is read", MaxFileSize>>20),
		hint: "Split it into several files, or write tenants into an inventory.",
	}
}

func (l *loader) fileTooLarge(name string) {
	l.report(nil, wholeFile(name), fileTooLarge().about(name))
}

// readRegular reads a file of at most MaxFileSize. Anything but a regular file
// is refused before it is opened, since a named pipe would never answer.
func readRegular(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fileProblem{code: "not-a-file", summary: "Not a file", what: "is not a regular file", hint: "Put a file there, or another name into the plan."}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(src) > MaxFileSize {
		return nil, fileTooLarge()
	}
	return src, nil
}

// parse reads a file of blocks or of variable values; told is what is said of its
// mistakes.
func (l *loader) parse(name string, src []byte, told func(hcl.Diagnostics) hcl.Diagnostics) (hcl.Body, bool) {
	if compile.Crowded(src) {
		l.crowded(name)
		return nil, false
	}
	tokens, e, bad := scanFile(name, src)
	if bad {
		l.tooMuch(nil, e)
		return nil, false
	}
	if !l.spend(name, tokens) {
		return nil, false
	}
	l.hidden(name, src)
	file, diags := parseFile(name, src)
	l.fromHCL(nil, told(untilLost(diags)))
	if diags.HasErrors() || file == nil || file.Body == nil {
		return nil, false
	}
	return file.Body, true
}

// hidden looks for characters that nobody sees: those that turn the direction of
// writing around make a plan read as something else than it is to the parser, also
// from within texts and comments (CVE-2021-42574), and NUL ends texts early.
func (l *loader) hidden(name string, src []byte) {
	at := bytes.IndexFunc(src, func(r rune) bool { return r == 0 || unicode.Is(unicode.Bidi_Control, r) })
	if at < 0 {
		return
	}
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "hidden-character", Summary: "A character that nobody sees",
		Detail: "The line holds a character that turns the direction of writing around, so that it may read as something else than it means.",
		Hint:   "Remove the character, or write it as \\u202e, with its own number.",
	}
	if src[at] == 0 {
		d.Severity = diag.Error
		d.Detail, d.Hint = "The line holds a NUL character, which no command, message or request could carry.", "Remove the character."
	}
	l.report(nil, lineRange(name, src, 1+bytes.Count(src[:at], []byte("\n"))), d)
}

// scanFile looks through a file that is not crowded, and counts its tokens.
func scanFile(name string, src []byte) (int, excess, bool) {
	if path.Ext(name) == ".json" {
		e, bad := scanJSON(src, name)
		return compile.Tokens(src), e, bad
	}
	tokens, _ := hclsyntax.LexConfig(src, name, firstPos())
	e, bad := scanTokens(tokens)
	return len(tokens), e, bad
}

// spend counts the tokens of the plan, which take memory for as long as it is
// open, and reports whether there are not too many yet.
func (l *loader) spend(name string, tokens int) bool {
	if l.tokens += tokens; l.tokens <= compile.MaxTokens {
		return true
	}
	l.crowded(name)
	return false
}

func (l *loader) crowded(name string) {
	l.report(nil, wholeFile(name), diag.Diagnostic{
		Code: "too-large", Summary: "The plan is too large",
		Detail: fmt.Sprintf("With %q, the files of the plan hold more than %d names, numbers and signs.", name, compile.MaxTokens),
		Hint:   "Write tenants into an inventory: inventories are read row by row and may be large.",
	})
}

func parseFile(name string, src []byte) (*hcl.File, hcl.Diagnostics) {
	if path.Ext(name) == ".json" {
		return json.Parse(src, name)
	}
	return hclsyntax.ParseConfig(src, name, firstPos())
}

// untilLost sorts the mistakes of a file by place, and leaves out what follows a
// text that is not closed: from there on the parser reads texts as code and code
// as text.
func untilLost(list hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(list, func(a, b *hcl.Diagnostic) int { return cmp.Compare(startOf(a), startOf(b)) })
	for i, d := range list {
		switch d.Summary {
		case "Invalid multi-line string", "Unterminated string literal", "Unterminated template string":
			return list[:i+1]
		}
	}
	return list
}

func startOf(d *hcl.Diagnostic) int {
	if d.Subject == nil {
		return 0
	}
	return d.Subject.Start.Byte
}

func (l *loader) tooMuch(n *node, e excess) {
	l.report(n, e.rng, diag.Diagnostic{
		Code: "too-deep", Summary: "An expression is too large",
		Detail: fmt.Sprintf("What stands here %s, which nobody writes on purpose.", e.what),
		Hint:   "Split it with locals.",
	})
}

// cause is an error without the path, which the sentence around it names.
func cause(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
