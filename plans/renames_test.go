package plans_test

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
)

// TestRenamesChangeNothing walks two copies of a random plan through the same
// instants, outcomes and answers. One of them is renamed on the way: phases,
// items, tenants and batches. From then on the same things happen in both, and
// what had begun keeps its keys.
func TestRenamesChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := drawPlan(rt)
		plain, edited := newTwin(t, rt, files), newTwin(t, rt, files)
		steps := rapid.IntRange(2, 10).Draw(rt, "steps")
		when := rapid.IntRange(1, steps-1).Draw(rt, "renamed after")
		seed := rapid.Uint32().Draw(rt, "outcomes")
		for i := range steps {
			if i == when {
				edited.rename(t, drawNames(rt, files))
			}
			if i == when+1 && rapid.Bool().Draw(rt, "without the blocks") {
				edited.forget(t)
			}
			hours := time.Duration(rapid.IntRange(1, 20*24).Draw(rt, "hours")) * time.Hour
			for _, w := range []*twin{plain, edited} {
				w.now = w.now.Add(hours)
				w.step(t, seed, i)
			}
			plain.compare(edited)
		}
	})
}

// twin is a world with a diary in the names that things had at first.
type twin struct {
	*world
	rt    *rapid.T
	files fstest.MapFS
	was   map[string]string // names at first, by the present ones
	kept  map[string]bool   // addresses of what was recorded when it was renamed
	diary map[string][]string
	keys  map[string]string // by address, operation, recipient and instant
	tries map[string]int
}

func newTwin(t *testing.T, rt *rapid.T, files fstest.MapFS) *twin {
	w, diags := newWorld(t, files)
	if w == nil {
		rt.Fatalf("the generator drew a plan with mistakes: %v", diags)
	}
	w.now = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
	return &twin{
		world: w, rt: rt, files: files, was: make(map[string]string), kept: make(map[string]bool),
		diary: make(map[string][]string), keys: make(map[string]string), tries: make(map[string]int),
	}
}

// first is what something was called at first.
func (w *twin) first(name string) string {
	if was, ok := w.was[name]; ok {
		return was
	}
	return name
}

// step applies, as a seed says, and lets people answer.
func (w *twin) step(t *testing.T, seed uint32, n int) {
	w.before = func(a *plans.Action, r *ledger.Record) {
		recipients := a.Recipients
		if len(recipients) == 0 {
			recipients = []string{""}
		}
		for _, to := range recipients {
			tenant, key := w.first(r.ID), w.first(a.Item.Key())
			w.diary[tenant] = append(w.diary[tenant], fmt.Sprint(n, " ", a.Kind, " ", a.Op, " ", key, " ", to))
			w.keys[fmt.Sprint(tenant, "/", key, " ", a.Op, " ", to, " ", n)] = r.Idempotency("lineage", a.Item.Key(), a.Op, to)
		}
	}
	w.apply(t, func(a *plans.Action, tenant, to string) ledger.Kind {
		what := fmt.Sprint(w.first(tenant), "/", w.first(a.Item.Key()), " ", a.Op, " ", to)
		w.tries[what]++
		return []ledger.Kind{
			ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Failed, ledger.Unknown, "",
		}[chance(seed, what, w.tries[what])%7]
	})
	if changes := w.plan(t).Plan.Changes; len(changes) > 0 {
		w.rt.Fatalf("another apply would change %+v", changes)
	}
	for r := range w.sorted() {
		for i := range r.Items {
			w.answer(r, r.Items[i].Key, r.Items[i].State, chance(seed, w.first(r.ID)+"/"+w.first(r.Items[i].Key), n))
		}
	}
}

// answer lets a person answer for an item, or not.
func (w *twin) answer(r *ledger.Record, key string, s ledger.State, luck int) {
	f := ledger.Fact{At: w.now, Tenant: r.ID, Item: key, Epoch: r.Epoch, By: "ann"}
	switch {
	case luck%3 == 0:
		return
	case s == ledger.Open:
		f.Kind = ledger.Approved
	case s.NeedsPerson() || s == ledger.Running:
		f.Kind, f.Answer = ledger.Resolved, []ledger.Answer{ledger.AnswerDone, ledger.AnswerWaive, ledger.AnswerRetry}[luck/3%3]
	default:
		return
	}
	r.Apply(f)
}

func chance(seed uint32, what string, n int) int {
	h := fnv.New32a()
	fmt.Fprint(h, seed, " ", what, " ", n)
	return int(h.Sum32() >> 4)
}

// newNames are other names for parts of a plan, by the present ones: of phases,
// of items by PHASE/ITEM, of tenants and of batches.
type newNames struct{ phases, items, tenants, batches map[string]string }

