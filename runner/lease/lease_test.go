package lease_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"transition/runner/lease"
)

// TestMain lets the test binary be the other process: it takes the lock, says
// so, and waits to be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("LEASE_TEST_TAKE"); path != "" {
		if _, err := lease.Take(path); err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Stdout.WriteString("taken\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestTakeExcludesOthersUntilRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.lock")
	if held, err := lease.Taken(path); err != nil || held {
		t.Fatalf("before anybody took it: Taken = %t, %v", held, err)
	}
	lock, err := lease.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lease.Take(path); !errors.Is(err, lease.ErrHeld) {
		t.Errorf("a second Take: %v, want ErrHeld", err)
	}
	if held, err := lease.Taken(path); err != nil || !held {
		t.Errorf("while it is held: Taken = %t, %v", held, err)
	}
	for range 2 {
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
	}
	again, err := lease.Take(path)
	if err != nil {
		t.Fatalf("after Release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestClosingTheFileElsewhereKeepsLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.lock")
	lock, err := lease.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, err := os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := lease.Take(path); !errors.Is(err, lease.ErrHeld) {
		t.Errorf("after the file was read and closed: Take = %v, want ErrHeld", err)
	}
}

func TestDeletedFileIsNoLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.lock")
	lock, err := lease.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if held, err := lease.Taken(path); err != nil || held {
		t.Errorf("Taken = %t, %v", held, err)
	}
}

func TestLockDiesWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LEASE_TEST_TAKE="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "taken\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	if held, err := lease.Taken(path); err != nil || !held {
		t.Errorf("while the other process lives: Taken = %t, %v", held, err)
	}
	if _, err := lease.Take(path); !errors.Is(err, lease.ErrHeld) {
		t.Errorf("while the other process lives: Take = %v, want ErrHeld", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the killed process ended well")
	}
	lock, err := lease.Take(path)
	if err != nil {
		t.Fatalf("after the other process was killed: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
}

// Whoever is alone with a file is in nobody's way who has the lock on it, or reads it.
func TestAloneExcludesItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.mark")
	if err := os.WriteFile(path, []byte("mark"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := lease.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	var n atomic.Int64 // the count tells whether two are at it
	var all sync.WaitGroup
	for range 4 {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all.Go(func() {
			for range 500 {
				if err := lease.Alone(f, func() error {
					was := n.Load()
					if b, err := os.ReadFile(path); err != nil || string(b) != "mark" {
						return fmt.Errorf("it reads %q, %w", b, err)
					}
					n.Store(was + 1)
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n.Load() != 2000 {
		t.Errorf("%d of 2000 were alone", n.Load())
	}
}
