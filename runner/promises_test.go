package runner_test

import (
	"fmt"
	"slices"
	"strings"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/schema"
)

// check holds what is recorded, and what has happened, against the promises.
func (m *machine) check() {
	if len(m.wrong) > 0 {
		m.fail("%s", strings.Join(m.wrong, "\n"))
	}
	p := m.look()
	report, diags := p.Verify(m.tb.Context())
	if diags.HasErrors() || len(report.Problems) > 0 {
		m.fail("verify: %v %v", diags, report.Problems)
	}
	for _, id := range []string{"acme", "beta", "cara"} {
		h := &historian{m: m, cfg: p.Config, record: &ledger.Record{ID: id}, succeeded: make(map[string]bool)}
		p.History(m.tb.Context(), id, h.see) // of a tenant without facts there is none
		m.locks(h.record)
	}
	m.once()
	m.reasons()
}

// once fails when something happened to the world more often than somebody asked
// for it, or under more keys, so that the world could not tell.
func (m *machine) once() {
	for k, keys := range m.keys {
		if again := m.again[strings.Fields(k)[1]]; len(keys) > 1+again {
			m.fail("%s had %d keys; a person said retry %d times", k, len(keys), again)
		}
	}
	for k, n := range m.happens {
		address := strings.Fields(k)[1]
		if strings.HasSuffix(address, "/data") {
			continue // at_least_once
		}
		if n > 1+m.again[address] {
			m.fail("%s happened %d times; a person said retry %d times", k, n, m.again[address])
		}
	}
}

// locks fails when a lock is forgotten: it was taken, and the record does not
// know that it must be released.
func (m *machine) locks(r *ledger.Record) {
	for address := range m.locked {
		tenant, key, _ := strings.Cut(address, "/")
		if tenant != r.ID || m.open[address] {
			continue
		}
		if it := r.Item(key); it == nil || !it.Obligation {
			m.fail("%s is locked and the record does not know: %+v", address, it)
		}
	}
}

// reasons fails when a tenant neither moves nor says why.
func (m *machine) reasons() {
	for _, s := range m.statuses() {
		if s.Phase == "Finish" && s.Status == plans.Complete || !s.Next.IsZero() || s.Held != nil || s.New || s.Becomes != "" {
			continue
		}
		if !slices.ContainsFunc(s.Items, explained) {
			m.fail("%s stands in %s %s without a reason: %+v", s.ID, s.Phase, s.Status, s.Items)
		}
	}
}

// explained reports whether an item says why its tenant does not move.
func explained(it plans.ItemStatus) bool {
	switch it.State {
	case plans.ItemDue, plans.ItemRunning, plans.ItemRetrying, plans.ItemFailed, plans.ItemUnknown, plans.ItemMissed:
		return true
	case plans.ItemWaiting:
		return it.Reason != "" && it.Reason != "waits for its time"
	default:
		return false
	}
}

// historian reads the facts of one tenant in their order and knows at each what
// was the case before. What people have said it takes from the facts themselves.
type historian struct {
	m         *machine
	cfg       *schema.Config
	record    *ledger.Record // before the fact at hand
	succeeded map[string]bool
	held      *ledger.Fact // the hold that nobody has ended
	approved  bool         // or somebody has said to go on all the same
}

func (h *historian) see(f ledger.Fact) {
	switch f.Kind {
	case ledger.Began:
		h.began(f)
	case ledger.Succeeded:
		h.ended(f)
	case ledger.Held:
		h.held = &f
	case ledger.Resumed:
		h.held = nil
	case ledger.Approved:
		h.approved = true
	case ledger.Rejected, ledger.Expired:
		h.approved = false
	case ledger.Resolved:
		if f.Item == "Go/go" {
			h.approved = f.Answer == ledger.AnswerDone || f.Answer == ledger.AnswerWaive
		}
	case ledger.Enrolled, ledger.Placed, ledger.Failed, ledger.Unknown, ledger.Skipped, ledger.Collapsed, ledger.Missed, ledger.Asked:
	}
	h.record.Apply(f)
}