func drawNames(rt *rapid.T, files fstest.MapFS) newNames {
	n := newNames{make(map[string]string), make(map[string]string), make(map[string]string), make(map[string]string)}
	some := func(what string, names []string, to map[string]string) {
		for i, name := range names {
			// Some come before all others, some behind.
			if prefix := rapid.SampledFrom([]string{"", "a", "z"}).Draw(rt, what+name); prefix != "" {
				to[name] = fmt.Sprintf("%s%d", prefix, i)
			}
		}
	}
	text := string(files["p.transition.hcl"].Data)
	var phases, items []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case words[0] == "phase":
			phases = append(phases, strings.Trim(words[1], `"`))
		case strings.HasPrefix(line, "  ") && slices.Contains([]string{"work", "lock", "approval", "communication"}, words[0]):
			items = append(items, phases[len(phases)-1]+"/"+strings.Trim(words[1], `"`))
		}
	}
	some("phase ", phases, n.phases)
	for _, key := range items { // in one phase, the order of names is that in which items run
		if rapid.Bool().Draw(rt, "item "+key) {
			_, name, _ := strings.Cut(key, "/")
			n.items[key] = name + "x"
		}
	}
	some("batch ", []string{"one", "two"}, n.batches)
	some("tenant ", []string{"t0", "t1", "t2", "t3"}, n.tenants)
	return n
}

// rename gives parts of the plan other names, and says so. A tenant of which
// something is open keeps its own.
func (w *twin) rename(t *testing.T, n newNames) {
	for id := range n.tenants {
		if r := w.records[id]; r == nil || open(r) {
			delete(n.tenants, id)
		}
	}
	for _, r := range w.records {
		for i := range r.Items {
			if n.tenants[r.ID] == "" {
				w.kept[r.ID+"/"+r.Items[i].Key] = true
			}
		}
	}
	blocks := strings.SplitAfter(string(w.files["p.transition.hcl"].Data), "\n}\n")
	var moved strings.Builder
	for i := range blocks {
		for _, key := range slices.Sorted(maps.Keys(n.items)) {
			if phase, name, _ := strings.Cut(key, "/"); strings.HasPrefix(blocks[i], fmt.Sprintf("phase %q", phase)) {
				blocks[i] = strings.NewReplacer(fmt.Sprintf("%q", name), fmt.Sprintf("%q", n.items[key]), "."+name+"]", "."+n.items[key]+"]").Replace(blocks[i])
			}
		}
	}
	text := strings.Join(blocks, "")
	for was, now := range n.phases {
		text = strings.NewReplacer(fmt.Sprintf("%q", was), fmt.Sprintf("%q", now), "phase."+was+"\n", "phase."+now+"\n").Replace(text)
		fmt.Fprintf(&moved, "moved {\n  from = phase.%s\n  to = phase.%s\n}\n", was, now)
	}
	for key, name := range n.items {
		phase, was, _ := strings.Cut(key, "/")
		if now, ok := n.phases[phase]; ok {
			phase = now
		}
		w.was[phase+"/"+name] = key
		fmt.Fprintf(&moved, "moved {\n  from = phase.%s.%s\n  to = phase.%s.%s\n}\n", phase, was, phase, name)
	}
	for _, it := range w.cfg.Items { // those that only their phase takes along
		if now := n.phases[it.Phase.Name]; now != "" && n.items[it.Key()] == "" {
			w.was[now+"/"+it.Name] = it.Key()
		}
	}
	for was, now := range n.batches {
		text = strings.NewReplacer(fmt.Sprintf("batch %q", was), fmt.Sprintf("batch %q", now), "batch."+was+"\n", "batch."+now+"\n").Replace(text)
		fmt.Fprintf(&moved, "moved {\n  from = batch.%s\n  to = batch.%s\n}\n", was, now)
	}
	csv := string(w.files["tenants.csv"].Data)
	for was, now := range n.tenants {
		w.was[now] = was
		csv = strings.Replace(csv, "\n"+was+",", "\n"+now+",", 1)
		fmt.Fprintf(&moved, "moved {\n  from = tenant.%s\n  to = tenant.%s\n}\n", was, now)
	}
	w.load(t, text, csv, moved.String())
}

// open reports whether something of a tenant keeps it from getting another id.
func open(r *ledger.Record) bool {
	return slices.ContainsFunc(r.Items, func(it ledger.Item) bool {
		return !it.State.Settled() && it.State != ledger.None && it.State != ledger.Returned || it.Release != nil && it.Release.State.NeedsPerson()
	})
}

// load goes on with another version of the plan.
func (w *twin) load(t *testing.T, text, csv, moved string) {
	w.files = fstest.MapFS{"p.transition.hcl": {Data: []byte(text)}, "tenants.csv": {Data: []byte(csv)}}
	both := maps.Clone(w.files)
	both["moved.transition.hcl"] = &fstest.MapFile{Data: []byte(moved)}
	next, diags := newWorld(t, both)
	if next == nil {
		w.rt.Fatalf("the renamed plan: %v\n%s%s", diags, text, moved)
	}
	next.records, next.now, next.next = w.records, w.now, w.next
	w.world = next
}

// forget takes the blocks out that say what was renamed.
func (w *twin) forget(t *testing.T) {
	w.load(t, string(w.files["p.transition.hcl"].Data), string(w.files["tenants.csv"].Data), "")
}

// compare fails unless the same has happened to a twin that was renamed.
func (w *twin) compare(other *twin) {
	if diff := cmp.Diff(w.diary, other.diary); diff != "" {
		w.rt.Fatalf("renamed, other things happen (-plain +renamed):\n%s", diff)
	}
	for what, key := range w.keys {
		address, _, _ := strings.Cut(what, " ")
		if other.kept[address] && key != other.keys[what] {
			w.rt.Fatalf("%s has another key after it was renamed", what)
		}
	}
}
