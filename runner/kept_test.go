package runner

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"transition/runner/store"
)

// keptFiles makes files as a state keeps them, given as path, content, path, content.
func keptFiles(all ...string) []store.File {
	var files []store.File
	for i := 0; i < len(all); i += 2 {
		content := all[i+1]
		files = append(files, store.File{
			Path: all[i], SHA256: sha256.Sum256([]byte(content)), Size: int64(len(content)),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
		})
	}
	return files
}

func TestKeptFilesAreAFileSystem(t *testing.T) {
	files := keptFiles("p.transition.hcl", "plan", "mail/notice.md", "text", "mail/deep/er.md", "", "tenants.csv", "id\n")
	k := newKeptFS(files, time.Unix(0, 0).UTC())
	if err := fstest.TestFS(k, "p.transition.hcl", "mail/notice.md", "mail/deep/er.md", "tenants.csv"); err != nil {
		t.Fatal(err)
	}
	info, err := fs.Stat(k, "mail/notice.md")
	if err != nil || info.Size() != 4 || !info.Mode().IsRegular() {
		t.Errorf("a file is %+v, %v", info, err)
	}
}

// What was not kept is that of today; what was kept is never that.
func TestKeptFilesComeBeforeThoseOfToday(t *testing.T) {
	k := newKeptFS(keptFiles("mail/notice.md", "then"), time.Unix(0, 0).UTC())
	if _, err := k.Open("mail/new.md"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was not kept: %v", err)
	}
	k.beyond = fstest.MapFS{
		"mail/notice.md": &fstest.MapFile{Data: []byte("today")},
		"mail/new.md":    &fstest.MapFile{Data: []byte("today")},
	}
	for name, want := range map[string]string{"mail/notice.md": "then", "mail/new.md": "today"} {
		if got, err := fs.ReadFile(k, name); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v, want %q", name, got, err, want)
		}
	}
	names, err := fs.ReadDir(k, "mail")
	if err != nil || len(names) != 1 {
		t.Errorf("the directory lists %v, %v, want what was kept", names, err)
	}
	if _, err := k.Open("../p"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a path that leads out: %v", err)
	}
}
