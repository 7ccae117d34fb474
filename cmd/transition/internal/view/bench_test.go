package view_test

import (
	"io"
	"strconv"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/plans"
	"transition/schema"
)

type adder interface {
	Add(*plans.TenantStatus)
	Close() error
}

// BenchmarkStatus shows 10,000 tenants with 16 items each.
func BenchmarkStatus(b *testing.B) {
	now := time.Date(2012, 3, 24, 10, 7, 0, 0, time.UTC)
	cfg := &schema.Config{Zone: time.UTC, Phases: []*schema.Phase{{Name: "Move", PointOfNoReturn: true}}}
	s := plans.TenantStatus{Batch: "wave1", T: now, Zone: time.UTC, Epoch: 1, Phase: "Move", Next: now}
	for i := range 16 {
		s.Items = append(s.Items, plans.ItemStatus{Phase: "Move", Item: "item" + strconv.Itoa(i), State: plans.ItemWaiting, At: now})
	}
	views := map[string]func() adder{
		"text": func() adder {
			return view.NewStatus(io.Discard, view.Screen{}, cfg, now, "")
		},
		"list": func() adder {
			return view.NewStatusList(io.Discard, view.Screen{}, now, time.UTC, view.Filter{}, "")
		},
		"json": func() adder {
			return view.NewStatusJSON(io.Discard, now, nil)
		},
	}
	for name, begin := range views {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v := begin()
				for i := range 10_000 {
					s.ID = "tenant-" + strconv.Itoa(i)
					v.Add(&s)
				}
				if err := v.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
