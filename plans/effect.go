package plans

import (
	"time"

	"transition/plans/ledger"
	"transition/plans/retry"
	"transition/schema"
)

// RepeatsUnknown reports whether an attempt whose outcome is unknown is made
// again by itself.
func RepeatsUnknown(it *schema.Item, op ledger.Op) bool {
	e := EffectOf(it, op)
	switch e := e.(type) {
	case *schema.Exec:
		return e.Delivery == schema.AtLeastOnce
	case *schema.HTTP:
		return e.Delivery == schema.AtLeastOnce
	default:
		return false
	}
}

// EffectOf is what an attempt of an item does in the outside world; nil for
// messages and approvals.
func EffectOf(it *schema.Item, op ledger.Op) schema.Effect {
	switch does := it.Does.(type) {
	case *schema.Work:
		if op != ledger.Undo {
			return does.Effect
		}
		if does.Undo == nil {
			return nil
		}
		return does.Undo.Effect
	case *schema.Lock:
		if op == ledger.Release {
			return does.Release
		}
		return does.Acquire
	default:
		return nil
	}
}

// TimeoutOf is how long an attempt of an item may take; 0: not known.
func TimeoutOf(it *schema.Item, op ledger.Op) time.Duration {
	switch e := EffectOf(it, op).(type) {
	case *schema.Exec:
		return e.Timeout
	case *schema.HTTP:
		return e.Timeout
	default:
		return 0
	}
}

// RetryOf is how often an attempt of an item is repeated.
func RetryOf(it *schema.Item, op ledger.Op) *schema.Retry {
	if work, ok := it.Does.(*schema.Work); ok && op == ledger.Undo && work.Undo != nil {
		return work.Undo.Retry
	}
	return it.Retry
}

// WayBack reports whether an operation takes something back: no hold, limit or
// window keeps it from being done.
func WayBack(op ledger.Op) bool { return op == ledger.Release || op == ledger.Undo }

// Repeats reports whether an attempt that was under way when its applier ended
// is made again by itself: the plan allows it, and its budget is not spent.
func Repeats(it *schema.Item, op ledger.Op, try *ledger.Try, mustEnd, now time.Time) bool {
	if !RepeatsUnknown(it, op) || !WayBack(op) && after(now, mustEnd) {
		return false
	}
	_, left := retry.Next(RetryOf(it, op), try.Attempts, try.First, now, 0, "")
	return left
}
