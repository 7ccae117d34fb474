package plans

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

var errNegativeWeight = errors.New("a weight must not be negative")

// refusals collects what a plan may not do to tenants who are on their way.
type refusals struct {
	gone  []string              // left the inventory
	moved map[string]*movedDate // by batch: their T changed
	other []string              // pinned to another batch than theirs
	zones []string              // their time zone changed
	items []string              // addresses of open items that the plan has no more
	lost  map[string][]string   // by batch that the plan has no more
}

type movedDate struct {
	from, to time.Time
	tenants  []string
}

// unmoved reports whether a placed tenant still has the batch and the date that
// it was placed with.
func (c *computation) unmoved(t *schema.Tenant, r *ledger.Record, b *schema.Batch) bool {
	ref := &c.refused
	if b == nil {
		if ref.lost == nil {
			ref.lost = make(map[string][]string)
		}
		ref.lost[r.Batch] = append(ref.lost[r.Batch], r.ID)
		return false
	}
	to := b.T
	if t.Block != nil {
		if t.Block.Batch != nil && t.Block.Batch != b {
			ref.other = append(ref.other, r.ID)
			return false
		}
		if !t.Block.Cutover.IsZero() {
			to = t.Block.Cutover
		}
	}
	if to.Equal(r.T) {
		if zone := Zone(c.in.Config, t, b); zone.String() != r.Zone {
			ref.zones = append(ref.zones, r.ID)
			return false
		}
		return true
	}
	if ref.moved == nil {
		ref.moved = make(map[string]*movedDate)
	}
	m := ref.moved[b.Name]
	if m == nil {
		m = &movedDate{from: r.T, to: to}
		ref.moved[b.Name] = m
	}
	m.tenants = append(m.tenants, r.ID)
	return false
}

// refuse reports the collected refusals.
func (c *computation) refuse() {
	cfg, ref := c.in.Config, &c.refused
	add := func(code, summary, detail, hint string, subject diag.Range) {
		c.plan.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Hint: hint, Subject: subject,
		})
	}
	if n := len(ref.gone); n > 0 {
		var at diag.Range
		if len(cfg.Inventories) > 0 {
			at = cfg.Inventories[0].SourceRange
		}
		add("tenant-left", "Tenants left the inventory",
			fmt.Sprintf("%s recorded and in no inventory any more: %s. Withdrawing tenants is not supported yet, and forgetting them would leave locks and promises behind.", count(n, "tenant is", "tenants are"), quoteSome(ref.gone)),
			"Put the rows back. To keep such a tenant from being moved, write: transition hold TENANT -reason=…", at)
	}
	for _, name := range slices.Sorted(maps.Keys(ref.moved)) {
		m := ref.moved[name]
		add("date-moved", "The date of placed tenants changed",
			fmt.Sprintf("Batch %q was placed for %s and the plan now says %s. Moving a date that tenants may have been told is not supported yet. It concerns %s: %s.",
				name, showDate(m.from, cfg.Zone), showDate(m.to, cfg.Zone), count(len(m.tenants), "tenant", "tenants"), quoteSome(m.tenants)),
			"Set cutover back to the recorded date.", c.d.batches[name].TRange)
	}
	if n := len(ref.other); n > 0 {
		add("batch-changed", "Tenants were given another batch",
			fmt.Sprintf("%s placed in another batch than the plan now names: %s. Moving tenants between batches is not supported yet.", count(n, "tenant is", "tenants are"), quoteSome(ref.other)),
			"Name the batch that status shows, or leave batch out.", cfg.Tenants[ref.other[0]].BatchRange)
	}
	if n := len(ref.items); n > 0 {
		add("open-item-gone", "An item was removed or renamed while something of it is open",
			fmt.Sprintf("A lock that may be held, or an attempt without a known outcome, would be forgotten: %s. Removing and renaming what is open is not supported yet.", quoteSome(ref.items)),
			"Put the phase or item back under its name until that has ended.", diag.Range{})
	}
	if n := len(ref.zones); n > 0 {
		add("zone-changed", "The time zone of placed tenants changed",
			fmt.Sprintf("%s another time zone now than when placed: %s. Every instant that they may have been told would shift; that is not supported yet.", count(n, "tenant has", "tenants have"), quoteSome(ref.zones)),
			"Set time_zone back.", diag.Range{})
	}
	for _, name := range slices.Sorted(maps.Keys(ref.lost)) {
		ids := ref.lost[name]
		add("batch-gone", "A batch with tenants is gone from the plan",
			fmt.Sprintf("%s placed in batch %q, which the plan does not have any more: %s.", count(len(ids), "tenant is", "tenants are"), name, quoteSome(ids)),
			"Put the batch back. Renaming and removing batches is not supported yet.", diag.Range{})
	}
}

// pinnedProblem says that a tenant's batch, which the plan names, cannot take it.
func pinnedProblem(t *schema.Tenant, reason string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error,
		Code:     "pinned-tenant",
		Summary:  "A tenant does not fit into the batch that the plan names",
		Detail:   fmt.Sprintf("Tenant %q: %s.", t.ID, reason),
		Hint:     "Name another batch, raise the batch's capacity, or leave batch out so that the tenant is placed where there is room.",
		Subject:  t.Block.BatchRange,
		Where:    "tenant " + strconv.Quote(t.ID),
	}
}

func showDate(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "no date"
	}
	return toffset.Show(t, zone)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// quoteSome lists a few ids and counts the rest.
func quoteSome(ids []string) string {
	const most = 5
	var b strings.Builder
	for i, id := range ids[:min(len(ids), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(id))
	}
	if len(ids) > most {
		fmt.Fprintf(&b, " and %d more", len(ids)-most)
	}
	return b.String()
}
