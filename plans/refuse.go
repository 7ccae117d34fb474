package plans

import (
	"cmp"
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
	active     int                 // recorded tenants that have not left
	gone       []string            // left the inventory
	leftPassed []string            // and are past the point of no return
	passed     []string            // their T changed past the point of no return
	past       []string            // their T would lie in the past
	unnoticed  []string            // their T moved so near that notice cannot be given
	tooSoon    []string            // their T moved later, and not far enough for another notice
	foreign    []string            // addresses of open items that only a part of another plan has
	lost       map[string][]string // by batch that the plan has no more
	warned     map[*schema.Constraint][]string
	stayed     map[stayed][]string
	editRefusals
}

// warn notes a tenant that goes on although a constraint blocks it.
func (ref *refusals) warn(con *schema.Constraint, id string) {
	if ref.warned == nil {
		ref.warned = make(map[*schema.Constraint][]string)
	}
	ref.warned[con] = append(ref.warned[con], id)
}

// stayed is why tenants stay in a batch that they match no more.
type stayed struct{ batch, why string }

func (s stayed) compare(other stayed) int {
	return cmp.Or(strings.Compare(s.batch, other.batch), strings.Compare(s.why, other.why))
}

func (ref *refusals) stays(r *ledger.Record, why string) {
	if ref.stayed == nil {
		ref.stayed = make(map[stayed][]string)
	}
	key := stayed{r.Batch, why}
	ref.stayed[key] = append(ref.stayed[key], r.ID)
}

func (ref *refusals) lose(r *ledger.Record) {
	if ref.lost == nil {
		ref.lost = make(map[string][]string)
	}
	ref.lost[r.Batch] = append(ref.lost[r.Batch], r.ID)
}

// refuse reports the collected refusals.
func (c *computation) refuse() {
	ref := &c.refused
	c.shrunk()
	c.overfull()
	c.refuseTenants(ref.leftPassed, "left-past-return", "Tenants left the inventory past the point of no return",
		"%s past the point of no return and in no inventory any more: %s. What has been moved cannot be withdrawn.",
		"Put the rows back until the tenants are Complete. If that is all that will be done for a tenant, say so: removed { from = tenant[\"ID\"] }.")
	c.refuseTenants(ref.passed, "moved-past-return", "The date of tenants past the point of no return changed",
		"%s past the point of no return, and the plan gives another date or batch: %s. What has happened has no other date.",
		"Keep their date: write tenant \"ID\" { cutover = … } for them with the date that status shows.")
	c.refuseTenants(ref.past, "date-in-the-past", "A date was moved into the past",
		"%s to be moved at an instant that has passed: %s. It is "+toffset.Show(c.in.Now, c.in.Config.Zone)+" now.",
		"Write a cutover in the future, or remove it until there is a new date.")
	c.refuseTenants(ref.unnoticed, "notice-too-short", "A date was moved so near that notice cannot be given",
		"%s told too late of the new date, even if the correction went out now: %s. The plan asks for "+needed(c.in.Config.Notice)+".",
		"Write a later cutover, or change notice for the whole transition.")
	c.refuseEdits()
	if n := len(ref.foreign); n > 0 {
		c.plan.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "open-elsewhere", Summary: "The adopted plan does not have an item that is open",
			Detail: fmt.Sprintf("%s left alone, since something of them was begun by a part of a plan that was not adopted, and has not ended: %s.", count(n, "tenant is", "tenants are"), quoteSome(ref.foreign)),
			Hint:   "Apply the plan directory as a whole, or what is left of it for these tenants: transition apply -target=TENANT",
		})
	}
	for _, con := range c.in.Config.Constraints {
		if ids := ref.warned[con]; len(ids) > 0 {
			c.plan.Diagnostics.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "constraint-violated", Summary: "Tenants go on though a constraint blocks them",
				Detail:  fmt.Sprintf("%s blocked by constraint %q, which only warns: %s.", count(len(ids), "placed tenant is", "placed tenants are"), con.Name, quoteSome(ids)),
				Hint:    "Hold them, or write on_violation = \"hold\".",
				Subject: con.Range,
			})
		}
	}
	if ids := ref.tooSoon; len(ids) > 0 {
		c.plan.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "held-for-notice", Summary: "Tenants get a date that they will be held on",
			Detail: fmt.Sprintf("%s given a later T that is too near for another notice: %s. They are told of it, and held before it comes: the plan asks for %s.",
				count(len(ids), "tenant is", "tenants are"), quoteSome(ids), needed(c.in.Config.Notice)),
			Hint:    "Move them to a later date, or ask for less in notice.",
			Subject: c.in.Config.Notice.Range, Where: "notice",
		})
	}
	for _, key := range slices.SortedFunc(maps.Keys(ref.stayed), stayed.compare) {
		ids := ref.stayed[key]
		c.plan.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "stays-in-batch", Summary: "Tenants stay in a batch that they match no more",
			Detail: fmt.Sprintf("%s by batch %q any more, and no other one takes them: %s. They keep their date. Why: %s.",
				count(len(ids), "placed tenant is not matched", "placed tenants are not matched"), key.batch, quoteSome(ids), key.why),
			Hint: "To move them, make another batch match that has room and is far enough away, or write tenant \"ID\" { batch = … }. To keep them, let the batch match them.",
		})
	}
	for _, name := range slices.Sorted(maps.Keys(ref.lost)) {
		c.refuseTenants(ref.lost[name], "batch-gone", "A batch with tenants is gone from the plan",
			"%s placed in batch "+strconv.Quote(name)+", which the plan does not have any more: %s.",
			"Put the batch back, or say what it is called now, in a block moved with from = batch."+name+" and to = batch.NEW. To have its tenants placed anew, write a block removed with from = batch."+name+" and on_active = \"abandon\".")
	}
}

