package runner_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/store"
)

// failing is a state whose disk is full from its n-th commit on.
type failing struct {
	store.Store
	left int
}

func (s *failing) Lease(ctx context.Context, h store.Holder) (store.Lease, error) {
	l, err := s.Store.Lease(ctx, h)
	return &failingLease{l, s}, err
}

type failingLease struct {
	store.Lease
	state *failing
}

func (l *failingLease) Commit(ctx context.Context, c store.Commit) (store.Committed, error) {
	if l.state.left--; l.state.left < 0 {
		return store.Committed{}, &store.Error{Kind: store.ErrFull, What: "writing failed", Advice: "Make room."}
	}
	return l.Lease.Commit(ctx, c)
}

// duringEffects is how many commits an apply of the plan makes until the first
// effects run.
const duringEffects = 3

// TestFullDiskAtEveryCommit lets the disk be full from the first, the second, the
// third commit on: nothing happens without its intent, what has happened is in the
// file beside the state, and once that is pushed everything has happened once.
func TestFullDiskAtEveryCommit(t *testing.T) {
	const due = "2027-03-13 18:00"
	failures, dumps := 0, 0
	for n := 0; ; n++ {
		b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example", "cara,c@c.example")
		b.must("2027-03-01 18:00")
		p := b.open(runner.NeedRehearse, due)
		p.WrapState(func(s store.Store) store.Store { return &failing{s, n} })
		_, diags := b.carryOut(p, nil)
		did := b.fake.taken()
		if !diags.HasErrors() {
			if failures < 4 || dumps < 2 {
				t.Errorf("of %d failures %d came at an outcome", failures, dumps)
			}
			return
		}
		failures++
		if diags[len(diags)-1].Code != "disk-full" && diags[len(diags)-1].Code != "outcomes-not-recorded" {
			t.Errorf("commit %d: %v", n, diags)
		}
		files, err := filepath.Glob(filepath.Join(b.dir, ".transition", "errored-*.json"))
		if err != nil {
			t.Fatal(err)
		}
		recorded := 0
		for _, id := range []string{"acme", "beta", "cara"} {
			if b.state(id+"/Copy/copy") == ledger.Done {
				recorded++
			}
		}
		if (len(files) > 0) != (len(did) > recorded) {
			t.Errorf("commit %d: effects %q, %d recorded, files %q", n, did, recorded, files)
		}
		for range 2 * len(files) { // it may be repeated
			dumps++
			push(t, b, files[0])
		}
		b.must(due)
		if all := append(did, b.fake.taken()...); len(all) != 3 {
			t.Errorf("commit %d: effects %q, want three", n, all)
		}
		for _, id := range []string{"acme", "beta", "cara"} {
			if s := b.state(id + "/Copy/copy"); s != ledger.Done {
				t.Errorf("commit %d: %s is %v", n, id, s)
			}
		}
	}
}

func push(t *testing.T, b *bench, file string) runner.VerbResult {
	t.Helper()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", file, info, err)
	}
	p := b.open(runner.NeedWrite, "")
	defer p.Close()
	res, diags := p.Push(t.Context(), file)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return res
}

// TestOutcomesAreHeardAfterTheyWereTakenForUnknown pushes after another command has
// settled what the apply left open.
func TestOutcomesAreHeardAfterTheyWereTakenForUnknown(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-01 18:00")
	p := b.open(runner.NeedRehearse, "2027-03-13 18:00")
	p.WrapState(func(s store.Store) store.Store { return &failing{s, duringEffects} })
	b.carryOut(p, nil)
	b.fake.taken()
	p = b.open(runner.NeedWrite, "")
	if diags := p.Unlock(t.Context()); diags.HasErrors() {
		t.Fatal(diags)
	}
	p.Close()
	if s := b.state("acme/Copy/copy"); s != ledger.Lost {
		t.Fatalf("the state is %v, want unknown", s)
	}
	files, _ := filepath.Glob(filepath.Join(b.dir, ".transition", "errored-*.json"))
	if res := push(t, b, files[0]); len(res.Touched) != 2 || len(res.Left) != 0 {
		t.Errorf("touched %q, left %v", res.Touched, res.Left)
	}
	if res := push(t, b, files[0]); len(res.Touched) != 0 || len(res.Left) != 2 {
		t.Errorf("again: touched %q, left %v", res.Touched, res.Left)
	}
	b.must("2027-03-13 18:00")
	if got := b.fake.taken(); len(got) > 0 {
		t.Errorf("effects %q", got)
	}
}

