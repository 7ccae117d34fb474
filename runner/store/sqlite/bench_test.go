package sqlite

import (
	"fmt"
	"testing"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

// BenchmarkAttempts counts durable attempts from claim to success, with as many
// of them in each commit as its name says. As in an apply, one commit carries
// the outcomes of one wave and the beginnings of the next.
func BenchmarkAttempts(b *testing.B) {
	for _, group := range []int{1, 20, 100} {
		b.Run(fmt.Sprint(group), func(b *testing.B) { benchmarkAttempts(b, group) })
	}
}

func benchmarkAttempts(b *testing.B, group int) {
	s := newStore(b, production())
	lease, err := s.Lease(b.Context(), store.Holder{Since: day})
	if err != nil {
		b.Fatal(err)
	}
	defer lease.Release()
	commit := func(c store.Commit) store.Committed {
		c.Now = day
		done, err := lease.Commit(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		return done
	}
	const tenants, items = 1000, 16
	var facts []ledger.Fact
	for i := range tenants {
		facts = append(facts, ledger.Fact{At: day, Tenant: tenantID(i), Kind: ledger.Enrolled})
	}
	commit(store.Commit{Facts: facts})

	revs := make([]int64, tenants)
	for i := range revs {
		revs[i] = 1
	}
	b.ResetTimer()
	for n := 0; n < b.N; n += group {
		size := min(group, b.N-n)
		claims := make([]store.Claim, size)
		for i := range claims {
			tenant := (n + i) % tenants
			claims[i] = store.Claim{Tenant: tenantID(tenant), Item: fmt.Sprintf("Phase%d/item", n/tenants%items), Op: ledger.Run,
				Epoch: 1, No: 1, Key: "mzxw6ytboi5dcmrtgq2tmnzyha4tamjq", Rev: revs[tenant]}
		}
		done := commit(store.Commit{Claims: claims})
		for _, kind := range []ledger.Kind{ledger.Began, ledger.Succeeded} {
			facts := make([]ledger.Fact, size)
			for i, c := range claims {
				if done.Claimed[i] == 0 {
					b.Fatal("a claim was refused")
				}
				facts[i] = ledger.Fact{At: day.Add(time.Duration(n)), Tenant: c.Tenant, Kind: kind, Item: c.Item, Op: c.Op,
					Epoch: 1, Attempt: done.Claimed[i], No: 1, Key: c.Key}
				revs[(n+i)%tenants]++
			}
			commit(store.Commit{Facts: facts})
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "attempts/s")
}

func tenantID(i int) string { return fmt.Sprintf("tenant-%07d", i) }

// BenchmarkRecords scans 100,000 records of 16 items.
func BenchmarkRecords(b *testing.B) {
	const tenants, items = 100_000, 16
	s := newStore(b, production())
	fill100k(b, s, tenants, items)
	b.ResetTimer()
	for b.Loop() {
		n := 0
		for r, err := range s.Records(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(r.Items)
		}
		if n != tenants*items {
			b.Fatalf("%d items", n)
		}
	}
	b.ReportMetric(float64(tenants*b.N)/b.Elapsed().Seconds(), "records/s")
}

// fill100k writes records without their facts: only reading them is measured.
func fill100k(b *testing.B, s *Store, tenants, items int) {
	tx, err := s.write.conn.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	var codec ledger.Codec
	put, err := tx.Prepare("INSERT INTO tenants (id, record) VALUES (?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	d, err := describe(b.Context(), s.read, s.path)
	if err != nil {
		b.Fatal(err)
	}
	for i := range tenants {
		r := &ledger.Record{ID: tenantID(i), Rev: 34, Epoch: 1, Batch: "wave1", Zone: "UTC", T: day.AddDate(0, 2, 0), EnrolledAt: day, PlacedAt: day}
		for j := range items {
			r.Items = append(r.Items, ledger.Item{Key: fmt.Sprintf("Phase%d/item%02d", j/2, j), Epoch: 1,
				Try: ledger.Try{State: ledger.Done, Attempts: 1, First: day, At: day.Add(time.Second), Attempt: int64(i*items + j)}})
		}
		sealed, sum := seal(r.ID, codec.Append(nil, r))
		d.records += sum
		if _, err := put.Exec(r.ID, sealed); err != nil {
			b.Fatal(err)
		}
	}
	for id := 1; id <= codec.Len(); id++ {
		text, _ := codec.Lookup(uint64(id))
		if _, err := tx.Exec("INSERT INTO names (id, text) VALUES (?, ?)", id, text); err != nil {
			b.Fatal(err)
		}
		d.names = chain(d.names, []byte(text))
	}
	d.Serial++
	if _, err := tx.Exec(updateMeta, d.values()...); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
