//go:build unix

package regular_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"

	"transition/runner/regular"
)

// swapped is a directory whose file "pipe" has become a named pipe after whoever
// opens it has looked: nobody will ever write into it.
func swapped(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAPipeIsRefusedWithoutALook(t *testing.T) {
	dir := swapped(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, open := range map[string]func() error{
		"by its path": func() error { _, err := regular.Open(filepath.Join(dir, "pipe")); return err },
		"whole":       func() error { _, err := regular.ReadFile(filepath.Join(dir, "pipe"), 1); return err },
		"in a root":   func() error { _, err := regular.FS(root).Open("pipe"); return err },
		"a device":    func() error { _, err := regular.Open("/dev/zero"); return err },
		"a directory": func() error { _, err := regular.Open(filepath.Join(dir, "dir")); return err },
	} {
		if err := open(); !errors.Is(err, regular.ErrIrregular) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFS(t *testing.T) {
	dir := swapped(t)
	if err := os.Remove(filepath.Join(dir, "pipe")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := fstest.TestFS(regular.FS(root), "file", "dir"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if _, err := regular.FS(root).Open("out"); err == nil {
		t.Error("a link led out of the root")
	}
}

func TestReadFileIsBounded(t *testing.T) {
	file := filepath.Join(swapped(t), "file")
	if b, err := regular.ReadFile(file, 4); err != nil || string(b) != "text" {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := regular.ReadFile(file, 3); !errors.As(err, new(*fs.PathError)) {
		t.Errorf("larger than allowed: %v", err)
	}
}