// A file of outcomes is read whole or not at all: what is wrong is named with its
// entry, and nothing is recorded of the others.
func TestFileOfOutcomesIsTakenWholeOrNotAtAll(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example", "beta,b@b.example")
	b.must("2027-03-01 18:00")
	p := b.open(runner.NeedRehearse, "2027-03-13 18:00")
	p.WrapState(func(s store.Store) store.Store { return &failing{s, duringEffects} })
	b.carryOut(p, nil)
	files, _ := filepath.Glob(filepath.Join(b.dir, ".transition", "errored-*.json"))
	whole := b.content(files[0])
	for name, test := range map[string]struct {
		change func(facts []map[string]any) []map[string]any
		says   string
	}{
		"no instant": {func(f []map[string]any) []map[string]any { delete(f[1], "at"); return f }, `entry 2 of it cannot be used, so that nothing is taken from it: the outcome of attempt `},
		"no time":    {func(f []map[string]any) []map[string]any { f[1]["at"] = "soon"; return f }, "entry 2 of it cannot be used"},
		"no outcome": {func(f []map[string]any) []map[string]any { f[0]["kind"] = "began"; return f }, `entry 1 of it cannot be used, so that nothing is taken from it: its kind, "began", is no outcome`},
		"no tenant":  {func(f []map[string]any) []map[string]any { f[1]["tenant"] = ""; return f }, "entry 2 of it cannot be used, so that nothing is taken from it: fact \"succeeded\" of tenant \"\": it has no tenant"},
		"no item":    {func(f []map[string]any) []map[string]any { delete(f[1], "item"); return f }, " names no item"},
		"no attempt": {func(f []map[string]any) []map[string]any { f[1]["attempt"] = -1; return f }, "it names no attempt"},
		"twice":      {func(f []map[string]any) []map[string]any { return append(f, f[0]) }, "its entries 1 and 3 are both outcomes of attempt "},
		"no fact":    {func(f []map[string]any) []map[string]any { return append(f, nil) }, "entry 3 of it cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			var file map[string]any
			if err := json.Unmarshal(whole, &file); err != nil {
				t.Fatal(err)
			}
			var facts []map[string]any
			for _, f := range file["facts"].([]any) {
				facts = append(facts, f.(map[string]any))
			}
			file["facts"] = test.change(facts)
			changed, err := json.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			b.replaceFile(files[0], changed)
			p := b.open(runner.NeedWrite, "")
			defer p.Close()
			if _, diags := p.Push(t.Context(), files[0]); len(diags) != 1 || !strings.Contains(diags[0].Detail, files[0]) || !strings.Contains(diags[0].Detail, test.says) {
				t.Errorf("it says %v", diags)
			}
			if s := b.state("acme/Copy/copy"); s != ledger.Running {
				t.Errorf("something was recorded: %v", s)
			}
		})
	}
	b.replaceFile(files[0], whole)
	if res := push(t, b, files[0]); len(res.Touched) != 2 {
		t.Errorf("touched %q", res.Touched)
	}
}

// TestOutcomesWithoutAPlace: where the file cannot be written either, the outcomes
// are in the words of the error.
func TestOutcomesWithoutAPlace(t *testing.T) {
	b := newBench(t, plan, "acme,a@a.example")
	b.must("2027-03-01 18:00")
	p := b.open(runner.NeedRehearse, "2027-03-13 18:00")
	p.WrapState(func(s store.Store) store.Store { return &failing{s, duringEffects} })
	b.fake.do = func(action.Request) action.Outcome {
		if err := os.RemoveAll(filepath.Join(b.dir, ".transition")); err != nil {
			t.Error(err)
		}
		return succeeded
	}
	_, diags := b.carryOut(p, nil)
	last := diags[len(diags)-1]
	if last.Code != "outcomes-not-recorded" || !strings.Contains(last.Detail, `"kind": "succeeded"`) || !strings.Contains(last.Hint, "state push") {
		t.Errorf("%s\n%s", last.Detail, last.Hint)
	}
}
