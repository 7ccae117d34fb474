//go:build unix

package sqlite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	lib "modernc.org/sqlite/lib"

	"transition/plans/ledger"
	"transition/runner/store"
)

// apart reports whether the test may go on: a limit is one of the whole process,
// also for what package testing writes, so the test runs in one of its own.
func apart(t *testing.T) bool {
	t.Helper()
	const mark = "STORE_TEST_APART"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), mark+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
	return false
}

// limit lets no file grow beyond so many bytes, as a full disk would not, until
// the returned function is called or the test ends.
func limit(t *testing.T, most uint64) (lift func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	set := func(to uint64) {
		now := before
		now.Cur = to
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
			t.Error(err)
		}
	}
	lift = func() { set(before.Cur) }
	t.Cleanup(lift)
	set(most)
	return lift
}

// TestCreateWithoutRoom: a state that could not be made leaves nothing behind.
func TestCreateWithoutRoom(t *testing.T) {
	if !apart(t) {
		return
	}
	for most := uint64(0); ; most += 5000 {
		path := filepath.Join(t.TempDir(), "state.db")
		lift := limit(t, most)
		s, err := Create(t.Context(), path, production())
		lift()
		if err == nil {
			closeLater(t, s)
			if most < 20000 {
				t.Errorf("a state fits into files of %d bytes", most)
			}
			return
		}
		explains(t, err, store.ErrFull, path, "Make room")
		// It may have been made, and not be opened for want of room.
		left := strings.Join(names(t, filepath.Dir(path)), " ")
		if strings.Contains(left, ".new-") || strings.Contains(left, ".room-") {
			t.Errorf("with room for %d bytes it has left %s", most, left)
		}
	}
}

func TestOpenWithoutRoom(t *testing.T) {
	if !apart(t) {
		return
	}
	path := closed(t, func(s *Store) { populate(t, s) })
	for _, mode := range []Mode{ReadWrite, ReadOnly} {
		lift := limit(t, 20000) // less than the index of the -wal file takes
		s, err := Open(t.Context(), path, mode)
		lift()
		if err == nil {
			closeLater(t, s)
		}
		explains(t, err, store.ErrFull, path, "Make room")
	}
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	sound(t, s)
}

func TestCommitWithoutRoom(t *testing.T) {
	if !apart(t) {
		return
	}
	s := newStore(t, production())
	populate(t, s)
	lease := take(t, s)
	var facts []ledger.Fact
	for i := range 60 {
		facts = append(facts, ledger.Fact{At: day, Tenant: fmt.Sprint("new", i), Kind: ledger.Held, Reason: strings.Repeat("why ", 50)})
	}
	lift := limit(t, uint64(size(s.path+"-wal"))+20000)
	_, err := lease.Commit(t.Context(), store.Commit{Now: day, Facts: facts})
	lift()
	explains(t, err, store.ErrFull, s.path, "Make room")
	commit(t, lease, facts...)
	sound(t, s)
}

// TestFailedDisk: where there is room, the engine's trouble with a disk is
// neither a full one nor a missing right.
func TestFailedDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	for _, code := range []int{lib.SQLITE_IOERR, lib.SQLITE_IOERR_WRITE, lib.SQLITE_IOERR_FSYNC, lib.SQLITE_IOERR_SHMSIZE} {
		advice, kind := classifyCode(path, code)
		if kind != store.ErrDisk || !strings.Contains(advice, "log") || strings.Contains(advice, "right") {
			t.Errorf("code %d is %v: %s", code, kind, advice)
		}
	}
	if left := names(t, filepath.Dir(path)); len(left) > 0 {
		t.Errorf("it has left %v", left)
	}
}
