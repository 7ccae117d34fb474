package sqlite

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"transition/plans/ledger"
	"transition/runner/store"
	"transition/runner/store/memory"
	"transition/runner/store/storetest"
)

// TestSameAsMemory does the same to a state in a file and to one in memory,
// sensible or not, and wants the same of both at every step, and in the end.
func TestSameAsMemory(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		file, err := Create(t.Context(), filepath.Join(dir, strconv.Itoa(n)+".db"), production())
		if err != nil {
			rt.Fatal(err)
		}
		defer file.Close()
		// This is about what is written, not about when it is on the disk.
		if _, err := file.write.conn.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
			rt.Fatal(err)
		}
		m := model{T: rt, ctx: t, file: file, memory: memory.New(production()), now: day}
		m.relet()
		rt.Repeat(map[string]func(*rapid.T){
			"commit": m.commit,
			"append": m.append,
			"relet":  func(*rapid.T) { m.relet() },
		})
		m.compare()
		report, err := file.Verify(t.Context())
		if err != nil || len(report.Problems) > 0 {
			rt.Errorf("verify: %v, %q", err, report.Problems)
		}
		for _, l := range m.leases {
			if err := l.Release(); err != nil {
				rt.Error(err)
			}
		}
	})
}

type model struct {
	*rapid.T
	ctx          testing.TB
	file, memory store.Store
	leases       []store.Lease // of file and memory
	now          time.Time
	ids          []int64 // of attempts that were granted
}

func (m *model) same(what string, memory, file any) {
	m.Helper()
	if diff := cmp.Diff(memory, file, cmpopts.EquateEmpty()); diff != "" {
		m.Fatalf("%s differs (-memory +file):\n%s", what, diff)
	}
}

// relet ends the leases and takes new ones.
func (m *model) relet() {
	for _, l := range m.leases {
		if err := l.Release(); err != nil {
			m.Fatal(err)
		}
	}
	m.leases = nil
	for _, s := range []store.Store{m.file, m.memory} {
		l, err := s.Lease(m.ctx.Context(), store.Holder{User: "ann", Since: m.now})
		if err != nil {
			m.Fatal(err)
		}
		m.leases = append(m.leases, l)
	}
}

func (m *model) commit(t *rapid.T) {
	m.now = m.now.Add(time.Second)
	c := store.Commit{
		Now:     m.now,
		Claims:  rapid.SliceOfN(rapid.Custom(m.claim), 0, 3).Draw(t, "claims"),
		Facts:   rapid.SliceOfN(rapid.Custom(m.fact), 0, 3).Draw(t, "facts"),
		Decided: rapid.SliceOfN(rapid.Custom(m.decided), 0, 2).Draw(t, "decided"),
		Dropped: rapid.SliceOfN(rapid.Custom(m.id), 0, 1).Draw(t, "dropped"),
		Adopt:   rapid.Custom(adoption).Draw(t, "adopt"),
	}
	inFile, err := m.leases[0].Commit(m.ctx.Context(), c)
	inMemory, errMemory := m.leases[1].Commit(m.ctx.Context(), c)
	m.same("whether the commit is refused", errMemory != nil, err != nil)
	m.same("what came of the commit", inMemory, inFile)
	m.ids = append(m.ids, inFile.Claimed...)
}

// adoption is mostly none.
func adoption(t *rapid.T) *store.Adoption {
	names := rapid.SampledFrom([]string{"", "", "", "ab", "b", "bc"}).Draw(t, "files")
	if names == "" {
		return nil
	}
	a := &store.Adoption{Digest: names, Inventory: "inv"}
	for _, name := range names {
		content := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "content")
		a.Files = append(a.Files, storetest.Kept(string(name), content, new(int)))
	}
	return a
}

func (m *model) append(t *rapid.T) {
	facts := rapid.SliceOfN(rapid.Custom(m.fact), 1, 2).Draw(t, "facts")
	err := m.file.Append(m.ctx.Context(), facts, nil)
	errMemory := m.memory.Append(m.ctx.Context(), facts, nil)
	m.same("whether the words are refused", errMemory != nil, err != nil)
}

// Few names and many collisions: that is where stores could differ.
func tenants() *rapid.Generator[string] { return rapid.SampledFrom([]string{"contoso", "fabrikam"}) }
func items() *rapid.Generator[string]   { return rapid.SampledFrom([]string{"Lock/mail", "Pre/notice"}) }
func ops() *rapid.Generator[ledger.Op] {
	return rapid.SampledFrom([]ledger.Op{ledger.Send, ledger.Run})
}
func recipients() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", "a@example.com"})
}

