// Package timeline turns offsets into instants: for one T and one zone, every
// edge of every phase and item; and it tells which dates of a plan cannot come
// out.
package timeline

import (
	"time"

	"transition/schema"
	"transition/schema/diag"
)

// Timeline holds the instants that follow from one T in one zone, aligned with
// the phases and items of a configuration. An instant that the plan does not
// set is the zero time.
type Timeline struct {
	T      time.Time
	Zone   *time.Location
	Phases []Phase // by Phase.Index
	Items  []Item  // by Item.Index
	// FirstBy and FinalBy are the last instants at which the first and the
	// final notice are early enough.
	FirstBy, FinalBy time.Time
}

// Phase is the instants of one phase.
type Phase struct{ Opens, Closes, LatestStart, MustEnd time.Time }

// Item is the instants of one item. At is its own offset, else when its phase
// opens; LateUntil its own, else when its phase closes.
type Item struct{ At, LateUntil, ReleaseBy, Expires time.Time }

// Build resolves a timeline.
func Build(cfg *schema.Config, t time.Time, zone *time.Location) *Timeline { panic("stub") }

// Edge is a named instant of a phase or an item.
type Edge string

// The edges.
const (
	Opens       Edge = "opens"
	Closes      Edge = "closes"
	LatestStart Edge = "latest_start"
	MustEnd     Edge = "must_end"
	At          Edge = "at"
	LateUntil   Edge = "late_until"
	ReleaseBy   Edge = "release_by"
)

// Entry is one line of what the command timeline shows.
type Entry struct {
	Batch, Phase, Item string
	Edge               Edge
	Offset             string
	At                 time.Time
	Zone               *time.Location
	Note               string // what a change of the clocks did
}

// Entries lists every instant of a batch that has a date, in order of time.
func Entries(cfg *schema.Config, b *schema.Batch) []Entry { panic("stub") }

// Check does a plan's arithmetic: it resolves every date of every batch, and
// reports what cannot come out.
func Check(cfg *schema.Config) diag.List { panic("stub") }
