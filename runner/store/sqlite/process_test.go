package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/plans/ledger"
	"transition/runner/store"
)

// TestMain lets the test binary be another process that applies until it dies.
func TestMain(m *testing.M) {
	if path := os.Getenv("STORE_TEST_APPLY"); path != "" {
		fmt.Println(applyForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// applyForEver commits one tenant after the other and says so of each.
func applyForEver(path string) error {
	s, err := Open(context.Background(), path, ReadWrite)
	if err != nil {
		return err
	}
	lease, err := s.Lease(context.Background(), store.Holder{User: "ann", PID: os.Getpid(), Since: day})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		done, err := lease.Commit(context.Background(), store.Commit{Now: day, Facts: []ledger.Fact{enrolled(tenantID(i))}})
		if err != nil {
			return err
		}
		fmt.Println(done.Serial)
	}
}

// TestKilledProcess: what a killed process has reported is there, and its lease
// is free at once.
func TestKilledProcess(t *testing.T) {
	path := closed(t, nil)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_APPLY="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var reported int64
	hear := func() {
		if n, err := fmt.Sscan(lines.Text(), &reported); err != nil {
			t.Fatalf("the other process said %q: %d, %v", lines.Text(), n, err)
		}
	}
	for reported < 50 && lines.Scan() {
		hear()
	}
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	var held *store.HeldError
	if _, err := s.Lease(t.Context(), store.Holder{User: "bob"}); !errors.As(err, &held) || held.Holder.PID != cmd.Process.Pid {
		t.Errorf("while the other process applies: %v, want a *HeldError that names it", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		hear()
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the killed process ended well")
	}
	lease := take(t, s)
	meta, err := s.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if reported < 50 || meta.Serial < reported {
		t.Errorf("the other process has reported serial %d, and the state has %d", reported, meta.Serial)
	}
	commit(t, lease, enrolled("contoso"))
	sound(t, s)
}

// TestTwoHandles lets two processes' worth of handles write in turn: neither may
// go on with what it remembers.
func TestTwoHandles(t *testing.T) {
	a := newStore(t, production())
	b, err := Open(t.Context(), a.path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, b)
	lease := take(t, a)
	for i := range 6 {
		// Each brings names that the other does not know.
		batch := fmt.Sprint("batch", i)
		fact := ledger.Fact{At: day, Tenant: "contoso", Kind: ledger.Placed, Epoch: i, Batch: batch, Zone: batch + "/zone"}
		if i%2 == 0 {
			commit(t, lease, fact)
		} else if err := b.Append(t.Context(), []ledger.Fact{fact}, nil); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Store{a, b} {
			r, err := s.Record(t.Context(), "contoso")
			if err != nil {
				t.Fatal(err)
			}
			if r.Rev != int64(i+1) || r.Batch != batch {
				t.Errorf("after write %d a handle sees revision %d in %s", i+1, r.Rev, r.Batch)
			}
		}
	}
	sound(t, a)
	sound(t, b)
}

// TestEpochFences: a lease whose lock was lost, as when its file was deleted,
// is fenced off by the epoch in the database.
func TestEpochFences(t *testing.T) {
	a := newStore(t, production())
	old := take(t, a)
	commit(t, old, enrolled("contoso"))
	if err := os.Remove(a.lockPath()); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), a.path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, b)
	commit(t, take(t, b), enrolled("fabrikam"))
	_, err = old.Commit(t.Context(), store.Commit{Now: day, Facts: []ledger.Fact{enrolled("tailspin")}})
	explains(t, err, store.ErrFenced, a.path, "lease epoch 2", "had epoch 1")
	sound(t, b)
}

func TestLinksLeadToOneLock(t *testing.T) {
	s := newStore(t, production())
	take(t, s)
	other, err := Open(t.Context(), link(t, s.path, filepath.Join(t.TempDir(), "link.db")), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, other)
	var held *store.HeldError
	if _, err := other.Lease(t.Context(), store.Holder{}); !errors.As(err, &held) {
		t.Errorf("a second lease by another name of the file: %v, want a *HeldError", err)
	}
}

// Of two names that a file has, each would have a lock.
func TestHardLinksAreRefused(t *testing.T) {
	s := newStore(t, production())
	other := filepath.Join(filepath.Dir(s.path), "other.db")
	if err := os.Link(s.path, other); err != nil {
		t.Skip("no hard links here:", err)
	}
	for _, path := range []string{s.path, other} {
		_, err := Open(t.Context(), path, ReadWrite)
		explains(t, err, store.ErrForeign, path, "a hard link leads to the same file", "Remove the other name")
	}
	if err := os.Rename(other, s.path+unpublished+"1"); err != nil { // as a Create leaves it that was killed
		t.Fatal(err)
	}
	again, err := Open(t.Context(), s.path, ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, again)
}

func TestReadOnlyChangesNothing(t *testing.T) {
	path := closed(t, func(s *Store) { populate(t, s) })
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, s)
	_, err = s.Lease(t.Context(), store.Holder{})
	explains(t, err, store.ErrReadOnly, path)
	err = s.Append(t.Context(), []ledger.Fact{enrolled("contoso")}, nil)
	explains(t, err, store.ErrReadOnly, path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("reading has changed the file")
	}
	if diff := cmp.Diff([]string{"state.db", "state.db.lock", "state.db.mark"}, names(t, filepath.Dir(path))); diff != "" {
		t.Errorf("files after reading (-want +got):\n%s", diff)
	}
}

func TestReadOnlyWhileSomebodyWrites(t *testing.T) {
	w := newStore(t, production())
	lease := take(t, w)
	commit(t, lease, enrolled("contoso"))
	r, err := Open(t.Context(), w.path, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, r)
	commit(t, lease, enrolled("fabrikam"))
	n := 0
	for _, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		commit(t, lease, enrolled(fmt.Sprint("later", n)))
		n++
	}
	if n != 2 {
		t.Errorf("the reader has seen %d tenants, want 2", n)
	}
	if h, held, err := r.Holder(t.Context()); err != nil || !held || h.User != "ann" {
		t.Errorf("Holder = %+v, %t, %v", h, held, err)
	}
}
