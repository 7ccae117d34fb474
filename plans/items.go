package plans

import (
	"slices"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// items decides the items of a phase that the tenant has entered, and returns
// the phase's status.
func (w *walk) items(p *schema.Phase, begun bool) PhaseStatus {
	status := Complete
	w.d.env.Phase = p.Name
	for _, it := range p.Items {
		rec := w.d.rec[it.Index]
		if rec == nil || rec.State == ledger.None {
			status = max(status, w.unbegun(it, rec, begun))
			continue
		}
		status = max(status, w.recorded(it, rec))
	}
	return status
}

// applies evaluates when: whether there is any work for this tenant. Who is in no
// inventory, and of whom too little is known, is rather told too much than nothing.
func (w *walk) applies(it *schema.Item) bool {
	if !it.When.IsSet() {
		return true
	}
	w.d.env.Phase = it.Phase.Name
	yes, err := it.When.For(&w.d.env)
	if err != nil && w.absent() {
		return true
	}
	if err != nil {
		w.problem(it.When.Range, it.Key(), err)
	}
	return yes
}

// unbegun decides an item of which no attempt is recorded.
func (w *walk) unbegun(it *schema.Item, rec *ledger.Item, begun bool) PhaseStatus {
	at := w.line.Items[it.Index].At
	if !w.applies(it) {
		w.show(it, ItemSkipped, at, "not for this tenant")
		return Complete
	}
	if w.d.now.Before(at) {
		w.out.later(at, w.d.now)
		w.show(it, ItemWaiting, at, w.waitsFor())
		return Pending
	}
	inserted := rec == nil && w.inserted(it)
	if inserted && it.Phase.OnInsert != schema.InsertRun {
		return w.insert(it, at)
	}
	again := inserted || rec != nil && rec.Again
	if b, passed := w.passed(it, begun, again); passed && w.expire(it, b) {
		if it.Late == schema.LateSkip && !b.final {
			return Complete
		}
		return Error
	}
	if waits := w.dependency(it); waits != nil {
		w.bounds(it, begun)
		w.show(it, ItemWaiting, at, "waits for "+waits.Key())
		return Pending
	}
	if it.Phase.Hard && (w.held != nil || w.shutOut) {
		if w.held != nil {
			w.block(w.held)
		}
		w.blockedUntil(it)
		w.show(it, ItemWaiting, at, w.why())
		return Pending
	}
	if w.breaks(it, begun) {
		return Pending
	}
	return w.start(it, rec, begun)
}

// inserted reports whether an item of which nothing is recorded came into the
// plan after the tenant had passed its phase.
func (w *walk) inserted(it *schema.Item) bool {
	return it.Phase.Hard && w.wentOn(it.Phase) || w.completed(it)
}

// insert decides an item that came into the plan after the tenant had passed its
// phase.
func (w *walk) insert(it *schema.Item, at time.Time) PhaseStatus {
	const reason = "the tenant had passed this phase before the item was there"
	if it.Phase.OnInsert == schema.InsertHold {
		w.act(Action{Kind: Missed, Item: it, At: at, Reason: reason, Inserted: true})
		w.miss(it, reason, w.d.now)
		w.show(it, ItemMissed, at, reason)
		return Error
	}
	w.act(Action{Kind: Skip, Item: it, At: at, Reason: reason, Inserted: true})
	w.show(it, ItemSkipped, at, reason)
	return Complete
}

// wentOn reports whether a later hard phase has begun: this one was Complete
// then, and what has nothing recorded was not in it (on_insert = "skip").
func (w *walk) wentOn(p *schema.Phase) bool {
	for _, later := range w.d.cfg.Phases[p.Index+1:] {
		if later.Hard && w.begun(later) {
			return true
		}
	}
	return false
}

// dependency is the first item that must be settled before this one may begin,
// or nil.
func (w *walk) dependency(it *schema.Item) *schema.Item {
	for _, a := range it.After {
		if !w.settled(a) {
			return a
		}
	}
	return nil
}

// settled reports whether an item is done with, or is none of this tenant's.
func (w *walk) settled(it *schema.Item) bool {
	rec := w.d.rec[it.Index]
	switch {
	case rec == nil || rec.State == ledger.None:
		return !w.applies(it)
	case rec.State == ledger.Merged:
		return w.merged(it, rec) == Complete
	default:
		return rec.State.Settled()
	}
}

// start makes the action that begins an item.
func (w *walk) start(it *schema.Item, rec *ledger.Item, begun bool) PhaseStatus {
	line := w.line.Items[it.Index]
	a := Action{
		Item: it, At: line.At, Attempt: 1, NotAfter: w.notAfter(it, begun),
	}
	w.show(it, ItemDue, line.At, "")
	if _, asks := it.Does.(*schema.Approval); it.Phase.PointOfNoReturn && !begun && !asks && !w.passes {
		a.Passes, w.passes = true, true
	}
	switch does := it.Does.(type) {
	case *schema.Communication:
		return w.send(a, does, rec)
	case *schema.Work:
		a.Kind, a.Op = Run, ledger.Run
		if w.full(it, a.Op) {
			w.bounds(it, begun)
			return Pending
		}
	case *schema.Lock:
		a.Kind, a.Op = Lock, ledger.Acquire
	case *schema.Approval:
		return w.ask(a, does)
	}
	if !w.composable(it) {
		return Error
	}
	w.act(a)
	return Pending
}

// notAfter is the last instant at which an item may begin.
func (w *walk) notAfter(it *schema.Item, begun bool) time.Time {
	if w.uncertain(it) {
		return time.Time{}
	}
	p := w.line.Phases[it.Phase.Index]
	bound := p.MustEnd
	if !begun && !w.inDoubt(it.Phase) {
		bound = earliest(bound, p.LatestStart)
	}
	if it.Late == schema.LateHold || it.Late == schema.LateSkip {
		until := w.line.Items[it.Index].LateUntil
		if until.IsZero() || !w.d.now.After(until) {
			bound = earliest(bound, until)
		}
	}
	return bound
}

// bounds notes that something becomes of an item that cannot begin now when its
// window passes.
func (w *walk) bounds(it *schema.Item, begun bool) {
	if b := w.notAfter(it, begun); !b.IsZero() {
		w.out.comes(b.Add(time.Second), Missed, w.d.now)
	}
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// open decides an approval that was asked for.
func (w *walk) open(it *schema.Item, rec *ledger.Item) PhaseStatus {
	line := w.line.Items[it.Index]
	if !line.Expires.IsZero() {
		if w.d.now.After(line.Expires) {
			reason := "nobody answered by " + w.local(line.Expires)
			w.act(Action{Kind: Missed, Item: it, At: line.Expires, Reason: reason})
			w.fail("failed: "+it.Key()+": "+reason, it, w.d.now)
			w.show(it, ItemFailed, line.At, reason)
			return Error
		}
		w.out.later(line.Expires.Add(time.Second), w.d.now)
	}
	prompt := w.prompt(it)
	w.wait(WaitApproval, it, prompt, rec.At, line.Expires)
	w.show(it, ItemWaiting, line.At, "waits for approval: "+prompt)
	if w.failure == "" && it.Phase.Hard {
		w.failure = "waits for approval " + it.Key()
	}
	status := Pending
	if asks, ok := it.Does.(*schema.Approval); ok && asks.Ask != nil && !w.breaksQuestion(it, rec) {
		a := doing(it)
		status = max(status, w.asking(a, asks, rec))
	}
	return status
}

func (w *walk) prompt(it *schema.Item) string {
	does, ok := it.Does.(*schema.Approval)
	if !ok {
		return ""
	}
	w.d.env.Phase = it.Phase.Name
	prompt, err := does.Prompt.For(&w.d.env)
	if err != nil {
		w.problem(does.Prompt.Range, it.Key(), err)
	}
	if prompt == "" {
		prompt = "may " + w.r.ID + " go on?"
	}
	if len(does.By) > 0 {
		prompt = strings.TrimSpace(prompt + " (by " + strings.Join(does.By, ", ") + ")")
	}
	return prompt
}

// sorted returns the distinct strings in order.
func sorted(list ...[]string) []string {
	out := slices.Concat(list...)
	slices.Sort(out)
	return slices.Compact(out)
}
