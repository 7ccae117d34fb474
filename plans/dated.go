package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// Dated is when an operation of an item falls due by the dates of the plan alone,
// whatever keeps it back; zero: no date decides that.
func (d *Decider) Dated(it *schema.Item, op ledger.Op, r *ledger.Record) time.Time {
	l := d.recordedLine(r)
	lock, locks := it.Does.(*schema.Lock)
	switch {
	case op == ledger.Release && locks:
		return l.Phases[lock.ReleaseIn.Index].Opens
	case WayBack(op):
		return time.Time{}
	default:
		return l.Items[it.Index].At
	}
}
