package plans

import (
	"iter"
	"strconv"

	"transition/plans/ledger"
	"transition/plans/placement"
	"transition/schema"
	"transition/schema/diag"
)

// mostProblems bounds how many mistakes of tenants are listed; the next
// thousand would say nothing new.
const mostProblems = 50

// CheckTenants evaluates every expression of the plan for every tenant, and
// places those whose batch the plan names, all without a date: what cannot
// come out for whom, whatever the time.
func CheckTenants(cfg *schema.Config, tenants iter.Seq[*schema.Tenant]) diag.List {
	c := newComputation(Input{Config: cfg}, false)
	check := checker{c: c, w: walk{d: c.d, out: &c.decision, r: &ledger.Record{}}, matches: make(map[int]bool), dashed: make(map[*schema.Exec]bool)}
	for t := range tenants {
		check.tenant(t)
	}
	_, problems := c.filler.Fill(c.candidates)
	for _, p := range problems {
		c.plan.Diagnostics.Add(pinnedProblem(c.unplaced[p.Candidate].Tenant, p.Reason))
	}
	list := append(c.plan.Diagnostics, c.decision.Problems...)
	if len(list) == 0 {
		list = append(append(check.unmatched(), untold(cfg)...), check.dashes...)
	}
	list.Sort()
	return list[:min(len(list), mostProblems)]
}

type checker struct {
	c       *computation
	w       walk
	tenants int
	matches map[int]bool // batches that some tenant matches, by fill order
	dashed  map[*schema.Exec]bool
	dashes  diag.List // one for each of dashed
}

// unmatched warns of batches that no tenant matches.
func (k *checker) unmatched() diag.List {
	var list diag.List
	for i, b := range k.c.order {
		if k.tenants == 0 || k.matches[i] {
			continue
		}
		list.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "batch-without-tenants", Summary: "A batch that no tenant matches",
			Detail:  "Of all tenants of the inventory none matches this batch, and none is given to it by name.",
			Hint:    "Look at match. A column is text unless it is declared otherwise, so that \"1\" is written in quotes.",
			Subject: b.Range, Where: "batch " + strconv.Quote(b.Name),
		})
	}
	return list
}

// untold warns of messages that go out by time alone though what they tell of
// may have failed.
func untold(cfg *schema.Config) diag.List {
	var list diag.List
	passed := false
	for _, p := range cfg.Phases {
		if passed && !p.Hard && len(p.Items) > 0 {
			list.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "soft-after-hard", Summary: "Messages that do not wait for the move",
				Detail:  "This phase holds only messages, so that it is entered when its time comes, also by tenants whose move has failed or was held.",
				Hint:    "Write gate = \"hard\" if what it says is only true after the phases before it.",
				Subject: p.Range, Where: "phase " + strconv.Quote(p.Name),
			})
		}
		passed = passed || p.PointOfNoReturn
	}
	return list
}

// tenant checks one tenant for the first batch that it could come into.
func (k *checker) tenant(t *schema.Tenant) {
	if len(k.c.decision.Problems) >= mostProblems {
		return
	}
	k.tenants++
	k.w.t, k.w.r.ID = t, t.ID
	cand := placement.Candidate{ID: t.ID, Zone: t.Zone}
	k.c.d.env = schema.Env{Tenant: t, Zone: Zone(k.c.in.Config, t, nil)}
	k.w.constrained()
	k.c.fits(&k.w, t, &cand)
	for _, fit := range cand.Fits {
		k.matches[fit.Batch] = true
	}
	if cand.Pinned {
		k.c.candidates = append(k.c.candidates, cand)
		k.c.unplaced = append(k.c.unplaced, Task{Tenant: t.Clone()})
	}
	if len(cand.Fits) == 0 {
		return
	}
	b := k.c.order[cand.Fits[0].Batch]
	if b.T.IsZero() && cand.T.IsZero() {
		return
	}
	env := &k.c.d.env
	env.Batch, env.T, env.Zone = b.Name, b.T, Zone(k.c.in.Config, t, b)
	if !cand.T.IsZero() {
		env.T = cand.T
	}
	for _, it := range k.c.in.Config.Items {
		k.item(it)
	}
}

// item checks the expressions of an item that are evaluated before anything is
// done.
func (k *checker) item(it *schema.Item) {
	if !k.w.applies(it) {
		return
	}
	switch does := it.Does.(type) {
	case *schema.Communication:
		if _, ok := k.w.recipients(it, does); ok {
			k.w.legible(it, does)
		}
	case *schema.Work, *schema.Lock:
		if k.w.composable(it) {
			k.options(it)
		}
	case *schema.Approval:
		if does.Ask == nil {
			return
		}
		if _, err := does.Ask.To.For(&k.c.d.env); err != nil {
			k.w.problem(does.Ask.To.Range, it.Key(), err)
		}
	}
}
