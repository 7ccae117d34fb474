package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2/maybe"

	"transition/plans"
	"transition/runner"
	"transition/runner/crashpoint"
	"transition/runner/regular"
	"transition/schema/diag"
)

// readSaved reads a saved plan, from a regular file only: a pipe may never end.
func readSaved(name string) (*runner.SavedPlan, diag.List) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, diag.List{noSaved(name)}
	case err != nil:
		return nil, diag.List{unreadSaved(name, "cannot be read: "+plain(err))}
	case info.IsDir():
		return nil, diag.List{unreadSaved(name, "is a directory")}
	case !info.Mode().IsRegular():
		return nil, diag.List{unreadSaved(name, "is not a regular file")}
	case info.Size() > runner.MaxSavedPlan:
		return nil, diag.List{unreadSaved(name, fmt.Sprintf("is larger than %d MiB", runner.MaxSavedPlan>>20))}
	}
	f, err := regular.Open(name)
	if err != nil {
		return nil, diag.List{unreadSaved(name, "cannot be read: "+plain(err))}
	}
	defer f.Close()
	return runner.ReadPlan(f)
}

func noSaved(name string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "no-such-plan", Summary: "There is no such plan",
		Detail: fmt.Sprintf("There is no saved plan at %q.", name),
		Hint:   "Name a file that transition plan -out=FILE has written. What the plan directory holds is shown by: transition show",
	}
}

func unreadSaved(name, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "saved-plan", Summary: "The saved plan cannot be read",
		Detail: fmt.Sprintf("%q %s.", name, why),
		Hint:   "Name a file that transition plan -out=FILE has written.",
	}
}

// checkOut finds out whether a plan could be saved under a name, before anybody
// waits for it; an empty name is none.
func checkOut(name string) diag.List {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return diag.List{notSaved(name, "is a directory")}
	} else if err == nil && !info.Mode().IsRegular() { // which a file would replace
		return diag.List{notSaved(name, "is not a regular file")}
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".transition-*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return diag.List{notSaved(name, "lies in a directory that does not exist")}
	case err != nil:
		return diag.List{notSaved(name, "cannot be written: "+plain(err))}
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return diag.List{notSaved(name, "cannot be written: "+plain(err))}
	}
	return nil
}

// savePlan writes the saved plan in one step: the file is whole or not there.
func savePlan(p opened, name string, plan *plans.Plan) diag.List {
	var b bytes.Buffer
	err := p.SavePlan(&b, plan)
	crashpoint.Hit("saved.before_write")
	if err == nil {
		err = maybe.WriteFile(name, b.Bytes(), 0o600)
	}
	crashpoint.Hit("saved.after_write")
	if err != nil {
		return diag.List{notSaved(name, "cannot be written: "+plain(err))}
	}
	return nil
}

func notSaved(name, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "plan-not-saved", Summary: "The plan cannot be saved",
		Detail: fmt.Sprintf("The file of -out, %q, %s.", name, why),
		Hint:   "Name a file in a directory that is there and that you may write to, as in -out=friday.plan",
	}
}

// plain is the text of an error without the system call and the path.
func plain(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return err.Error()
}