// id is mostly that of an attempt which there is.
func (m *model) id(t *rapid.T) int64 {
	return rapid.SampledFrom(append(slices.Clone(m.ids), 1, 999)).Draw(t, "id")
}

func (m *model) claim(t *rapid.T) store.Claim {
	tenant := tenants().Draw(t, "tenant")
	return store.Claim{Tenant: tenant, Item: items().Draw(t, "item"), Op: ops().Draw(t, "op"),
		Recipient: recipients().Draw(t, "recipient"), Epoch: 1, No: 1, Key: "key", Rev: m.rev(t, tenant)}
}

// rev is the revision of a tenant's record, or one beside it.
func (m *model) rev(t *rapid.T, tenant string) int64 {
	rev := rapid.Int64Range(-1, 1).Draw(t, "off")
	if r, err := m.memory.Record(m.ctx.Context(), tenant); err == nil && r != nil {
		rev += r.Rev
	}
	return rev
}

func (m *model) decided(t *rapid.T) store.Decided {
	d := store.Decided{Facts: rapid.SliceOfN(rapid.Custom(m.fact), 1, 2).Draw(t, "facts")}
	d.Tenant = d.Facts[0].Tenant
	d.Rev = m.rev(t, d.Tenant)
	if rapid.Bool().Draw(t, "two") {
		d.Other = tenants().Draw(t, "other")
		d.OtherRev = m.rev(t, d.Other)
	}
	return d
}

// fact is about one of the attempts, or about nothing in particular.
func (m *model) fact(t *rapid.T) ledger.Fact {
	f := ledger.Fact{
		At:     m.now,
		Tenant: tenants().Draw(t, "tenant"),
		Item:   items().Draw(t, "item"),
		Kind: rapid.SampledFrom([]ledger.Kind{ledger.Enrolled, ledger.Held, ledger.Resolved, ledger.Probed, ledger.Skipped, ledger.Renamed,
			ledger.Began, ledger.Began, ledger.Succeeded, ledger.Failed, ledger.Unknown}).Draw(t, "kind"),
		Answer: ledger.AnswerRetry,
		Batch:  rapid.StringN(0, 2, 4).Draw(t, "batch"),
		Reason: rapid.String().Draw(t, "reason"),
	}
	if f.Kind == ledger.Renamed {
		f.Into = items().Draw(t, "into")
	}
	if !store.OfAttempt(f.Kind) {
		return f
	}
	f.Op, f.Attempt = ops().Draw(t, "op"), m.id(t)
	open, err := m.memory.OpenAttempts(m.ctx.Context())
	if err == nil && len(open) > 0 && rapid.IntRange(0, 3).Draw(t, "aim") > 0 {
		a := rapid.SampledFrom(open).Draw(t, "attempt")
		f.Attempt, f.Tenant, f.Item, f.Op, f.Recipient = a.ID, a.Tenant, a.Item, a.Op, a.Recipient
	}
	return f
}

// compare reads everything there is from both.
func (m *model) compare() {
	memory, file := everything(m, m.memory), everything(m, m.file)
	for _, what := range slices.Sorted(maps.Keys(memory)) {
		m.same(what, memory[what], file[what])
	}
}

func everything(m *model, s store.Store) map[string]any {
	ctx := m.ctx.Context()
	meta, err := s.Meta(ctx)
	if err != nil {
		m.Fatal(err)
	}
	open, err := s.OpenAttempts(ctx)
	if err != nil {
		m.Fatal(err)
	}
	var facts []ledger.Fact
	for f, err := range s.History(ctx, "") {
		if err != nil {
			m.Fatal(err)
		}
		facts = append(facts, f)
	}
	var records []*ledger.Record
	for r, err := range s.Records(ctx) {
		if err != nil {
			m.Fatal(err)
		}
		records = append(records, r.Clone())
	}
	adopted, err := s.Adopted(ctx)
	if err != nil {
		m.Fatal(err)
	}
	contents := make(map[string]string)
	for i := 0; adopted != nil && i < len(adopted.Files); i++ {
		var b strings.Builder
		if err := adopted.Files[i].Copy(&b); err != nil {
			m.Fatal(err)
		}
		contents[adopted.Files[i].Path] = b.String()
	}
	return map[string]any{"meta": meta, "adopted": contents, "open attempts": open, "history": facts, "records": records}
}
