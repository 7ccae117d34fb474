package placement_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans/placement"
	"transition/schema"
	"transition/schema/toffset"
)

var now = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)

func batch(name string, days int, capacity float64) *schema.Batch {
	return &schema.Batch{Name: name, T: now.AddDate(0, 0, days), Zone: time.UTC, Capacity: capacity}
}

func number(v float64) schema.Number { return schema.Number{Value: v, Valid: true} }

func fill(t *testing.T, batches []*schema.Batch, notice schema.Notice, candidates ...placement.Candidate) string {
	t.Helper()
	f := placement.New(batches, notice, now)
	results, problems := f.Fill(candidates)
	var b strings.Builder
	for i, r := range results {
		where := r.Reason
		if r.Batch >= 0 {
			where = batches[r.Batch].Name
		}
		fmt.Fprintf(&b, "%s: %s\n", candidates[i].ID, where)
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "! %s: %s\n", candidates[p.Candidate].ID, p.Reason)
	}
	return b.String()
}

func TestFill(t *testing.T) {
	unlimited := math.Inf(1)
	undated := batch("undated", 0, unlimited)
	undated.T = time.Time{}
	tests := map[string]struct {
		batches    []*schema.Batch
		notice     schema.Notice
		candidates []placement.Candidate
		want       string
	}{
		"highest priority first, null last": {
			batches: []*schema.Batch{batch("one", 30, 2)},
			candidates: []placement.Candidate{
				{ID: "a", Fits: []placement.Fit{{Weight: 1}}},
				{ID: "b", Fits: []placement.Fit{{Weight: 1, Priority: number(-1)}}},
				{ID: "c", Fits: []placement.Fit{{Weight: 1, Priority: number(7)}}},
			},
			want: "a: capacity 2/2 of batch one\nb: one\nc: one\n",
		},
		"longest waiting before id": {
			batches: []*schema.Batch{batch("one", 30, 2)},
			candidates: []placement.Candidate{
				{ID: "a", Fits: []placement.Fit{{Weight: 1}}},
				{ID: "b", Since: now.AddDate(0, -1, 0), Fits: []placement.Fit{{Weight: 1}}},
				{ID: "c", Since: now.AddDate(0, -2, 0), Fits: []placement.Fit{{Weight: 1}}},
			},
			want: "a: capacity 2/2 of batch one\nb: one\nc: one\n",
		},
		"who does not fit is passed over": {
			batches: []*schema.Batch{batch("one", 30, 3)},
			candidates: []placement.Candidate{
				{ID: "a", Fits: []placement.Fit{{Weight: 2}}},
				{ID: "b", Fits: []placement.Fit{{Weight: 2}}},
				{ID: "c", Fits: []placement.Fit{{Weight: 1}}},
			},
			want: "a: one\nb: capacity 3/3 of batch one\nc: one\n",
		},
		"named before chosen": {
			batches: []*schema.Batch{batch("one", 30, 1)},
			candidates: []placement.Candidate{
				{ID: "a", Fits: []placement.Fit{{Weight: 1, Priority: number(9)}}},
				{ID: "b", Pinned: true, Fits: []placement.Fit{{Weight: 1}}},
			},
			want: "a: capacity 1/1 of batch one\nb: one\n",
		},
		"an overfull list is a problem": {
			batches: []*schema.Batch{batch("one", 30, 1)},
			candidates: []placement.Candidate{
				{ID: "a", Pinned: true, Fits: []placement.Fit{{Weight: 1}}},
				{ID: "b", Pinned: true, Fits: []placement.Fit{{Weight: 1}}},
			},
			want: "a: one\nb: capacity 1/1 of batch one\n! b: capacity 1/1 of batch one\n",
		},
		"reasons": {
			batches: []*schema.Batch{batch("soon", 10, unlimited), undated},
			notice:  schema.Notice{First: toffset.Duration{Days: 30}},
			candidates: []placement.Candidate{
				{ID: "a", Fits: []placement.Fit{{Batch: 0, Weight: 1}}},
				{ID: "b", Fits: []placement.Fit{{Batch: 1, Weight: 1}}},
				{ID: "c"},
			},
			want: "a: notice: 30d needed, 10d left\nb: batch undated has no date\nc: no batch matches\n",
		},
		"who would be told too late": {
			batches: []*schema.Batch{batch("one", 40, unlimited)},
			notice:  schema.Notice{First: toffset.Duration{Days: 30}, Final: toffset.Duration{Days: 7}},
			candidates: []placement.Candidate{
				{ID: "a", Fits: []placement.Fit{{Weight: 1, Told: now.AddDate(0, 0, 10)}}},
				{ID: "b", Fits: []placement.Fit{{Weight: 1, Told: now.AddDate(0, 0, 11)}}},
				{ID: "c", Fits: []placement.Fit{{Weight: 1, Told: now.AddDate(0, 0, 41)}}},
				{ID: "d", Fits: []placement.Fit{{Weight: 1, Told: now.AddDate(-1, 0, 0)}}},
			},
			want: "a: one\nb: notice: 30d needed, the next would come 29d before T\nc: notice: 30d needed, none would come before T\nd: one\n",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fill(t, tc.batches, tc.notice, tc.candidates...); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	undated := batch("a", 0, 1)
	undated.T = time.Time{}
	got := placement.Order([]*schema.Batch{undated, batch("z", 5, 1), batch("c", 9, 1), batch("b", 5, 1)})
	var names []string
	for _, b := range got {
		names = append(names, b.Name)
	}
	if want := []string{"b", "z", "c", "a"}; !slices.Equal(names, want) {
		t.Errorf("order %v, want %v", names, want)
	}
}

// No batch is ever overfilled, and the order of candidates means nothing.
func TestFillKeepsCapacity(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		batches := []*schema.Batch{
			batch("one", 30, float64(rapid.IntRange(0, 6).Draw(rt, "one"))),
			batch("two", 40, float64(rapid.IntRange(0, 6).Draw(rt, "two"))),
		}
		var candidates []placement.Candidate
		for i := range rapid.IntRange(0, 12).Draw(rt, "tenants") {
			c := placement.Candidate{ID: fmt.Sprintf("t%02d", i)}
			for b := range batches {
				if rapid.Bool().Draw(rt, "matches") {
					c.Fits = append(c.Fits, placement.Fit{
						Batch: b, Weight: float64(rapid.IntRange(0, 4).Draw(rt, "weight")),
						Priority: number(float64(rapid.IntRange(0, 2).Draw(rt, "priority"))),
					})
				}
			}
			candidates = append(candidates, c)
		}
		placed := outcome(batches, candidates)
		used := make([]float64, len(batches))
		for _, c := range candidates {
			if b := placed[c.ID]; b >= 0 {
				i := slices.IndexFunc(c.Fits, func(f placement.Fit) bool { return f.Batch == b })
				used[b] += c.Fits[i].Weight
			}
		}
		for b := range batches {
			if used[b] > batches[b].Capacity {
				rt.Fatalf("batch %s holds %v of %v", batches[b].Name, used[b], batches[b].Capacity)
			}
		}
		again := outcome(batches, rapid.Permutation(candidates).Draw(rt, "order"))
		for id, b := range placed {
			if again[id] != b {
				rt.Fatalf("%s is placed in %d, or in %d when the rows come in another order", id, b, again[id])
			}
		}
	})
}

func outcome(batches []*schema.Batch, candidates []placement.Candidate) map[string]int {
	results, _ := placement.New(batches, schema.Notice{}, now).Fill(candidates)
	placed := make(map[string]int)
	for i, r := range results {
		placed[candidates[i].ID] = r.Batch
	}
	return placed
}
