package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"transition/schema/diag"
)

// maxSize is how large a file may be: some millions of rows. It bounds what a
// hostile plan can make the tool read into memory.
const maxSize = 512 << 20

// openFile opens the inventory's file; nil after a mistake. What is not a
// regular file is refused before it is opened: a named pipe would never answer.
func openFile(fsys fs.FS, rep *report) fs.File {
	if !fs.ValidPath(rep.path) || strings.Contains(rep.path, `\`) {
		rep.badPath()
		return nil
	}
	info, err := fs.Stat(fsys, rep.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		rep.missing(fsys)
		return nil
	case err != nil:
		rep.unreadable(err)
		return nil
	case !info.Mode().IsRegular():
		rep.notRegular(info)
		return nil
	case info.Size() > maxSize:
		rep.tooLarge(info.Size())
		return nil
	}
	f, err := fsys.Open(rep.path)
	if err != nil {
		rep.unreadable(err)
		return nil
	}
	return f
}

// readFile reads a whole file into memory of just its size, and ends its last
// line, so that its rows can be read in any order; nil after a mistake.
func readFile(fsys fs.FS, rep *report) []byte {
	f := openFile(fsys, rep)
	if f == nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		rep.unreadable(err)
		return nil
	}
	if info.Size() > maxSize { // it was another file when it was opened
		rep.tooLarge(info.Size())
		return nil
	}
	data := make([]byte, info.Size(), info.Size()+1)
	if _, err := io.ReadFull(f, data); err != nil {
		rep.unreadable(err)
		return nil
	}
	if !bytes.HasSuffix(data, []byte("\n")) {
		data = append(data, '\n')
	}
	return data
}

func (r *report) badPath() {
	r.inPlan(r.inv.SourceRange, mistake{
		code:    "bad-inventory-path",
		summary: "An inventory lies outside of the plan directory",
		detail:  fmt.Sprintf("%q is not a path inside of the plan directory, and nothing outside of it is ever opened.", r.inv.Source),
		hint:    "Put the file beside the plan and write its path from there, with forward slashes, as in source = \"data/tenants.csv\".",
	})
}

func (r *report) missing(fsys fs.FS) {
	r.inPlan(r.inv.SourceRange, mistake{
		code:    "missing-inventory",
		summary: "An inventory does not exist",
		detail:  fmt.Sprintf("There is no file %q in the plan directory, and a missing inventory is never taken for an empty one.", r.path),
		hint:    r.similar(fsys),
	})
}

// similar says which file was meant, or which ones there are.
func (r *report) similar(fsys fs.FS) string {
	dir, base := path.Split(r.path)
	entries, err := fs.ReadDir(fsys, path.Clean(dir))
	if err != nil {
		return fmt.Sprintf("There is no directory %q either.", path.Clean(dir))
	}
	var names, tables []string
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		names = append(names, e.Name())
		if strings.EqualFold(path.Ext(e.Name()), ".csv") && len(tables) < 5 {
			tables = append(tables, dir+e.Name())
		}
	}
	if s := diag.Suggest(base, names); s != "" {
		return fmt.Sprintf("Did you mean %q?", dir+s)
	}
	if len(tables) > 0 {
		return fmt.Sprintf("Beside it lie: %s.", strings.Join(tables, ", "))
	}
	return "Write the file, or correct the path in source."
}

func (r *report) notRegular(info fs.FileInfo) {
	what := "not a regular file"
	if info.IsDir() {
		what = "a directory"
	}
	r.inPlan(r.inv.SourceRange, mistake{
		code:    "not-a-file",
		summary: "An inventory is not a file",
		detail:  fmt.Sprintf("%q is %s; an inventory is a CSV file.", r.path, what),
		hint:    "Write the path of the file itself, as in source = \"tenants.csv\".",
	})
}

func (r *report) tooLarge(size int64) {
	r.inPlan(r.inv.SourceRange, mistake{
		code:    "large-inventory",
		summary: "An inventory is too large",
		detail:  fmt.Sprintf("%q has %d MiB; at most %d MiB are read.", r.path, size>>20, maxSize>>20),
		hint:    "Split it into several inventories, or leave out columns that the plan does not use.",
	})
}
