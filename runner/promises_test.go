package runner_test

import (
	"fmt"
	"slices"
	"strings"

	"transition/plans"
	"transition/plans/ledger"
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
	m.once(p.Config)
	m.reasons()
}

// once fails when something happened to the world more often than somebody asked
// for it.
func (m *machine) once(cfg *schema.Config) {
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
// was the case before.
type historian struct {
	m         *machine
	cfg       *schema.Config
	record    *ledger.Record // before the fact at hand
	succeeded map[string]bool
}

func (h *historian) see(f ledger.Fact) {
	switch f.Kind {
	case ledger.Began:
		h.began(f)
	case ledger.Succeeded:
		h.ended(f)
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
		if rec == nil || !rec.Obligation {
			h.m.fail("%s/%s is released and is not locked", f.Tenant, f.Item)
		}
		return // nothing holds a release back
	}
	if rec != nil && rec.State == ledger.Running && f.Recipient == "" {
		h.m.fail("%s/%s begins while it runs", f.Tenant, f.Item)
	}
	if !it.Phase.Hard || rec != nil && rec.State != ledger.None {
		return // what has begun goes on
	}
	if h.record.Hold.Active(f.At) {
		h.m.fail("%s/%s begins though a person holds the tenant", f.Tenant, f.Item)
	}
	for _, other := range h.cfg.Items {
		if other.Phase.Hard && other.Phase.Index < it.Phase.Index && !h.settled(other) && !h.begunPhase(it.Phase) {
			h.m.fail("%s/%s begins before %s is done", f.Tenant, f.Item, other.Key())
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

// begunPhase reports whether something of the phase has begun: then it goes on.
func (h *historian) begunPhase(p *schema.Phase) bool {
	return slices.ContainsFunc(p.Items, func(it *schema.Item) bool {
		rec := h.record.Item(it.Key())
		return rec != nil && rec.Attempt != 0
	})
}
