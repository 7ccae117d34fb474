package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Whoever follows a hint must get what it promises: every command line that any text
// of the program names is one that the program takes.
func TestCommandsInTextsCanBeRun(t *testing.T) {
	root := newRoot(Env{}, new(globals), nil)
	n := 0
	for _, text := range texts(t, filepath.Join("..", "..", "..", "..")) {
		for words := range strings.Lines(text.words) {
			for _, at := range begins.FindAllStringIndex(words, -1) {
				line, prose := commandLine(root, words[at[1]:])
				if prose {
					continue
				}
				n++
				if problem := wrong(root, line); problem != "" {
					t.Errorf("%s: transition %s: %s", text.at, strings.Join(line, " "), problem)
				}
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d command lines were found", n)
	}
}

func TestWrongCommandsInTextsAreFound(t *testing.T) {
	root := newRoot(Env{}, new(globals), nil)
	for _, line := range []string{
		"resolv X -done -reason=...", "resolve X -don -reason=...", "resolve X -done", "resolve -done -reason=...",
		"history", "help tenants", "breaker close X -reason=...", "approve|refuse X -reason=...", "apply -out=FILE",
	} {
		words, prose := commandLine(root, line)
		if prose || wrong(root, words) == "" {
			t.Errorf("transition %s is taken for %q", line, words)
		}
	}
}

// begins is where a command line begins. What follows where it is none, because the
// tool is meant, or the command as such, is one of prose.
var (
	begins = regexp.MustCompile(`(?:^|[^\w."])transition `)
	prose  = []string{"that", "as", "item", "needs", "must", "has", unknown}
)

// commandLine is what of a text belongs to a command: subcommands, flags, and
// arguments, which are in capitals, quoted, or not known before; none: it is prose.
func commandLine(root *cobra.Command, text string) (line []string, none bool) {
	at := root
	if strings.HasSuffix(text, " ") {
		return nil, true // the rest comes from elsewhere
	}
	for i, word := range strings.Fields(text) {
		bare := strings.TrimRight(word, ".,;:`)")
		if strings.HasSuffix(word, "...") {
			bare = word
		}
		if i == 0 && !unicode.IsLower(rune(word[0])) || slices.Contains(prose, word) && (i == 0 || i == 1 && word != unknown) {
			return nil, true
		}
		first, _, _ := strings.Cut(bare, "|")
		sub, _, _ := at.Find([]string{first})
		switch {
		case i == 0, sub != at, at.Name() == "breaker", i == 1 && line[0] == "help":
			at = sub
		case strings.HasPrefix(word, "-"), strings.ContainsAny(bare, "%'./") || word == unknown,
			len(bare) > 1 && bare == strings.ToUpper(bare):
		default:
			return line, false
		}
		if line = append(line, bare); bare != word {
			return line, false
		}
	}
	return line, len(line) == 0
}

// wrong says why a command line cannot be run; empty: it can.
func wrong(root *cobra.Command, line []string) string {
	for i, word := range line { // each of several commands
		if one, other, ok := strings.Cut(word, "|"); ok && !strings.HasPrefix(word, "-") {
			if problem := wrong(root, slices.Concat(line[:i], []string{other}, line[i+1:])); problem != "" {
				return problem
			}
			line[i] = one
		}
	}
	if line[0] == "help" {
		if len(line) == 1 || line[1] == unknown || line[1] == "TOPIC" {
			return ""
		}
		if topic, _, err := root.Find(line[1:]); err != nil || topic == root {
			return "there is no such topic"
		}
		return ""
	}
	cmd, args, err := root.Find(line)
	if err != nil || cmd == root {
		return "there is no such command"
	}
	var given, plain []string
	for _, word := range args {
		if !strings.HasPrefix(word, "-") {
			plain = append(plain, word)
			continue
		}
		for flag := range strings.SplitSeq(word, "|") {
			name, _, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
			if given = append(given, name); flagOf(cmd, name) == nil {
				return "there is no flag " + flag
			}
		}
	}
	if cmd.Flag("reason") != nil && !slices.Contains(given, "reason") {
		return "it needs a reason"
	}
	if !cmd.Runnable() {
		return "it needs a subcommand"
	}
	if err := cmd.ValidateArgs(plain); err != nil {
		return err.Error()
	}
	return ""
}

func flagOf(cmd *cobra.Command, name string) *pflag.Flag {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f
	}
	return cmd.InheritedFlags().Lookup(name)
}

// unknown stands in a text for what is only known when the program runs.
const unknown = "X"

type textAt struct{ at, words string }

// texts are the texts in the program's source, with their places.
func texts(t *testing.T, dir string) []textAt {
	t.Helper()
	var all []textAt
	set := token.NewFileSet()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, path, src, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			words, ok := textOf(n)
			if ok {
				all = append(all, textAt{set.Position(n.Pos()).String(), words})
			}
			return !ok
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// textOf is the text of a literal, or of literals that are put together with what
// is not known.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(n.Value)
		return s, err == nil && n.Kind == token.STRING
	case *ast.BinaryExpr:
		a, one := textOf(n.X)
		b, other := textOf(n.Y)
		if n.Op != token.ADD || !one && !other {
			return "", false
		}
		if !one {
			a = unknown
		}
		if !other {
			b = unknown
		}
		return a + b, true
	default:
		return "", false
	}
}
