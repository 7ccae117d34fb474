package sqlite

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"transition/runner/store"
	"transition/runner/store/storetest"
)

// keep adopts a plan of files, given as path, content, path, content.
func keep(t testing.TB, l store.Lease, files ...string) {
	t.Helper()
	a := &store.Adoption{Digest: "d", Inventory: "i", Vars: []string{"days=7"}, Withheld: []string{"password"}}
	for i := 0; i < len(files); i += 2 {
		a.Files = append(a.Files, storetest.Kept(files[i], files[i+1], new(int)))
	}
	if _, err := l.Commit(t.Context(), store.Commit{Now: day, Adopt: a}); err != nil {
		t.Fatal(err)
	}
}

// parts counts the rows in which contents are kept.
func parts(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM contents").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestContentsThatNobodyNeedsAreDeleted(t *testing.T) {
	s := newStore(t, production())
	l := take(t, s)
	keep(t, l, "a", strings.Repeat("a", 3*partSize+1), "b", "same", "c", "same")
	if n := parts(t, s); n != 5 { // equal files are kept once
		t.Errorf("%d parts are kept, want 5", n)
	}
	keep(t, l, "b", "same")
	if n := parts(t, s); n != 1 {
		t.Errorf("%d parts are kept, want 1", n)
	}
}

// gauge looks now and then at how much memory is in use while bytes go through.
type gauge struct {
	seen  int
	most  uint64
	empty uint64 // before
}

func newGauge() *gauge {
	g := &gauge{}
	g.look()
	g.empty, g.most = g.most, 0
	return g
}

func (g *gauge) look() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	g.most = max(g.most, m.HeapAlloc)
}

func (g *gauge) Write(b []byte) (int, error) {
	if before := g.seen; before>>23 != (before+len(b))>>23 { // every 8 MiB
		g.look()
	}
	g.seen += len(b)
	return len(b), nil
}

// under wants that some bytes have gone through, and that there was never much
// in memory.
func (g *gauge) under(t *testing.T, what string, size int, most uint64) {
	t.Helper()
	if g.seen != size || g.most > g.empty+most {
		t.Errorf("%s: %d of %d bytes, with %d MiB of memory", what, g.seen, size, (g.most-g.empty)>>20)
	}
}

// noise reads as bytes that hardly compress.
type noise uint32

func (n *noise) Read(b []byte) (int, error) {
	for i := range b {
		*n = *n*1664525 + 1013904223
		b[i] = byte(*n >> 24)
	}
	return len(b), nil
}

// TestLargeFilesAreStreamed keeps a file and reads it again, in much less memory
// than it has bytes.
func TestLargeFilesAreStreamed(t *testing.T) {
	const size, most = 50 << 20, 12 << 20
	h := sha256.New()
	if _, err := io.CopyN(h, new(noise), size); err != nil {
		t.Fatal(err)
	}
	s := newStore(t, production())
	l := take(t, s)
	in, out := newGauge(), newGauge()
	f := store.File{Path: "tenants.csv", SHA256: [32]byte(h.Sum(nil)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.TeeReader(io.LimitReader(new(noise), size), in)), nil
	}}
	if _, err := l.Commit(t.Context(), store.Commit{Now: day, Adopt: &store.Adoption{Digest: "d", Files: []store.File{f}}}); err != nil {
		t.Fatal(err)
	}
	in.under(t, "keeping", size, most)
	a, err := s.Adopted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Files[0].Copy(out); err != nil {
		t.Fatal(err)
	}
	out.under(t, "reading", size, most)
}

// Whoever reads the adopted plan while somebody adopts another one has not found a
// damaged state.
func TestAPlanThatIsReplacedWhileItIsRead(t *testing.T) {
	s := newStore(t, production())
	l := take(t, s)
	keep(t, l, "tenants.csv", strings.Repeat("a", 3*partSize))
	a, err := s.Adopted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r, partSize); err != nil {
		t.Fatal(err)
	}
	keep(t, l, "tenants.csv", "b")
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("reading on ends with %v", err)
	}
}

func TestVerifyFindsAnotherAdoptedPlan(t *testing.T) {
	whole, err := os.ReadFile(closed(t, func(s *Store) {
		l := take(t, s)
		keep(t, l, "a.md", "text", "p.transition.hcl", "plan")
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	const another, changed = "adopted plan that was changed", `The file "a.md" of the adopted plan is not what was kept`
	for name, test := range map[string]struct{ tamper, says string }{
		"a variable changed":  {"UPDATE adopted_vars SET value = '8' WHERE name = 'days'", another},
		"a variable revealed": {"UPDATE adopted_vars SET value = '8' WHERE name = 'password'", another},
		"a file removed":      {"DELETE FROM adopted_files WHERE path = 'a.md'", another},
		"a file swapped":      {"UPDATE adopted_files SET hash = (SELECT hash FROM adopted_files WHERE path = 'a.md')", another},
		"a content removed":   {"DELETE FROM contents WHERE hash = (SELECT hash FROM adopted_files WHERE path = 'a.md')", changed},
		"a content exchanged": {"UPDATE contents SET data = (SELECT data FROM contents ORDER BY data LIMIT 1), size = 4", "of the adopted plan is not what was kept"},
		"a content enlarged":  {"UPDATE contents SET size = 1 << 40 WHERE size = (SELECT size FROM contents LIMIT 1)", "of the adopted plan is not what was kept"},
		"a content cut":       {"UPDATE contents SET data = x'00'", changed},
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		script(t, path, test.tamper)
		s, err := Open(t.Context(), path, ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		report, err := s.Verify(t.Context())
		if found := strings.Join(report.Problems, "\n"); err != nil || !strings.Contains(found, test.says) {
			t.Errorf("%s: verify says %q, %v, want %q in it", name, found, err, test.says)
		}
		// And whoever would carry it out is stopped, too.
		a, err := s.Adopted(t.Context())
		for i := 0; err == nil && i < len(a.Files); i++ {
			err = a.Files[i].Copy(new(bytes.Buffer))
		}
		if err == nil {
			t.Errorf("%s: the plan is opened", name)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkAdopt keeps an inventory of 1,000,000 rows.
func BenchmarkAdopt(b *testing.B) {
	content := strings.Repeat("tenant-0000001,it@contoso.example,Europe/Berlin,ring1,1200,\"Contoso, Ltd.\",sales@contoso.example,yes\n", 1_000_000)
	s := newStore(b, production())
	l := take(b, s)
	b.SetBytes(int64(len(content)))
	for i := 0; b.Loop(); i++ {
		keep(b, l, "tenants.csv", content[i:])
	}
}
