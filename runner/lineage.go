package runner

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/renameio/v2/maybe"

	"transition/runner/regular"
	"transition/schema/diag"
)

// lineageFile lies beside the plan and says which recorded state belongs to it.
const lineageFile = ".transition.lineage"

// maxLineageFile bounds what is read of it, in bytes.
const maxLineageFile = 64 << 10

// newLineage makes a random identity in the form of a UUID (RFC 9562, version 4).
func newLineage() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isLineage reports whether a text has the form that newLineage gives.
func isLineage(s string) bool {
	return regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(s)
}

// unfinished stands behind the lineage while init makes the state: then that is
// not there yet, or nothing is recorded in it.
const unfinished = " unfinished"

var errUnfinished = errors.New("the init that was to make that state was cut off")

// lineage reads which state belongs to the plan; empty: none was made yet. With
// errUnfinished it is being made. A file that does not say so is an error,
// whatever it holds.
func (p *Project) lineage() (string, error) {
	info, err := p.root.Stat(lineageFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", unreadable(err)
	case !info.Mode().IsRegular(): // reading a pipe might never end
		return "", errors.New("it is not a regular file")
	}
	f, err := regular.FS(p.root).Open(lineageFile)
	if err != nil {
		return "", unreadable(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxLineageFile))
	if err != nil {
		return "", unreadable(err)
	}
	return parseLineage(string(b))
}

func parseLineage(content string) (string, error) {
	lineage := strings.TrimSpace(content)
	made, cut := strings.CutSuffix(lineage, unfinished)
	switch {
	case cut && isLineage(made):
		return made, errUnfinished
	case lineage == "":
		return "", errors.New("it is empty")
	case !isLineage(lineage):
		return "", errors.New("it does not hold one lineage, a UUID, and nothing else")
	}
	return lineage, nil
}

func unreadable(err error) error { return fmt.Errorf("it cannot be read: %w", plain(err)) }

// plain leaves the name of the system call, and the path, out of an error.
func plain(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// writeLineage says which state belongs to the plan.
func (p *Project) writeLineage(words string) error {
	return maybe.WriteFile(filepath.Join(p.dir, lineageFile), []byte(words+"\n"), 0o644)
}

func lineageProblem(err error) diag.Diagnostic {
	hint := "Restore it from version control. If nothing was ever recorded for this plan, remove it."
	if errors.Is(err, errUnfinished) {
		hint = "Let it be brought to its end: transition init"
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "lineage-file", Summary: lineageFile + " cannot be used",
		Detail: fmt.Sprintf("The file %s beside the plan says which recorded state belongs to it, but %v.", lineageFile, err),
		Hint:   hint,
	}
}

// lineageUnwritten is for a file that could not be written, or taken back.
func lineageUnwritten(err error) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "lineage-file", Summary: lineageFile + " cannot be written",
		Detail: fmt.Sprintf("The file %s beside the plan says which recorded state belongs to it. It could not be changed: %v.", lineageFile, plain(err)),
		Hint:   "Make the plan directory writable for you, and see that there is room on its disk.",
	}
}