// ended fails when an attempt succeeds that has succeeded before. A person's
// "again" makes another generation of an item.
func (h *historian) ended(f ledger.Fact) {
	generation := 0
	if it := h.record.Item(f.Item); it != nil {
		generation = it.Generation
	}
	k := fmt.Sprint(f.Item, f.Op, f.Recipient, generation)
	if h.succeeded[k] {
		h.m.fail("%s/%s %s %s succeeded twice in generation %d", f.Tenant, f.Item, f.Op, f.Recipient, generation)
	}
	h.succeeded[k] = true
}

// began fails when an attempt begins that must not.
func (h *historian) began(f ledger.Fact) {
	it := h.item(f.Item)
	rec := h.record.Item(f.Item)
	if f.Op == ledger.Release {
		h.release(f, rec)
		return // nothing holds a release back
	}
	if rec != nil && rec.State == ledger.Running && f.Recipient == "" {
		h.m.fail("%s/%s begins while it runs", f.Tenant, f.Item)
	}
	line := timeline.Build(h.cfg, h.record.T, h.cfg.Zone).Phases[it.Phase.Index]
	if !line.MustEnd.IsZero() && f.At.After(line.MustEnd) {
		h.m.fail("%s/%s begins after must_end, %s", f.Tenant, f.Item, line.MustEnd)
	}
	if !it.Phase.Hard || rec != nil && rec.State != ledger.None {
		return // what has begun goes on
	}
	if h.held != nil && (h.held.Until == nil || f.At.Before(*h.held.Until)) {
		h.m.fail("%s/%s begins though a person holds the tenant", f.Tenant, f.Item)
	}
	if !h.begunPhase(it.Phase) {
		h.enters(f, it, line)
	}
}

// enters fails when a tenant enters a hard phase that it must not.
func (h *historian) enters(f ledger.Fact, it *schema.Item, line timeline.Phase) {
	if !line.LatestStart.IsZero() && f.At.After(line.LatestStart) {
		h.m.fail("%s/%s begins after latest_start, %s", f.Tenant, f.Item, line.LatestStart)
	}
	if it.Phase.Name != "Go" && !h.approved {
		h.m.fail("%s/%s begins and nobody has approved", f.Tenant, f.Item)
	}
	for _, other := range h.cfg.Items {
		if other.Phase.Hard && other.Phase.Index < it.Phase.Index && !h.settled(other) {
			h.m.fail("%s/%s begins before %s is done", f.Tenant, f.Item, other.Key())
		}
	}
}

// release fails when a lock is given back that must not be.
func (h *historian) release(f ledger.Fact, rec *ledger.Item) {
	if rec == nil || !rec.Obligation {
		h.m.fail("%s/%s is released and is not locked", f.Tenant, f.Item)
	}
	if !f.Undone || f.No > 1 {
		return
	}
	if rec.State == ledger.Running || rec.State == ledger.Lost {
		h.m.fail("%s/%s is released while nobody knows whether it is taken", f.Tenant, f.Item)
	}
	for _, it := range h.cfg.Items {
		if it.Phase.Name == "Move" && h.begun(it) {
			h.m.fail("%s/%s is released though %s has begun", f.Tenant, f.Item, it.Key())
		}
	}
}

func (h *historian) item(key string) *schema.Item {
	i := slices.IndexFunc(h.cfg.Items, func(it *schema.Item) bool { return it.Key() == key })
	if i < 0 {
		h.m.fail("the history knows %s, and the plan does not", key)
	}
	return h.cfg.Items[i]
}

func (h *historian) settled(it *schema.Item) bool {
	rec := h.record.Item(it.Key())
	return rec != nil && rec.State.Settled()
}

func (h *historian) begun(it *schema.Item) bool {
	rec := h.record.Item(it.Key())
	return rec != nil && rec.Attempt != 0
}

// begunPhase reports whether something of the phase has begun, or a person has
// dealt with it: then it goes on.
func (h *historian) begunPhase(p *schema.Phase) bool {
	return slices.ContainsFunc(p.Items, func(it *schema.Item) bool {
		return h.begun(it) || h.settled(it)
	})
}
