package runner

import (
	"context"
	"fmt"
	"slices"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// Rendered is one message.
type Rendered struct {
	Recipient string
	Data      []byte // RFC 5322
}

// Render composes the message of a communication exactly as it would be sent,
// once for each recipient, headers included. Of what was not sent yet, the date
// is that of the instant at which the command looks. An edit that moves the tenant
// is taken into account, though it was not applied yet: it would be, first. A message
// on an event is rendered while it is due.
func (p *Project) Render(ctx context.Context, a addr.Address) ([]Rendered, diag.List) {
	if i := slices.IndexFunc(p.Config.Events, func(ev *schema.Item) bool { return ev.Key() == a.Phase+"/"+a.Item }); i >= 0 {
		return p.renderEvent(ctx, a, p.Config.Events[i])
	}
	it := p.item(a.Phase + "/" + a.Item)
	if it == nil {
		return nil, diag.List{p.unknownItem(a)}
	}
	c, ok := it.Does.(*schema.Communication)
	if !ok {
		return nil, diag.List{{
			Severity: diag.Error, Code: "no-message", Summary: "The item has no message",
			Detail: fmt.Sprintf("%s is no communication.", it.Key()), Subject: it.Range,
		}}
	}
	task, diags := p.find(ctx, a.Tenant)
	if diags.HasErrors() {
		return nil, diags
	}
	env := &schema.Env{
		Tenant: task.tenant, T: task.record.T, Zone: plans.Zone(p.Config, task.tenant, task.batch),
		Batch: task.record.Batch, Phase: it.Phase.Name,
	}
	var lists [3][]string
	for i, e := range [...]schema.Expr[[]string]{c.To, c.Cc, c.Bcc} {
		list, err := e.For(env)
		if err != nil {
			return nil, diag.List{noMessage(it, a, err)}
		}
		lists[i] = list
	}
	var out []Rendered
	send := &plans.Action{Kind: plans.Send, Item: it, Op: ledger.Send}
	for _, recipient := range plans.Addressees(task.record, it.Key(), lists[:]...) {
		r, err := p.renderOne(task, send, recipient)
		if err != nil {
			return nil, diag.List{noMessage(it, a, err)}
		}
		out = append(out, r)
	}
	return out, nil
}

// renderEvent renders the message that the next apply would send of what has happened
// to the tenant.
func (p *Project) renderEvent(ctx context.Context, a addr.Address, ev *schema.Item) ([]Rendered, diag.List) {
	res, diags := p.compute(ctx, p.Now())
	if diags.HasErrors() {
		return nil, diags
	}
	no := func(why string) diag.List {
		return append(diags, diag.Diagnostic{
			Severity: diag.Error, Code: "no-message", Summary: "The message is not due", Detail: ev.Key() + " " + why,
			Hint: "What is due is listed by: transition plan", Subject: ev.Range,
		})
	}
	none := no("is sent when something happens, and there is nothing now of which " + a.Tenant + " would have to be told.")
	i := slices.IndexFunc(res.Tasks, func(t plans.Task) bool { return t.Record.ID == a.Tenant })
	if i < 0 {
		return nil, none
	}
	var due plans.Decision
	task := p.taskOf(res.Tasks[i].Tenant, onItsWay(res, res.Tasks[i].Record))
	res.Decider.Decide(task.tenant, task.record, &due)
	i = slices.IndexFunc(due.Actions, func(x plans.Action) bool { return x.Item == ev && x.Kind == plans.Send })
	if i < 0 {
		return nil, none
	}
	var out []Rendered
	for _, recipient := range due.Actions[i].Recipients {
		if res.Decider.Doubts(&due.Actions[i], task.record, recipient) {
			return nil, no("is taken for unknown by the next apply: " + res.Decider.DoubtReason() + ".")
		}
		r, err := p.renderOne(task, &due.Actions[i], recipient)
		if err != nil {
			return nil, diag.List{noMessage(ev, a, err)}
		}
		out = append(out, r)
	}
	return out, diags
}

// taskOf brings a tenant, its record and its batch together.
func (p *Project) taskOf(t *schema.Tenant, r *ledger.Record) *task {
	out := &task{tenant: t, record: r}
	for _, b := range p.Config.Batches {
		if b.Name == r.Batch {
			out.batch = b
		}
	}
	return out
}

func (p *Project) renderOne(t *task, send *plans.Action, recipient string) (Rendered, error) {
	r := t.record
	j := &entry{task: t, record: r, batch: t.batch, action: send, recipient: recipient, no: 1, began: p.Now()}
	j.key = r.Idempotency(p.meta.Lineage, send.Item.Key(), ledger.Send, recipient)
	j.first = firstBegan(j)
	req, err := p.prepare(j)
	if err != nil {
		return Rendered{}, err
	}
	return Rendered{Recipient: recipient, Data: req.Mail.Data}, nil
}

// find brings a tenant and its record together. A tenant that would be placed
// now is shown as if it were, so that its messages have a date.
func (p *Project) find(ctx context.Context, id string) (*task, diag.List) {
	t, diags := p.tenant(id)
	if diags.HasErrors() {
		return nil, diags
	}
	if t == nil {
		return nil, append(diags, unknownTenant(id))
	}
	r := &ledger.Record{ID: id}
	if p.state != nil {
		var err error
		if r, err = p.known(ctx, id); err != nil {
			return nil, append(diags, stateProblem(err))
		}
	}
	if res, _ := p.compute(ctx, p.Now()); res != nil {
		r = onItsWay(res, r)
	}
	return p.taskOf(t, r), diags
}

// onItsWay is the record as it would be once it has the batch and the date that the
// plan gives it.
func onItsWay(res *plans.Result, r *ledger.Record) *ledger.Record {
	i := slices.IndexFunc(res.Tasks, func(t plans.Task) bool { return t.Record.ID == r.ID })
	if i < 0 {
		return r
	}
	t, c := &res.Tasks[i], r.Clone()
	if t.Place != nil {
		c.Apply(plans.PlaceFact(c, t.Place, t.T, t.Place.Zone, res.Plan.Now))
	}
	for j := range t.Steps {
		if f := t.Steps[j].Fact; f.Kind == ledger.Rescheduled || f.Kind == ledger.Moved || f.Kind == ledger.Withdrawn {
			c.Apply(f)
		}
	}
	return c
}

// tenant finds one tenant of the inventory; nil: there is none.
func (p *Project) tenant(id string) (*schema.Tenant, diag.List) {
	diags := p.openInventory()
	if diags.HasErrors() {
		return nil, diags
	}
	var found *schema.Tenant
	diags = append(diags, p.tenants.Each(func(t *schema.Tenant) bool {
		if t.ID == id {
			found = t.Clone()
		}
		return found == nil
	})...)
	return found, diags
}

func (p *Project) unknownItem(a addr.Address) diag.Diagnostic {
	keys := make([]string, 0, len(p.Config.Items))
	for _, it := range p.Config.Items {
		keys = append(keys, it.Key())
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "unknown-item", Summary: "The plan has no such item",
		Detail: fmt.Sprintf("No phase of the plan has the item %s.", a.Phase+"/"+a.Item),
		Hint:   "An address is TENANT/PHASE/ITEM.",
	}
	if s := diag.Suggest(a.Phase+"/"+a.Item, keys); s != "" {
		d.Hint = fmt.Sprintf("Did you mean %s/%s?", a.Tenant, s)
	}
	return d
}

func noMessage(it *schema.Item, a addr.Address, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "no-message", Summary: "The message cannot be composed",
		Detail: fmt.Sprintf("For %s: %s.", a, err), Subject: it.Range,
	}
}
