package plans

import (
	"slices"

	"transition/plans/ledger"
	"transition/schema"
)

// behind reports whether an item stands behind a lock: it changes something at a
// tenant, in a later phase or in the lock's own after it. While it stands, the lock
// is not opened before its time.
func behind(lock, it *schema.Item) bool {
	if it == lock || !acts(it) {
		return false
	}
	if it.Phase != lock.Phase {
		return it.Phase.Index > lock.Phase.Index
	}
	return follows(it, lock)
}

// follows reports whether an item waits for another one of its phase, directly or
// not.
func follows(it, other *schema.Item) bool {
	return slices.ContainsFunc(it.After, func(a *schema.Item) bool { return a == other || follows(a, other) })
}

// guards reports whether a lock is held while an item is done: it stands behind
// the lock, and comes before its release.
func guards(lock, it *schema.Item) bool {
	does := lock.Does.(*schema.Lock)
	return behind(lock, it) && (it.Phase.Index < does.ReleaseIn.Index || slices.Contains(does.ReleaseAfter, it))
}

// acts reports whether an item changes something at a tenant.
func acts(it *schema.Item) bool {
	switch it.Does.(type) {
	case *schema.Work, *schema.Lock:
		return true
	default:
		return false
	}
}

// stands is what has begun behind a lock, or may have, and is not taken back; nil:
// nothing. A lock stands while it may be held.
func (w *walk) stands(lock *schema.Item) *schema.Item {
	for _, it := range w.d.cfg.Items {
		if !behind(lock, it) {
			continue
		}
		if w.uncertain(it) && w.applies(it) {
			return it
		}
		rec := w.d.rec[it.Index]
		if rec == nil {
			continue
		}
		if _, locks := it.Does.(*schema.Lock); locks && w.obliged(it) || !locks && hasBegun(rec) {
			return it
		}
	}
	return nil
}

// underWay reports whether something that a lock guards has begun and has not come
// to its end: it is not settled, its undoing is not, or it is a lock itself that is
// given back no later.
func (w *walk) underWay(lock *schema.Item) bool {
	to := lock.Does.(*schema.Lock).ReleaseIn
	for _, it := range w.d.cfg.Items {
		rec := w.d.rec[it.Index]
		if rec == nil || !behind(lock, it) || it.Phase.Index >= to.Index {
			continue
		}
		does, locks := it.Does.(*schema.Lock)
		switch {
		case locks && w.obliged(it) && does.ReleaseIn.Index <= to.Index,
			hasBegun(rec) && !rec.State.Settled() && rec.State != ledger.Returned,
			undoing(it, rec):
			return true
		}
	}
	return false
}

// undoing reports whether work is being undone, or that has failed.
func undoing(it *schema.Item, rec *ledger.Item) bool {
	_, works := it.Does.(*schema.Work)
	return works && rec.Release != nil && !rec.Release.State.Settled()
}

// behindLock reports whether an item stands behind a lock that is held.
func (w *walk) behindLock(it *schema.Item) bool {
	return slices.ContainsFunc(w.d.locks, func(l *schema.Item) bool { return behind(l, it) && w.obliged(l) })
}
