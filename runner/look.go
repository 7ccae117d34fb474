package runner

import (
	"context"
	"fmt"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// Plan computes what apply would do. It writes nothing and takes no lease.
// Mistakes are both in the list and in the plan's Diagnostics; the list also says
// which locks are due while there are any.
func (p *Project) Plan(ctx context.Context) (*plans.Plan, diag.List) {
	return p.Choose(ctx, Choice{})
}

// Choose is Plan for what somebody wants of the plan.
func (p *Project) Choose(ctx context.Context, c Choice) (*plans.Plan, diag.List) {
	res, diags := p.choose(ctx, p.Now(), c)
	if res != nil && res.Plan.Burst != nil {
		diags.Add(p.burst(res.Plan, diag.Warning))
		res.Plan.Diagnostics = diags
	}
	if diags.HasErrors() && !c.made() && p.invalid(res) {
		diags = append(diags, p.DueLocks(ctx)...)
	}
	if res == nil {
		return nil, diags
	}
	return res.Plan, diags
}

// sound finds what is wrong with the plan directory that reading it has not
// found.
func (p *Project) sound() diag.List {
	diags := p.openInventory()
	if !diags.HasErrors() {
		diags = append(diags, timeline.Check(p.Config)...)
	}
	diags.Fill(p.Config.Sources)
	return diags
}

// invalid reports whether the plan directory is to blame when compute has found
// errors, rather than the clock or the state. res is what it returned.
func (p *Project) invalid(res *plans.Result) bool { return res != nil || p.sound().HasErrors() }

// compute works out the plan at an instant. The result is nil if it did not come
// to that.
func (p *Project) compute(ctx context.Context, now time.Time) (*plans.Result, diag.List) {
	return p.choose(ctx, now, Choice{})
}

// choose is compute for what somebody wants of the plan.
func (p *Project) choose(ctx context.Context, now time.Time, c Choice) (*plans.Result, diag.List) {
	diags := p.sound()
	if !diags.HasErrors() && p.instant.IsZero() {
		diags = append(diags, p.clockRight()...)
	}
	if diags.HasErrors() {
		return nil, diags
	}
	gone := p.rows(ctx)
	defer gone.close()
	in := p.input(ctx, now, gone, &diags)
	in.Within, in.Replace, in.By = c.Within, c.Replace, c.By
	res, err := plans.Compute(in)
	if err != nil {
		return nil, append(diags, stateProblem(err))
	}
	diags = append(append(diags, res.Plan.Diagnostics...), gone.unknown()...)
	diags = append(diags, p.strangers(res.Unknown)...)
	diags.Fill(p.Config.Sources)
	res.Plan.Diagnostics = diags
	if p.state != nil {
		m, err := p.state.Meta(ctx)
		if err != nil {
			return nil, append(diags, stateProblem(err))
		}
		res.Plan.Lineage, res.Plan.Serial = m.Lineage, m.Serial
	}
	return res, diags
}

// Status tells where every tenant is that the selector covers, by id.
func (p *Project) Status(ctx context.Context, sel addr.Selector, each func(*plans.TenantStatus)) diag.List {
	diags := p.openInventory()
	if diags.HasErrors() {
		return diags
	}
	found := false
	gone := p.rows(ctx)
	defer gone.close()
	problems, err := plans.Survey(p.input(ctx, p.Now(), gone, &diags), func(t *plans.TenantStatus) {
		if sel.Tenants(t.ID, t.Batch) {
			found = true
			each(t)
		}
	})
	if !found && sel.Tenant != "*" {
		if d, renamed := p.became(ctx, sel.Tenant); renamed {
			diags.Add(d)
		} else {
			diags.Add(p.nobody(sel))
		}
	}
	if err != nil {
		diags.Add(stateProblem(err))
	}
	for _, d := range append(problems, gone.unknown()...) {
		d.Severity = diag.Warning // looking is never refused
		diags.Add(d)
	}
	diags.Fill(p.Config.Sources)
	return diags
}

// Why explains one tenant: nil when it is not known.
func (p *Project) Why(ctx context.Context, tenant string) (*plans.TenantStatus, diag.List) {
	var found *plans.TenantStatus
	diags := p.Status(ctx, addr.Selector{Tenant: tenant}, func(t *plans.TenantStatus) { found = t.Clone() })
	return found, diags
}

// nobody says that a selector covers no tenant, and which one it may have meant.
func (p *Project) nobody(sel addr.Selector) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "unknown-tenant", Summary: "The selector covers no tenant",
		Detail: fmt.Sprintf("No tenant of the inventory or the recorded state is covered by %s.", sel),
		Hint:   "List the tenants with: transition status '*'",
	}
	var names []string
	given := sel.Tenant
	if sel.Batch != "" {
		given = sel.Batch
		for _, b := range p.Config.Batches {
			names = append(names, b.Name)
		}
	} else if p.tenants != nil {
		p.tenants.Each(func(t *schema.Tenant) bool {
			names = append(names, t.ID)
			return len(names) < 100_000
		})
	}
	if s := diag.Suggest(given, names); s != "" && sel.Batch != "" {
		d.Hint = "Did you mean batch." + s + "?"
	} else if s != "" {
		d.Hint = "Did you mean " + s + "?"
	}
	return d
}

func unknownTenant(tenant string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "unknown-tenant", Summary: "There is no such tenant",
		Detail: fmt.Sprintf("Neither an inventory nor the recorded state knows the tenant %q.", tenant),
		Hint:   "List the tenants with: transition status '*'",
	}
}

// Records streams the recorded tenants to each, by id. A record is only valid
// during the call.
func (p *Project) Records(ctx context.Context, each func(*ledger.Record)) diag.List {
	for r, err := range p.state.Records(ctx) {
		if err != nil {
			return diag.List{stateProblem(err)}
		}
		each(r)
	}
	return nil
}

// Record reads what is recorded of one tenant; nil when nothing is.
func (p *Project) Record(ctx context.Context, tenant string) (*ledger.Record, diag.List) {
	r, err := p.state.Record(ctx, tenant)
	if err != nil {
		return nil, diag.List{stateProblem(err)}
	}
	return r, nil
}

// Verify checks the recorded state.
func (p *Project) Verify(ctx context.Context) (store.Report, diag.List) {
	report, err := p.state.Verify(ctx)
	if err != nil {
		return report, diag.List{stateProblem(err)}
	}
	return report, nil
}
