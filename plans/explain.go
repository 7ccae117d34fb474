package plans

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// finish says why the tenant does not move, if it does not.
func (w *walk) finish() {
	held := w.held
	if held == nil && w.blocked != nil && w.failure != "" {
		held = &Held{Reason: w.failure, Since: w.failedAt, Source: w.blocked.Source}
	}
	if held == nil {
		held = w.blocked
	}
	if held == nil && w.kept {
		held = w.breaker
	}
	if held == nil {
		held = w.unwilling()
	}
	if held == nil {
		held = w.atRisk()
	}
	if held == nil && w.r.Batch != "" && w.r.T.IsZero() && !w.r.Leaving() {
		held = &Held{Reason: "batch " + w.r.Batch + " has no date"}
		if w.batch != nil {
			held.Source = source(w.batch.Range)
		}
	}
	w.out.Held = held
	w.stop()
	if held == nil || held == w.breaker { // that one is listed once for its batch
		return
	}
	w.out.later(held.Until, w.d.now)
	if held.Reason == w.failure && w.failure != "" {
		return // the item itself is listed
	}
	wait := Wait{
		Kind: WaitHold, Tenant: w.r.ID, Batch: w.r.Batch, Address: w.r.ID,
		Reason: held.Reason, Since: held.Since, Until: held.Until, Answers: held.Answers,
		Resumable: held.Resumable,
	}
	if held.Answers != (Answers{}) {
		wait.Address += "/" + schema.ConsentKey
	}
	w.out.Waiting = append(w.out.Waiting, wait)
}

// wait notes that an item does not move.
func (w *walk) wait(kind WaitKind, it *schema.Item, reason string, since, until time.Time) {
	w.out.Waiting = append(w.out.Waiting, Wait{
		Kind: kind, Tenant: w.r.ID, Batch: w.r.Batch, Address: w.r.ID + "/" + it.Key(),
		Reason: reason, Since: since, Until: until,
	})
}

// finite is an instant, or the zero time if it never comes.
func finite(at time.Time) time.Time {
	if dated(at) {
		return at
	}
	return time.Time{}
}

// show notes where an item stands, when somebody wants to know.
func (w *walk) show(it *schema.Item, state ItemState, at time.Time, reason string) {
	if !w.d.explain {
		return
	}
	s := ItemStatus{
		Phase: it.Phase.Name, Item: it.Name, State: state, At: finite(at), Reason: reason,
		MaxAttempts: it.Retry.MaxAttempts, Source: source(it.Range),
	}
	if state == ItemMissed {
		s.Final, s.Movable = w.closed(it.Phase), w.movable()
	}
	if rec := w.d.rec[it.Index]; rec != nil {
		s.Attempts = rec.Attempts
		switch state {
		case ItemDone, ItemSkipped, ItemCollapsed, ItemWaived:
			if !rec.At.IsZero() {
				s.At = rec.At // T may have moved since
			}
		default:
		}
	}
	w.out.Items[it.Index] = s
}

func (w *walk) showTry(it *schema.Item, state ItemState, try *ledger.Try) {
	w.show(it, state, w.line.Items[it.Index].At, try.Reason)
	if w.d.explain {
		w.out.Items[it.Index].NextAttempt = try.Next
		w.out.Items[it.Index].Attempts = try.Attempts
	}
}

// absent reports whether the tenant is in no inventory. Nobody can correct its
// row, so that what it lacks must not keep all others waiting.
func (w *walk) absent() bool { return w.t != nil && w.t.Row.IsZero() }

// problem reports an expression that has no value for the tenant.
func (w *walk) problem(r diag.Range, where string, err error) {
	detail := "For tenant " + strconv.Quote(w.r.ID)
	if w.t != nil && !w.t.Row.IsZero() {
		detail += " (" + w.t.Row.File + ":" + strconv.Itoa(w.t.Row.Start.Line) + ")"
	}
	detail += ": " + strings.TrimSuffix(err.Error(), ".") + "."
	if slices.ContainsFunc(w.out.Problems, func(d diag.Diagnostic) bool { return d.Detail == detail }) {
		return // one mistake, met in several expressions
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "no-value-for-tenant", Summary: "Expression has no value for a tenant",
		Detail: detail, Hint: "Correct the tenant's row, or write the expression so that it covers this case.",
		Subject: r, Where: where,
	}
	if w.absent() {
		d.Severity, d.Hint = diag.Warning, "The tenant has left. Write the expression so that it covers what is not known of it."
	}
	w.out.Problems.Add(d)
}

func (w *walk) local(t time.Time) string { return toffset.ShowLocal(t, w.line.Zone) }

func source(r diag.Range) Source { return Source{File: r.File, Line: r.Start.Line} }

func itoa(n int) string { return strconv.Itoa(n) }
