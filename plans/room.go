package plans

import (
	"fmt"
	"maps"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// room is how much long work may still be started under each limit of such work:
// it takes its share from its start until its poll says that it has ended. The
// nil room has no bounds.
type room map[*schema.Limit]int

// limitOfLong is the limit that long work has for as long as it goes on; nil: none.
func limitOfLong(it *schema.Item) *schema.Limit {
	if PollOf(it, ledger.Run) == nil {
		return nil
	}
	return it.Limit
}

// measure counts what goes on. It costs a walk through all records, if the plan
// bounds any long work.
func (c *computation) measure() error {
	var r room
	for _, it := range c.in.Config.Items {
		if l := limitOfLong(it); l != nil {
			if r == nil {
				r = make(room)
			}
			r[l] = l.MaxInFlight
		}
	}
	c.d.room = r
	if r == nil {
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
