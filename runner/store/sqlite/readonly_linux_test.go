package sqlite

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
)

// unprivileged reports whether the test may go on: root may write everywhere, so
// for root the test runs as another user, in a process of its own.
func unprivileged(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return true
	}
	dir, err := os.MkdirTemp("", "unprivileged")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	chmod(t, 0o755, dir)
	program := filepath.Join(dir, "test")
	copyProgram(t, program)
	const nobody = 65534
	cmd := exec.Command(program, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as another user: %v\n%s", err, out)
	}
	return false
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, from); err != nil {
		t.Fatal(err)
	}
	chmod(t, 0o755, to)
}

func chmod(t *testing.T, mode os.FileMode, path string) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// protect takes the right to write to a directory away for the rest of the test.
func protect(t *testing.T, dir string) {
	t.Helper()
	chmod(t, 0o555, dir)
	t.Cleanup(func() { chmod(t, 0o755, dir) })
}

func TestReadOnlyDirectory(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	var want map[string]any
	path := closed(t, func(s *Store) {
		populate(t, s)
		want = dump(t, s)
	})
	chmod(t, 0o444, path)
	protect(t, filepath.Dir(path))
	_, err := Open(t.Context(), path, ReadWrite)
	explains(t, err, store.ErrReadOnly, path, "writable")

	s, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("what is read differs (-want +got):\n%s", diff)
	}
	sound(t, s)
	if _, held, err := s.Holder(t.Context()); err != nil || held {
		t.Errorf("Holder = %t, %v", held, err)
	}
	_, err = Create(t.Context(), filepath.Join(filepath.Dir(path), "new.db"), production())
	explains(t, err, store.ErrReadOnly, "new.db", "writable")
}

// TestReadOnlyDirectoryInUse: what was committed last may stand in the -wal file
// only, so the state must not be read as it lies there.
func TestReadOnlyDirectoryInUse(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	w := newStore(t, production())
	commit(t, take(t, w), enrolled("contoso"))
	protect(t, filepath.Dir(w.path))
	for _, mode := range []os.FileMode{0o600, 0o444} {
		chmod(t, mode, w.path)
		s, err := Open(t.Context(), w.path, ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := s.Record(t.Context(), "contoso"); err != nil || r == nil {
			t.Errorf("mode %o: the last commit was missed: %v, %v", mode, r, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadOnlyAfterCrash: where the engine may not make its files, a -wal file
// that nobody has worked in is an error, never ignored.
func TestReadOnlyAfterCrash(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	crashed := powerCut(t, newStore(t, production()))
	if err := crashed.Append(t.Context(), []ledger.Fact{enrolled("contoso")}, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(crashed.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, b, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	protect(t, filepath.Dir(path))
	s, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		explains(t, err, store.ErrReadOnly, path, "writable")
		return
	}
	closeLater(t, s)
	if r, err := s.Record(t.Context(), "contoso"); err != nil || r == nil {
		t.Errorf("the last commit was missed: %v, %v", r, err)
	}
}

func TestReadOnlyFile(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	path := closed(t, nil)
	chmod(t, 0o444, path)
	_, err := Open(t.Context(), path, ReadWrite)
	explains(t, err, store.ErrReadOnly, path, "writable")
}

func TestUnreadableFile(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	path := closed(t, nil)
	refuses := func() {
		t.Helper()
		for _, mode := range []Mode{ReadWrite, ReadOnly} {
			_, err := Open(t.Context(), path, mode)
			explains(t, err, store.ErrUnreadable, path, "readable for you")
			if strings.Contains(err.Error(), "written") {
				t.Errorf("the error speaks of writing: %v", err)
			}
		}
	}
	chmod(t, 0, path)
	refuses()
	protect(t, filepath.Dir(path))
	refuses()
	chmod(t, 0o600, path)
	chmod(t, 0, filepath.Dir(path))
	refuses()
}
