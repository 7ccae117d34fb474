package plans

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// room is how much may still be started under each limit, as far as anything goes on
// by itself: long work takes its share from its start until its poll says that it
// has ended, a command whose runner is gone until it has ended. The nil room has no
// bounds.
type room map[*schema.Limit]int

// limitOfLong is the limit that long work has for as long as it goes on; nil: none.
func limitOfLong(it *schema.Item) *schema.Limit {
	if PollOf(it, ledger.Run) == nil {
		return nil
	}
	return it.Limit
}

// measure counts what goes on: long work, and commands whose runner is gone, under
// whatever limit. Long work costs a walk through all records, if there can be any.
func (c *computation) measure() error {
	var r room
	long := false
	for _, it := range c.in.Config.Items {
		if l := it.Limit; l != nil && (len(c.in.Beside) > 0 || limitOfLong(it) != nil) {
			if r == nil {
				r = make(room)
			}
			r[l], long = l.MaxInFlight, long || limitOfLong(it) != nil
		}
	}
	c.d.room, c.d.outlived = r, make(map[*schema.Limit]int)
	for address := range c.in.Beside {
		_, key, _ := strings.Cut(address, "/")
		for _, it := range c.in.Config.Items {
			if it.Limit != nil && it.Key() == key {
				r.take(it.Limit)
				c.d.outlived[it.Limit]++
			}
		}
	}
	if !long {
		return nil
	}
	for rec, err := range c.in.Records {
		if err != nil {
			return err
		}
		c.d.index(rec)
		for i, it := range c.in.Config.Items {
			if on := c.d.rec[i]; on != nil && on.State == ledger.Polling {
				r.take(limitOfLong(it))
			}
		}
	}
	return nil
}

func (r room) take(l *schema.Limit) {
	if l != nil && r != nil {
		r[l]--
	}
}

// start takes the share of an action that starts long work.
func (r room) start(a *Action) {
	if a.Kind == Run && a.Inquiry == NoInquiry {
		r.take(limitOfLong(a.Item))
	}
}

// full reports whether an item must not be started now, since as much long work as
// its limit allows goes on.
func (w *walk) full(it *schema.Item, op ledger.Op) bool {
	l := it.Limit
	free, bounded := w.d.room[l]
	if WayBack(op) || !bounded || free > 0 {
		return false
	}
	reason := fmt.Sprintf("limit %s is full (%d of %d)", l.Name, l.MaxInFlight-free, l.MaxInFlight)
	w.wait(WaitLimit, it, reason, time.Time{}, time.Time{})
	w.show(it, ItemWaiting, w.line.Items[it.Index].At, reason)
	return true
}

// Outlived is how much of that are commands whose runner is gone.
func (d *Decider) Outlived() map[*schema.Limit]int { return d.outlived }

// GoOn is how much work goes on under each limit of long work.
func (d *Decider) GoOn() map[*schema.Limit]int {
	n := make(map[*schema.Limit]int, len(d.room))
	for l, free := range d.room {
		n[l] = l.MaxInFlight - free
	}
	return n
}

// clone is a copy for what would come of success.
func (r room) clone() room { return maps.Clone(r) }
