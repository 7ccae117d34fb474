package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"transition/runner/regular"
	"transition/schema/diag"
	"transition/schema/hclconfig"
)

// planFile is how the names of plan files in HCL's own syntax end.
const planFile = ".transition.hcl"

type fmtArgs struct {
	dir       string
	check     bool
	diff      bool
	recursive bool
}

func newFmt(env Env, g *globals) *cobra.Command {
	var a fmtArgs
	cmd := face{
		use: "fmt [DIR]", short: "brings plan files into their canonical form",
		long: `
Rewrites the *.transition.hcl files of the directory and prints the names of
those that it changed. With -check it changes nothing and exits with 1 when a
file is not in its canonical form.`,
		example: "fmt\nfmt -check -diff -recursive",
		noJSON:  true,
	}.command(atMost(1, "directory"), func(_ *cobra.Command, args []string) error {
		a.dir = first(args, ".")
		return runFmt(env, g, a)
	})
	f := cmd.Flags()
	f.BoolVar(&a.check, "check", false, "change nothing; exit with 1 when a file would change")
	f.BoolVar(&a.diff, "diff", false, "print what changes")
	f.BoolVar(&a.recursive, "recursive", false, "also in the directories below")
	return cmd
}

func runFmt(env Env, g *globals, a fmtArgs) error {
	files, err := planFiles(a.dir, a.recursive)
	if err != nil {
		return err
	}
	var diags diag.List
	changed := 0
	for _, name := range files {
		did, more, err := a.format(env, name)
		if err != nil {
			return err
		}
		diags = append(diags, more...)
		if did {
			changed++
		}
	}
	if err := report(env, g, diags); err != nil {
		return err
	}
	if a.check && changed > 0 {
		return exit(exitError)
	}
	return nil
}

// format brings one file into its canonical form, unless it is only checked.
func (a fmtArgs) format(env Env, name string) (changed bool, diags diag.List, err error) {
	before, err := readPlanFile(name)
	if err != nil {
		return false, diag.List{unformatted(name, err)}, nil
	}
	after, diags := hclconfig.Format(before, name)
	if diags.HasErrors() || bytes.Equal(before, after) {
		return false, diags, nil
	}
	if _, err := fmt.Fprintln(env.Stdout, name); err != nil {
		return false, nil, err
	}
	if a.diff {
		if _, err := env.Stdout.Write(diff.Diff("old/"+name, before, "new/"+name, after)); err != nil {
			return false, nil, err
		}
	}
	if a.check {
		return true, diags, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return false, nil, err
	}
	return true, diags, maybe.WriteFile(name, after, info.Mode().Perm())
}

var errLink = errors.New("it is a link")

// readPlanFile reads no more of a file than shows that it is too large.
func readPlanFile(name string) ([]byte, error) {
	if info, err := os.Lstat(name); err == nil && info.Mode().Type() == fs.ModeSymlink {
		return nil, errLink
	}
	f, err := regular.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, hclconfig.MaxFileSize+1))
}

// unformatted says why a file was not looked at.
func unformatted(name string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Subject: diag.Range{File: name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}}}
	switch {
	case errors.Is(err, errLink):
		d.Severity, d.Code, d.Summary = diag.Warning, "link", "A link is not formatted"
		d.Detail = fmt.Sprintf("%q is a link, and a file that is written anew would take its place.", name)
		d.Hint = "Format the file that it leads to."
	case errors.Is(err, regular.ErrIrregular):
		d.Code, d.Summary = "not-a-file", "Not a file"
		d.Detail, d.Hint = fmt.Sprintf("%q is not a regular file.", name), "Put a file there, or remove it."
	default:
		d.Code, d.Summary = "unreadable", "A file cannot be read"
		d.Detail, d.Hint = fmt.Sprintf("Reading it failed: %v.", err), "Check that you may read it."
	}
	return d
}

// planFiles lists what is named like a plan file in a directory, in the order of
// the names, whatever it is.
// Below it, hidden directories are left out.
func planFiles(dir string, recursive bool) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != dir && (!recursive || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(d.Name(), planFile):
			files = append(files, name)
		}
		return nil
	})
	return files, err
}