// refuseTenants adds an error that lists tenants, if there are any.
func (c *computation) refuseTenants(ids []string, code, summary, detail, hint string) {
	if len(ids) == 0 {
		return
	}
	c.plan.Diagnostics.Add(diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summary, Hint: hint,
		Detail: fmt.Sprintf(detail, count(len(ids), "tenant is", "tenants are"), quoteSome(ids)),
	})
}

// shrank reports whether the inventory lost too much. A single tenant is not too
// much, unless the plan allows no removal at all.
func (c *computation) shrank() bool {
	return len(c.in.Config.Inventories) > 0 && len(c.refused.gone) > c.removable()
}

// removable is how many tenants may go missing at once.
func (c *computation) removable() int {
	share := 0.0
	for _, inv := range c.in.Config.Inventories {
		share = max(share, inv.MaxRemovals)
	}
	most := int(share * float64(c.refused.active))
	if share > 0 {
		most = max(most, 1)
	}
	return most
}

// shrunk refuses to take an inventory that lost too much for a mass withdrawal.
func (c *computation) shrunk() {
	if !c.shrank() {
		return
	}
	invs := c.in.Config.Inventories
	c.plan.Diagnostics.Add(diag.Diagnostic{
		Severity: diag.Error, Code: "inventory-shrank", Summary: "The inventory lost too many tenants",
		Detail: fmt.Sprintf("%d of %d recorded tenants are in no inventory any more: %s. At most %d may go missing at once (max_removals), so that a broken export never becomes a mass withdrawal.",
			len(c.refused.gone), c.refused.active, quoteSome(c.refused.gone), c.removable()),
		Hint:    "Look at the export. If they really leave, raise max_removals for this change.",
		Subject: invs[len(invs)-1].SourceRange,
	})
}

// overfull warns of batches in which more are placed than have room.
func (c *computation) overfull() {
	for i, b := range c.order {
		used, over := c.filler.Over(i)
		if !over {
			continue
		}
		c.plan.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "batch-overfull", Summary: "A batch holds more than its capacity",
			Detail: fmt.Sprintf("The tenants in it take %s, and its capacity is %s. Who is placed stays, so that nobody else gets in before there is room.",
				used, strconv.FormatFloat(b.Capacity, 'f', -1, 64)),
			Hint:    "Raise capacity, or give tenants another batch: tenant \"ID\" { batch = batch.NAME }.",
			Subject: b.Range, Where: "batch " + strconv.Quote(b.Name),
		})
	}
}

func needed(n schema.Notice) string {
	var parts []string
	if !n.First.IsZero() {
		parts = append(parts, "a first notice of "+n.First.String())
	}
	if !n.Final.IsZero() {
		parts = append(parts, "a final notice of "+n.Final.String())
	}
	return strings.Join(parts, " and ")
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

// distinct sorts the list and leaves out what it says twice: a tenant is decided
// several times.
func distinct(l diag.List) diag.List {
	l.Sort()
	return slices.CompactFunc(l, func(a, b diag.Diagnostic) bool {
		return a.Code == b.Code && a.Detail == b.Detail
	})
}

func (c *computation) problems(l diag.List) {
	c.plan.Diagnostics = append(c.plan.Diagnostics, l...)
}
