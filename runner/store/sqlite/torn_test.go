package sqlite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"transition/plans/ledger"
	"transition/runner/store"
)

// onDisk are the files of a state after a commit.
type onDisk struct {
	serial        int64
	db, wal, mark []byte
}

// sector is what a disk writes as a whole, at best.
const sector = 512

// torn is a file of which some sectors were written anew when the power went, in
// no order, and some were not.
func torn(r *rand.Rand, before, after []byte) []byte {
	out := bytes.Clone(after[:min(len(after), len(before)+r.IntN(max(1, len(after)-len(before)+1)))])
	for i := 0; i < len(out); i += sector {
		if end := min(i+sector, len(out)); r.IntN(2) == 0 {
			clear(out[i:end])
			copy(out[i:end], before[min(i, len(before)):min(end, len(before))])
		}
	}
	return out
}

// TestTornWrites cuts the power in each of many commits, and in the checkpoints that
// some of them make: of what was not synced, any sectors may be on the disk. What
// was committed before is there, the commit under way is whole or is not there, and
// nothing is said to be lost.
func TestTornWrites(t *testing.T) {
	s := newStore(t, production())
	lease := take(t, s)
	if _, err := s.write.conn.ExecContext(t.Context(), "PRAGMA wal_autocheckpoint = 60"); err != nil {
		t.Fatal(err)
	}
	read := func(suffix string) []byte {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var all []onDisk
	for i := range 60 {
		var facts []ledger.Fact
		for n := range 4 {
			facts = append(facts, ledger.Fact{At: day, Tenant: fmt.Sprint("t", i, "-", n), Kind: ledger.Held, Reason: strings.Repeat("why ", 100)})
		}
		done, err := lease.Commit(t.Context(), store.Commit{Now: day, Facts: facts})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, onDisk{done.Serial, read(""), read("-wal"), read(".mark")})
	}
	r := rand.New(rand.NewPCG(29, 0))
	seen := make(map[string]int)
	for i := range len(all) - 1 {
		old, now := all[i], all[i+1]
		mark := all[r.IntN(i+1)].mark // nobody waits for it
		checkpoint, restart := !bytes.Equal(old.db, now.db), len(now.wal) > 32 && !bytes.Equal(old.wal[:32], now.wal[:32])
		cut := map[string]onDisk{"commit": {old.serial, old.db, torn(r, old.wal, now.wal), mark}}
		if checkpoint {
			cut["checkpoint"] = onDisk{now.serial, torn(r, old.db, now.db), now.wal, mark}
		}
		if restart {
			seen["restart"]++
		}
		if !checkpoint && !restart && i%4 > 0 {
			continue // there are many like it
		}
		for what, files := range cut {
			seen[what]++
			serial := afterwards(t, fmt.Sprint(what, " ", i+1), files)
			switch serial {
			case files.serial:
				seen["without"]++
			case now.serial:
				seen["with"]++
			default:
				t.Errorf("%s %d: serial %d, and %d was on the disk", what, i+1, serial, files.serial)
			}
		}
	}
	for _, what := range []string{"commit", "checkpoint", "restart", "without"} {
		if seen[what] == 0 {
			t.Errorf("there was no %s: %v", what, seen)
		}
	}
}

// afterwards opens what is on a disk after a power cut. It must be sound.
func afterwards(t *testing.T, what string, files onDisk) int64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	for suffix, b := range map[string][]byte{"": files.db, "-wal": files.wal, ".mark": files.mark} {
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), path, ReadWrite)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return 0
	}
	defer s.Close()
	m, err := s.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.Lost != nil {
		t.Errorf("%s: it is said that %+v is lost", what, m.Lost)
	}
	report, err := s.Verify(t.Context())
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("%s: %v, %q", what, err, report.Problems)
	}
	return m.Serial
}
